"""Both platforms as people see them, in the same few words; so that one test holds both."""

import asyncio
import itertools
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.controls import Control
from sandbox.discord import DiscordServer
from sandbox.discord import Upload as DiscordUpload
from sandbox.slack import SlackServer
from sandbox.slack import Upload as SlackUpload
from sandbox.world import Change, Channel, Kind, Message, Space

SLACK_BOT, DISCORD_BOT = "U0PARLEY", "1009"
numbers = itertools.count(1)


@dataclass(frozen=True)
class Seen:
    """One message of the bot as a reader sees it: the answer in it and the notice below."""

    text: str
    notice: str
    only_for: str
    code: tuple[str, ...] = ()
    controls: frozenset[str] = frozenset()


@dataclass(frozen=True)
class File:
    """Something that a person attaches."""

    name: str
    media_type: str
    data: bytes


class Talk(Protocol):
    """One conversation with the bot."""

    def say(self, person: str, words: str, *files: File) -> Message: ...
    def seen(self) -> list[Seen]: ...
    async def until(self, holds: Callable[[list[Seen]], bool]) -> list[Seen]: ...


async def until(space: Space, holds: Callable[[], bool], seconds: float = 25) -> None:
    """Wait for the world to change until something holds."""
    changed = asyncio.Event()
    unwatch = space.watch(lambda _: changed.set())
    try:
        async with asyncio.timeout(seconds):
            while not holds():
                changed.clear()
                await changed.wait()
    finally:
        unwatch()


@dataclass
class _Talk:
    space: Space
    bot: str
    channel: str
    thread: str | None
    speak: Callable[[str, str, tuple[File, ...]], Message]
    read: Callable[[Message], Seen]
    place: "SlackPlace | DiscordPlace"
    asked: Message | None = None
    before: set[str] = field(default_factory=set)

    def say(self, person: str, words: str, *files: File) -> Message:
        return self.speak(person, words, files)

    def messages(self) -> list[Message]:
        return [
            message
            for message in self.space.messages(self.channel, self.thread)
            if message.author == self.bot and message.id not in self.before
        ]

    def seen(self) -> list[Seen]:
        return [self.read(message) for message in self.messages()]

    async def until(self, holds: Callable[[list[Seen]], bool]) -> list[Seen]:
        await until(self.space, lambda: holds(self.seen()))
        return self.seen()

    async def press(self, person: str, control: str) -> str:
        """Press a control of the newest message; what the person alone is told then, if anything.

        What happens for all to see counts as done when the message has changed.
        """
        (message,) = [one for one in self.messages() if control in self.read(one).controls][-1:]
        whispers = len(self._whispers(person))
        await self.place.press(person, message, control)
        await until(
            self.space,
            lambda: (
                len(self._whispers(person)) > whispers
                or self.space.message(message.channel, message.id) != message
            ),
        )
        told = self._whispers(person)[whispers:]
        return self.read(told[-1]).notice if told else ""

    def _whispers(self, person: str) -> list[Message]:
        channels = {message.channel for message in self.messages()} | {self.channel}
        return [
            message
            for channel in channels
            for thread in (None, self.thread)
            for message in self.space.messages(channel, thread)
            if message.only_for == person
        ]

    def edit(self, words: str) -> None:
        """The asker changes the question."""
        assert self.asked
        self.place.server.edit(self.asked.author, self.asked.channel, self.asked.id, words)

    def delete(self) -> None:
        """The asker takes the question away."""
        assert self.asked
        self.place.server.delete(self.asked.author, self.asked.channel, self.asked.id)


Files = Sequence[File]


def slack_files(files: Files) -> list[SlackUpload]:
    return [SlackUpload(file.name, file.media_type, file.data) for file in files]


def discord_files(files: Files) -> list[DiscordUpload]:
    return [DiscordUpload(file.name, file.media_type, file.data) for file in files]


