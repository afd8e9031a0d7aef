"""A message in Slack's own form, as methods and events give it, and what it says."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bots.slack import forwarded, mrkdwn, richtext
from bots.slack.blocks import HEADLINE
from bots.slack.forwarded import Forwarded
from bots.slack.identity import Identity
from bots.slack.inert import plain
from bots.slack.names import Names
from bots.slack.payload import string
from core.messages import Attachment, Author, Conversation, Role, Text, Turn

PLATFORM = "slack"

SPOKEN = frozenset({"", "bot_message", "file_share", "me_message", "thread_broadcast"})
"""Subtypes in which somebody says something; joins, topics and the like are none."""

SLACKBOT = "USLACKBOT"

US = "\ue000"
"""Stands for our name while it is seen whether a text begins or ends with it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `thread` is the root's `ts` in a reply, and empty at top level.

    `edited` is the `ts` of its last edit; `team` the workspace of whoever wrote it, and `guest`
    whether it says that they are a guest there. A program goes by `user`, `bot` and `app`, as many
    of them as it has.
    """

    channel: str
    ts: str
    thread: str
    user: str
    team: str
    guest: bool
    bot: str
    bot_name: str
    app: str
    parent: str
    subtype: str
    text: str
    blocks: Any
    forwarded: tuple[Forwarded, ...]
    files: tuple[Attachment, ...]
    direct: bool
    edited: str

    @property
    def name(self) -> str:
        """Its name in the workspace; a `ts` is unique only within a channel."""
        return f"{self.channel}/{self.ts}"

    @property
    def is_bot(self) -> bool:
        """Whether a program wrote it."""
        return bool(self.bot) or self.subtype == "bot_message" or self.user == SLACKBOT

    def names(self, team: str) -> tuple[str, ...]:
        """What whoever wrote it is called in LIMITS_FILE, in the workspace `team`."""
        ids = filter(None, (self.user, self.bot, self.app))
        return tuple(f"{PLATFORM}/{team}/{id_}" for id_ in ids)

    @property
    def mentioned(self) -> frozenset[str]:
        """The people whom it mentions; groups and whole channels count as one of their own."""
        return mrkdwn.mentioned(self.text) | frozenset(richtext.mentioned(self.blocks))

    @property
    def sent_at(self) -> datetime:
        """When Slack took it."""
        return datetime.fromtimestamp(float(self.ts), UTC)

    def conversations(self, team: str) -> tuple[Conversation, ...]:
        """Where it is a part of the talk.

        In a direct message the top level is one linear talk, and each message there may
        be the root of a thread besides.
        """
        talk = Conversation(PLATFORM, team, self.channel, self.thread or self.ts)
        if self.direct and not self.thread:
            return Conversation(PLATFORM, team, self.channel), talk
        return (talk,)


def read(raw: Any, channel: str, *, direct: bool) -> Message | None:
    """Read a message of this channel; None for what is none."""
    if not isinstance(raw, dict):
        return None
    ts = string(raw, "ts")
    if not is_ts(ts):
        return None
    root = string(raw, "thread_ts")
    profile = raw.get("bot_profile")
    return Message(
        channel=channel,
        ts=ts,
        thread=root if is_ts(root) and root != ts else "",
        user=string(raw, "user"),
        team=string(raw, "user_team") or string(raw, "source_team") or string(raw, "team"),
        guest=_is_guest(raw.get("user_profile")),
        bot=string(raw, "bot_id"),
        bot_name=string(profile, "name") or string(raw, "username"),
        app=string(raw, "app_id") or string(profile, "app_id"),
        parent=string(raw, "parent_user_id") or string(raw.get("root"), "user"),
        subtype=string(raw, "subtype"),
        text=string(raw, "text"),
        blocks=raw.get("blocks"),
        forwarded=tuple(forwarded.read(raw.get("attachments"))),
        files=tuple(_attachments(raw.get("files"))),
        direct=direct,
        edited=string(raw.get("edited"), "ts"),
    )


def _is_guest(profile: Any) -> bool:
    """Whether a profile, which messages in shared channels bring along, is a guest's."""
    signs = ("is_restricted", "is_ultra_restricted")
    return isinstance(profile, dict) and any(profile.get(sign) is True for sign in signs)


def is_ts(value: str) -> bool:
    """Whether it is a time stamp as Slack makes them: seconds, a point, six digits."""
    seconds, _, digits = value.partition(".")
    return (
        0 < len(seconds) <= 10
        and len(digits) <= 6
        and (seconds + digits).isascii()
        and (seconds + digits).isdigit()
    )


