"""A loop that is held up is a line of the log, with how long and where."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from bots import busy
from bots.busy import Watch


class Clock:
    """Real seconds, and as many more as one likes."""

    def __init__(self):
        self.ahead = 0.0

    def __call__(self):
        return time.monotonic() + self.ahead


@pytest.fixture(autouse=True)
def sharp(monkeypatch):
    monkeypatch.setattr(busy, "PERIOD", 0.02)
    monkeypatch.setattr(busy, "LATE", 0.3)


@asynccontextmanager
async def watched(clock=None):
    watching = asyncio.create_task(Watch(clock or Clock()).run())
    await asyncio.sleep(0)
    with capture_logs() as lines:
        yield lines
        watching.cancel()
        await asyncio.wait({watching})


def hold_up(seconds=0.6):
    time.sleep(seconds)


def compute(seconds=0.6):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


async def told(lines, times):
    async with asyncio.timeout(10):
        while len(lines) < times:
            await asyncio.sleep(0.01)


async def test_a_loop_that_is_held_up_is_told_with_how_long_and_where():
    async with watched() as lines:
        hold_up()
        await told(lines, 1)

    (line,) = lines
    assert line["log_level"] == "warning"
    assert line["seconds"] > 0.3
    assert line["times"] == 1
    assert "test_busy.hold_up" in line["at"]
    assert line["computing"] < 0.3


async def test_one_that_computes_is_told_apart_from_one_that_waits():
    async with watched() as lines:
        compute()
        await told(lines, 1)

    assert lines[0]["computing"] > 0.5


async def test_in_a_minute_it_is_told_once_with_the_longest_delay_and_their_number():
    clock = Clock()
    async with watched(clock) as lines:
        hold_up()
        await told(lines, 1)
        for seconds in (0.5, 0.9, 0.5):
            hold_up(seconds)
            await asyncio.sleep(0.1)  # the loop turns
        assert len(lines) == 1
        clock.ahead = 61.0
        await told(lines, 2)

    assert lines[1]["times"] >= 3
    assert lines[1]["seconds"] >= 0.8


async def test_a_loop_that_turns_is_not_spoken_of():
    async with watched() as lines:
        for _ in range(20):
            await asyncio.sleep(0.01)

    assert lines == []


async def test_how_late_the_loop_is_is_known_while_it_turns_and_after_it_did_not():
    clock, seen = Clock(), []
    watch = Watch(clock, seen.append)
    watching = asyncio.create_task(watch.run())
    async with asyncio.timeout(10):
        while not seen:
            await asyncio.sleep(0.01)
    clock.ahead = 30.0

    assert watch.late > 29
    async with asyncio.timeout(10):
        while max(seen) < 29:
            await asyncio.sleep(0.01)
    assert watch.late < 10
    watching.cancel()
    await asyncio.wait({watching})
