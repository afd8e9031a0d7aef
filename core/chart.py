"""Charts as pictures, drawn in a process of their own."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from core.child import ended

log = structlog.get_logger()

PROGRAM = Path(__file__).parent / "drawing.py"

DEADLINE = 10.0
"""Seconds for a chart, with the wait for others; it takes about a third of one."""

AT_ONCE = 2
"""Charts that are drawn at once; each takes some 50 MB while it is."""

LARGEST = 2_000_000
"""Bytes of a chart, at most; one has about 30,000."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of those who share each bar, as `core.drawing.Part`."""

    name: str
    id: str
    note: str
    values: Sequence[float]
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows, as `core.drawing.Chart`."""

    title: str
    subtitle: str
    labels: Sequence[str]
    parts: Sequence[Part]
    unit: str


class Charts:
    """Draws charts, so many at once, and gives up those that take too long."""

    def __init__(self, deadline: float = DEADLINE, program: Path = PROGRAM) -> None:
        self._deadline = deadline
        self._program = program
        self._free = asyncio.Semaphore(AT_ONCE)

    async def draw(self, chart: Chart) -> bytes | None:
        """A chart as a PNG; None when it could not be drawn, which the log explains."""
        try:
            async with asyncio.timeout(self._deadline), self._free:
                return await self._drawn(json.dumps(asdict(chart)).encode())
        except (TimeoutError, OSError) as error:
            log.warning("chart not drawn", error=type(error).__name__, reason=str(error))
            return None

    async def _drawn(self, what: bytes) -> bytes | None:
        child = await ended(what, str(self._program))
        if child.code or not 0 < len(child.said) <= LARGEST:
            log.warning("chart not drawn", code=child.code, said=_last(child.complaint))
            return None
        return child.said


def _last(complaint: bytes) -> str:
    """The last line of what a program says when it fails; those above quote what it draws."""
    lines = complaint.decode(errors="replace").strip().splitlines()
    return lines[-1].partition(":")[0] if lines else ""
