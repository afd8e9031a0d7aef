"""The small world behind the sandbox: people, channels, threads and what they hold.

Slack and Discord each get a `Space` of it. The servers translate it into the
platform's words and ids; the page shows it. Whatever changes is told to those who
watch, in order, at once and in the same call.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sandbox.watchers import Watchers


class Kind(StrEnum):
    """What sort of place a channel is."""

    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"
    FORUM = "forum"
    THREAD = "thread"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account; `id` is the platform's ("U…" or a snowflake).

    `locale` is the language that they have chosen in the platform's own app. `home` is the
    workspace or the server that they are of, where that is another; a `guest` is a guest in
    this one (Slack).
    """

    id: str
    name: str
    handle: str
    is_bot: bool = False
    manages: bool = False
    colour: str = "#888"
    locale: str = "en-GB"
    guest: bool = False
    home: str = ""


@dataclass(slots=True)
class Channel:
    """A place to talk. A Discord thread is a channel with a parent."""

    id: str
    name: str
    kind: Kind
    members: set[str] = field(default_factory=set)
    parent: str = ""
    archived: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it stands.

    `thread` is Slack's `thread_ts` of a reply (empty at top level and on Discord).
    `payload` is what the platform was sent besides the text (blocks, embeds,
    components, metadata), as the platform would keep it. `only_for` is the person
    who alone can see it, empty for everybody. `revision` counts its edits.
    """

    id: str
    channel: str
    author: str
    text: str
    created: datetime
    thread: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    only_for: str = ""
    edited: datetime | None = None
    revision: int = 0
    reactions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What happened.

    `posted`, `edited`, `deleted`, `reacted`, `channel`, `typing`, `status`, or `view` (a modal).
    `message` is the message as it now stands (as it last stood, for `deleted`);
    `before` what it was; `note` whatever else there is to know (a status text,
    the modal of a `view`).
    """

    what: str
    space: str
    channel: str
    message: Message | None = None
    before: Message | None = None
    note: dict[str, Any] = field(default_factory=dict)


Watcher = Callable[[Change], None]


