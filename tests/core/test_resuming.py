"""What a process has left open when it died is brought to an end: completely, or with a word."""

import asyncio
from dataclasses import replace

import pytest

from core.budget import Budget
from core.controls import Control
from core.errors import StoreFailed, StoreUnwritable
from core.messages import Author
from core.notices import DIED_AGAIN, LEFT_OPEN, RESTARTING, STOPPED
from core.pace import Urgency
from core.surface import Unknown
from sandbox.model import Answer, Fail, Stall
from tests.core.house import BEN, Talk, ask, outcome, read_only, resumed, shown, until
from tests.core.paper import THREAD, Paper

KEY = ask("Why?").key


@pytest.fixture
async def crashed(house, server):
    """A process that died in the middle of an answer; what it has shown is on the paper."""

    async def crash(paper, *questions, begun="Half", chat=None, **how):
        server.enqueue(Answer((begun, Stall())))
        chat = chat or await house(**how)
        for question in questions or (ask("Why?"),):
            assert await chat.accept(question, paper)
        await until(lambda: begun in paper.text)
        await house.crash(chat)

    return crash


async def test_an_answer_that_a_crash_has_cut_is_completed_in_its_message(house, server, crashed):
    paper = Paper()
    await crashed(paper)
    before = list(paper.messages)
    server.enqueue(Answer(("Because.",)))

    async with resumed(await house(), paper) as chat:
        await until(lambda: shown(paper) == [("Because.", "")])
        await chat.idle()

    assert list(paper.messages) == before
    assert await outcome(chat, KEY) == ("settled", "answered")
    assert paper.signs[-1] == ""


async def test_a_question_of_which_nothing_was_begun_is_answered_once(house, server):
    first = await house()
    assert await first._store.questions.claim(ask("Why?"))
    await house.crash(first)
    server.enqueue(Answer(("Because.",)))
    paper = Paper()

    async with resumed(await house(), paper) as chat:
        await until(lambda: shown(paper) == [("Because.", "")])
        await chat.idle()

    assert len(server.requests) == 1


async def test_a_message_that_nobody_has_recorded_is_found_and_not_posted_again(
    house, server, crashed
):
    paper, first = Paper(), await house()
    await crashed(paper, chat=first)
    async with (later := await house())._store._database.write() as connection:
        await connection.exec_driver_sql("DELETE FROM reply_messages")
    server.enqueue(Answer(("Because.",)))

    async with resumed(later, paper) as chat:
        await until(lambda: shown(paper) == [("Because.", "")])
        await chat.idle()


async def test_further_messages_of_a_resumed_answer_come_below_the_first(house, server, crashed):
    paper = Paper(size=200)
    await crashed(paper)
    long = " ".join(f"word{n}" for n in range(90))
    server.enqueue(Answer((long,)))

    async with resumed(await house(), paper) as chat:
        await until(lambda: "word89" in paper.text)
        await chat.idle()
        known = await chat._store.replies.latest(ask("Why?").identity)

    assert " ".join(page.text for page in paper.messages.values()) == long
    assert known.messages == tuple(paper.messages)


async def test_what_was_asked_too_long_ago_is_closed_in_its_message_with_a_word(
    house, server, crashed
):
    paper = Paper()
    await crashed(paper)

    async with resumed(await house(), paper, within=0) as chat:
        await until(lambda: shown(paper) == [("Half", LEFT_OPEN)])
        await chat.idle()

    (page,) = paper.messages.values()
    assert Control.RETRY in page.controls.offered
    assert Control.STOP not in page.controls.offered
    assert await outcome(chat, KEY) == ("settled", "interrupted")
    assert len(server.requests) == 1


async def test_a_question_that_waited_too_long_is_told_so(house):
    first, paper = await house(), Paper()
    assert await first._store.questions.claim(ask("Why?"))
    await house.crash(first)

    async with resumed(await house(), paper, within=0) as chat:
        await until(lambda: shown(paper) == [("", LEFT_OPEN)])
        await chat.idle()

    (page,) = paper.messages.values()
    assert Control.RETRY in page.controls.offered


async def test_try_again_below_an_answer_that_was_closed_so_answers_in_its_place(
    house, server, crashed
):
    talk = Talk(await house())
    await crashed(talk.paper, chat=talk.chat)
    talk.questions["1"] = ask("Why?")
    server.enqueue(Answer(("Because.",)))

    async with resumed(await house(), talk.paper, within=0) as chat:
        await until(talk.says("Half"))
        await until(lambda: Control.RETRY in talk.offered)
        await talk.press(Control.RETRY, chat=chat)
        await until(lambda: shown(talk.paper) == [("Because.", "")])
        await chat.idle()


async def test_an_answer_over_which_two_processes_died_is_not_tried_a_third_time(
    house, server, crashed
):
    paper = Paper()
    await crashed(paper)
    server.enqueue(Answer(("Again half", Stall())))
    second = await house()
    async with resumed(second, paper):
        await until(lambda: "Again half" in paper.text)
        await house.crash(second)

    async with resumed(await house(), paper) as chat:
        await until(lambda: shown(paper) == [("Again half", DIED_AGAIN)])
        await chat.idle()

    assert len(server.requests) == 2
    assert await outcome(chat, KEY) == ("settled", "interrupted")


