"""The models that the endpoint offers, remembered for a while."""

import asyncio
import difflib
from collections.abc import Callable, Collection

import structlog

from core.errors import ModelFailed
from core.model import Model
from core.tasks import Tasks

log = structlog.get_logger()

FRESH = 600.0
"""Seconds after which the endpoint is asked again."""

PATIENCE = 1.0
"""Seconds, at most, that somebody waits for the list: a modal has three to be opened in."""

NEAR = 3
"""Names, at most, that are suggested in place of a wrong one."""


class Offer:
    """Lists the models; `clock` gives seconds that only ever grow."""

    def __init__(self, model: Model, clock: Callable[[], float]) -> None:
        self._model = model
        self._clock = clock
        self._names: tuple[str, ...] = ()
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self._tasks = Tasks()

    async def names(self, patience: float = PATIENCE) -> tuple[str, ...]:
        """The names, sorted; the last that are known, or none, where they cannot be had in time."""
        if self._clock() - self._asked_at > FRESH and self._asking is None:
            self._asking = self._tasks.start(self._ask(), "listing models")
        if self._asking is not None:
            await asyncio.wait({self._asking}, timeout=patience)
        return self._names

    def learn(self, names: Collection[str]) -> None:
        """Take a list that somebody else has asked for."""
        self._names = tuple(sorted(names))
        self._asked_at = self._clock()

    async def close(self) -> None:
        """Ask no more."""
        await self._tasks.close(0)

    async def _ask(self) -> None:
        try:
            self.learn(await self._model.names())
        except ModelFailed as error:
            log.info("models not listed", error=error.word, reason=str(error))
        finally:
            self._asking = None


def near(name: str, names: tuple[str, ...]) -> list[str]:
    """The names that somebody may have meant."""
    by_case = {known.lower(): known for known in reversed(names)}
    found = difflib.get_close_matches(name.lower(), by_case, NEAR, cutoff=0.5)
    within = [known for known in by_case if name.lower() in known]
    return [by_case[one] for one in dict.fromkeys([*found, *within])][:NEAR]
