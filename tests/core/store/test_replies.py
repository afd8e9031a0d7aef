"""What is known of replies, whoever wrote them."""

from datetime import UTC, datetime

import pytest

from core.messages import Author, Conversation, Question
from core.store import Known, Store

THREAD = Conversation("slack", "T1", "C1", "1.0")
ADA, BEN = Author("U1", "Ada"), Author("U2", "Ben")


class Clock:
    now = 1000.0

    def __call__(self):
        self.now += 1.0
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def open_store(tmp_path, clock):
    return lambda: Store.open(f"sqlite+aiosqlite:///{tmp_path}/parley.db", clock)


@pytest.fixture
async def store(open_store):
    store = await open_store()
    yield store
    await store.close()


@pytest.fixture
async def other(open_store):
    """A second process's store on the same database."""
    store = await open_store()
    yield store
    await store.close()


def question(message="1.0", cause="asked", asker=ADA):
    return Question(THREAD, message, asker, "Why?", datetime.now(UTC), "#general", cause=cause)


async def begun(store, name, *questions, messages=()):
    """A reply to these questions is written, in these messages."""
    for one in questions:
        await store.questions.claim(one)
    keys = [one.key for one in questions]
    await store.replies.begin(name, str(THREAD), keys)
    for number, message in enumerate(messages):
        await store.replies.posted(name, keys, number, message)
    return keys


async def complete(store, name, *questions, messages=(), about=None):
    keys = await begun(store, name, *questions, messages=messages)
    await store.replies.end(name, keys, "answered", seen=10, about=about)


async def test_a_reply_is_known_to_every_process_with_all_that_belongs_to_it(store, other):
    one, two = question("1.0"), question("2.0")
    await complete(store, "r", one, two, messages=("m1", "m2"), about={"model": "m", "n": 1})

    assert await other.replies.known("r") == Known(
        name="r",
        conversation=THREAD,
        askers=frozenset({"U1"}),
        keys=(one.key, two.key),
        deleted=frozenset(),
        messages=("m1", "m2"),
        outcome="answered",
        ended=True,
        about={"model": "m", "n": 1},
    )


async def test_a_reply_that_is_written_is_known_and_has_not_ended(store):
    await begun(store, "r", question(), messages=("m1",))
    known = await store.replies.known("r")

    assert known is not None
    assert (known.ended, known.outcome, known.about) == (False, "", {})
    assert await store.replies.is_written("r")


async def test_a_reply_that_there_never_was_is_not_known(store):
    assert await store.replies.known("never") is None
    assert not await store.replies.is_written("never")


async def test_messages_are_known_in_the_order_of_their_pages(store):
    keys = await begun(store, "r", question())
    for number in (10, 2, 0, 1):
        await store.replies.posted("r", keys, number, f"m{number}")

    known = await store.replies.known("r")
    assert known.messages == ("m0", "m1", "m2", "m10")


async def test_the_messages_that_asked_are_named_once_whatever_they_caused(store):
    edited = question(cause="edit:1")
    await begun(store, "r", question(), edited, question("2.0"))
    known = await store.replies.known("r")

    assert known.questions == ("1.0", "2.0")


async def test_the_latest_reply_to_a_message_is_the_one_that_was_begun_last(store, other):
    await complete(store, "z", question(), messages=("m1",))
    await complete(other, "a", question(cause="retry:z"))

    assert (await store.replies.latest(question().identity)).name == "a"


async def test_a_message_that_was_never_answered_has_no_latest_reply(store):
    await complete(store, "r", question("1.0"))
    await store.questions.claim(question("2.0"))

    for identity in ("2.0", "1", "1.00", "1_0", "%"):
        assert await store.replies.latest(question(identity).identity) is None


async def test_ids_of_messages_are_told_apart_by_their_channel(store):
    await complete(store, "r", question())
    elsewhere = Question(
        Conversation("slack", "T1", "C2", "1.0"), "1.0", ADA, "?", datetime.now(UTC), "#b"
    )

    assert await store.replies.latest(elsewhere.identity) is None


async def test_a_wish_reaches_the_process_that_writes(store, other):
    await begun(store, "r", question())
    await begun(store, "s", question("2.0"))
    assert await store.replies.wishes(("r", "s")) == {}

    assert await other.replies.wish("r", "stop")

    assert await store.replies.wishes(("r", "s")) == {"r": "stop"}
    assert await store.replies.wishes(("s",)) == {}
    assert await store.replies.wishes(()) == {}


async def test_of_two_wishes_the_last_one_counts(store, other):
    await begun(store, "r", question())
    await other.replies.wish("r", "stop")
    await other.replies.wish("r", "withdraw")

    assert await store.replies.wishes(("r",)) == {"r": "withdraw"}


async def test_nothing_can_be_wished_of_a_complete_reply(store, other):
    await complete(store, "r", question())

    assert not await other.replies.wish("r", "stop")
    assert not await other.replies.wish("never", "stop")
    assert await store.replies.wishes(("r", "never")) == {}


async def test_what_is_written_in_a_conversation_is_the_newest_that_has_not_ended(store, other):
    assert await store.replies.written_in(str(THREAD)) == ""
    await begun(store, "z", question("1.0"))
    await begun(other, "a", question("2.0"))
    await complete(store, "m", question("3.0"))

    assert await store.replies.written_in(str(THREAD)) == "a"
    assert await store.replies.written_in("slack/T1/C1/2.0") == ""


async def test_messages_that_are_taken_over_are_known_of_the_newer_reply_alone(store):
    await complete(store, "old", question(), messages=("m1", "m2"))
    keys = await begun(store, "new", question(cause="retry:old"))
    await store.replies.take_over("new", "old", ("m1", "m2"))
    await store.replies.posted("new", keys, 2, "m3")

    assert (await store.replies.known("old")).messages == ()
    assert (await store.replies.known("new")).messages == ("m1", "m2", "m3")


async def test_messages_that_only_point_stay_with_the_former_reply(store):
    await complete(store, "old", question(), messages=("m1",))
    await begun(store, "new", question(cause="retry:old"))
    await store.replies.take_over("new", "old", ())

    assert (await store.replies.known("old")).messages == ("m1",)
    assert (await store.replies.known("new")).messages == ()


async def test_to_take_over_twice_is_to_take_over_once(store):
    """An answer that begins anew takes the same messages over again."""
    await complete(store, "old", question(), messages=("m1", "m2"))
    await begun(store, "new", question(cause="retry:old"))
    for _ in range(2):
        await store.replies.take_over("new", "old", ("m1", "m2"))

    assert (await store.replies.known("new")).messages == ("m1", "m2")


async def test_all_who_asked_are_known(store):
    await begun(store, "r", question(), question("2.0", asker=BEN))

    assert (await store.replies.known("r")).askers == {"U1", "U2"}