async def test_what_somebody_wanted_stopped_is_not_begun_anew(house, server, crashed):
    paper = Paper()
    await crashed(paper)
    chat = await house()
    known = await chat._store.replies.latest(ask("Why?").identity)
    await chat.stop(known.name, ask("Why?").asker.id, _never)

    async with resumed(chat, paper):
        await until(lambda: shown(paper) == [("Half", STOPPED)])
        await chat.idle()


async def test_an_answer_goes_with_its_question_that_is_gone(house, server, crashed):
    paper = Paper()
    await crashed(paper)

    async with resumed(await house(), paper, gone={"1"}) as chat:
        await until(lambda: not paper.messages)
        await until_settled(chat, KEY)
        assert await outcome(chat, KEY) == ("settled", "withdrawn")


async def test_an_answer_goes_with_its_question_that_was_deleted_before_the_crash(
    house, server, crashed
):
    paper = Paper()
    first = await house()
    server.enqueue(Answer(("Half", Stall())))
    assert await first.accept(ask("Why?"), paper)
    await until(lambda: "Half" in paper.text)
    other = await house()
    await other.deleted(ask("Why?").identity, paper.remove)
    await house.crash(first)
    paper.removals.append(Unknown("500"))

    async with resumed(await house(), paper) as chat:
        await until(lambda: not paper.messages)
        await until_settled(chat, KEY)
        assert await outcome(chat, KEY) == ("settled", "withdrawn")
    assert len(server.requests) == 1


async def test_what_could_not_be_said_in_a_drain_is_completed_by_the_next_process(house, server):
    spent = Budget("spent", rate=0, window=60, burst=1)
    server.enqueue(Answer(("Half of it", Stall())), Answer(("Because.",)))
    paper, first = Paper(edit_budgets=(spent,)), await house()
    await first.accept(ask("Why?"), paper)
    await until(lambda: paper.messages)
    first._answering._governor.ask([spent], Urgency.LAST)  # somebody else's

    await first.drain(1.0)
    await first.idle()
    assert shown(paper) == [("Half of it", ""), ("", RESTARTING)]
    assert await outcome(first, KEY) == ("answering", "")
    await house.leave(first)
    paper.edit_budgets = ()

    async with resumed(await house(), paper) as chat:
        await until(lambda: shown(paper) == [("Because.", "")])
        await chat.idle()
        assert await outcome(chat, KEY) == ("settled", "answered")


async def test_what_was_shown_says_why_it_ends_also_where_that_cannot_be_recorded(
    house, server, crashed
):
    is_full = asyncio.Event()

    class SlowlyRead(Paper):
        async def said(self, messages):
            await is_full.wait()
            return await super().said(messages)

    paper = SlowlyRead()
    await crashed(paper)
    chat = await house()

    async with resumed(chat, paper):
        await until(lambda: chat._underway)
        async with read_only(chat._store):
            is_full.set()
            await until(lambda: any(notice for _, notice in shown(paper)))
        await chat.idle()

    ((text, notice),) = shown(paper)
    assert (text, notice) == ("Half", StoreUnwritable("").sentence)


async def test_what_waited_is_answered_after_what_was_begun(house, server, crashed):
    paper = Paper()
    other = ask("And how?", "2", BEN)
    await crashed(paper, ask("Why?"), other)
    server.enqueue(Answer(("Because.",)), Answer(("Like this.",)))

    async with resumed(await house(), paper) as chat:
        await until(lambda: shown(paper) == [("Because.", ""), ("Like this.", "")])
        await chat.idle()


async def test_questions_that_were_answered_together_stay_together(house, server, crashed):
    paper, first = Paper(), await house()
    server.enqueue(Answer(("One", Stall())))
    await first.accept(ask("Why?", "0", BEN), paper)
    await until(lambda: "One" in paper.text)
    await first.accept(ask("And how?", "1"), paper)
    await first.accept(ask("And when?", "2"), paper)
    server.enqueue(Answer(("Both half", Stall())))
    await first.stop_in(THREAD, BEN.id, _never)
    await until(lambda: "Both half" in paper.text)
    await house.crash(first)
    server.enqueue(Answer(("Both.",)))

    async with resumed(await house(), paper) as chat:
        await until(lambda: "Both." in paper.text)
        await chat.idle()

    assert [page.text for page in paper.messages.values()] == ["One", "Both."]
    assert "And how?" in str(server.requests[-1].body)
    assert "And when?" in str(server.requests[-1].body)


async def test_a_question_that_was_edited_is_answered_as_it_was_asked_last(house, server, crashed):
    paper, first = Paper(), await house()
    await crashed(paper, chat=first)
    later = await house()
    edited = ask("How?", cause="edit:2")
    assert await later._store.questions.claim(edited)
    await house.crash(later)
    server.enqueue(Answer(("Like this.",)))

    async with resumed(await house(), paper) as chat:
        await until(lambda: shown(paper) == [("Like this.", "")])
        await chat.idle()
        assert await outcome(chat, KEY) == ("settled", "superseded")
        assert await outcome(chat, edited.key) == ("settled", "answered")


