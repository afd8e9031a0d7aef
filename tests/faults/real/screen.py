"""What people see of the bot, everywhere on a platform: its messages and its signs of work."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.discord.objects.messages import LOADING
from sandbox.world import Change, Message
from tests.e2e.places import DISCORD_BOT, SLACK_BOT, DiscordPlace, SlackPlace, read_discord
from tests.e2e.places import read_slack as read_blocks
from tests.faults.real.texts import QUESTION, numbers_in

_REPLY = re.compile(r"parley:\w+:(\w+)")
_PING = re.compile(r'"type": "(?:user|usergroup|broadcast)"|<[!@](?:channel|here|everyone|U|S)')
_THINKING = re.compile(r"^(?:I am thinking|Ich denke nach)")


@dataclass(frozen=True)
class Seen:
    """One message of the bot's. `replies` are those that its controls are for.

    `answers_to` is the message to which it is a reply (Discord), `busy` whether it still says that
    the bot is at work.
    """

    id: str
    channel: str
    thread: str
    answers_to: str
    only_for: str
    text: str
    notice: str
    replies: frozenset[str]
    busy: bool
    pings: bool

    @property
    def order(self) -> float:
        """Grows with the time at which it was written."""
        return float(self.id)


@dataclass
class Screen:
    """Watches one platform's part of the world."""

    place: SlackPlace | DiscordPlace
    typed: list[tuple[str, float]] = field(default_factory=list)
    waited: bool = False

    def __post_init__(self) -> None:
        self.place.space.watch(self._saw)

    @property
    def bot(self) -> str:
        """The bot's own id."""
        return SLACK_BOT if self.place.name == "slack" else DISCORD_BOT

    def messages(self) -> list[Seen]:
        """All that the bot has written and that still stands, oldest first."""
        space = self.place.space
        found = (
            self._read(message)
            for channel in list(space.channels)
            for message in space.messages(channel)
            if message.author == self.bot and message.payload.get("subtype") != "tombstone"
        )
        return sorted(found, key=lambda seen: seen.order)

    def of(self, asked: str, room: str, number: int = 0) -> list[Seen]:
        """What was written to one question, in its thread or as a reply to it.

        Where no thread could be opened, only the first of several messages is a reply; the others
        are known by the question's `number`, if it is given.
        """
        space = self.place.space
        if self.place.name == "slack":
            found = [
                self._read(one) for one in space.messages(room, asked) if one.author == self.bot
            ]
        else:
            where = [asked] if asked in space.channels else []
            found = [
                self._read(one)
                for channel in where
                for one in space.messages(channel)
                if one.author == self.bot
            ]
            found += [
                seen
                for one in space.messages(room)
                if one.author == self.bot
                and (
                    (seen := self._read(one)).answers_to == asked or number in numbers_in(seen.text)
                )
            ]
        return sorted(found, key=lambda seen: seen.order)

    def signs(self) -> Iterator[str]:
        """The signs of work that people see, and that somebody has to take away."""
        for message in self._everything():
            for emoji, who in message.reactions:
                if who == self.bot and emoji in ("eyes", "👀"):
                    yield f"the reaction at {message.id}"
        if isinstance(self.place, SlackPlace):
            for (channel, thread), words in self.place.statuses.items():
                # With a message that has no answer below it, its thread is gone, too.
                if words and self.place.space.message(channel, thread):
                    yield f"the status “{words}” in {channel}/{thread}"
            for channel in self.place.space.channels:
                for ts in self.place.server.workspace.streams.open_in(channel):
                    if self.place.space.message(channel, ts):
                        yield f"the stream {ts}, which still grows"

    def _everything(self) -> Iterator[Message]:
        for channel in list(self.place.space.channels):
            yield from self.place.space.messages(channel)

    def _saw(self, change: Change) -> None:
        if change.what == "typing" and change.note.get("person", self.bot) == self.bot:
            self.typed.append((change.channel, time.monotonic()))

    def _read(self, message: Message) -> Seen:
        slack = self.place.name == "slack"
        seen = read_blocks(message) if slack else read_discord(message)
        raw = json.dumps([message.text, message.payload])
        busy = bool(message.payload.get("flags", 0) & LOADING) if not slack else False
        stop = "stop" in seen.controls
        words = message.text if slack and not message.payload.get("blocks") else ""
        return Seen(
            message.id,
            message.channel,
            message.thread,
            (message.payload.get("reference") or {}).get("message_id", ""),
            message.only_for,
            seen.text,
            _notice(message) if slack else _without_headline(seen.notice.splitlines()),
            frozenset(_REPLY.findall(raw)),
            busy or stop or bool(_THINKING.match(words or seen.notice)),
            bool(_PING.search(raw)) if slack else bool(message.payload.get("pings")),
        )


def _notice(message: Message) -> str:
    blocks = message.payload.get("blocks") or []
    lines = [
        "".join(element.get("text", "") for element in block.get("elements", ()))
        for block in blocks
        if block["type"] == "context"
    ]
    return _without_headline(lines if blocks else message.text.splitlines())


def _without_headline(lines: list[str]) -> str:
    """A notice without the line that says who asked what."""
    return "\n".join(line for line in lines if not QUESTION.search(line)).strip()
