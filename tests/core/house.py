"""What tests of whole chats share: who asks, what is waited for, and what a reader sees."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import text

from core.chat import Chat
from core.controls import Control
from core.messages import Author, Question
from core.presses import Press, Presses
from core.prices import Price, Prices
from core.spending import Spending
from tests.core.paper import THREAD, Paper

ADA = Author("U1", "Ada")
BEN = Author("U2", "Ben")


def ask(words, message="1", asker=ADA, **more):
    return Question(
        THREAD, message, asker, words, datetime(2026, 11, 23, 12, tzinfo=UTC), "#general", **more
    )


@asynccontextmanager
async def answered(chat):
    """Whoever was asked inside has answered at the end."""
    async with asyncio.timeout(40):
        yield
        await chat.idle()


async def reading(chat, words, paper=None, **more):
    """What a reader sees in the end of one question's answer."""
    paper = paper or Paper(size=2000)
    async with answered(chat):
        assert await chat.accept(ask(words, **more), paper)
    return paper


@asynccontextmanager
async def resumed(chat, paper, *, within=900.0, gone=(), strange=()):
    """A process brings to an end, on this paper, what others have left open.

    The messages with these ids are `gone`, or so `strange` that nobody foresaw it.
    """

    class Platform:
        async def revive(self, question, messages):
            if question.message in strange:
                raise ValueError("nobody foresaw this")
            return None if question.message in gone else (question, paper)

        async def begun(self, question, reply, recorded):
            return await paper.begun(reply, recorded)

        async def unsay(self, conversation, message):
            return await paper.remove(message)

    resuming = asyncio.create_task(chat.resume({THREAD.platform: Platform()}, within))
    try:
        yield chat
    finally:
        resuming.cancel()
        await asyncio.gather(resuming, return_exceptions=True)


def shown(paper):
    return [(page.text, page.notice) for page in paper.messages.values()]


async def until(holds: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for something that comes true by itself; `TimeoutError` when it does not."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)


async def outcome(chat, key):
    async with chat._store._database.read() as connection:
        found = await connection.execute(
            text("SELECT state, outcome FROM questions WHERE key = :key"), {"key": key}
        )
        return tuple(found.one())


def spends(store, limits=(), prices=None, clock=time.time, contact=""):
    """The ledger of a store, with prices by model in dollars for a million tokens, in and out."""
    own = {
        name: Price(Decimal(read), Decimal(read), Decimal(read), Decimal(written))
        for name, (read, written) in (prices or {}).items()
    }
    prices = Prices("http://127.0.0.1/v1", own)
    zone = ZoneInfo("UTC")
    return Spending(store.ledger, prices, limits, clock=clock, zone=zone, contact=contact)


@contextmanager
def locked(tmp_path):
    """Another program writes to the database meanwhile, and takes its time."""
    holder = sqlite3.connect(tmp_path / "parley.db", timeout=30, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    yield
    holder.rollback()
    holder.close()


@asynccontextmanager
async def read_only(store):
    """The disk with the database takes nothing meanwhile, as after a fault of its own."""
    await _pragma(store, "query_only=ON")
    yield
    await _pragma(store, "query_only=OFF")


@asynccontextmanager
async def full(store):
    """The disk with the database has no room meanwhile for anything that is longer than a line."""
    await _pragma(store, "max_page_count=1")  # at least what it has
    yield
    await _pragma(store, f"max_page_count={2**30}")


async def _pragma(store, words):
    """Set something on the one connection of a store by which it writes."""
    async with store._database._engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        await driver.execute(f"PRAGMA {words}")


@dataclass
class Talk:
    """A conversation on paper: what people wrote in it, and what they do with the answers.

    `chat` is the process that hears of it; each method takes another one that hears instead.
    """

    chat: Chat
    paper: Paper = field(default_factory=lambda: Paper(size=2000))
    questions: dict[str, Question] = field(default_factory=dict)
    afresh: list[tuple[str, str]] = field(default_factory=list)

    @property
    def reply(self) -> str:
        """The name of the newest reply below which something can be pressed."""
        pages = [page for page in self.paper.messages.values() if page.controls]
        return pages[-1].controls.reply

    @property
    def offered(self) -> tuple[Control, ...]:
        """What can be pressed below the newest message."""
        page = list(self.paper.messages.values())[-1]
        return page.controls.offered if page.controls else ()

    def says(self, words: str) -> Callable[[], bool]:
        """Whether a reader sees these words."""
        return lambda: words in self.paper.text

    async def ask(self, words, message="1", asker=ADA, *, chat=None) -> None:
        """Somebody asks something."""
        question = self.questions[message] = ask(words, message, asker)
        assert await (chat or self.chat).accept(question, self.paper)

    async def answer(self, words, message="1", asker=ADA) -> None:
        """Somebody asks something, and the answer comes to its end."""
        await self.ask(words, message, asker)
        await self.end()

    async def end(self, *chats) -> None:
        """Wait until nothing is answered any more."""
        async with asyncio.timeout(40):
            for chat in chats or (self.chat,):
                await chat.idle()

    async def press(self, control, person=ADA, *, reply="", chat=None, place=None) -> str:
        """Somebody presses a control, in this place; returns what they are told."""
        presser = chat or self.chat

        async def may_manage() -> bool:
            return await self.paper.may_manage(person.id)

        async def ask_afresh(question: str, persona: str) -> None:
            self.afresh.append((question, persona))

        caller = self.paper.caller(person)
        press = Press(
            control,
            reply or self.reply,
            person.id,
            replace(caller, scope=place) if place else caller,
            may_manage,
            self._find,
            self._find_asked,
            ask_afresh,
        )
        return await Presses(presser, presser._store, presser._answering._cache)(press)

    async def edit(self, words, message="1", time="1", *, chat=None) -> bool:
        """Somebody edits what they asked."""
        question = replace(self.questions[message], text=words)
        self.questions[message] = question
        edited = replace(question, cause=f"edit:{time}")
        return await (chat or self.chat).edited(edited, self.paper, self._find)

    async def delete(self, message="1", *, chat=None) -> None:
        """Somebody deletes what they asked."""
        question = self.questions.pop(message)
        await (chat or self.chat).deleted(question.identity, self.paper.remove)

    async def _find_asked(self, known, asked, cause):
        question = ask(asked.text, known.questions[0], persona=asked.persona, cause=cause)
        return [(replace(question, stands_alone=True, afresh=True), self.paper)]

    async def _find(self, known, cause):
        asked = (self.questions.get(one) for one in known.questions)
        return [(replace(one, cause=cause), self.paper) for one in asked if one]
