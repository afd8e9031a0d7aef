"""How far budgets were cut after refusals, remembered over restarts.

Slack publishes rates, but no bursts: what it once refused, it would refuse again at the
next start.
"""

import json
from collections.abc import Callable
from typing import Any

import structlog

from core.budget import Cut
from core.errors import StoreFailed
from core.store.marks import Marks
from core.tasks import Tasks

log = structlog.get_logger()

PREFIX = "cut/"

KEPT = 30 * 86_400.0
"""Seconds for which a cut is remembered."""

PATIENCE = 2.0
"""Seconds for what is still being written at the end."""


class Cuts:
    """The cuts of all budgets, by key.

    `clock` is the governor's, `wall_clock` gives seconds since 1970.
    """

    def __init__(
        self, marks: Marks, clock: Callable[[], float], wall_clock: Callable[[], float]
    ) -> None:
        self._marks = marks
        self._clock = clock
        self._wall_clock = wall_clock
        self._tasks = Tasks()
        self._known: dict[str, Cut] = {}

    async def load(self) -> None:
        """Read what earlier processes have learned."""
        cuts = {
            name: json.loads(value) for name, value in (await self._marks.having(PREFIX)).items()
        }
        old = [name for name, cut in cuts.items() if self._wall_clock() - cut["at"] > KEPT]
        await self._marks.forget(old)
        for name in cuts.keys() - old:
            self._known[name.removeprefix(PREFIX)] = self._read(cuts[name])

    def get(self, key: str) -> Cut | None:
        """The cut of a budget, if it was ever refused."""
        return self._known.get(key)

    def put(self, key: str, cut: Cut) -> None:
        """Remember a cut. Never waits."""
        self._known[key] = cut
        self._tasks.start(self._write(key), "remembering a limit")

    async def close(self) -> None:
        """Wait until it is written."""
        await self._tasks.close(PATIENCE)

    async def _write(self, key: str) -> None:
        cut = self._known[key]  # the newest, whichever of several writes comes last
        at = self._wall_clock() - (self._clock() - cut.at)
        value = json.dumps({"share": cut.share, "at": round(at), "recovery": cut.recovery})
        try:
            await self._marks.set(PREFIX + key, value)
        except StoreFailed as error:
            log.warning("limit not remembered", budget=key, error=str(error))

    def _read(self, value: dict[str, Any]) -> Cut:
        age = max(0.0, self._wall_clock() - value["at"])
        return Cut(value["share"], self._clock() - age, value["recovery"])
