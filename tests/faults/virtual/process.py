"""One process of the bot: a chat with its own store, between the models of the world."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from core.answer_cache import AnswerCache
from core.charging import Charging
from core.chat import Chat
from core.composer import Composer
from core.controls import Control
from core.messages import Author, Conversation, Question
from core.overrides import Overrides
from core.pace import Governor
from core.presets import Preset
from core.presses import Press, Presses
from core.spending import Kind, SpendingLimit
from core.standby import Standby
from core.store import Known, Store
from core.store.ledger import Unit
from core.store.process import ProcessLock
from core.surface import Outcome
from core.tokens import Tokenizers
from core.wire import Parameters
from tests.core.house import spends
from tests.core.paper import Somebody
from tests.faults.virtual.clockwork import Life, in_life
from tests.faults.virtual.discord import DiscordModel
from tests.faults.virtual.endpoint import Endpoint, StubModel
from tests.faults.virtual.platform import Platform, Said
from tests.faults.virtual.slack import SlackModel
from tests.faults.virtual.surface import Desk, ModelSurface
from tests.virtual import clock

EPOCH = 1_790_000_000.0
"""What the clock on the wall says when a town begins."""

RESUME_WITHIN = 900.0

PRICES = {"gpt-4o-mini": (1, 4)}


def wall_clock() -> float:
    """Seconds since 1970, in virtual time."""
    return EPOCH + clock()


def identity(said: Said, flavour: str) -> str:
    """What the core calls the message of a question."""
    return f"{flavour}/W/{said.place.partition('/')[0]}/{said.id}"


class Process:
    """What runs between the start of the bot and its end."""

    def __init__(self, name: str, platform: Platform, endpoint: Endpoint, folder: Path) -> None:
        self.life = Life(name)
        self._platform = platform
        self._schedule = platform.schedule
        self._flavour = SlackModel if self._schedule.flavour == "slack" else DiscordModel
        self._endpoint = endpoint
        self._folder = folder
        self.chat: Chat | None = None
        self.ended = False

    @property
    def hears(self) -> bool:
        """Whether it takes what the platform tells."""
        return self.chat is not None and not self.life.dead and not self.ended

    def start(self) -> None:
        """Come up, within its own life."""
        in_life(self.life, self._run())

    async def _run(self) -> None:
        path = self._folder / "parley.db"
        lock = ProcessLock(path)
        lock.take()
        self.life.dying.append(lambda: lock._file.close() if lock._file else None)
        store = Store(f"sqlite+aiosqlite:///{path}", lock, wall_clock, 3600.0)
        governor = Governor(clock)
        self.desk = Desk(self._platform, governor, clock)
        most = 60_000_000 if self._schedule.tight else 10_000_000_000
        limits = (
            SpendingLimit(Kind.DEPLOYMENT, Unit.USD, 5 * most),
            SpendingLimit(Kind.PERSON, Unit.USD, most),
        )
        spending = spends(store, limits, PRICES, wall_clock)
        model = StubModel(self._endpoint)
        composer = Composer(
            standby=Standby(model, clock=clock),  # type: ignore[arg-type]
            tokenizers=Tokenizers(),
            charging=Charging(spending, clock=clock, wall_clock=wall_clock),
            context_tokens=8000,
            reply_timeout=300,
            clock=clock,
            chance=lambda: 0.5,
        )
        preset = Preset(Parameters("gpt-4o-mini", answer_tokens=1000), "Be kind.")
        cache = AnswerCache(store.texts, 0, clock=wall_clock, zone=ZoneInfo("UTC"))
        chat = Chat(
            store=store,
            composer=composer,
            spending=spending,
            cache=cache,
            governor=governor,
            overrides=Overrides(store.channel_settings, preset),
            clock=clock,
            delete_with_question=self._schedule.delete_with_question,
            first_contact="I am Parley.",
        )
        self._presses = Presses(chat, store, cache)
        self._store = store
        self.running = asyncio.create_task(chat.run())
        await asyncio.sleep(0)
        resuming = chat.resume({self._schedule.flavour: self}, RESUME_WITHIN)
        self._beside = [
            asyncio.create_task(work) for work in (spending.keep(), store.watch(), resuming)
        ]
        self.chat = chat

    async def drain(self, seconds: float = 8.0) -> None:
        """End as SIGTERM ends it."""
        if self.chat is None or not self.hears:
            return
        await self.chat.drain(seconds)
        await self.close()

    async def close(self) -> None:
        """Leave nothing running."""
        self.ended = True
        for task in (*self._beside[::-1], self.running):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._store.close()
        self.life.ended_at = clock()

    async def revive(
        self, question: Question, messages: Sequence[str]
    ) -> tuple[Question, ModelSurface] | None:
        """A question that an earlier process has heard, as `core.resuming.Platform`."""
        said = self._platform.said[question.message]
        surface = self.surface(said)
        await surface.look()
        return None if said.gone else (replace(question, text=said.words), surface)

    async def begun(
        self, question: Question, reply: str, recorded: Sequence[str]
    ) -> tuple[str, ...]:
        """The messages of an answer to a question that is gone."""
        return await self._flavour(self.desk, question).begun(reply, recorded)

    async def unsay(self, conversation: Conversation, message: str) -> Outcome:
        """Take a message of an answer away."""
        said = next(iter(self._platform.said.values()))
        return await self.surface(said).remove(message)

    def surface(self, said: Said) -> ModelSurface:
        """Where what somebody said is answered."""
        return self._flavour(self.desk, self.question(said))

    def question(self, said: Said, cause: str = "asked") -> Question:
        """What somebody said, as the core knows it."""
        channel, _, thread = said.place.partition("/")
        return Question(
            Conversation(self._schedule.flavour, "W", channel, thread),
            said.id,
            Author(said.who, said.who),
            said.words,
            datetime.fromtimestamp(EPOCH + said.at, UTC),
            "#general",
            direct=channel.startswith("D"),
            cause=cause,
        )

    async def hear(self, kind: str, said: Said, who: str) -> object:
        """What the platform tells of: what was said, edited, deleted or pressed."""
        chat = self.chat
        assert chat is not None
        match kind:
            case "asks" | "says stop" | "says nothing":
                return await chat.accept(self.question(said), self.surface(said))
            case "edits":
                question = self.question(said, f"edit:{said.version}")
                return await chat.edited(question, self.surface(said), self._find)
            case "deletes":
                surface = self.surface(said)
                return await chat.deleted(identity(said, self._schedule.flavour), surface.remove)
            case "stops":
                return await self._press(Control.STOP, said, who)
            case "retries":
                return await self._press(Control.RETRY, said, who)
            case "continues":
                return await self._press(Control.CONTINUE, said, who)
            case "restores":
                return await self._press(Control.RESTORE, said, who)
        raise AssertionError(kind)

    async def _press(self, control: Control, said: Said, who: str) -> object:
        """Press what stands below an answer, if it stands there."""
        known = await self._store.replies.latest(identity(said, self._schedule.flavour))
        if known is None:
            return "nothing to press"
        pages = [self._platform.messages.get(one) for one in known.messages]
        offered = {
            one
            for page in pages
            if page and page.page.controls and page.page.controls.reply == known.name
            for one in page.page.controls.offered
        }
        if control not in offered:
            return "not offered"
        surface = self.surface(said)
        person = Author(who, who)

        async def may_manage() -> bool:
            return await surface.may_manage(who)

        async def ask(*_: object) -> None:
            raise AssertionError("no command was asked")

        caller: Somebody = surface.caller(person)
        press = Press(control, known.name, who, caller, may_manage, self._find, ask, ask)
        return await self._presses(press)

    async def _find(self, known: Known, cause: str) -> list[tuple[Question, ModelSurface]]:
        found = (self._platform.said.get(one) for one in known.questions)
        return [
            (replace(self.question(one), cause=cause), self.surface(one))
            for one in found
            if one and not one.gone
        ]
