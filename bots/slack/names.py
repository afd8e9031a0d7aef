"""What people and channels are called, kept for a while."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from weakref import WeakValueDictionary

from bots.slack.calls import CallFailed
from core.surface import RefusedForGood

KEPT = 20_000
FRESH = 6 * 3600.0
"""Seconds after which a name is looked up again when it is next needed."""

PATIENCE = 1.0
"""Seconds for which somebody who needs names waits for them: a question can do without."""


@dataclass(frozen=True, slots=True)
class _Known:
    name: str
    at: float


class Names:
    """Names by id: `known` answers from memory, `resolve` may ask Slack."""

    def __init__(
        self, look_up: Callable[[str], Awaitable[str]], clock: Callable[[], float]
    ) -> None:
        self._look_up = look_up
        self._clock = clock
        self._names: OrderedDict[str, _Known] = OrderedDict()
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def known(self, id_: str) -> str:
        """The name; empty when it is not known (yet)."""
        known = self._names.get(id_)
        return known.name if known else ""

    def learn(self, id_: str, name: str) -> None:
        """Keep a name that came along with something else."""
        if id_ and name:
            self._names[id_] = _Known(name, self._clock())
            self._names.move_to_end(id_)
            if len(self._names) > KEPT:
                self._names.popitem(last=False)

    def forget(self, id_: str) -> None:
        """Keep a name no longer; whoever needs it asks for it again."""
        self._names.pop(id_, None)

    async def resolve(self, ids: Iterable[str]) -> None:
        """Look up those that are not known well enough, for as long as is reasonable."""
        missing = {id_ for id_ in ids if id_ and not self._is_fresh(id_)}
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
                for id_ in missing:
                    tasks.create_task(self._learn(id_))

    def _is_fresh(self, id_: str) -> bool:
        known = self._names.get(id_)
        return known is not None and self._clock() - known.at < FRESH

    async def _learn(self, id_: str) -> None:
        """Ask for a name, once for all who need it at the same time."""
        async with self._asking.setdefault(id_, asyncio.Lock()):
            if self._is_fresh(id_):
                return
            try:
                self.learn(id_, await self._look_up(id_) or id_)
            except CallFailed as failed:
                # Whom Slack does not know goes by the id; what else failed is tried again.
                if isinstance(failed.outcome, RefusedForGood):
                    self.learn(id_, self.known(id_) or id_)