class Space:
    """One platform's part of the world: its people, channels and messages."""

    def __init__(
        self,
        name: str,
        next_id: Callable[[datetime], str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self._messages: dict[str, dict[str, Message]] = {}
        self._watchers = Watchers[Change]()
        self._next_id = next_id
        self._clock = clock

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` at every change, until the function returned is called."""
        return self._watchers.add(watcher)

    def tell(self, change: Change) -> None:
        """Tell all who watch; also for what leaves no trace, such as typing."""
        self._watchers.tell(change)

    def new_id(self) -> str:
        """A fresh id of the platform's kind for this moment."""
        return self._next_id(self._clock())

    @contextmanager
    def backdated(self, age: timedelta) -> Iterator[None]:
        """Whatever is written meanwhile is so old already."""
        clock, self._clock = self._clock, lambda: clock() - age
        try:
            yield
        finally:
            self._clock = clock

    def add_person(self, person: Person) -> Person:
        """Let somebody in."""
        self.people[person.id] = person
        return person

    def add_channel(self, channel: Channel) -> Channel:
        """Open a channel or a thread, and say so."""
        self.channels[channel.id] = channel
        self._messages.setdefault(channel.id, {})
        self.tell(Change("channel", self.name, channel.id))
        return channel

    def post(
        self,
        channel: str,
        author: str,
        text: str,
        *,
        thread: str = "",
        payload: dict[str, Any] | None = None,
        only_for: str = "",
        id: str = "",
    ) -> Message:
        """Write a message; `KeyError` for a channel that does not exist."""
        now = self._clock()
        message = Message(
            id=id or self._next_id(now),
            channel=channel,
            author=author,
            text=text,
            created=now,
            thread=thread,
            payload=payload or {},
            only_for=only_for,
        )
        self._messages[channel][message.id] = message
        self.tell(Change("posted", self.name, channel, message))
        return message

    def edit(
        self, channel: str, id: str, text: str, payload: dict[str, Any] | None = None
    ) -> Message:
        """Replace a message's text and, where given, its payload."""
        before = self._messages[channel][id]
        message = replace(
            before,
            text=text,
            payload=before.payload if payload is None else payload,
            edited=self._clock(),
            revision=before.revision + 1,
        )
        self._messages[channel][id] = message
        self.tell(Change("edited", self.name, channel, message, before))
        return message

    def delete(self, channel: str, id: str) -> Message:
        """Take a message away."""
        message = self._messages[channel].pop(id)
        self.tell(Change("deleted", self.name, channel, message, message))
        return message

    def react(self, channel: str, id: str, person: str, emoji: str, *, on: bool = True) -> Message:
        """Add a reaction, or take it back."""
        before = self._messages[channel][id]
        others = tuple(r for r in before.reactions if r != (emoji, person))
        message = replace(before, reactions=(*others, (emoji, person)) if on else others)
        self._messages[channel][id] = message
        self.tell(Change("reacted", self.name, channel, message, before))
        return message

    def message(self, channel: str, id: str) -> Message | None:
        """One message, if it (still) exists."""
        return self._messages.get(channel, {}).get(id)

    def messages(self, channel: str, thread: str | None = None) -> Iterator[Message]:
        """A channel's messages, oldest first; with `thread`, its root and replies."""
        for message in tuple(self._messages.get(channel, {}).values()):
            if thread is None or thread in (message.thread, message.id):
                yield message


def slack_ids() -> Callable[[datetime], str]:
    """Time stamps as Slack makes them: seconds with six digits, never twice."""
    last = 0
    backdated: set[int] = set()

    def next_id(now: datetime) -> str:
        nonlocal last
        moment = int(now.timestamp() * 1_000_000)
        if moment < last - 1_000_000:
            while moment in backdated:
                moment += 1
            backdated.add(moment)
        else:
            last = moment = max(last + 1, moment)
        return f"{moment // 1_000_000}.{moment % 1_000_000:06d}"

    return next_id


def snowflakes() -> Callable[[datetime], str]:
    """Discord's ids: milliseconds since 2015 above 22 bits that never repeat."""
    count = itertools.count()
    epoch = 1_420_070_400_000

    def next_id(now: datetime) -> str:
        milliseconds = int(now.timestamp() * 1000) - epoch
        return str((milliseconds << 22) | (next(count) & 0x3FFFFF))

    return next_id


class World:
    """Both spaces, with the people and channels that a newcomer finds there."""

    def __init__(self) -> None:
        self.slack = Space("slack", slack_ids())
        self.discord = Space("discord", snowflakes())
        self._furnish_slack()
        self._furnish_discord()

    def _furnish_slack(self) -> None:
        space = self.slack
        for person in (
            Person("U0ADA", "Ada", "ada", manages=True, colour="#b4637a"),
            Person("U0BEN", "Ben", "ben", colour="#286983"),
            Person("U0CHO", "Cho", "cho", colour="#ea9d34", locale="de-DE"),
            Person("U0PARLEY", "Parley", "parley", is_bot=True, colour="#56949f"),
        ):
            space.add_person(person)
        everybody = set(space.people)
        space.add_channel(Channel("C0GENERAL", "general", Kind.PUBLIC, set(everybody)))
        space.add_channel(Channel("C0ENGINE", "engineering", Kind.PUBLIC, set(everybody)))
        space.add_channel(
            Channel("C0QUIET", "without-the-bot", Kind.PUBLIC, everybody - {"U0PARLEY"})
        )
        for who in ("U0ADA", "U0BEN", "U0CHO"):
            space.add_channel(
                Channel(f"D0{who[2:]}", space.people[who].name, Kind.DIRECT, {who, "U0PARLEY"})
            )

    def _furnish_discord(self) -> None:
        space = self.discord
        for person in (
            Person("1001", "Ada", "ada", manages=True, colour="#b4637a"),
            Person("1002", "Ben", "ben", colour="#286983"),
            Person("1003", "Cho", "cho", colour="#ea9d34", locale="de"),
            Person("1009", "Parley", "parley", is_bot=True, colour="#56949f"),
        ):
            space.add_person(person)
        everybody = set(space.people)
        space.add_channel(Channel("2001", "general", Kind.PUBLIC, set(everybody)))
        space.add_channel(Channel("2002", "engineering", Kind.PUBLIC, set(everybody)))
        space.add_channel(Channel("2003", "questions", Kind.FORUM, set(everybody)))
        for who in ("1001", "1002", "1003"):
            space.add_channel(
                Channel(f"3{who[1:]}", space.people[who].name, Kind.DIRECT, {who, "1009"})
            )
