"""What was said while nobody listened is found once, in order, and within bounds."""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from core import catch_up
from core.catch_up import CatchUp, Late
from core.errors import PlatformFailed, ShuttingDown, StoreFailed
from core.messages import Author, Conversation, Question
from tests.records import Clock

THREAD = Conversation("slack", "T1", "C1", "1.0")


@pytest.fixture
def clock():
    return Clock(10_000.0)


class Channel:
    """What people wrote, and what of it was taken through the door."""

    def __init__(self, store, clock):
        self.store = store
        self.clock = clock
        self.written = {}
        self.taken = []
        self.failures = []
        self.looked = 0
        self.done = asyncio.Event()

    def write(self, *names):
        """Somebody writes messages, one every second."""
        for name in names:
            self.clock.now += 1
            self.written[name] = self.clock.now

    async def look(self, place, backlog):
        self.looked += 1
        await backlog.take([self._late(one) for one in reversed(self.written)])
        self.done.set()

    def _late(self, name):
        async def hear():
            if self.failures:
                raise self.failures.pop(0)
            self.taken.append(name)
            return await self.store.questions.claim(asked(name))

        return Late(name, asked(name).key, self.written[name], hear)


def asked(name):
    return Question(THREAD, name, Author("U1", "Ada"), "Why?", datetime.now(UTC), "#general")


@pytest.fixture
def channel(store, clock):
    return Channel(store, clock)


@asynccontextmanager
async def process(channel, *, within=1800.0, clean=True):
    """A process that listens, and looks back where it must."""
    catching = CatchUp(channel.store.marks, channel.store.questions, within, channel.clock)
    if await catching.begin("here"):
        catching.due()
    running = asyncio.create_task(catching.run(channel.look))
    try:
        yield catching
    finally:
        running.cancel()
        await asyncio.wait({running})
        if clean:
            await catching.close()


async def looked(channel):
    """Wait for the end of one look back."""
    async with asyncio.timeout(10):
        await channel.done.wait()
    channel.done.clear()


async def heard(channel, catching, *names):
    """Messages are written, heard and answered."""
    channel.write(*names)
    for name in names:
        await channel.store.questions.claim(asked(name))
        catching.heard(name, channel.written[name])


async def mark(store):
    return json.loads(await store.marks.get("heard/here"))


async def test_what_is_written_while_nobody_listens_is_taken_once_in_order(channel):
    async with process(channel) as first:
        await heard(channel, first, "a", "b")
    channel.write("c", "d", "e")

    for _ in range(2):
        async with process(channel):
            await looked(channel)
    assert channel.taken == ["c", "d", "e"]


async def test_after_a_sudden_end_nothing_is_taken_again_that_was_asked_before(channel):
    async with process(channel, clean=False) as first:
        await heard(channel, first, "a", "b")
    channel.write("c")

    async with process(channel):
        await looked(channel)
    assert channel.taken == ["c"]


async def test_what_was_heard_and_no_question_is_not_heard_again(channel):
    async with process(channel) as first:
        channel.write("a", "b")
        first.heard("a", channel.written["a"])
        first.heard("b", channel.written["b"])

    async with process(channel):
        await looked(channel)
    assert channel.taken == []


async def test_what_came_late_and_out_of_order_is_found_too(channel):
    async with process(channel) as first:
        channel.write("a", "b")
        first.heard("b", channel.written["b"])

    async with process(channel):
        await looked(channel)
    assert channel.taken == ["a"]


async def test_on_the_first_start_ever_listening_begins(channel):
    channel.write("long before")
    async with process(channel) as first:
        first.due()
        await looked(channel)
        channel.write("in a gap")
        first.due()
        await looked(channel)
    assert channel.taken == ["in a gap"]


async def test_what_is_older_than_the_bound_is_left_alone(channel, clock):
    async with process(channel) as first:
        await heard(channel, first, "a")
    channel.write("too old")
    clock.now += 600
    channel.write("b")

    async with process(channel, within=300):
        await looked(channel)
    assert channel.taken == ["b"]


async def test_switched_off_it_neither_looks_nor_writes(channel, store):
    async with process(channel, within=0) as first:
        await heard(channel, first, "a")
        first.due()
        await asyncio.sleep(0)
    assert channel.looked == 0
    assert await store.marks.get("heard/here") is None


