import asyncio
import threading

import pytest

from core.workers import Workers


async def test_work_is_done_in_a_thread():
    assert await Workers(1).run(5, threading.get_ident) != threading.get_ident()


async def test_what_goes_wrong_is_raised():
    with pytest.raises(ZeroDivisionError):
        await Workers(1).run(5, lambda: 1 // 0)


async def test_what_never_ends_is_not_waited_for_and_keeps_its_place():
    workers, released = Workers(1), threading.Event()
    with pytest.raises(TimeoutError):
        await workers.run(0.05, released.wait)
    with pytest.raises(TimeoutError):
        await workers.run(0.05, lambda: None)
    released.set()

    assert await workers.run(5, lambda: "again") == "again"


async def test_whoever_is_cancelled_leaves_its_place_in_the_end():
    workers, released = Workers(1), threading.Event()
    task = asyncio.create_task(workers.run(5, released.wait))
    await asyncio.sleep(0)
    task.cancel()
    released.set()

    assert await workers.run(5, lambda: "next") == "next"
