"""What the page shows of this moment: a frozen look at what the process does."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from bots.console import cost, figures, questions
from core.budget import Level
from core.chat import Chat
from core.errors import StoreFailed
from core.flight import Flight
from core.hearing import Hearing
from core.pace import Governor
from core.store import Store
from core.store.asked import Wanted, outcomes
from core.store.costs import counters
from core.store.reader import Reader
from core.troubles import Trouble, Troubles

log = structlog.get_logger()

FLIGHTS = 100
"""Replies that are shown, the oldest first."""

LEVELS = 8
"""Budgets of the platforms that are shown, the fullest first."""

TROUBLES = 5
"""Warnings and errors that are shown, the newest first."""

BUDGETS = 3
"""Budgets of money that are shown, the fullest first."""

FRESH = 10.0
"""Seconds for which what was read from the records is shown again."""


@dataclass(frozen=True, slots=True)
class Ears:
    """A connection: whether events arrive, since when (or since when not), and interruptions."""

    platform: str
    ready: bool
    since: float | None
    lost_at: float | None
    interruptions: int


@dataclass(frozen=True, slots=True)
class Today:
    """What was asked today and what came of it, and the fullest budgets."""

    kinds: Mapping[str, int]
    budgets: Sequence[cost.Budget]

    @property
    def asked(self) -> int:
        """How many questions."""
        return sum(self.kinds.values())


@dataclass(frozen=True, slots=True)
class Status:
    """Whether the bot is ready, and for what it waits if not."""

    ready: bool
    waiting_for: Sequence[str]
    version: str


@dataclass(frozen=True, slots=True)
class Moment:
    """All that the page shows of now. `at` and `started_at` are seconds since 1970."""

    at: float
    started_at: float
    status: Status
    ears: Sequence[Ears]
    flights: Sequence[Flight]
    hidden: int
    waiting: int
    levels: Sequence[Level]
    standing_in_line: int
    database_well: bool
    today: Today | None
    troubles: Sequence[Trouble]
    number_of_troubles: int


class Now:
    """Looks at the process.

    `hearings` are the platforms' connections, `checks` what `/readyz` asks. `clock` gives seconds
    since 1970.
    """

    def __init__(
        self,
        *,
        chat: Chat,
        governor: Governor,
        store: Store,
        reader: Reader,
        hearings: Mapping[str, Hearing],
        checks: Mapping[str, Callable[[], bool]],
        troubles: Troubles,
        zone: ZoneInfo,
        version: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._chat = chat
        self._governor = governor
        self._store = store
        self._reader = reader
        self._hearings = hearings
        self._checks = checks
        self._troubles = troubles
        self._zone = zone
        self._version = version
        self._clock = clock
        self._started_at = clock()
        self._today: Today | None = None
        self._read_at = float("-inf")

    @property
    def status(self) -> Status:
        """Whether the bot is ready."""
        waiting = sorted(name for name, holds in self._checks.items() if not holds())
        return Status(not waiting, waiting, self._version)

    async def look(self) -> Moment:
        """What is to be seen now. What cannot be read is left out."""
        today = await self._read()
        flights = self._chat.flights
        return Moment(
            at=self._clock(),
            started_at=self._started_at,
            status=self.status,
            ears=[self._ears(platform, hearing) for platform, hearing in self._hearings.items()],
            flights=flights[:FLIGHTS],
            hidden=max(0, len(flights) - FLIGHTS),
            waiting=self._chat.waiting,
            levels=self._governor.levels(LEVELS),
            standing_in_line=self._governor.standing_in_line,
            database_well=self._store.is_writable,
            today=today,
            troubles=self._troubles.newest()[:TROUBLES],
            number_of_troubles=self._troubles.number,
        )

    def _ears(self, platform: str, hearing: Hearing) -> Ears:
        ready = self._checks[platform]()
        return Ears(platform, ready, hearing.since, hearing.lost_at, hearing.interruptions)

    async def _read(self) -> Today | None:
        now = self._clock()
        if now - self._read_at < FRESH:
            return self._today
        self._read_at = now
        begins = datetime.fromtimestamp(now, self._zone).replace(
            hour=0, minute=0, second=0, microsecond=0, fold=0
        )
        try:
            self._today = await self._reader.look(
                lambda connection: Today(
                    _by_kind(outcomes(connection, Wanted(begins.timestamp()), figures.DAY)),
                    [cost.budget(one) for one in counters(connection, now, BUDGETS)],
                )
            )
        except StoreFailed as error:
            log.debug("the operator's page does not know of today", error=str(error))
            self._today = None
        return self._today


def _by_kind(found: Mapping[str, Mapping[int, int]]) -> Mapping[str, int]:
    kinds = dict.fromkeys(questions.KINDS, 0)
    for outcome, parts in found.items():
        kinds[questions.kind_of(outcome)] += sum(parts.values())
    return kinds
