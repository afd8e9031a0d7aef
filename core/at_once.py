"""How many answers are written at once: for one person, in one workspace, and in all."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from core.limits import Rates
from core.line import Line
from core.messages import Question
from core.notices import THINKING, WAITING_FOR_OTHERS
from core.status import Status


@dataclass(eq=False, slots=True)
class _Waiter:
    person: str
    counted: tuple[str, ...]
    granted: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class AtOnce:
    """Lets answers begin as others end, in the order that is fair to people (`core.line`).

    It holds for this process. `clock` gives seconds that only ever grow.
    """

    def __init__(self, rates: Rates, clock: Callable[[], float]) -> None:
        self._person = rates.replies_at_once_per_person
        self._workspace = rates.replies_at_once_per_workspace
        self._in_all = rates.replies_at_once_in_all
        self._clock = clock
        self._line: Line[_Waiter] = Line()
        self._under_way: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """How many answers wait for room."""
        return len(self._line)

    @asynccontextmanager
    async def turn(self, question: Question, status: Status) -> AsyncIterator[None]:
        """Wait until there is room for one more answer, and take it for as long as this lasts."""
        waiter = _Waiter(question.asker.id, self._counted(question))
        self._line.add(waiter)
        try:
            self._share_out()
            if not waiter.granted.done():
                status.say(WAITING_FOR_OTHERS, waits=True)
                await waiter.granted
                status.say(THINKING)
            yield
        finally:
            if not self._line.remove(waiter):
                self._under_way.subtract(waiter.counted)
                self._under_way += Counter()  # forgets what is zero
            self._share_out()

    def _counted(self, question: Question) -> tuple[str, ...]:
        """What an answer to this question counts against."""
        where = question.conversation
        limits = (
            (f"person {question.asker.id}", self._person),
            (f"workspace {where.platform}/{where.workspace}", self._workspace),
            ("all", self._in_all),
        )
        return tuple(name for name, most in limits if most)

    def _most(self, name: str) -> int:
        kind = name.partition(" ")[0]
        limits = {"person": self._person, "workspace": self._workspace, "all": self._in_all}
        return limits[kind] or 0

    def _share_out(self) -> None:
        if not self._line:
            return
        now = self._clock()
        for waiter in list(self._line.in_order(now)):
            # One whose own limit is reached does not hold up the others; one that was cancelled
            # leaves as soon as it wakes up.
            room = all(self._under_way[name] < self._most(name) for name in waiter.counted)
            if room and not waiter.granted.done():
                self._line.go(waiter, now)
                self._under_way.update(waiter.counted)
                waiter.granted.set_result(None)
