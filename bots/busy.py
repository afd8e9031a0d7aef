"""Notices when the event loop is held up, for then nothing is heard, shown or answered."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

import structlog

log = structlog.get_logger()

PERIOD = 0.25
"""Seconds between two looks."""

LATE = 0.5
"""Seconds by which the loop may be late before that is worth a word."""

QUIET = 60.0
"""Seconds, at least, between two lines of the log."""

OURS = ("core", "bots")
"""The packages of this program: the innermost of their lines is where time goes."""


@dataclass(slots=True)
class Delays:
    """What has been seen since the last line of the log."""

    times: int = 0
    longest: float = 0.0
    computing: float = 0.0
    where: str = ""

    def add(self, seconds: float, computing: float, where: str) -> None:
        """The loop was late by so much, of which it computed for so long, and at this line."""
        self.times += 1
        if seconds > self.longest:
            self.longest, self.computing, self.where = seconds, computing, where


class Watch:
    """Measures by how much the loop is late; a thread looks where it is meanwhile.

    `clock` gives seconds that only ever grow; `seen` is told how late the loop was, each time.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        seen: Callable[[float], None] | None = None,
    ) -> None:
        self._clock = clock
        self._seen = seen
        self._turned_at = clock()
        self._loop_thread = threading.get_ident()
        self._turned = threading.Event()
        self._over = False
        self._where = ""

    @property
    def late(self) -> float:
        """For how many seconds the loop has not turned as it should have."""
        return max(0.0, self._clock() - self._turned_at - PERIOD)

    async def run(self) -> None:
        """Watch until cancelled."""
        delays, told_at = Delays(), -QUIET
        looking = threading.Thread(target=self._look, name="watches the loop", daemon=True)
        looking.start()
        try:
            while True:
                began, computed = self._clock(), time.thread_time()
                self._where = ""
                self._turned.set()
                await asyncio.sleep(PERIOD)
                self._turned_at = self._clock()
                late = self._turned_at - began - PERIOD
                if self._seen:
                    self._seen(max(0.0, late))
                if late > LATE:
                    delays.add(late, time.thread_time() - computed, self._where)
                if delays.times and self._clock() - told_at >= QUIET:
                    told_at = self._clock()
                    _tell(delays)
                    delays = Delays()
        finally:
            self._over = True
            self._turned.set()

    def _look(self) -> None:
        """Each time the loop does not turn for too long, see where it is."""
        while not self._over:
            self._turned.wait()
            self._turned.clear()
            if not self._turned.wait(PERIOD + LATE):
                self._where = _place(sys._current_frames().get(self._loop_thread))  # noqa: SLF001


def _tell(delays: Delays) -> None:
    """One line, with what is known of the cause."""
    log.warning(
        "the event loop was held up",
        seconds=round(delays.longest, 2),
        computing=round(delays.computing, 2),  # else it waited, or the machine had no time
        at=delays.where or "unknown",
        times=delays.times,
    )


def _place(frame: FrameType | None) -> str:
    """Where a thread is: the innermost line, and the innermost of ours if that is another."""
    if frame is None:
        return ""
    innermost, ours = _line(frame), ""
    while frame is not None and not ours:
        if str(frame.f_globals.get("__name__")).split(".")[0] in OURS:
            ours = _line(frame)
        frame = frame.f_back
    return innermost if ours in ("", innermost) else f"{innermost}, called by {ours}"


def _line(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}:{frame.f_lineno}"
