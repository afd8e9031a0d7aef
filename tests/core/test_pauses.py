"""Where the bot is paused, as every process knows it."""

import asyncio

import pytest

from core.messages import Conversation
from core.pauses import FRESH, Pauses
from core.store import Store
from tests.records import Clock

HERE = Conversation("slack", "T", "C1", "1.0")
THERE = Conversation("slack", "T", "C2", "1.0")


@pytest.fixture
async def store(tmp_path):
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/parley.db", lambda: 7.0)
    yield store
    await store.close()


async def test_a_pause_holds_for_the_whole_channel_and_for_no_other(store):
    pauses = Pauses(store.pauses, Clock(100.0))
    assert await pauses.pause(HERE, "U1")

    assert await pauses.hold(HERE)
    assert await pauses.hold(Conversation("slack", "T", "C1", "2.0"))
    assert not await pauses.hold(THERE)
    assert not await pauses.hold(Conversation("discord", "T", "C1", "1.0"))


async def test_pausing_twice_and_resuming_twice_change_nothing(store):
    pauses = Pauses(store.pauses, Clock(100.0))
    assert [await pauses.pause(HERE, "U1"), await pauses.pause(HERE, "U2")] == [True, False]
    assert [await pauses.resume(HERE, "U1"), await pauses.resume(HERE, "U2")] == [True, False]
    assert not await pauses.hold(HERE)


async def test_another_process_notices_within_seconds(store):
    clock = Clock(100.0)
    ours, others = Pauses(store.pauses, clock), Pauses(store.pauses, clock)
    assert not await ours.hold(HERE)
    await others.pause(HERE, "U1")
    clock.now += FRESH

    assert await ours.hold(HERE)
    await others.resume(HERE, "U1")
    clock.now += FRESH
    assert not await ours.hold(HERE)


async def test_those_who_ask_at_once_are_told_in_their_order_after_one_look():
    class Slower:
        """The first look takes longest, as that of a busy database may."""

        def __init__(self):
            self.seconds = [0.02, 0.0, 0.0]

        async def all(self):
            await asyncio.sleep(self.seconds.pop(0))
            return set()

    rows, told = Slower(), []
    pauses = Pauses(rows, Clock(100.0))

    async def ask(number):
        await pauses.hold(HERE)
        told.append(number)

    await asyncio.gather(*(ask(number) for number in range(3)))
    assert told == [0, 1, 2]
    assert len(rows.seconds) == 2


async def test_what_was_just_read_is_not_read_again_for_any_channel():
    class Counting:
        reads = 0

        async def all(self):
            self.reads += 1
            return set()

    rows, clock = Counting(), Clock(100.0)
    pauses = Pauses(rows, clock)
    for where in (HERE, THERE, HERE):
        clock.now += FRESH / 10
        assert not await pauses.hold(where)

    assert rows.reads == 1
