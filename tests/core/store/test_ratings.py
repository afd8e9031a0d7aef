"""Each person has one word on each answer: their last."""

from datetime import UTC, datetime

import pytest

from core.messages import Author, Conversation, Question
from core.store import Store
from tests.records import channel, somebody, used

THREAD = Conversation("slack", "T1", "C1", "1.0")
DAY = 86_400.0


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def store(tmp_path, clock):
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/parley.db", clock)
    for name in ("r", "s"):
        question = Question(
            THREAD, name, Author("U1", "Ada"), "Why?", datetime.now(UTC), "#general"
        )
        await store.questions.claim(question)
        await store.replies.begin(name, str(THREAD), [question.key])
    yield store
    await store.close()


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
    clock.now = DAY + 1000.0
    assert await votes(store, clock) == (0, 0)

    await store.ratings.rate("r", "U1", good=False)

    assert await votes(store, clock) == (0, 1)


async def test_a_person_sees_how_their_own_answers_were_liked(store, clock):
    await store.ratings.rate("r", "U2", good=True)

    assert (await used(store, somebody("slack/U1"), clock)).month.good == 1
    assert (await used(store, somebody("slack/U2"), clock)).month.good == 0
