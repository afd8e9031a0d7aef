"""Each person has one word on each answer: their last."""

import pytest

from tests.records import ADA, asked, channel, somebody, used

DAY = 86_400.0


@pytest.fixture(autouse=True)
async def two_answers(store):
    for name in ("r", "s"):
        await asked(store, name)


async def votes(store, clock):
    """What today's report of the channel says: how many liked an answer, and did not."""
    today = (await used(store, channel("slack/T1/C1"), clock)).today
    return today.good, today.bad


async def test_nobody_has_rated_anything(store, clock):
    assert await votes(store, clock) == (0, 0)


async def test_the_last_word_of_each_person_counts(store, clock):
    await store.ratings.rate("r", "U1", good=True)
    await store.ratings.rate("r", "U2", good=True)
    await store.ratings.rate("r", "U1", good=False)
    assert await votes(store, clock) == (1, 1)

    await store.ratings.rate("r", "U1", good=False)
    assert await votes(store, clock) == (1, 1)


async def test_each_answer_is_rated_by_itself(store, clock):
    await store.ratings.rate("r", "U1", good=True)
    await store.ratings.rate("s", "U1", good=False)

    assert await votes(store, clock) == (1, 1)


async def test_what_was_rated_before_is_not_counted_and_a_new_word_is(store, clock):
    await store.ratings.rate("r", "U1", good=True)
    await store.ratings.rate("s", "U1", good=True)
    clock.now += DAY
    assert await votes(store, clock) == (0, 0)

    await store.ratings.rate("r", "U1", good=False)

    assert await votes(store, clock) == (0, 1)


async def test_a_person_sees_how_their_own_answers_were_liked(store, clock):
    await store.ratings.rate("r", "U2", good=True)

    assert (await used(store, somebody(f"slack/{ADA.id}"), clock)).month.good == 1
    assert (await used(store, somebody("slack/U2"), clock)).month.good == 0