async def test_as_long_as_something_may_be_missed_the_mark_stays(channel, store):
    """Whoever dies in the middle of a look back leaves the rest to the next one."""
    async with process(channel) as first:
        await heard(channel, first, "a")
        first.missed("there")
        channel.write("missed")
        await heard(channel, first, "b")
    assert (await mark(store))["at"] == channel.written["a"]

    async with process(channel):
        await looked(channel)
    assert channel.taken == ["missed"]


async def test_once_all_was_read_the_mark_moves_on(channel, store):
    async with process(channel) as first:
        await heard(channel, first, "a")
        first.missed("there")
        channel.write("missed")
        await heard(channel, first, "b")
        first.due("there")
        await looked(channel)
    assert (await mark(store))["at"] == channel.written["b"]


async def test_what_could_not_be_taken_is_left_to_the_next_process(channel):
    async with process(channel) as first:
        channel.write("a", *"bcdefghijklm")
        first.untaken("a", channel.written["a"])
        for name in "bcdefghijklm":
            first.heard(name, channel.written[name])

    async with process(channel):
        await looked(channel)
    assert channel.taken[0] == "a"


async def test_what_could_not_be_taken_and_came_again_is_not_looked_for(channel, store):
    async with process(channel) as first:
        channel.write("a", "b")
        first.untaken("a", channel.written["a"])
        first.heard("b", channel.written["b"])
        first.heard("a", channel.written["a"])
    assert (await mark(store))["at"] == channel.written["b"]


async def test_a_process_that_ends_in_the_middle_leaves_the_rest(channel):
    async with process(channel) as first:
        await heard(channel, first, "a")
    channel.write("b", "c")
    channel.failures = [ShuttingDown("")]

    async with process(channel) as second:
        async with asyncio.timeout(10):
            while channel.failures:
                await asyncio.sleep(0.01)
        await heard(channel, second, "d")
    assert channel.taken == []

    async with process(channel):
        await looked(channel)
    assert channel.taken == ["b", "c"]


async def test_a_database_that_fails_for_a_moment_is_tried_again(channel, monkeypatch):
    monkeypatch.setattr(catch_up, "PAUSES", (0.0, 0.0))
    async with process(channel) as first:
        await heard(channel, first, "a")
    channel.write("b", "c")
    channel.failures = [StoreFailed("locked"), StoreFailed("locked")]

    async with process(channel):
        await looked(channel)
    assert channel.taken == ["b", "c"]


@pytest.mark.parametrize("failure", [PlatformFailed("not told"), KeyError("what?")])
async def test_one_message_that_cannot_be_taken_keeps_no_other(channel, failure):
    async with process(channel) as first:
        await heard(channel, first, "a")
    channel.write("b", "c")
    channel.failures = [failure]

    async with process(channel):
        await looked(channel)
    assert channel.taken == ["c"]


async def test_so_many_questions_and_places_are_taken_and_no_more(channel, monkeypatch):
    monkeypatch.setattr(catch_up, "QUESTIONS", 2)
    monkeypatch.setattr(catch_up, "PLACES", 3)
    admitted = []

    async def look(place, backlog):
        admitted.extend(backlog.admits() for _ in range(5))
        await Channel.look(channel, place, backlog)

    async with process(channel) as first:
        await heard(channel, first, "a")
    channel.write("b", "c", "d")
    channel.look = look

    async with process(channel):
        await looked(channel)
    assert channel.taken == ["b", "c"]
    assert admitted == [True, True, True, False, False]


async def test_one_looks_first_where_something_was_asked_lately(store, clock):
    for n, where in enumerate(["C1/1.0", "C2/2.0", "C1/3.0", "C2/2.0"]):
        clock.now += 10
        conversation = Conversation.parse(f"slack/T1/{where}")
        author = Author("U1", "Ada")
        await store.questions.claim(
            Question(conversation, str(n), author, "Why?", datetime.now(UTC), "")
        )
    other = Conversation("slack", "T10", "C9", "9.0")
    await store.questions.claim(Question(other, "9", author, "Why?", datetime.now(UTC), ""))

    found = await store.questions.places("slack/T1", seconds=25, most=10)
    assert [str(one) for one in found] == ["slack/T1/C2/2.0", "slack/T1/C1/3.0"]
    assert len(await store.questions.places("slack/T1", seconds=100, most=1)) == 1