def _attachments(raw: Any) -> Iterator[Attachment]:
    for file in raw if isinstance(raw, list) else ():
        if string(file, "id") and string(file, "mode") not in ("tombstone", "hidden_by_limit"):
            size = file.get("size")
            yield Attachment(
                id=string(file, "id"),
                name=string(file, "name") or string(file, "title") or "file",
                media_type=string(file, "mimetype") or "application/octet-stream",
                size=size if isinstance(size, int) else 0,
                url=string(file, "url_private_download") or string(file, "url_private"),
            )


class Scribe:
    """Reads messages as the people in a workspace do."""

    def __init__(self, us: Identity, people: Names, channels: Names) -> None:
        self._us = us
        self._people = people
        self._channels = channels

    def people_in(self, message: Message) -> frozenset[str]:
        """Whose names are needed to read it."""
        found = message.mentioned.union(
            [message.user], *(mrkdwn.mentioned(one.text) for one in message.forwarded)
        )
        return frozenset(id_ for id_ in found if id_[:1] in ("U", "W"))

    def is_ours(self, message: Message) -> bool:
        """Whether the bot wrote it."""
        return self._us.wrote(message.user, message.bot)

    def author(self, message: Message) -> Author:
        """Who wrote it; by id as long as the name is not known."""
        id_ = message.user or message.bot
        name = self._people.known(message.user) or message.bot_name or id_ or "somebody"
        return Author(id_, name, is_bot=message.is_bot)

    def question(self, message: Message) -> str:
        """What a person asks in it: without the mention that calls the bot."""
        return "\n\n".join(filter(None, (self._words(message), *self._forwarded(message))))

    def turns(self, message: Message) -> Iterator[Turn]:
        """What it contributes to the conversation: nothing, if it is only a notice."""
        if message.subtype not in SPOKEN:
            return
        if self.is_ours(message):
            yield from self._our_turns(message)
            return
        text = self.question(message)
        if text or message.files:
            words = (Text(text),) if text else ()
            yield Turn(Role.USER, words, self.author(message), message.ts, message.files)

    def _words(self, message: Message) -> str:
        # The text is what notifications show of the blocks: without lists, and with `*` for bold.
        words = richtext.markdown(message.blocks, self._person_or_us, self._channels.known)
        if not words.strip():
            return self._markdown(mrkdwn.strip_mention(message.text, self._us.user))
        return mrkdwn.strip_call(words, f"@{US}").replace(US, self._ourselves().name)

    def _forwarded(self, message: Message) -> Iterator[str]:
        for one in message.forwarded:
            if words := self._blocks(one.blocks) or self._markdown(one.text):
                yield forwarded.quoted(one.author, words)

    def _person_or_us(self, user: str) -> str:
        return US if user == self._us.user else self._people.known(user)

    def _our_turns(self, message: Message) -> Iterator[Turn]:
        """The answer; above a public one to a command, who asked what."""
        if headline := _headline(message.blocks):
            yield self.asked(headline, message.ts)
        # The text of a message that has blocks is for notifications, and cut short.
        blocks = message.blocks
        words = plain(self._blocks(blocks)) if blocks else self._markdown(message.text)
        if words:
            yield self.answer(words, message.ts)

    def asked(self, headline: str, ts: str) -> Turn:
        """What stands above one of our own messages: who asked what."""
        return Turn(Role.USER, (Text(headline),), self._ourselves(), f"{ts}/asked")

    def answer(self, words: str, ts: str) -> Turn:
        """One of our own messages."""
        return Turn(Role.ASSISTANT, (Text(words),), self._ourselves(), ts)

    def _ourselves(self) -> Author:
        name = self._people.known(self._us.user) or self._us.name
        return Author(self._us.user, name, is_bot=True)

    def _blocks(self, blocks: Any) -> str:
        return richtext.markdown(blocks, self._people.known, self._channels.known)

    def _markdown(self, text: str) -> str:
        return mrkdwn.markdown(text, self._people.known, self._channels.known)


def _headline(blocks: Any) -> str:
    for block in blocks if isinstance(blocks, list) else ():
        if string(block, "block_id") == HEADLINE and isinstance(block.get("elements"), list):
            return plain(" ".join(string(element, "text") for element in block["elements"]))
    return ""
