"""The real adapter against the sandbox's Slack, with a Chat that only takes notes."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bots.slack import Parts, SlackBot
from core.access import Access
from core.chat import Find
from core.etiquette import Saying
from core.languages import Languages
from core.messages import Conversation, Question
from core.outsiders import Outsiders
from core.pace import Governor
from core.presses import Press
from core.recall import Recall
from core.surface import Surface
from sandbox.slack import SlackServer
from sandbox.slack.deliveries import Carrier
from sandbox.world import Message, Person, Space, World
from tests.panels import make_panel
from tests.records import looking_back_never, make_forgetting

PATIENCE = 10


@dataclass
class Notes:
    """Stands where Chat will stand: takes questions, answers none."""

    taken: list[tuple[Question, Surface]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    threads: set[Conversation] = field(default_factory=set)
    asked_whether: list[Conversation] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    knocked: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event | None = None
    edits: list[Question] = field(default_factory=list)
    deletions: list[str] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    async def accept(self, question: Question, surface: Surface) -> bool:
        self.knocked.set()
        if self.gate:
            await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        if question.key in {one.key for one, _ in self.taken}:
            return False
        self.threads.add(question.conversation)
        async with self.changed:
            self.taken.append((question, surface))
            self.changed.notify_all()
        return True

    async def edited(self, question: Question, surface: Surface, find: Find) -> bool:
        self.edits.append(question)
        return True

    async def refusal_of(self, caller) -> None:
        return None

    def due(self, caller) -> bool:
        self.told.append(caller.name)
        return self.told.count(caller.name) == 1

    @property
    def outsiders(self) -> Outsiders:
        return Outsiders(self)

    async def deleted(self, identity: str, remove) -> None:
        self.deletions.append(identity)

    async def press(self, press) -> str:
        self.presses.append(press)
        return ""

    async def listens(
        self, conversation: Conversation, saying: Saying, words: str, *, invited=False
    ) -> bool:
        self.asked_whether.append(conversation)
        return saying.to_bot or (not saying.to_others and (invited or conversation in self.threads))

    async def question(self, number: int = 1) -> tuple[Question, Surface]:
        async with asyncio.timeout(PATIENCE), self.changed:
            await self.changed.wait_for(lambda: len(self.taken) >= number)
        return self.taken[number - 1]


def counts_replies(event) -> bool:
    """Whether it only tells that a thread has one more reply."""
    now, before = event.get("message", {}), event.get("previous_message", {})
    return "reply_count" in now and now["text"] == before["text"]


class Post:
    """What Slack has tried to deliver, in the order in which it was done with it.

    Without the reports of how many replies a thread has, of which there is one for each.
    """

    def __init__(self, carrier: Carrier) -> None:
        self.delivered: list[tuple[str, bool]] = []
        self._changed = asyncio.Condition()
        self._exchange = carrier.exchange
        carrier.exchange = self._watched

    async def _watched(self, kind, payload, *more):
        event = payload.get("event", {})
        if counts_replies(event):
            return await self._exchange(kind, payload, *more)
        what = event.get("subtype") or event.get("type") or kind
        taken = False
        try:
            answer = await self._exchange(kind, payload, *more)
            taken = True
        finally:
            async with self._changed:
                self.delivered.append((what, taken))
                self._changed.notify_all()
        return answer

    async def until(self, number: int) -> list[tuple[str, bool]]:
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: len(self.delivered) >= number)
        return self.delivered


class WatchedSlack(SlackServer):
    """The sandbox's Slack, which also tells what it could deliver."""

    def __init__(self, world: World, **other) -> None:
        super().__init__(world, **other)
        self.post = Post(self.carrier)


