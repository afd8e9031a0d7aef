"""A platform by its contract: messages that are posted, edited and deleted, and what goes wrong.

Each request takes its time and may end in any way that a platform and a network know. What was
sent is done, or not, whatever becomes of the process that has sent it.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from core.budget import Budgets
from core.surface import Delivered, Outcome, Page, RefusedForGood, RefusedForNow, Unknown
from sandbox.limits import FixedWindow, TokenBucket
from tests.faults.virtual.clockwork import Life, alive, in_world, living
from tests.faults.virtual.schedule import Fault, Outage, Schedule

GONE = RefusedForGood("message_not_found", gone=True)
FROZEN = RefusedForGood("cant_update_message")
NO_STREAM = RefusedForGood("message_not_in_streaming_state")
STILL_A_STREAM = RefusedForGood("streaming_state_conflict")

TIMEOUT = 15.0
"""Seconds after which whoever has asked gives up."""

LANDS = 0.05
"""Seconds after the end of a process in which what it has sent may still arrive: its connections
are closed by then. What came later than whoever looks for it could be found by nobody."""

STREAM_LIFE = 300.0
"""Seconds after which a native stream ends by itself."""


@dataclass(eq=False)
class Message:
    """One message of the bot's; `page` is what it shows.

    `nonce` is by what it is found again, `key` what the platform dedupes by. `streams`: it grows
    natively. `frozen`: it takes no edits. `unsure`: an edit whose answer was lost has changed it.
    `refuses` names the question to which it says why there is no answer.
    """

    id: str
    place: str
    page: Page
    at: float
    nonce: str = ""
    key: str = ""
    streams: bool = False
    frozen: bool = False
    unsure: bool = False
    doubled: bool = False
    refuses: str = ""


@dataclass(eq=False)
class Said:
    """One message of a person's; `version` counts its edits."""

    id: str
    who: str
    place: str
    words: str
    at: float
    version: int = 0
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence for one person alone, about what they have asked."""

    question: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Sign:
    """What a process last wanted to be shown of its work on a question."""

    words: str
    by: Life | None


@dataclass
class Platform:
    """What there is to see, and every request that was made."""

    schedule: Schedule
    trace: Callable[[str], None]
    messages: dict[str, Message] = field(default_factory=dict)
    deleted: dict[str, Message] = field(default_factory=dict)
    said: dict[str, Said] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    untold: set[str] = field(default_factory=set)
    signs: dict[str, Sign] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    _limits: dict[str, TokenBucket | FixedWindow] = field(default_factory=dict)
    _numbers: int = 0

    def __post_init__(self) -> None:
        self._faults = {(one.call, one.number): one for one in self.schedule.faults}

    async def ask(
        self,
        call: str,
        do: Callable[[], Outcome],
        budgets: Budgets = (),
        about: str = "",
    ) -> Outcome:
        """Make one request; `about` is the message that it is to change."""
        await alive()
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.calls[call] += 1
        number = self.calls[call]
        in_world(self._served(call, number, do, budgets, about, answer, living()))
        try:
            async with asyncio.timeout(TIMEOUT):
                return await answer
        except TimeoutError:
            return Unknown("timeout")

    def new_id(self) -> str:
        """An id as a platform gives it: a later one is greater."""
        self._numbers += 1
        return f"m{self._numbers:04}"

    def wrote(self, message: Message) -> Outcome:
        """There is a new message."""
        self.messages[message.id] = message
        return Delivered(message.id)

    def changed(self, id_: str, page: Page) -> Outcome:
        """A message shows another page."""
        message = self.messages.get(id_)
        if message is None:
            return GONE
        if message.frozen:
            message.doubled |= message.unsure
            return FROZEN
        if message.streams:
            return STILL_A_STREAM
        message.page, message.unsure = page, False
        return Delivered(id_)

    def removed(self, id_: str) -> Outcome:
        """A message is gone."""
        if id_ in self.messages:
            self.deleted[id_] = self.messages.pop(id_)
        return Delivered(id_)

    async def _served(
        self,
        call: str,
        number: int,
        do: Callable[[], Outcome],
        budgets: Budgets,
        about: str,
        answer: "asyncio.Future[Outcome]",
        sender: Life | None,
    ) -> None:
        chance = random.Random(f"{self.schedule.seed}/{call}/{number}")
        fault = self._faults.get((call, number)) or self._outage(call, number, chance)
        latency = 0.02 + 0.2 * chance.random() ** 3
        if fault and fault.kind == "slow":
            latency += fault.seconds
        # What is done is done before whoever has asked gives up: nobody could do anything about it.
        before = min(latency * chance.random(), TIMEOUT - 1)
        await asyncio.sleep(before)
        if sender and asyncio.get_running_loop().time() > sender.ended_at + LANDS:
            self.trace(f"{call} {number} {about}: lost with its sender")
            return
        outcome = self._limited(budgets) or self._done(fault, do, about)
        lost = (
            outcome.code.startswith("done") if isinstance(outcome, Unknown) else latency > TIMEOUT
        )
        if lost and about in self.messages:
            self.messages[about].unsure = True
        await asyncio.sleep(latency - before)
        met = f" <- {fault}" if fault else ""
        self.trace(f"{call} {number} {about}: {outcome}{met}")
        if not answer.done():
            answer.set_result(outcome)

    def _done(self, fault: Fault | None, do: Callable[[], Outcome], about: str) -> Outcome:
        if fault is None:
            return do()
        self.met[fault.kind] += 1
        message = self.messages.get(about)
        match fault.kind:
            case "limited":
                return RefusedForNow(fault.seconds)
            case "failed" | "reset":
                return Unknown(fault.kind)
            case "done_failed" | "done_reset":
                outcome = do()
                return Unknown(fault.kind) if isinstance(outcome, Delivered) else outcome
            case "refused":
                if message:
                    message.frozen = True
                    message.doubled |= message.unsure
                return RefusedForGood("not_allowed")
            case "vanished":
                self.removed(about)
            case "frozen":
                if message:
                    message.frozen = True
        return do()

    def _outage(self, call: str, number: int, chance: random.Random) -> Fault | None:
        now = asyncio.get_running_loop().time()
        for outage in self.schedule.outages:
            if outage.what == "platform" and within(outage, now):
                return Fault(call, number, chance.choice(("failed", "reset", "done_failed")))
        return None

    def _limited(self, budgets: Budgets) -> Outcome | None:
        """Refuse what is too much, as the platform counts."""
        now = asyncio.get_running_loop().time()
        for budget in budgets:
            limit = self._limits.get(budget.key)
            if limit is None:
                limit = self._limits[budget.key] = (
                    FixedWindow(budget.burst, budget.window)
                    if budget.fixed
                    else TokenBucket(budget.rate, budget.burst)
                )
            if wait := limit.take(now):
                self.met["too much"] += 1
                return RefusedForNow(wait)
        return None

    def check(self, page: Page, size: int, measure: Callable[[str], int]) -> None:
        """No platform takes an empty page, or one that is too long."""
        if not page.text.strip() and not page.notice:
            self.wrong.append("an empty page was sent")
        if measure(page.text) > size:
            self.wrong.append(f"a page of {measure(page.text)} units was sent")


def within(outage: Outage, now: float) -> bool:
    """Whether it is at the moment."""
    return outage.at <= now < outage.at + outage.seconds


def sealed(page: Page) -> Page:
    """A page as it stays."""
    return replace(page, grows=False, closing="")
