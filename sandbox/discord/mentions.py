"""Who a text mentions, and whom it would ping (resources/message, "Allowed Mentions Object")."""

import re
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from sandbox.discord.refusals import InvalidForm

_CODE = re.compile(r"```.*?```|``.*?``|`[^`\n]*`", re.DOTALL)
_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(?:everyone|here)(?!\w)")

PARSED = frozenset({"users", "roles", "everyone"})


@dataclass(frozen=True, slots=True)
class Mentions:
    """The ids of users and roles in a text, and whether it calls everyone."""

    users: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    everyone: bool = False

    @property
    def pings(self) -> list[str]:
        """All of them in one list, as the sandbox keeps it with a message."""
        return [*self.users, *self.roles, *(["everyone"] if self.everyone else [])]


def mentions(text: str) -> Mentions:
    """What a text mentions; nothing inside code is a mention."""
    text = _CODE.sub(" ", text)
    return Mentions(
        tuple(dict.fromkeys(_USER.findall(text))),
        tuple(dict.fromkeys(_ROLE.findall(text))),
        bool(_EVERYONE.search(text)),
    )


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which of the mentions count: kinds that are parsed, single ids, the author replied to."""

    parse: frozenset[str] = PARSED
    users: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    replied_user: bool = True

    def user(self, id: str) -> bool:
        """Whether a mention of this user counts."""
        return "users" in self.parse or id in self.users

    def role(self, id: str) -> bool:
        """Whether a mention of this role counts."""
        return "roles" in self.parse or id in self.roles

    def among(self, found: Mentions, people: Container[str], replied: str = "") -> Mentions:
        """What of `found` counts, with the author replied to."""
        users = [one for one in found.users if one in people and self.user(one)]
        if replied and self.replied_user and replied not in users:
            users.append(replied)
        roles = tuple(one for one in found.roles if self.role(one))
        return Mentions(tuple(users), roles, found.everyone and "everyone" in self.parse)


EVERYTHING = Allowed()
"""What holds for a message of the bot that says nothing about mentions."""

ONLY_USERS = Allowed(parse=frozenset({"users"}), replied_user=False)
"""What holds for an answer to an interaction that says nothing about mentions."""


def allowed(given: Any, default: Allowed) -> Allowed:
    """Read an `allowed_mentions` field; `default` when there is none."""
    if given is None:
        return default
    if not isinstance(given, dict):
        raise InvalidForm(
            "allowed_mentions", "MODEL_TYPE_CONVERT", "Only dictionaries may be used."
        )
    parse = frozenset(map(str, given.get("parse") or ()))
    if parse - PARSED:
        raise InvalidForm(
            "allowed_mentions.parse", "BASE_TYPE_CHOICES", "Value must be one of these."
        )
    ids = {kind: frozenset(map(str, given.get(kind) or ())) for kind in ("users", "roles")}
    for kind, named in ids.items():
        _check_ids(kind, named, parse)
    return Allowed(parse, ids["users"], ids["roles"], bool(given.get("replied_user", False)))


def _check_ids(kind: str, named: frozenset[str], parse: frozenset[str]) -> None:
    if len(named) > 100:
        raise InvalidForm(
            f"allowed_mentions.{kind}", "BASE_TYPE_BAD_LENGTH", "Must be 100 or fewer in length."
        )
    if named and kind in parse:
        raise InvalidForm(
            "allowed_mentions",
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
            f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
        )
