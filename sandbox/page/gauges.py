"""The budgets of the platforms as their servers count them: what is left, what was refused."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from sandbox.discord.buckets import BUCKETS
from sandbox.limits import Standing
from sandbox.world import Kind, Space

Json = dict[str, Any]

KEPT = 20
"""Budgets of a platform that are shown: those that were used last."""

LISTED = 24
"""Letters of a place's name that are shown."""

TOO_MANY = 429


class Gauges:
    """How one platform's budgets stand, and how many requests each call was refused."""

    def __init__(self, space: Space, tell: Callable[[Json], object]) -> None:
        self._space = space
        self._tell = tell
        self._standing: OrderedDict[str, Json] = OrderedDict()

    def all(self) -> list[Json]:
        """Every gauge that is shown."""
        return list(self._standing.values())

    def counted(self, standing: Standing) -> None:
        """A request was counted against a budget."""
        key = " ".join((standing.name, *standing.about))
        now = {
            "call": standing.name,
            "place": self._place(standing.about),
            "left": round(standing.left, 2),
            "of": standing.of,
            "rate": standing.rate,
            "resets": round(standing.resets, 2),
        }
        self._put(key, now, self._standing.get(key, {}).get("refused", 0))

    def answered(self, call: str, status: int) -> None:
        """A request was answered; a refusal counts where this call was counted last."""
        if status != TOO_MANY:
            return
        name = BUCKETS[call].name if call in BUCKETS else call
        none = {"call": name, "place": "", "left": 0, "of": 0, "rate": 0, "resets": 0}
        known = (key for key in reversed(self._standing) if self._standing[key]["call"] == name)
        key = next(known, name)
        standing = self._standing.get(key, none)
        self._put(key, standing, standing.get("refused", 0) + 1)

    def _put(self, key: str, standing: Json, refused: int) -> None:
        gauge = standing | {
            "kind": "gauge",
            "space": self._space.name,
            "id": key,
            "refused": refused,
        }
        self._standing[key] = gauge
        self._standing.move_to_end(key)
        if len(self._standing) > KEPT:
            self._standing.popitem(last=False)
        self._tell(gauge)

    def _place(self, about: tuple[str, ...]) -> str:
        """Where it counts, in the words of those who talk there."""
        channel = self._space.channels.get(about[0]) if about else None
        if channel is None:
            return ""
        sign = "#" if channel.kind in (Kind.PUBLIC, Kind.PRIVATE, Kind.FORUM) else ""
        return f"{sign}{channel.name}"[:LISTED]
