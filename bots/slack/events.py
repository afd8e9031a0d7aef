"""Slack's events as what happened: somebody said, changed or took back something."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from bots.slack import messages
from bots.slack.identity import Identity
from bots.slack.messages import SPOKEN, Message
from bots.slack.payload import string
from core.etiquette import Saying
from core.programs import NO_PROGRAMS, Programs

EVENTS = frozenset({"app_mention", "message"})
"""The types of event that say something of a conversation."""


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody wrote a message."""

    message: Message


@dataclass(frozen=True, slots=True)
class Changed:
    """A message now stands like this."""

    message: Message


@dataclass(frozen=True, slots=True)
class Gone:
    """A message was taken away; `message` is how it last stood."""

    message: Message


Heard = Said | Changed | Gone


class Addressed(Enum):
    """Whether a message is meant for the bot."""

    YES = "yes"
    NO = "no"
    PAST_IT = "to somebody else in the thread"
    IN_ITS_THREADS = "if the bot takes part in the thread, and listens"


def hear(event: Mapping[str, Any]) -> Heard | None:
    """What an event says; None for one that says nothing of a conversation."""
    channel, kind = string(event, "channel"), string(event, "type")
    if kind not in EVENTS or not channel:
        return None
    direct = is_direct(event)
    match string(event, "subtype"):
        case "message_changed":
            return _changed(event, channel, direct=direct)
        case "message_deleted":
            gone = messages.read(event.get("previous_message"), channel, direct=direct)
            return Gone(gone) if gone else None
        case subtype if subtype in SPOKEN:
            said = messages.read(event, channel, direct=direct)
            return Said(said) if said else None
    return None


def revoked(event: Mapping[str, Any]) -> bool:
    """Whether the bot may not speak any more; a person's token is none of ours."""
    kind, tokens = string(event, "type"), event.get("tokens")
    if kind == "tokens_revoked":
        return isinstance(tokens, dict) and bool(tokens.get("bot"))
    return kind == "app_uninstalled"


def is_direct(event: Mapping[str, Any]) -> bool:
    """Whether it comes from where a person and the bot are alone."""
    kind = string(event, "channel_type")
    return kind == "im" if kind else string(event, "channel").startswith("D")


def _changed(event: Mapping[str, Any], channel: str, *, direct: bool) -> Heard | None:
    message = messages.read(event.get("message"), channel, direct=direct)
    before = messages.read(event.get("previous_message"), channel, direct=direct)
    # Slack also tells of roots whose replies it has counted anew, and of the like.
    if message is None or message == before:
        return None
    # The root of a thread leaves a tombstone when it is deleted.
    return Gone(message) if message.subtype == "tombstone" else Changed(message)


def addressed(
    said: Said, us: Identity, programs: Programs = NO_PROGRAMS, *, mention: bool = False
) -> Addressed:
    """Whether somebody wants an answer, as far as the message tells.

    A follow-up in a thread with the bot needs no mention, unless it mentions somebody
    else. Programs are answered where they are among `programs`, and only if they mention the bot;
    the bot itself never is. `mention`: Slack itself says that the bot was mentioned.
    """
    message, mentioned = said.message, said.message.mentioned
    if us.wrote(message.user, message.bot):
        return Addressed.NO
    if message.is_bot:
        calls = mention or us.user in mentioned
        admitted = calls and programs.admits(*message.names(us.team))
        return Addressed.YES if admitted else Addressed.NO
    if not message.user:
        return Addressed.NO
    if message.direct or mention or us.user in mentioned:
        return Addressed.YES
    if not message.thread:
        return Addressed.NO
    return Addressed.PAST_IT if mentioned else Addressed.IN_ITS_THREADS


def saying(said: Said, verdict: Addressed) -> Saying:
    """A message of a thread, as far as it counts whom it speaks to."""
    return Saying(
        who=said.message.user,
        at=said.message.sent_at.timestamp(),
        to_bot=verdict is Addressed.YES,
        to_others=verdict is Addressed.PAST_IT,
    )
