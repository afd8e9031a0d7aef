"""Texts at rest: kept for their time, and erased with what they were made from."""

import asyncio

import pytest
from sqlalchemy import text

from core.erasing import Erasing
from core.messages import Conversation, Role, Text, Turn
from core.store import Store
from tests.records import Clock

PLACE = "slack/T/C"
TALK = Conversation("slack", "T", "C", "1.0")


@pytest.fixture
def clock():
    return Clock(1000.0)


@pytest.fixture
async def store(tmp_path, clock):
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/parley.db", clock, 3600)
    yield store
    await store.close()


async def bodies(store, *messages):
    return [kept.body for kept in await store.texts.made_from("summary", PLACE, messages)]


async def test_a_text_is_found_by_what_it_was_made_from(store):
    await store.texts.keep("summary", PLACE, "So it was.", [("1", "a"), ("2", "b")])
    (kept,) = await store.texts.made_from("summary", PLACE, {"2", "3"})

    assert (kept.body, kept.sources) == ("So it was.", (("1", "a"), ("2", "b")))
    assert await bodies(store, "3") == []
    assert await store.texts.made_from("summary", "slack/T/D", {"2"}) == []
    assert await store.texts.made_from("other", PLACE, {"2"}) == []


async def test_a_text_takes_the_place_of_another(store):
    first = await store.texts.keep("summary", PLACE, "First.", [("1", "a")])
    await store.texts.keep("summary", PLACE, "Second.", [("1", "a"), ("2", "b")], first)

    assert await bodies(store, "1") == ["Second."]


async def test_a_text_whose_time_is_up_is_not_found_and_is_swept_away(store, clock):
    await store.texts.keep("summary", PLACE, "Old.", [("1", "a")])
    clock.now += 1800
    await store.texts.keep("summary", PLACE, "New.", [("1", "a")])
    clock.now += 1801

    assert await bodies(store, "1") == ["New."]
    assert (await store.texts.sweep(), await store.texts.sweep()) == (1, 0)


@pytest.mark.parametrize(
    ("message", "digest", "left"),
    [("1", None, []), ("1", "a", ["S"]), ("1", "x", []), ("9", None, ["S"]), ("3", None, [])],
)
async def test_a_text_is_erased_when_a_source_is_gone_or_says_something_else(
    store, message, digest, left
):
    await store.texts.keep("summary", PLACE, "S", [("1", "a"), ("2", "b"), ("3/asked", "c")])
    await store.texts.source_changed(PLACE, message, digest)

    assert await bodies(store, "2") == left


async def test_what_changes_is_erased_by_whoever_hears_of_it(store):
    for message in ("1", "2"):
        await store.texts.keep("summary", PLACE, f"S{message}", [(message, "a")])
    erasing = Erasing(store.texts)
    running = asyncio.create_task(erasing.run())
    erasing.changed(TALK, "1", None)
    erasing.changed(TALK, "2", Turn(Role.USER, (Text("else"),), None, "2"))
    async with asyncio.timeout(5):
        while await bodies(store, "1", "2"):
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_has_expired_is_swept_away_at_the_start_and_from_time_to_time(store, clock):
    await store.texts.keep("summary", PLACE, "Old.", [("1", "a")])
    clock.now += 3601
    running = asyncio.create_task(Erasing(store.texts, period=0.02).run())
    async with asyncio.timeout(5):
        while await _rows(store):
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def _rows(store):
    async with store._database.read() as connection:
        return (await connection.execute(text("SELECT count(*) FROM texts"))).scalar_one()
