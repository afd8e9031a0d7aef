"""What is claimed is claimed once, whoever claims it and whoever dies."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from core.errors import LeaseLost, StartError, StoreFailed
from core.messages import Attachment, Author, Conversation, Question
from core.store import LEASE, Call, Store
from core.store.process import ProcessLock
from tests.core.house import locked
from tests.records import Clock

THREAD = Conversation("slack", "T1", "C1", "1.0")


def question(message="1.0", cause="asked"):
    return Question(
        THREAD, message, Author("U1", "Ada"), "Why?", datetime.now(UTC), "#general", cause=cause
    )


@pytest.fixture
def clock():
    return Clock(1000.0)


@pytest.fixture
def url(tmp_path):
    return f"sqlite+aiosqlite:///{tmp_path}/data/parley.db"


@pytest.fixture
async def store(url, clock):
    store = await Store.open(url, clock)
    yield store
    await store.close()


@pytest.fixture
async def other(url, clock):
    """A second process's store on the same database."""
    store = await Store.open(url, clock)
    yield store
    await store.close()


async def row(store, key):
    async with store._database.read() as connection:
        found = await connection.execute(
            text("SELECT * FROM questions WHERE key = :key"), {"key": key}
        )
        return found.one()


@pytest.mark.parametrize("turns", [1, 3, 30])
async def test_a_closed_store_leaves_no_work_behind_that_was_cancelled(store, tmp_path, turns):
    """The driver's threads would fail in the face of the operator once the loop has ended."""
    with locked(tmp_path / "data"):
        work = asyncio.gather(store.questions.claim(question()), store.pauses.all())
        for _ in range(turns):
            await asyncio.sleep(0.001)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        closing = asyncio.create_task(store.close())
        await asyncio.sleep(0.1)
    await closing

    assert not [one for one in threading.enumerate() if "connection_worker" in one.name]


async def test_a_question_is_claimed_once(store):
    assert await store.questions.claim(question())
    assert not await store.questions.claim(question())


async def test_of_many_who_claim_at_once_one_wins(store, other):
    claims = [s.questions.claim(question()) for s in (store, other) for _ in range(10)]

    assert sum(await asyncio.gather(*claims)) == 1


async def test_each_cause_of_a_message_is_a_claim_of_its_own(store):
    assert await store.questions.claim(question())
    assert await store.questions.claim(question(cause="edit:1"))


async def test_a_claim_that_was_not_renewed_is_adopted_and_lost_to_its_first_owner(
    store, other, clock
):
    await store.questions.claim(question())
    assert not await other.questions.adopt([question().key])
    clock.now += LEASE + 1

    assert not await other.questions.claim(question())
    assert await other.questions.adopt([question().key])
    assert await store.questions.renew([question().key]) == {question().key}
    with pytest.raises(LeaseLost):
        await store.questions.settle([question().key], "answered")
    with pytest.raises(LeaseLost):
        await store.replies.begin("r1", str(THREAD), [question().key])


async def test_a_renewed_claim_stays(store, other, clock):
    await store.questions.claim(question())
    for _ in range(5):
        clock.now += LEASE - 1
        assert await store.questions.renew([question().key]) == set()

    assert not await other.questions.adopt([question().key])


async def test_a_process_never_takes_a_question_over_from_itself(store, clock):
    await store.questions.claim(question())
    clock.now += LEASE + 1

    assert await store.questions.orphans() == []


async def test_of_two_that_adopt_a_question_one_has_it(store, other, url, clock):
    await store.questions.claim(question())
    clock.now += LEASE + 1
    third = await Store.open(url, clock)

    took = await asyncio.gather(*(s.questions.adopt([question().key]) for s in (other, third)))

    assert sorted(took) == [False, True]
    await third.close()


async def test_questions_of_one_answer_are_adopted_together_or_not_at_all(store, other, clock):
    first, second = question("1"), question("2")
    await store.questions.claim(first, second)
    clock.now += LEASE + 1
    assert await other.questions.adopt([second.key])

    assert not await other.questions.adopt([first.key, second.key])
    assert [one.key for one in await other.questions.orphans()] == [first.key]


async def test_a_question_that_is_left_open_is_given_back_as_it_was_asked(store, other, clock):
    file = Attachment("F1", "a.txt", "text/plain", 3, "https://files/a.txt")
    asked = replace(question(), attachments=(file,), persona="pirate", direct=True)
    await store.questions.claim(asked)
    clock.now += LEASE + 5

    (orphan,) = await other.questions.orphans()

    assert orphan.question == asked
    assert (orphan.reply, orphan.attempts, orphan.age) == ("", 1, LEASE + 5)


async def test_an_attempt_is_counted_only_where_an_answer_was_begun(store, other, clock):
    begun, waiting = question("1"), question("2")
    await store.questions.claim(begun, waiting)
    await store.replies.begin("r1", str(THREAD), [begun.key])
    clock.now += LEASE + 1

    await other.questions.adopt([begun.key])
    await other.questions.adopt([waiting.key])

    assert (await row(store, begun.key)).attempts == 2
    assert (await row(store, waiting.key)).attempts == 1


async def test_what_cannot_be_read_any_more_is_closed_and_holds_nothing_up(store, other, clock):
    await store.questions.claim(question("1"), question("2"))
    async with store._database.write() as connection:
        await connection.execute(
            text("UPDATE questions SET body = '{' WHERE key = :key"), {"key": question("1").key}
        )
    clock.now += LEASE + 1

    assert [one.key for one in await other.questions.orphans()] == [question("2").key]
    assert (await row(store, question("1").key)).outcome == "failed"


