"""What channels and workspaces have set for themselves, in memory and on disk."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import structlog

from core.errors import StoreFailed
from core.presets import Name, Place, Preset, Scope, Values, resolve
from core.store import Change, ChannelSettings

log = structlog.get_logger()

PERIOD = 5.0
"""Seconds after which a change that another process made holds here, too."""


class Overrides:
    """Resolves what holds where, without asking the database.

    `places` says where each platform answers unless something else is set, `personas` what
    each persona sets.
    """

    def __init__(
        self,
        store: ChannelSettings,
        deployment: Preset,
        *,
        places: Mapping[str, Place] | None = None,
        personas: Mapping[str, Values] | None = None,
    ) -> None:
        self._store = store
        self.deployment = deployment
        self._places = places or {}
        self.personas = personas or {}
        self._set: dict[str, dict[str, object]] = {}
        self._newest = 0

    async def load(self) -> None:
        """Read everything that is set. Raises `StoreFailed`."""
        self._newest = await self._store.newest()
        self._set = await self._store.all()

    async def keep(self) -> None:
        """Learn of other processes' changes until cancelled."""
        while True:
            await asyncio.sleep(PERIOD)
            try:
                if await self._store.newest() != self._newest:
                    await self.load()
            except StoreFailed as error:
                log.warning("settings not read again", error=str(error))

    def preset(self, scope: Scope, persona: str = "") -> Preset:
        """What holds in a channel or a workspace, with a persona for this once."""
        place = self._places.get(scope.platform, self.deployment.place)
        layers = ((one.origin, self.at(one)) for one in dict.fromkeys((scope.above, scope)))
        return resolve(replace(self.deployment, place=place), layers, self.personas, persona)

    def preview(self, scope: Scope, values: Values) -> Preset:
        """What would hold with other values, of which None are taken away."""
        layers = [(one.origin, self.at(one)) for one in dict.fromkeys((scope.above, scope))]
        here = {**self.at(scope), **values}
        layers[-1] = (scope.origin, {name: v for name, v in here.items() if v is not None})
        return resolve(self.deployment, layers, self.personas)

    def at(self, scope: Scope) -> Values:
        """What is set right there."""
        return self._set.get(str(scope), {})

    async def change(self, scope: Scope, values: Values, who: str) -> tuple[Change, ...]:
        """Set values, or take away those that are None; it holds from the next question on.

        Of temperature and top_p, setting one takes the other away. Raises `StoreFailed`.
        """
        changes = await self._store.change(str(scope), _either(values), who)
        self._set[str(scope)] = await self._store.at(str(scope))
        for change in changes:
            log.info("setting changed", scope=change.scope, setting=change.name, who=who)
        return changes


def _either(values: Values) -> Values:
    pair = (Name.TEMPERATURE, Name.TOP_P)
    for name, other in (pair, pair[::-1]):
        if values.get(name) is not None and other not in values:
            return {**values, other: None}
    return values
