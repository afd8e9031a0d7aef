"""Getting through to somebody who was away."""

import asyncio

import pytest

from core.redial import AT_ONCE, Redial, back_off


class Line:
    """Somebody to be reached; each try takes the next of these fates."""

    def __init__(self, *fates):
        self.fates = list(fates)
        self.tries = 0
        self.hanging = 0
        self.discarded = []
        self.back = asyncio.Event()

    async def dial(self):
        self.tries += 1
        fate = self.fates.pop(0) if self.fates else self.tries
        if isinstance(fate, Exception):
            raise fate
        if fate == "hangs":
            self.hanging += 1
            try:
                await asyncio.Event().wait()
            finally:
                self.hanging -= 1
        if fate == "late":
            await self.back.wait()
        return fate

    async def discard(self, one):
        self.discarded.append(one)

    def redial(self, pause=lambda error, failures: 0.0):
        return Redial(self.dial, pause, self.discard)


async def test_one_that_answers_at_once_is_tried_once():
    line = Line("here")

    assert await line.redial().through() == "here"
    assert line.tries == 1


async def test_after_a_refusal_it_is_tried_again_when_the_pause_is_over():
    line, told = Line(OSError("one"), OSError("two"), "here"), []

    def pause(error, failures):
        told.append((str(error), failures))
        return 0.0

    redial = line.redial(pause)
    assert await redial.through() == "here"
    assert told == [("one", 0), ("two", 1)]
    assert redial.failures == 2


async def test_what_makes_further_tries_useless_ends_it(monkeypatch):
    monkeypatch.setattr("core.redial.PATIENCE", 0.01)
    line = Line("hangs", OSError("no use"))

    def pause(error, failures):
        raise LookupError from error

    with pytest.raises(LookupError):
        await line.redial(pause).through()
    assert line.hanging == 0


async def test_nobody_waits_for_a_try_that_hangs(monkeypatch):
    monkeypatch.setattr("core.redial.PATIENCE", 0.01)
    line = Line("hangs", "hangs", "here")

    assert await line.redial().through() == "here"
    assert line.hanging == 0


async def test_no_more_than_a_few_hang_at_the_same_time(monkeypatch):
    monkeypatch.setattr("core.redial.PATIENCE", 0.0)
    line = Line(*["late"] * AT_ONCE)
    trying = asyncio.create_task(line.redial().through())
    for _ in range(200):
        await asyncio.sleep(0)
    assert line.tries == AT_ONCE
    line.back.set()

    assert await trying == "late"


async def test_what_gets_through_besides_the_first_is_discarded(monkeypatch):
    monkeypatch.setattr("core.redial.PATIENCE", 0.0)
    line = Line(*["late"] * AT_ONCE)
    trying = asyncio.create_task(line.redial().through())
    for _ in range(200):
        await asyncio.sleep(0)
    line.back.set()
    await trying

    assert line.discarded == ["late"] * (AT_ONCE - 1)


async def test_a_pause_that_was_asked_for_is_not_cut_short_by_another_failure(monkeypatch):
    monkeypatch.setattr("core.redial.PATIENCE", 0.0)
    line = Line("late", OSError("wait"))
    pauses = iter((3600.0, 0.0))
    trying = asyncio.create_task(line.redial(lambda *_: next(pauses)).through())
    for _ in range(20):
        await asyncio.sleep(0)
    assert line.tries == 2
    line.fates = ["here"]
    for _ in range(20):
        await asyncio.sleep(0)

    assert line.tries == 2
    line.back.set()
    assert await trying == "late"


async def test_whoever_stops_trying_leaves_nothing_behind(monkeypatch):
    monkeypatch.setattr("core.redial.PATIENCE", 0.0)
    line = Line(*["hangs"] * AT_ONCE)
    trying = asyncio.create_task(line.redial().through())
    for _ in range(50):
        await asyncio.sleep(0)

    trying.cancel()
    await asyncio.wait({trying})

    assert line.hanging == 0


def test_the_pause_grows_and_stays_short():
    assert back_off(0) <= 0.2
    assert all(back_off(failures) <= 1.0 for failures in range(500))