async def test_the_claims_of_a_dead_process_are_adopted_at_once(url, clock):
    program = f"""
import asyncio, os, signal, sys
from core.store import Store
from tests.core.store.test_store import question
async def main():
    store = await Store.open({url!r}, lambda: 1000.0)
    print(await store.questions.claim(question()), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout.strip() == "True", done.stderr
    store = await Store.open(url, clock)

    assert [one.key for one in await store.questions.orphans()] == [question().key]
    assert await store.questions.adopt([question().key])
    await store.close()


async def test_a_settled_question_is_never_claimed_again_and_its_text_is_gone(store, other, clock):
    await store.questions.claim(question())
    assert "Why?" in (await row(store, question().key)).body
    await store.questions.settle([question().key], "refused")
    clock.now += 10 * LEASE

    assert not await other.questions.claim(question())
    assert (await row(store, question().key)).body == ""


async def test_a_reply_and_its_questions_end_together_or_not_at_all(store, other, clock):
    await store.questions.claim(question())
    await store.replies.begin("r1", str(THREAD), [question().key])
    await store.replies.posted("r1", [question().key], 0, "2.0")
    clock.now += LEASE + 1
    await other.questions.adopt([question().key])

    with pytest.raises(LeaseLost):
        await store.replies.end("r1", [question().key], "answered", seen=12)
    async with store._database.read() as connection:
        outcome = (await connection.execute(text("SELECT outcome FROM replies"))).scalar()
    assert outcome == ""


async def test_the_messages_of_a_reply_are_written_down_by_whoever_holds_its_questions(
    store, other, clock
):
    await store.questions.claim(question())
    await store.replies.begin("r1", str(THREAD), [question().key])
    clock.now += LEASE + 1
    await other.questions.adopt([question().key])
    await other.replies.begin("r1", str(THREAD), [question().key])
    await other.replies.posted("r1", [question().key], 0, "new")

    with pytest.raises(LeaseLost):
        await store.replies.posted("r1", [question().key], 0, "old")
    await other.replies.end("r1", [question().key], "answered", seen=3)
    await other.replies.posted("r1", [question().key], 1, "late")
    async with store._database.read() as connection:
        messages = (await connection.execute(text("SELECT message FROM reply_messages"))).scalars()
    assert list(messages) == ["new", "late"]


async def test_a_call_is_recorded_with_its_tokens(store):
    await store.questions.claim(question())
    await store.replies.begin("r1", str(THREAD), [question().key])
    call = Call("r1", "m", "stop", 1.0, 0.5, "req_1", 10, 4, 0, 20, 5)
    await store.ledger.settle(call, "2026-11-28", None, ())

    async with store._database.read() as connection:
        call = (await connection.execute(text("SELECT * FROM model_calls"))).one()
    assert (call.model, call.request_id, call.completion_tokens) == ("m", "req_1", 20)


async def test_the_bot_takes_part_where_it_was_asked_and_nowhere_else(store):
    assert not await store.threads.includes(THREAD)
    await store.questions.claim(question())

    assert await store.threads.includes(THREAD)
    assert not await store.threads.includes(Conversation("slack", "T1", "C1", "9.9"))


async def test_marks_are_remembered_over_restarts(url, clock):
    store = await Store.open(url, clock)
    assert await store.marks.get("commands") is None
    await store.marks.set("commands", "a")
    await store.marks.set("commands", "b")
    await store.close()
    store = await Store.open(url, clock)

    assert await store.marks.get("commands") == "b"
    await store.close()


async def test_a_database_held_by_another_program_is_waited_for_and_then_said(
    store, url, monkeypatch
):
    path = url.removeprefix("sqlite+aiosqlite:///")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr(sys.modules["core.store.upgrade"], "BUSY_TIMEOUT", 0.05)

    with pytest.raises(StartError, match=r"DATABASE_URL.*locked"):
        await Store.open(url, lambda: 0.0)

    holder.rollback()
    holder.close()


async def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StartError, match=r"DATABASE_URL: the folder of .*cannot be written"):
        await Store.open(f"sqlite+aiosqlite:///{tmp_path}/file/parley.db", lambda: 0.0)


async def test_questions_are_claimed_in_the_order_in_which_they_came(store):
    order = []

    async def claim(n):
        await store.questions.claim(question(str(n)))
        order.append(n)

    await asyncio.gather(*(claim(n) for n in range(30)))

    assert order == list(range(30))


def test_no_process_that_lives_is_ever_taken_for_dead(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    watcher = ProcessLock(tmp_path / "parley.db")
    wrong = []

    def live(_):
        process = ProcessLock(tmp_path / "parley.db")
        process.take()
        if watcher.is_dead(process.owner):
            wrong.append(process.owner)
        process.free()

    with ThreadPoolExecutor(4) as pool:
        sweeping = pool.submit(lambda: [watcher.sweep() for _ in range(300)])
        list(pool.map(live, range(300)))
        sweeping.result()

    assert wrong == []


async def test_lock_files_of_dead_processes_are_swept_and_of_living_ones_kept(url, tmp_path, clock):
    living = await Store.open(url, clock)
    (tmp_path / "data" / "parley.db.process-dead").write_text("")
    store = await Store.open(url, clock)

    left = sorted(path.name for path in (tmp_path / "data").glob("*process-*"))
    assert left == sorted(f"parley.db.process-{s._process.owner}" for s in (living, store))
    await living.close()
    await store.close()
    assert not list((tmp_path / "data").glob("*process-*"))


async def test_a_write_that_fails_leaves_nothing_behind(store):
    with pytest.raises(StoreFailed):
        async with store._database.write() as connection:
            await connection.execute(text("INSERT INTO marks VALUES ('a', 'b')"))
            await connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    assert await store.marks.get("a") is None