@dataclass
class Office:
    """A workspace with the bot in it."""

    slack: WatchedSlack
    space: Space
    notes: Notes
    governor: Governor
    recall: Recall
    bot: SlackBot

    def methods(self) -> list[str]:
        return [request.method for request in self.slack.requests]

    def calls(self, method: str) -> list[dict]:
        return [one.arguments for one in self.slack.requests if one.method == method]

    def messages(self, channel: str, thread: str | None = None) -> list[Message]:
        return list(self.space.messages(channel, thread))

    async def until_idle(self) -> None:
        """Wait until the bot has nothing more to do aside."""
        async with asyncio.timeout(PATIENCE):
            while running := self.bot._presence.tasks._running:
                await asyncio.wait(running)

    def whispers(self, channel: str, person: str) -> list[str]:
        """What somebody alone was told in a channel."""
        return [one.text for one in self.messages(channel) if one.only_for == person]

    def add_program(self) -> None:
        self.space.add_person(Person("U0ROBOT", "Robot", "robot", is_bot=True))
        self.space.channels["C0GENERAL"].members.add("U0ROBOT")

    def hire(self, user: str, name: str) -> None:
        self.space.add_person(Person(user, name, name.lower()))
        self.space.channels["C0GENERAL"].members.add(user)

    async def until_named(self) -> None:
        """Wait until the names have been read that are read at the start."""
        async with asyncio.timeout(PATIENCE):
            while not self.bot._presence.directory.channels.known("C0GENERAL"):
                await asyncio.sleep(0.01)

    async def struck(self) -> None:
        """Wait until all faults have hit what they were meant for."""
        async with asyncio.timeout(PATIENCE):
            while self.slack.faults.waiting:
                await asyncio.sleep(0.01)

    async def until_forgotten(self, conversation: Conversation) -> None:
        """Wait until a conversation is not remembered any more."""
        async with asyncio.timeout(PATIENCE):
            while conversation in self.recall._held or not self.bot.ready:
                await asyncio.sleep(0.01)

    async def exchanges(self, number: int) -> list[tuple[str, bool]]:
        """What Slack has delivered, and whether each was acknowledged, once it is so many."""
        return await self.slack.post.until(number)

    async def until(self, true: Callable[[], object]) -> None:
        """Wait for something that the world will show."""
        happened = asyncio.Event()
        stop = self.space.watch(lambda _: happened.set())
        try:
            async with asyncio.timeout(PATIENCE):
                while not true():
                    await happened.wait()
                    happened.clear()
        finally:
            stop()


def make_bot(slack: SlackServer, notes: Notes, **other) -> SlackBot:
    tokens = {"bot_token": "xoxb-sandbox", "app_token": "xapp-sandbox"}
    given = {
        "api_url": slack.api_url,
        "streaming": "edit",
        "bursts": {},
        "presses": notes.press,
        "governor": Governor(time.monotonic),
        "recall": Recall(),
        "panel": make_panel(),
        "reports": None,
        "forgetting": make_forgetting(),
        "languages": Languages(),
        "access": Access(),
        "catch_up": looking_back_never,
    }
    mine = {name: other.pop(name) for name in (*tokens, "address") if name in other}
    return SlackBot(Parts(chat=notes, **(given | other)), **(tokens | mine))


@asynccontextmanager
async def working(slack: SlackServer, notes: Notes, **other) -> AsyncIterator[SlackBot]:
    bot = make_bot(slack, notes, **other)
    await bot.start()
    running = asyncio.create_task(bot.run())
    try:
        yield bot
    finally:
        await bot.stop()
        async with asyncio.timeout(PATIENCE):
            await running


@pytest.fixture
async def slack() -> AsyncIterator[WatchedSlack]:
    server = WatchedSlack(World())
    server.deliveries.redelivery = (0.0, 0.05, 0.1)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def office(slack: SlackServer) -> AsyncIterator[Office]:
    notes, governor, recall = Notes(), Governor(time.monotonic), Recall()
    async with working(slack, notes, governor=governor, recall=recall) as bot:
        yield Office(slack, slack.workspace.space, notes, governor, recall, bot)