class SlackPlace:
    """The sandbox's Slack."""

    name = "slack"
    ada, ben, cho = "U0ADA", "U0BEN", "U0CHO"

    def __init__(self, server: SlackServer, space: Space) -> None:
        self.server = server
        self.space = space
        self.statuses: dict[tuple[str, str], str] = {}
        space.watch(self._saw)

    def _saw(self, change: Change) -> None:
        if change.what == "status":
            self.statuses[change.channel, change.note["thread"]] = change.note["text"]

    def acknowledged(self, question: Message) -> bool:
        """Whether its asker sees that the bot knows of a question that has no answer yet."""
        return bool(self.status(question))

    def status(self, question: Message) -> str:
        """The words that say what the bot does about a question."""
        return self.statuses.get((question.channel, question.thread or question.id), "")

    def place_told(self, talk: _Talk) -> str:
        """Where in the line a question stands, as its asker reads it."""
        assert talk.asked
        words = self.status(talk.asked)
        return words if "in line" in words else ""

    @property
    def requests(self) -> list[tuple[str, int]]:
        return [(request.method, request.status) for request in self.server.requests]

    def room(self) -> str:
        """A new channel with everybody in it."""
        n = next(numbers)
        channel = Channel(f"C{n:08}", f"room-{n}", Kind.PUBLIC, set(self.space.people))
        return self.space.add_channel(channel).id

    def mention(self, person: str, words: str, room: str = "", *, files: Files = ()) -> _Talk:
        room = room or self.room()
        asked = self.server.say(person, room, f"@Parley {words}", files=slack_files(files))
        return self._talk(room, asked.id, asked)

    def direct(self, person: str, words: str) -> _Talk:
        talk = self._talk(f"D0{person[2:]}", "")
        talk.thread = None
        talk.before = {message.id for message in self.space.messages(talk.channel)}
        talk.say(person, words)
        return talk

    async def ask(self, person: str, words: str, room: str = "", *, private: bool = True) -> _Talk:
        talk = self._talk(room or self.room(), "")
        talk.thread = None
        await self.server.command(
            person, talk.channel, "/ask", words if private else f"public {words}"
        )
        return talk

    async def parley(self, person: str, room: str, word: str) -> str:
        """Use `/parley`; what its asker reads."""
        shown = await self.server.command(person, room, "/parley", word)
        message = self.space.message(room, shown)
        assert message is not None
        assert message.only_for == person
        return message.text

    def whispers(self, room: str, person: str) -> list[str]:
        """What the bot told somebody by themselves about a question in a room."""
        return [
            read_slack(one).notice
            for one in self.space.messages(room)
            if one.author == SLACK_BOT and one.only_for == person
        ]

    async def help(self, person: str) -> _Talk:
        talk = self._talk(self.room(), "")
        talk.thread = None
        await self.server.command(person, talk.channel, "/parley", "help")
        return talk

    def redeliver(self, message: Message) -> None:
        """Both events of a message once more, as after an acknowledgement that got lost."""
        from sandbox.slack.events import heard

        change = Change("posted", "slack", message.channel, message)
        for payload in heard(self.server.workspace, change):
            self.server.deliveries.add(payload)

    async def press(self, person: str, message: Message, control: str) -> None:
        """Press a control of a message."""
        rated = control in (Control.GOOD, Control.BAD)
        await self.server.press(
            person,
            message.channel,
            message.id,
            "parley_rate" if rated else f"parley_{control}",
            next(value for value in _values(message) if f":{control}:" in value),
        )

    def _talk(self, channel: str, thread: str, asked: Message | None = None) -> _Talk:
        return _Talk(
            self.space,
            SLACK_BOT,
            channel,
            thread,
            lambda person, words, files: self.server.say(
                person, channel, words, thread, slack_files(files)
            ),
            read_slack,
            self,
            asked,
        )


