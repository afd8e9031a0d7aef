"""Nobody waits for the garbage collector."""

import asyncio
import gc
import weakref

import pytest

from bots import garbage


class Knot:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(garbage, "AT_LEAST", 0.01)
    monkeypatch.setattr(garbage, "AT_MOST", 0.1)


async def collected_within(seconds, idle):
    """Whether something that only a full collection finds is gone so soon."""
    task = asyncio.create_task(garbage.collect(idle))
    await asyncio.sleep(0)  # what is there at its start stays
    gone = asyncio.Event()
    weakref.finalize(thing := Knot(), gone.set)
    gc.collect(1)
    del thing  # it is old by now
    try:
        async with asyncio.timeout(seconds):
            await gone.wait()
    except TimeoutError:
        pass
    finally:
        task.cancel()
    return gone.is_set()


async def never():
    await asyncio.Event().wait()


async def now():
    return


async def test_garbage_is_collected_while_no_reply_grows():
    assert await collected_within(2, now)


async def test_replies_put_it_off():
    assert not await collected_within(0.05, never)


async def test_but_not_for_ever():
    assert await collected_within(2, never)


async def test_what_the_start_has_left_behind_is_collected_at_once():
    gone = asyncio.Event()
    weakref.finalize(thing := Knot(), gone.set)
    gc.collect(1)
    del thing  # it is old by now
    task = asyncio.create_task(garbage.collect(never))
    await asyncio.sleep(0)
    task.cancel()

    assert gone.is_set()
