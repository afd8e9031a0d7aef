"""What the page shows of settings: what holds everywhere, what is set where, by whom and when."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bots.console.figures import UNKNOWN
from core.presets import Preset
from core.store.channel_settings import Change, Setting, changes, current
from core.store.reader import Connection

MOST = 1000
"""Values that are shown."""

CHANGES = 100
"""Changes that are shown, the newest first."""


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace or a channel, and what is set there."""

    scope: str
    settings: Sequence[Setting]

    @property
    def is_workspace(self) -> bool:
        """Whether it holds for all channels."""
        return self.scope.count("/") == 1


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the page shows of settings."""

    deployment: Mapping[str, str]
    places: Sequence[Place]
    changes: Sequence[Change]
    is_cut: bool


def overview(connection: Connection, deployment: Preset) -> Overview:
    """Read what is set everywhere."""
    found: dict[str, list[Setting]] = {}
    rows = current(connection, MOST)
    for one in rows:
        found.setdefault(one.scope, []).append(one)
    places = [Place(scope, settings) for scope, settings in sorted(found.items())]
    return Overview(_holds(deployment), places, changes(connection, CHANGES), len(rows) == MOST)


def _holds(deployment: Preset) -> Mapping[str, str]:
    """What holds where nothing is set."""
    return {
        "model": deployment.model,
        **deployment.given,
        "language": deployment.language,
        "system_prompt": deployment.system_prompt,
    }


def words(value: Any) -> str:
    """A value as people read it; what is not set is a dash."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Mapping):
        parts = (f"{name}: {words(one)}" for name, one in value.items() if one)
        return "; ".join(parts)
    if isinstance(value, list):
        return ", ".join(map(words, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
