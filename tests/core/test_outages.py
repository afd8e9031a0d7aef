"""A database that takes nothing: questions are refused in a sentence, answers go on."""

import asyncio

import pytest
import structlog
from sqlalchemy import text

from core.controls import Control
from core.errors import NotAdmitted, StoreBusy, StoreUnwritable
from core.etiquette import Saying
from core.store import LEASE, Store
from core.store.questions import GRACE
from sandbox.model import Answer, Pause
from tests.core.house import ADA, BEN, Talk, answered, ask, full, locked, outcome, read_only, until
from tests.core.paper import THREAD, Paper
from tests.records import Clock

LONG = "why, " * 4000
"""A question for which a database without room has none."""


@pytest.fixture
async def store(chat):
    """The store of a chat that is watched, as in a bot that runs."""
    watching = asyncio.create_task(chat._store.watch())
    yield chat._store
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


@pytest.mark.parametrize("outage", [full, read_only])
async def test_a_question_that_cannot_be_written_down_is_refused_in_a_sentence(
    chat, store, server, outage
):
    """It is not delivered again for that: it could not be written down in a minute either."""
    paper = Paper()
    async with outage(store), answered(chat):
        assert await chat.accept(ask(LONG), paper)

    assert paper.refusals == [StoreUnwritable.says]
    assert "operator" in StoreUnwritable.says
    assert not server.requests


async def test_the_same_person_is_told_once_in_a_minute_in_a_channel(chat, store):
    papers = [Paper() for _ in range(4)]
    async with read_only(store), answered(chat):
        for n, paper in enumerate(papers[:3]):
            await chat.accept(ask("Why?", str(n)), paper)
        await chat.accept(ask("Why?", "9", BEN), papers[3])

    assert [len(paper.refusals) for paper in papers] == [1, 0, 0, 1]


async def test_a_command_that_cannot_be_written_down_is_answered_with_the_sentence(chat, store):
    async with read_only(store):
        with pytest.raises(NotAdmitted) as refused:
            await chat.accept(ask("Why?", "", cause="command:1"), Paper())

    assert refused.value.sentence == StoreUnwritable.says


async def test_an_edit_that_cannot_be_written_down_is_refused_in_a_sentence(chat, store, server):
    talk = Talk(chat)
    server.enqueue("Because.")
    await talk.answer("Why?")
    async with read_only(store), answered(chat):
        await talk.edit("Why not?")

    assert talk.paper.refusals == [StoreUnwritable.says]
    assert talk.paper.text == "Because."


async def test_an_answer_that_is_being_written_ends_and_is_recorded_when_that_is_possible_again(
    chat, store, server
):
    server.enqueue(Answer(("Half, ", Pause(0.4), "and the rest.")))
    paper = Paper(size=2000)
    async with answered(chat):
        await chat.accept(ask("Why?"), paper)
        await until(lambda: "Half" in paper.text)
        async with read_only(store):
            await until(lambda: paper.text == "Half, and the rest.")
            await until(lambda: chat._leases._unrecorded)
            assert await outcome(chat, ask("").key) == ("answering", "")

    assert await outcome(chat, ask("").key) == ("settled", "answered")
    async with store._database.read() as connection:
        calls = await connection.execute(text("SELECT outcome FROM model_calls"))
        assert list(calls.scalars()) == ["stop"]


async def test_stop_stops_though_it_cannot_be_written_down(chat, store, server):
    server.enqueue(Answer(("Half, ", Pause(20), "and the rest.")))
    paper = Paper(size=2000)
    async with answered(chat):
        await chat.accept(ask("Why?"), paper)
        await until(lambda: "Half" in paper.text)
        async with read_only(store):
            assert await chat.accept(ask("stop", "2"), paper)
            await until(lambda: "stopped" in list(paper.messages.values())[-1].notice.lower())

    assert paper.refusals == []


async def test_the_log_tells_of_an_outage_once_and_of_its_end(chat, store):
    with structlog.testing.capture_logs() as lines:
        async with read_only(store), answered(chat):
            for n in range(5):
                await chat.accept(ask("Why?", str(n)), Paper())
        await until(lambda: store.is_writable)

    loud = [line["event"] for line in lines if line["log_level"] in ("error", "warning", "info")]
    assert len(loud) == 2, loud
    assert loud[0].startswith("the database cannot be written: new questions are refused")
    assert loud[1] == "the database can be written again"


async def test_who_watches_over_the_bot_learns_of_an_outage_and_of_its_end(chat, store):
    assert store.is_writable
    async with full(store), answered(chat):
        await chat.accept(ask(LONG), Paper())
        assert not store.is_writable

    await until(lambda: store.is_writable)


async def test_what_has_nothing_to_write_does_not_end_an_outage(chat, store):
    async with full(store), answered(chat):
        await chat.accept(ask(LONG), Paper())
        assert await store.questions.renew(["nobody's"]) == {"nobody's"}

        assert not store.is_writable


async def test_a_mention_where_people_talked_to_each_other_is_refused_in_a_sentence_too(
    chat, store, server
):
    server.enqueue("Because.")
    async with answered(chat):
        await chat.accept(ask("Why?"), Paper())
    assert not await chat.listens(THREAD, Saying("U2", 2.0, to_bot=False, to_others=True), "Ada?")

    async with read_only(store):
        assert await chat.listens(THREAD, Saying("U2", 3.0, to_bot=True, to_others=False), "you?")


async def test_what_another_program_locks_is_waited_for_and_then_said(house, tmp_path, monkeypatch):
    """That may be over in a moment, so the platform is asked to deliver it again."""
    monkeypatch.setattr("core.store.database.BUSY_TIMEOUT", 0.1)
    chat = await house()
    with locked(tmp_path), pytest.raises(StoreBusy) as failed:
        await chat.accept(ask("Why?"), Paper())

    assert "again in a minute" in failed.value.sentence
    assert not chat._store.is_writable


async def test_a_button_that_is_pressed_meanwhile_says_why_nothing_happens(chat, store, server):
    talk = Talk(chat)
    server.enqueue("Because.")
    await talk.answer("Why?")
    async with read_only(store):
        assert await talk.press(Control.RETRY, ADA) == StoreUnwritable.says


async def test_after_an_outage_the_owners_of_questions_renew_their_leases_before_others_take_them(
    tmp_path, monkeypatch
):
    """Nobody could renew anything for a while, which does not mean that nobody lives."""
    monkeypatch.setattr("core.store.database.PROBING", 0.02)
    clock, url = Clock(1000.0), f"sqlite+aiosqlite:///{tmp_path}/parley.db"
    owner, other = await Store.open(url, clock), await Store.open(url, clock)
    watching = asyncio.create_task(other.watch())
    await owner.questions.claim(ask("Why?"))
    async with read_only(other):
        with pytest.raises(StoreUnwritable):
            await other.questions.claim(ask("And why?", "2"))
        clock.now += LEASE + 1
    await until(lambda: other.is_writable)

    assert not await other.questions.adopt([ask("Why?").key])
    clock.now += GRACE
    assert await other.questions.adopt([ask("Why?").key])
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await owner.close()
    await other.close()
