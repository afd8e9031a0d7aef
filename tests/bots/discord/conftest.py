"""The real client against the sandbox's Discord; a clerk in place of the chat."""

import asyncio
import time
from dataclasses import dataclass, field

import pytest

from bots.discord.bot import DiscordBot
from core.access import Access
from core.chat import Find
from core.errors import ShuttingDown, StoreFailed
from core.etiquette import Saying
from core.guilds import Guilds
from core.languages import Languages
from core.messages import Conversation, Question
from core.outsiders import Outsiders
from core.pace import Governor
from core.presses import Press
from core.recall import Recall
from core.surface import Surface
from sandbox.discord import DiscordServer
from sandbox.world import Message, World
from tests.panels import make_panel
from tests.records import Marks, looking_back_never, make_forgetting

ADA, BEN, BOT = "1001", "1002", "1009"
GENERAL, FORUM, ADAS_DIRECT, BENS_DIRECT = "2001", "2003", "3001", "3002"
GUILD = "4000"
TOKEN = "discord-sandbox-token"


@dataclass
class Clerk:
    """Takes questions as the chat would, and lets the test answer them."""

    part_of: set[Conversation] = field(default_factory=set)
    broken: bool = False
    draining: bool = False
    slow: asyncio.Event | None = None
    claimed: set[str] = field(default_factory=set)
    edits: list[Question] = field(default_factory=list)
    deletions: list[str] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)
    asked: "asyncio.Queue[tuple[Question, Surface]]" = field(default_factory=asyncio.Queue)
    turned_away: "asyncio.Queue[Question]" = field(default_factory=asyncio.Queue)

    async def accept(self, question: Question, surface: Surface) -> bool:
        if self.slow:
            await self.slow.wait()
        if self.broken:
            raise StoreFailed("the disk is full")
        if self.draining:
            self.turned_away.put_nowait(question)
            raise ShuttingDown("this process takes no more questions")
        if question.key in self.claimed:
            return False
        self.claimed.add(question.key)
        self.part_of.add(question.conversation)
        self.asked.put_nowait((question, surface))
        return True

    async def edited(self, question: Question, surface: Surface, find: Find) -> bool:
        self.edits.append(question)
        return True

    async def refusal_of(self, caller) -> None:
        return None

    @property
    def outsiders(self) -> Outsiders:
        return Outsiders(self)

    async def deleted(self, identity: str, remove) -> None:
        self.deletions.append(identity)

    async def press(self, press) -> str:
        self.presses.append(press)
        return ""

    async def takes_part(self, conversation: Conversation) -> bool:
        if self.broken:
            raise StoreFailed("the disk is full")
        return conversation in self.part_of

    async def listens(
        self, conversation: Conversation, saying: Saying, words: str, *, invited=False
    ) -> bool:
        part = invited or await self.takes_part(conversation)
        return saying.to_bot or (part and not saying.to_others)

    async def next(self) -> tuple[Question, Surface]:
        async with asyncio.timeout(5):
            return await self.asked.get()


class Eyes:
    """Sees what happens in the world, and lets a test wait for it."""

    def __init__(self, world: World) -> None:
        self.space = world.discord
        self._changed = asyncio.Event()
        self.changes = []
        self.space.watch(self._saw)

    def _saw(self, change) -> None:
        self.changes.append(change)
        self._changed.set()

    async def until(self, condition):
        """Wait until `condition()` gives something; it is tried at each change."""
        async with asyncio.timeout(8):
            while not (found := condition()):
                self._changed.clear()
                await self._changed.wait()
            return found

    def typing(self, channel: str) -> int:
        return sum(c.what == "typing" and c.channel == channel for c in self.changes)

    def texts(self, channel: str) -> list[str]:
        return [message.text for message in self.space.messages(channel)]

    def last(self, channel: str) -> Message:
        return list(self.space.messages(channel))[-1]


@pytest.fixture
def world():
    return World()


@pytest.fixture
async def eyes(world):
    return Eyes(world)


@pytest.fixture
def server_options():
    """How this Discord differs; a module that starts many bots takes its limits away."""
    return {}


@pytest.fixture
async def discord(world, server_options):
    server = DiscordServer(world, token=TOKEN, **server_options)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def clerk():
    return Clerk()


@pytest.fixture
def marks():
    return Marks()


@pytest.fixture
def recall():
    return Recall()


@pytest.fixture
async def governor():
    return Governor(time.monotonic)


@pytest.fixture
def at_once(monkeypatch):
    """Two sessions are to begin five seconds apart, for which nobody needs to wait here."""
    monkeypatch.setattr("bots.discord.bot.SESSIONS", ())


@pytest.fixture
def build(discord, clerk, marks, recall, governor):
    def build(**changed):
        options = {
            "token": TOKEN,
            "api_url": discord.api_url,
            "panel": make_panel(),
            "reports": None,
            "forgetting": make_forgetting(),
            "chat": clerk,
            "presses": clerk.press,
            "governor": governor,
            "recall": recall,
            "languages": Languages(),
            "marks": marks,
            "guilds": Guilds(None, (GUILD,), time.monotonic),
            "access": Access(),
            "catch_up": looking_back_never(),
        }
        return DiscordBot(**options | changed)

    return build


@pytest.fixture
async def bot(build):
    bot = build()
    await bot.start()
    yield bot
    await bot.stop()
