"""`parley run` with a watcher beside it that notes when its event loop stood still.

    python -m tests.bench.watched figures.json 0.01 run

Nothing of the product is changed: a thread finds the loop that the command line has made, and
puts a timer into it that should go off every so many seconds. How late it goes off is for how
long nobody else was served, less the part of that in which it was not due. `figures.json` is
written at the end. Each look costs an idle process 50 microseconds.
"""

import asyncio
import json
import sys
import threading
import time
from pathlib import Path

from bots import cli

NOTED = 0.005
"""Seconds from which on a delay is noted."""


class Watcher:
    """The delays of one event loop: (when it was over, seconds, CPU seconds of these)."""

    def __init__(self, tick: float) -> None:
        self._tick_seconds = tick
        self.delays: list[tuple[float, float, float]] = []
        self.looks = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due = 0.0
        self._cpu = 0.0

    def find(self, thread: int) -> None:
        """Wait for the loop that a thread is going to run, and begin."""
        while (loop := running_loop(thread)) is None:
            time.sleep(0.02)
        self._loop = loop
        loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        self._due = time.monotonic()
        self._tick()

    def _tick(self) -> None:
        now, cpu = time.monotonic(), time.thread_time()
        if (late := now - self._due) > NOTED:
            self.delays.append((now, late, cpu - self._cpu))
        self.looks += 1
        self._cpu = cpu
        self._due = now + self._tick_seconds
        if self._loop is not None:
            self._loop.call_later(self._tick_seconds, self._tick)


def running_loop(thread: int) -> asyncio.AbstractEventLoop | None:
    """The loop of the `asyncio.Runner` that a thread is inside of, if it is."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        runner = frame.f_locals.get("self")
        if isinstance(runner, asyncio.Runner) and frame.f_code.co_name == "run":
            return runner.get_loop()
        frame = frame.f_back
    return None


def main() -> None:
    """Run the command line, and write what was seen meanwhile."""
    output, tick = Path(sys.argv.pop(1)), float(sys.argv.pop(1))
    watcher, main_thread = Watcher(tick), threading.main_thread().ident
    threading.Thread(target=watcher.find, args=(main_thread,), daemon=True).start()
    try:
        cli.main()
    finally:
        output.write_text(json.dumps({"looks": watcher.looks, "delays": watcher.delays}))


if __name__ == "__main__":
    main()