class DiscordPlace:
    """The sandbox's Discord."""

    name = "discord"
    ada, ben, cho = "1001", "1002", "1003"

    def __init__(self, server: DiscordServer, space: Space) -> None:
        self.server = server
        self.space = space

    def acknowledged(self, question: Message) -> bool:
        """Whether its asker sees that the bot knows of a question that has no answer yet."""
        now = self.space.message(question.channel, question.id)
        return now is not None and ("👀", DISCORD_BOT) in now.reactions

    def place_told(self, talk: _Talk) -> str:
        """Where in the line a question stands, as its asker reads it: in the answer's place."""
        notices = [one.notice for one in talk.seen() if not one.text and "in line" in one.notice]
        return notices[-1] if notices else ""

    @property
    def requests(self) -> list[tuple[str, int]]:
        return [(request.route, request.status) for request in self.server.requests]

    def room(self) -> str:
        """A new text channel with everybody in it."""
        n = next(numbers)
        channel = Channel(str(500_000 + n), f"room-{n}", Kind.PUBLIC, set(self.space.people))
        return self.space.add_channel(channel).id

    def mention(self, person: str, words: str, room: str = "", *, files: Files = ()) -> _Talk:
        room = room or self.room()
        asked = self.server.say(person, room, f"@Parley {words}", files=discord_files(files))
        return self._talk(asked.id, asked)

    def direct(self, person: str, words: str) -> _Talk:
        talk = self._talk(f"3{person[1:]}")
        talk.before = {message.id for message in self.space.messages(talk.channel)}
        talk.say(person, words)
        return talk

    async def ask(self, person: str, words: str, room: str = "", *, private: bool = True) -> _Talk:
        talk = self._talk(room or self.room())
        await self.server.command(
            person, talk.channel, "ask", {"question": words, "private": private}
        )
        return talk

    async def parley(self, person: str, room: str, word: str) -> str:
        """Use `/parley`; what its asker reads."""
        before = {message.id for message in self.space.messages(room)}
        await self.server.command(person, room, f"parley {word}", {})
        (message,) = (one for one in self.space.messages(room) if one.id not in before)
        assert message.only_for == person
        return message.text

    def whispers(self, room: str, person: str) -> list[str]:
        """What the bot told somebody about a question in a room: for all to see, on Discord."""
        asked = {one.id for one in self.space.messages(room) if one.author == person}
        return [
            read_discord(one).notice
            for one in self.space.messages(room)
            if one.author == DISCORD_BOT
            and one.payload.get("reference", {}).get("message_id") in asked
        ]

    async def help(self, person: str) -> _Talk:
        talk = self._talk(self.room())
        await self.server.command(person, talk.channel, "parley help")
        return talk

    def redeliver(self, message: Message) -> None:
        """The event of a message once more, as around a RESUME."""
        self.server.redeliver(message)

    async def press(self, person: str, message: Message, control: str) -> None:
        """Press a control of a message."""
        mark = next(value for value in _values(message) if f":{control}:" in value)
        await self.server.press(person, message.channel, message.id, mark)

    def _talk(self, channel: str, asked: Message | None = None) -> _Talk:
        return _Talk(
            self.space,
            DISCORD_BOT,
            channel,
            None,
            lambda person, words, files: self.server.say(
                person, channel, words, files=discord_files(files)
            ),
            read_discord,
            self,
            asked,
        )


def _leaves(value: Any) -> str:
    """All words in blocks, in order."""
    if isinstance(value, list):
        return "".join(map(_leaves, value))
    if not isinstance(value, dict):
        return ""
    words = value.get("text", "")
    inner = "".join(_leaves(value.get(key)) for key in ("elements", "rows"))
    return (words if isinstance(words, str) else _leaves(words)) + inner


def _codes(value: Any) -> list[str]:
    if isinstance(value, list):
        return [code for one in value for code in _codes(one)]
    if not isinstance(value, dict):
        return []
    if value.get("type") == "rich_text_preformatted":
        return [_leaves(value)]
    return _codes(value.get("elements"))


def _values(message: Message) -> list[str]:
    """The marks of all controls in a message."""
    marks = re.findall(r"parley:\w+:\w+", json.dumps(message.payload))
    return list(dict.fromkeys(marks))


def _controls(message: Message) -> frozenset[str]:
    return frozenset(value.split(":")[1] for value in _values(message))


def read_slack(message: Message) -> Seen:
    blocks = message.payload.get("blocks") or []
    notices = [block for block in blocks if block["type"] == "context"]
    others = ("context", "actions", "context_actions")
    answer = [block for block in blocks if block["type"] not in others]
    return Seen(
        _leaves(answer),
        _leaves(notices),
        message.only_for,
        tuple(_codes(answer)),
        _controls(message),
    )


def read_discord(message: Message) -> Seen:
    embeds = message.payload.get("embeds") or []
    parts = message.text.split("```")
    return Seen(
        message.text,
        " ".join(embed.get("description") or "" for embed in embeds),
        message.only_for,
        tuple(part.partition("\n")[2] for part in parts[1::2]),
        _controls(message),
    )