async def test_a_press_of_which_nothing_was_begun_is_done_in_the_end(house, server):
    talk = Talk(await house())
    server.enqueue(Answer(("First.",)), Answer(("Second.",)))
    await talk.ask("Why?")
    await talk.end()
    pressed = ask("Why?", cause=f"{Control.RETRY}:{talk.reply}")
    assert await talk.chat._store.questions.claim(pressed)
    await house.crash(talk.chat)

    async with resumed(await house(), talk.paper) as chat:
        await until(lambda: shown(talk.paper) == [("Second.", "")])
        await chat.idle()

    assert Control.RESTORE in talk.offered


async def test_a_former_answer_can_still_be_had_after_a_crash_of_the_new_one(house, server):
    talk = Talk(await house())
    server.enqueue(Answer(("First.",)), Answer(("Sec", Stall())), Answer(("Second.",)))
    await talk.ask("Why?")
    await talk.end()
    await talk.press(Control.RETRY)
    await until(talk.says("Sec"))
    await house.crash(talk.chat)

    async with resumed(await house(), talk.paper) as chat:
        await until(lambda: shown(talk.paper) == [("Second.", "")])
        await chat.idle()
        assert Control.RESTORE in talk.offered
        await talk.press(Control.RESTORE, chat=chat)
        await until(talk.says("First."))
        await chat.idle()


async def test_where_the_model_fails_then_what_was_shown_stays(house, server, crashed):
    paper = Paper()
    await crashed(paper)
    server.enqueue(Answer((Fail("context_length_exceeded"),)))

    async with resumed(await house(), paper) as chat:
        await until(lambda: any(notice for _, notice in shown(paper)))
        await chat.idle()

    ((text, notice),) = shown(paper)
    assert (text, bool(notice)) == ("Half", True)


async def test_a_platform_that_does_not_tell_at_once_is_asked_again(house, server, crashed):
    paper = Paper()
    await crashed(paper)
    paper.unreachable = True
    server.enqueue(Answer(("Because.",)))

    async with resumed(await house(), paper) as chat:
        await asyncio.sleep(0)
        paper.unreachable = False
        await until(lambda: shown(paper) == [("Because.", "")])
        await chat.idle()


async def test_of_two_processes_one_takes_it_over(house, server, crashed):
    paper = Paper()
    await crashed(paper)
    server.enqueue(Answer(("Because.",)), Answer(("Twice.",)))
    one, other = await house(), await house()

    async with resumed(one, paper), resumed(other, paper):
        await until(lambda: shown(paper) == [("Because.", "")])
        await one.idle()
        await other.idle()

    assert len(server.requests) == 2


async def test_what_nobody_can_make_sense_of_keeps_no_other_from_being_answered(house, server):
    """Not even where a part of it was closed before."""
    first, paper = await house(), Paper()
    joined, edited = ask("And how?", "2"), ask("Or how?", "2", cause="edit:1")
    other = replace(ask("Why?", "3"), conversation=replace(THREAD, thread="other"))
    assert await first._store.questions.claim(ask("Who?", "1"), joined)
    both = [ask("Who?", "1").key, joined.key]
    await first._store.replies.begin("r1", str(THREAD), both)
    assert await first._store.questions.claim(edited)
    assert await first._store.questions.claim(other)
    await house.crash(first)
    server.enqueue(Answer(("Because.",)))

    async with resumed(await house(), paper, strange={"1", "2"}) as chat:
        await until(lambda: shown(paper) == [("Because.", "")])
        await chat.idle()
        for key in (*both, edited.key):
            await until_settled(chat, key)
        assert not await chat._store.replies.is_written("r1")


async def test_a_database_that_fails_for_a_moment_loses_nothing_that_was_left_open(
    house, server, crashed, monkeypatch
):
    monkeypatch.setattr("core.resuming.LOOK", 0.05)
    paper = Paper()
    await crashed(paper)
    chat = await house()
    known, failures = chat._store.replies.known, [StoreFailed("locked")]

    async def fails_once(reply):
        if failures:
            raise failures.pop()
        return await known(reply)

    chat._store.replies.known = fails_once
    server.enqueue(Answer(("Because.",)))

    async with resumed(chat, paper):
        await until(lambda: shown(paper) == [("Because.", "")])
        await chat.idle()


async def test_stop_alone_is_not_asked_again(house, server):
    first, paper = await house(), Paper()
    stop = replace(ask("stop"), asker=Author("U1", "Ada"))
    assert await first._store.questions.claim(stop)
    await house.crash(first)

    async with resumed(await house(), paper) as chat:
        await until_settled(chat, stop.key)

    assert not paper.messages
    assert not server.requests


async def until_settled(chat, key):
    async with asyncio.timeout(10):
        while (await outcome(chat, key))[0] != "settled":
            await asyncio.sleep(0.01)


async def _never():
    return False
