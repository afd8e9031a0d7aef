"""Discord's markup for mentions and emoji, as the words that people see."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_TOKEN = re.compile(r"<(?P<kind>@!|@&|@|#|a?:\w+:|/[^:<>]+:)(?P<id>\d+)>")


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids in a text stand for; `me` is the bot's own id, `my_role` its own role's."""

    me: int
    my_role: int = 0
    people: Mapping[int, str] = field(default_factory=dict)
    roles: Mapping[int, str] = field(default_factory=dict)
    channels: Mapping[int, str] = field(default_factory=dict)


def readable(text: str, names: Names) -> str:
    """The text with names in place of ids, without the mention that only calls the bot.

    An id that means nothing here is left as it stands: in code it may be meant.
    """
    me = f"<@(?:!?{names.me}|&{names.my_role})>"
    called = re.compile(rf"^(?:\s*{me})+[\s,:]*|(?:{me}\s*)+$")
    return _TOKEN.sub(lambda token: _word(token, names), called.sub("", text.strip())).strip()


def mentions(text: str) -> set[int]:
    """The ids of the people whom a text itself mentions."""
    return {int(token["id"]) for token in _TOKEN.finditer(text) if token["kind"] in ("@", "@!")}


def roles(text: str) -> set[int]:
    """The ids of the roles that a text itself mentions."""
    return {int(token["id"]) for token in _TOKEN.finditer(text) if token["kind"] == "@&"}


def channels(text: str) -> set[int]:
    """The ids of the channels that a text names."""
    return {int(token["id"]) for token in _TOKEN.finditer(text) if token["kind"] == "#"}


def _word(token: re.Match[str], names: Names) -> str:
    kind, number = token["kind"], int(token["id"])
    if kind[0] == "/":
        return kind.rstrip(":")
    if kind[-1] == ":":
        return kind.removeprefix("a")
    known = {"@&": names.roles, "#": names.channels}.get(kind, names.people)
    return f"{kind[0]}{known[number]}" if number in known else token[0]
