"""What people press below an answer is done once, for those who may, and told truthfully."""

import asyncio
import re
import time

import pytest
from sqlalchemy import text

from core import asked_once, notices
from core.asked_once import AskedOnce
from core.controls import Control
from core.erasing import Erasing
from core.errors import ShuttingDown
from core.messages import Role, Text, Turn
from core.pages import join
from core.presets import Scope
from core.store.texts import DAY
from sandbox.model import Answer, Pause, Stall
from tests.core.house import BEN, Talk, ask, shown, until
from tests.core.paper import Paper
from tests.records import channel, used

CLOSE = 1.0
"""Seconds in which whoever is told to stop does."""


async def rows(chat, table):
    async with chat._store._database.read() as connection:
        return (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar()


def ends(paper):
    """All edits that said how the answer ended."""
    return [page.notice for _, _, page in paper.frames if page.notice]


# Stop.


async def test_a_stopped_answer_gets_one_last_edit_that_says_so(chat, server):
    server.enqueue("Half of it. ", Pause(0.2), "And more. ", Stall())
    talk = Talk(chat)
    await talk.ask("count")
    await until(talk.says("And more."))

    assert await talk.press(Control.STOP) == ""
    await server.requests[-1].wait_ended(CLOSE)
    await talk.end()

    assert server.requests[-1].cancelled
    assert ends(talk.paper) == [notices.STOPPED]
    assert shown(talk.paper) == [("Half of it. And more.", notices.STOPPED)]
    assert talk.paper.frames[-1][2].notice == notices.STOPPED
    assert Control.STOP not in talk.offered


async def test_nothing_that_the_model_still_sends_is_shown_after_a_stop(chat, server):
    server.enqueue("One ", *(piece for _ in range(200) for piece in (Pause(0.01), "more ")))
    talk = Talk(chat)
    await talk.ask("count")
    await until(talk.says("One"))

    await talk.press(Control.STOP)
    await talk.end()

    frames = len(talk.paper.frames)
    assert ends(talk.paper) == [notices.STOPPED]
    assert server.requests[-1].cancelled
    await asyncio.sleep(0)
    assert len(talk.paper.frames) == frames


async def test_stop_reaches_an_answer_that_another_process_writes(house, server):
    one, other = await house(), await house()
    server.enqueue("Half of it. ", Stall())
    talk = Talk(one)
    await talk.ask("count")
    await until(talk.says("Half"))

    assert await talk.press(Control.STOP, chat=other) == ""
    await server.requests[-1].wait_ended(2 * CLOSE)
    await talk.end(one, other)

    assert shown(talk.paper) == [("Half of it.", notices.STOPPED)]
    assert ends(talk.paper) == [notices.STOPPED]


async def test_stop_says_so_where_the_process_that_wrote_has_died(house, server):
    one, other = await house(), await house()
    server.enqueue("Half of it. ", Stall())
    talk = Talk(one)
    await talk.ask("count")
    await until(talk.says("Half"))
    one._store._process.free()  # as its end does, whatever that is

    assert await talk.press(Control.STOP, chat=other) == notices.RESTARTING
    await server.requests[-1].wait_ended(2 * CLOSE)
    await talk.end(one, other)


async def test_the_word_stop_reaches_an_answer_that_another_process_writes(house, server):
    one, other = await house(), await house()
    server.enqueue("Half of it. ", Stall())
    talk = Talk(one)
    await talk.ask("count")
    await until(talk.says("Half"))

    await talk.ask("stop", "2", chat=other)
    await server.requests[-1].wait_ended(2 * CLOSE)
    await talk.end(one, other)

    assert shown(talk.paper) == [("Half of it.", notices.STOPPED)]
    assert talk.paper.refusals == []


async def test_a_second_stop_changes_nothing(chat, server):
    server.enqueue("Half of it. ", Stall())
    talk = Talk(chat)
    await talk.ask("count")
    await until(talk.says("Half"))
    name = talk.reply

    await talk.press(Control.STOP)
    again = await talk.press(Control.STOP)
    await talk.end()
    late = await talk.press(Control.STOP, reply=name)

    assert (again, late) == (notices.COMPLETE, notices.COMPLETE)
    assert ends(talk.paper) == [notices.STOPPED]


@pytest.mark.parametrize("word", ["stop", "Stop!", " STOP. ", "halt"])
async def test_the_word_stop_alone_stops_and_asks_nothing(chat, server, word):
    server.enqueue("Half of it. ", Stall())
    talk = Talk(chat)
    await talk.ask("count")
    await until(talk.says("Half"))

    await talk.ask(word, "2")
    await talk.end()

    assert shown(talk.paper) == [("Half of it.", notices.STOPPED)]
    assert len(server.requests) == 1
    assert talk.paper.refusals == []


async def test_whoever_manages_the_channel_may_stop_with_the_word(chat, server):
    server.enqueue("Half of it. ", Stall())
    talk = Talk(chat, Paper(size=2000, managers={BEN.id}))
    await talk.ask("count")
    await until(talk.says("Half"))

    await talk.ask("stop", "2", BEN)
    await talk.end()

    assert shown(talk.paper) == [("Half of it.", notices.STOPPED)]


async def test_nobody_else_may_stop_and_is_told_so_in_one_sentence(chat, server):
    server.enqueue("Begun ", Pause(0.5), "and finished.")
    talk = Talk(chat)
    await talk.ask("count")
    await until(talk.says("Begun"))

    told = await talk.press(Control.STOP, BEN)
    await talk.ask("stop", "2", BEN)
    await talk.end()

    assert told == notices.NOT_YOURS
    assert talk.paper.refusals == [notices.NOT_YOURS]
    assert shown(talk.paper) == [("Begun and finished.", "")]
    assert len(server.requests) == 1


async def test_the_word_stop_with_nothing_to_stop_is_told_so(chat, server):
    talk = Talk(chat)
    await talk.ask("stop")
    await talk.end()

    assert talk.paper.refusals == [notices.NOTHING_TO_STOP]
    assert not server.requests


async def test_stop_ends_the_wait_for_a_busy_model(chat, server):
    busy = Answer(status=503, code="slow_down", headers={"retry-after": "20"})
    server.enqueue(busy, Answer(("Too late.",)))
    talk = Talk(chat)
    await talk.ask("count")
    await until(lambda: any("trying again" in sign for sign in talk.paper.signs))

    await talk.ask("stop", "2")
    async with asyncio.timeout(5):
        await chat.idle()

    assert shown(talk.paper) == [("", notices.STOPPED)]
    assert len(server.requests) == 1
    assert talk.paper.signs[-1] == ""


async def test_an_answer_can_be_stopped_while_the_conversation_is_still_being_read(chat, server):
    class Slow(Paper):
        async def history(self):
            await asyncio.Event().wait()

    talk = Talk(chat, Slow(size=2000))
    await talk.ask("count")
    await until(lambda: notices.THINKING in talk.paper.signs)

    await talk.ask("stop", "2")
    async with asyncio.timeout(5):
        await chat.idle()

    assert shown(talk.paper) == [("", notices.STOPPED)]
    assert not server.requests


# Try again.


async def test_an_answer_anew_stands_in_the_place_of_the_former(chat, server):
    server.enqueue(Answer(("The former.",)), Answer(("A newer one.",)))
    talk = Talk(chat)
    await talk.answer("why?")
    before = list(talk.paper.messages)

    assert await talk.press(Control.RETRY) == ""
    await talk.end()

    assert shown(talk.paper) == [("A newer one.", "")]
    assert list(talk.paper.messages) == before
    assert "The former" not in str(server.requests[-1].body["messages"])


async def test_a_second_press_of_try_again_changes_nothing_and_claims_nothing(chat, server):
    server.enqueue(Answer(("One.",)), Answer(("Two.",)), Answer(("Three.",)))
    talk = Talk(chat)
    await talk.answer("why?")
    name = talk.reply

    await asyncio.gather(*(talk.press(Control.RETRY, reply=name) for _ in range(3)))
    await talk.end()
    frames, claims = len(talk.paper.frames), await rows(chat, "questions")
    assert await talk.press(Control.RETRY, reply=name) == ""
    await talk.end()

    assert shown(talk.paper) == [("Two.", "")]
    assert len(server.requests) == 2
    assert (len(talk.paper.frames), await rows(chat, "questions")) == (frames, claims)
    assert claims == 2


async def test_try_again_in_two_processes_at_once_is_done_once(house, server):
    one, other = await house(), await house()
    server.enqueue(Answer(("One.",)), Answer(("Two.",)), Answer(("Three.",)))
    talk = Talk(one)
    await talk.answer("why?")

    await asyncio.gather(*(talk.press(Control.RETRY, chat=chat) for chat in (one, other)))
    await talk.end(one, other)

    assert shown(talk.paper) == [("Two.", "")]
    assert len(server.requests) == 2
    assert await rows(one, "questions") == 2


async def test_only_askers_and_managers_may_ask_anew(chat, server):
    server.enqueue(Answer(("One.",)), Answer(("Two.",)))
    talk = Talk(chat)
    await talk.answer("why?")

    assert await talk.press(Control.RETRY, BEN) == notices.NOT_YOURS
    await talk.end()
    assert shown(talk.paper) == [("One.", "")]
    assert await rows(chat, "questions") == 1

    talk.paper.managers.add(BEN.id)
    assert await talk.press(Control.RETRY, BEN) == ""
    await talk.end()
    assert shown(talk.paper) == [("Two.", "")]


async def test_an_answer_that_still_grows_cannot_be_asked_for_anew(chat, server):
    server.enqueue("Begun ", Pause(0.4), "and finished.")
    talk = Talk(chat)
    await talk.ask("why?")
    await until(talk.says("Begun"))

    assert await talk.press(Control.RETRY) == notices.STILL_WRITING
    await talk.end()

    assert shown(talk.paper) == [("Begun and finished.", "")]
    assert len(server.requests) == 1


async def test_an_answer_that_another_process_writes_cannot_be_asked_for_anew(house, server):
    one, other = await house(), await house()
    server.enqueue("Begun ", Pause(0.4), "and finished.")
    talk = Talk(one)
    await talk.ask("why?")
    await until(talk.says("Begun"))

    assert await talk.press(Control.RETRY, chat=other) == notices.STILL_WRITING
    await talk.end(one, other)

    assert shown(talk.paper) == [("Begun and finished.", "")]
    assert len(server.requests) == 1


async def test_an_answer_that_is_stopped_before_it_was_begun_can_be_asked_for(
    chat, server, monkeypatch
):
    begin, goes_on = chat._store.replies.begin, asyncio.Event()

    async def waits(*what):
        await goes_on.wait()
        await begin(*what)

    monkeypatch.setattr(chat._store.replies, "begin", waits)
    server.enqueue("Because.")
    talk = Talk(chat)
    await talk.ask("why?")
    await until(lambda: chat._underway)
    (name,) = chat._underway.names
    await talk.press(Control.STOP, reply=name)
    await talk.end()
    assert shown(talk.paper) == [("", notices.STOPPED)]

    goes_on.set()
    assert await talk.press(Control.RETRY) == ""
    await talk.end()
    assert shown(talk.paper) == [("Because.", "")]


async def test_a_question_that_is_gone_is_not_answered_anew(chat, server):
    server.enqueue("One.")
    talk = Talk(chat)
    await talk.answer("why?")
    talk.questions.clear()

    assert await talk.press(Control.RETRY) == notices.QUESTION_GONE
    await talk.end()

    assert shown(talk.paper) == [("One.", "")]


async def test_a_new_answer_that_fails_at_once_leaves_the_former_and_says_why(chat, server):
    server.enqueue(Answer(("The former.",)), Answer(status=401, code="invalid_api_key"))
    talk = Talk(chat)
    await talk.answer("why?")

    await talk.press(Control.RETRY)
    await talk.end()

    ((words, notice),) = shown(talk.paper)
    assert words == "The former."
    assert "does not accept my key" in notice
    assert all(page.text for _, _, page in talk.paper.frames)


async def test_a_new_answer_that_is_stopped_before_its_first_text_leaves_the_former(chat, server):
    server.enqueue(Answer(("The former.",)), Answer((Stall(),)))
    talk = Talk(chat)
    await talk.answer("why?")

    await talk.press(Control.RETRY)
    await until(lambda: len(server.requests) == 2)
    await talk.ask("stop", "2")
    await talk.end()

    assert shown(talk.paper) == [("The former.", notices.STOPPED)]
    assert Control.RESTORE not in talk.offered


LONG = " ".join(f"word{n}" for n in range(70))


async def test_an_answer_of_three_messages_that_is_answered_in_one_leaves_one(chat, server):
    server.enqueue(Answer((LONG,)), Answer(("Short.",)))
    talk = Talk(chat, Paper(size=200))
    await talk.answer("why?")
    first, *others = talk.paper.messages
    assert len(others) == 2

    await talk.press(Control.RETRY)
    await talk.end()

    assert list(talk.paper.messages) == [first]
    assert shown(talk.paper) == [("Short.", "")]


async def test_an_answer_of_one_message_that_is_answered_in_three_grows(chat, server):
    server.enqueue(Answer(("Short.",)), Answer((LONG,)))
    talk = Talk(chat, Paper(size=200))
    await talk.answer("why?")
    (first,) = talk.paper.messages

    await talk.press(Control.RETRY)
    await talk.end()

    assert next(iter(talk.paper.messages)) == first
    assert len(talk.paper.messages) == 3
    assert join([words for words, _ in shown(talk.paper)]).split() == LONG.split()
    assert [bool(page.controls) for page in talk.paper.messages.values()] == [False, False, True]


# The former answer.


async def test_the_former_answer_can_be_had_back(chat, server):
    server.enqueue(Answer((LONG,)), Answer(("Newer.",)))
    talk = Talk(chat, Paper(size=200))
    await talk.answer("why?")
    former = shown(talk.paper)
    await talk.press(Control.RETRY)
    await talk.end()
    assert Control.RESTORE in talk.offered

    assert await talk.press(Control.RESTORE) == ""
    await talk.end()

    assert [words for words, _ in shown(talk.paper)] == [words for words, _ in former]
    assert shown(talk.paper)[-1][1] == notices.RESTORED
    assert len(server.requests) == 2

    await talk.press(Control.RESTORE)
    await talk.end()

    assert [words for words, _ in shown(talk.paper)] == ["Newer."]


async def test_the_former_answer_is_gone_after_its_time(house, server):
    late = {"by": 0.0}
    chat = await house(wall_clock=lambda: time.time() + late["by"])
    server.enqueue(Answer(("The former.",)), Answer(("Newer.",)))
    talk = Talk(chat)
    await talk.answer("why?")
    await talk.press(Control.RETRY)
    await talk.end()
    late["by"] = DAY + 60

    assert await talk.press(Control.RESTORE) == notices.FORMER_GONE
    await talk.end()

    assert shown(talk.paper) == [("Newer.", "")]
    assert await chat._store.texts.sweep() == 1
    assert await rows(chat, "texts") == 0


async def erased(chat, *changes):
    """The texts at rest of a process that hears of these changes."""
    erasing = Erasing(chat._store.texts)
    running = asyncio.create_task(erasing.run())
    for change in changes:
        erasing.changed(*change)
    async with asyncio.timeout(10):
        await erasing.idle()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return await rows(chat, "texts")


async def revised(chat, server):
    server.enqueue(Answer(("The former.",)), Answer(("Newer.",)))
    talk = Talk(chat)
    await talk.answer("why?")
    await talk.press(Control.RETRY)
    await talk.end()
    assert await rows(chat, "texts") == 1
    return talk


async def test_the_former_answer_is_gone_with_its_question(chat, server):
    talk = await revised(chat, server)

    assert await erased(chat, (talk.paper.conversation, "1", None)) == 0

    assert await talk.press(Control.RESTORE) == notices.FORMER_GONE
    assert shown(talk.paper) == [("Newer.", "")]


async def test_the_former_answer_is_gone_with_the_answer_that_stands_in_its_place(chat, server):
    talk = await revised(chat, server)
    (message,) = talk.paper.messages

    assert await erased(chat, (talk.paper.conversation, message, None)) == 0


async def test_the_former_answer_stays_while_the_newer_one_is_written(chat, server):
    talk = await revised(chat, server)
    (message,) = talk.paper.messages
    where = talk.paper.conversation
    turns = [Turn(Role.ASSISTANT, words, None, message) for words in ((), (Text("Newer."),))]

    assert await erased(chat, *((where, message, turn) for turn in turns)) == 1


async def test_what_one_process_hears_of_is_gone_for_all_of_them(house, server):
    here, there = await house(), await house()
    talk = await revised(here, server)

    await erased(there, (talk.paper.conversation, "1", None))

    assert await talk.press(Control.RESTORE) == notices.FORMER_GONE


async def test_only_askers_and_managers_may_have_the_former_answer_back(chat, server):
    server.enqueue(Answer(("The former.",)), Answer(("Newer.",)))
    talk = Talk(chat)
    await talk.answer("why?")
    await talk.press(Control.RETRY)
    await talk.end()

    assert await talk.press(Control.RESTORE, BEN) == notices.NOT_YOURS
    await talk.end()

    assert shown(talk.paper) == [("Newer.", "")]


# Continue.


def whole_blocks(paper):
    """Whether every message closes each code block that it opens."""
    return all(page.text.count("```") % 2 == 0 for page in paper.messages.values())


async def test_the_rest_of_an_answer_goes_on_in_its_last_message(chat, server):
    server.enqueue(Answer(("The beginning",), finish="length"), Answer((" and the rest.",)))
    talk = Talk(chat)
    await talk.answer("why?")
    before = list(talk.paper.messages)
    assert shown(talk.paper) == [("The beginning", notices.CUT_OFF)]

    assert await talk.press(Control.CONTINUE) == ""
    await talk.end()

    assert shown(talk.paper) == [("The beginning and the rest.", "")]
    assert list(talk.paper.messages) == before
    sent = [one["content"] for one in server.requests[-1].body["messages"]]
    assert "The beginning" in str(sent)


@pytest.mark.parametrize("opens_again", ["", "```py\n"])
async def test_code_stays_whole_when_it_goes_on_over_a_page(chat, server, opens_again):
    lines = [f"value = compute({n})\n" for n in range(30)]
    program = "".join(lines)
    first, rest = program[:280], program[280:]  # in the middle of a line
    server.enqueue(
        Answer((f"```py\n{first}",), finish="length"), Answer((f"{opens_again}{rest}```\nDone.",))
    )
    talk = Talk(chat, Paper(size=200))
    await talk.answer("program")
    before = list(talk.paper.messages)
    assert len(before) > 1
    assert whole_blocks(talk.paper)

    await talk.press(Control.CONTINUE)
    await talk.end()

    assert list(talk.paper.messages)[: len(before)] == before
    assert whole_blocks(talk.paper)
    read = join([words for words, _ in shown(talk.paper)])
    assert re.findall(r"value = .*\n", read) == lines
    assert read.count("```") == 2
    assert read.endswith("Done.")
    assert all(notice == "" for _, notice in shown(talk.paper))


async def test_a_former_answer_that_was_cut_off_can_go_on_when_it_is_back(chat, server):
    server.enqueue(
        Answer(("The beginning",), finish="length"),
        Answer(("Another one.",)),
        Answer((" and the rest.",)),
    )
    talk = Talk(chat)
    await talk.answer("why?")
    await talk.press(Control.RETRY)
    await talk.end()
    assert Control.CONTINUE not in talk.offered
    await talk.press(Control.RESTORE)
    await talk.end()
    assert Control.CONTINUE in talk.offered
    await talk.press(Control.CONTINUE)
    await talk.end()

    assert shown(talk.paper) == [("The beginning and the rest.", "")]


async def test_continue_is_offered_only_where_something_is_missing(chat, server):
    server.enqueue(Answer(("Whole.",)), Answer(("Half",), finish="length"))
    talk = Talk(chat)
    await talk.answer("why?")
    assert Control.CONTINUE not in talk.offered

    await talk.answer("and?", "2")
    assert Control.CONTINUE in talk.offered


async def test_what_follows_an_answer_that_goes_on_is_not_shown_to_the_model(chat, server):
    server.enqueue(Answer(("Half",), finish="length"), Answer((" and half.",)))
    talk = Talk(chat)
    await talk.answer("why?")
    await talk.press(Control.CONTINUE)
    await talk.end()

    said = str(server.requests[-1].body["messages"])
    assert said.count("'Half'") == 1
    assert said.count("why?") == 1


# Messages that are too old to be edited often.


async def test_an_old_answer_points_to_the_new_one_below_with_one_edit(chat, server):
    server.enqueue(Answer((LONG,)), Answer(("Newer.",)))
    talk = Talk(chat, Paper(size=200))
    await talk.answer("why?")
    old, seen = list(talk.paper.messages), shown(talk.paper)
    talk.paper.old = True
    since = len(talk.paper.frames)

    assert await talk.press(Control.RETRY) == ""
    await talk.end()

    edits = [message for _, message, _ in talk.paper.frames[since:] if message in old]
    assert edits == [old[-1]]
    assert [words for words, _ in shown(talk.paper)] == [*(words for words, _ in seen), "Newer."]
    assert shown(talk.paper)[len(old) - 1][1] == notices.NEWER_BELOW
    assert list(talk.paper.messages)[: len(old)] == old


async def test_an_old_answer_does_not_point_to_a_new_one_that_never_came(chat, server):
    server.enqueue(Answer(("The former.",)), Answer(status=401, code="invalid_api_key"))
    talk = Talk(chat)
    await talk.answer("why?")
    talk.paper.old = True

    await talk.press(Control.RETRY)
    await talk.end()

    (former, newer) = shown(talk.paper)
    assert former == ("The former.", "")
    assert "does not accept my key" in newer[1]


async def test_the_rest_of_an_old_answer_stands_in_a_message_of_its_own(chat, server):
    server.enqueue(
        Answer(("```py\nfirst = 1\n",), finish="length"), Answer(("second = 2\n```\nDone.",))
    )
    talk = Talk(chat)
    await talk.answer("program")
    talk.paper.old = True

    await talk.press(Control.CONTINUE)
    await talk.end()

    former, rest = shown(talk.paper)
    assert former == ("```py\nfirst = 1\n```", notices.NEWER_BELOW)
    assert rest == ("```py\nsecond = 2\n```\nDone.", "")


# Ratings, and why.


async def test_the_last_word_of_each_person_counts(chat, server):
    server.enqueue("One.")
    talk = Talk(chat)
    await talk.answer("why?")

    assert await talk.press(Control.GOOD) == notices.THANKS
    assert await talk.press(Control.GOOD, BEN) == notices.THANKS
    assert await talk.press(Control.GOOD, BEN) == notices.NOTED_BEFORE
    assert await talk.press(Control.BAD) == notices.NOTED_INSTEAD

    month = (await used(chat._store, channel("paper/W/C"))).month
    assert (month.good, month.bad) == (1, 1)
    assert shown(talk.paper) == [("One.", "")]


async def test_why_names_model_tokens_and_tries(chat, server):
    server.enqueue(Answer(status=500, code="server_error"), Answer(("One.",)))
    talk = Talk(chat)
    await talk.answer("why?")

    why = await talk.press(Control.WHY, BEN)

    assert "Model: gpt-4o-mini" in why
    assert re.search(r"Tokens: [1-9]\d* in, .*[1-9]\d* out", why)
    assert "Calls of the model: 2 (server_failed, stop)" in why
    assert "Time: first text after" in why


async def test_nothing_is_known_of_a_reply_that_there_never_was(chat):
    talk = Talk(chat)

    assert await talk.press(Control.WHY, reply="ffff") == notices.FORGOTTEN
    assert await talk.press(Control.GOOD, reply="ffff") == notices.FORGOTTEN
    assert await talk.press(Control.RETRY, reply="ffff") == notices.FORGOTTEN
    assert await talk.press(Control.STOP, reply="ffff") == notices.COMPLETE


# Names that are made up.

ELSEWHERE = [Scope("paper", "W", "C2"), Scope("paper", "W2", "C"), Scope("other", "W", "C")]


@pytest.mark.parametrize("place", ELSEWHERE)
async def test_nothing_is_told_or_done_by_a_press_in_another_channel_than_that_of_the_reply(
    chat, server, place
):
    """Its name may be made up, or copied; and whoever presses manages their own channel."""
    server.enqueue("One.")
    talk = Talk(chat)
    await talk.answer("why?")
    talk.paper.managers = {BEN.id}

    for control in set(Control) - {Control.STOP}:
        assert await talk.press(control, BEN, place=place) == notices.FORGOTTEN

    await talk.end()
    assert shown(talk.paper) == [("One.", "")]
    assert len(server.requests) == 1
    month = (await used(chat._store, channel("paper/W/C"))).month
    assert (month.good, month.bad) == (0, 0)


async def test_whoever_manages_another_channel_cannot_stop_an_answer_in_this_one(chat, server):
    server.enqueue("Begun ", Pause(0.5), "and finished.")
    talk = Talk(chat)
    talk.paper.managers = {BEN.id}
    await talk.ask("count")
    await until(talk.says("Begun"))

    told = await talk.press(Control.STOP, BEN, place=ELSEWHERE[0])
    await talk.end()

    assert told == notices.NOT_YOURS
    assert shown(talk.paper) == [("Begun and finished.", "")]


# After a restart.


async def test_controls_of_a_former_process_are_obeyed(house, server):
    before = await house()
    server.enqueue(Answer(("One",), finish="length"), Answer((" and two.",)), Answer(("Anew.",)))
    talk = Talk(before)
    await talk.answer("why?")
    await house.leave(before)
    talk.chat = chat = await house()

    assert await talk.press(Control.STOP) == notices.COMPLETE
    assert await talk.press(Control.GOOD) == notices.THANKS
    assert "Model: gpt-4o-mini" in await talk.press(Control.WHY)
    assert await talk.press(Control.RETRY, BEN) == notices.NOT_YOURS
    await talk.press(Control.CONTINUE)
    await talk.end()
    assert shown(talk.paper) == [("One and two.", "")]
    await talk.press(Control.RETRY)
    await talk.end()
    assert shown(talk.paper) == [("Anew.", "")]
    await talk.press(Control.RESTORE)
    await talk.end()
    assert shown(talk.paper) == [("One and two.", notices.RESTORED)]
    assert await rows(chat, "ratings") == 1


async def test_no_press_is_taken_while_the_process_ends(chat, server):
    server.enqueue("One.")
    talk = Talk(chat)
    await talk.answer("why?")
    await chat.drain(1)

    assert await talk.press(Control.RETRY) == ShuttingDown("").sentence
    assert shown(talk.paper) == [("One.", "")]


async def test_a_drain_during_a_new_answer_says_so_and_leaves_what_is_there(chat, server):
    server.enqueue(Answer(("The former.",)), Answer(("Half of it", Stall())))
    talk = Talk(chat)
    await talk.answer("why?")
    await talk.press(Control.RETRY)
    await until(talk.says("Half of it"))

    await chat.drain(1)
    await chat.idle()

    assert shown(talk.paper) == [("Half of it", notices.RESTARTING)]


async def test_a_drain_before_a_new_answer_has_text_leaves_the_former(chat, server):
    server.enqueue(Answer(("The former.",)), Answer((Stall(),)))
    talk = Talk(chat)
    await talk.answer("why?")
    await talk.press(Control.RETRY)
    await until(lambda: len(server.requests) == 2)

    await chat.drain(1)
    await chat.idle()

    assert shown(talk.paper) == [("The former.", notices.RESTARTING)]
    assert all(page.text for _, _, page in talk.paper.frames)


# Long code as a file below the answer.

CODE = "```{}\n" + "value = compute(value)\n" * 300 + "```"


def program(language, **how):
    """An answer that is long code in a language."""
    return Answer((CODE.format(language),), **how)


async def with_file(chat, server, *answers):
    """A talk whose answer has a file in Python below it; the model's next answers."""
    server.enqueue(program("py"), *answers)
    talk = Talk(chat)
    await talk.answer("write it")
    assert list(talk.paper.below.values()) == [["answer.py"]]
    return talk


async def test_the_file_of_a_former_answer_goes_with_it_and_comes_back_with_it(chat, server):
    talk = await with_file(chat, server, Answer(("Without code.",)))
    await talk.press(Control.RETRY)
    await talk.end()
    assert talk.paper.below == {}

    await talk.press(Control.RESTORE)
    await talk.end()

    assert list(talk.paper.below.values()) == [["answer.py"]]


async def test_an_edited_question_has_the_file_of_its_new_answer_alone(chat, server):
    talk = await with_file(chat, server, program("js"), program("rs"))
    await talk.edit("write it in JavaScript")
    await talk.end()
    assert list(talk.paper.below.values()) == [["answer.js"]]

    await talk.press(Control.RETRY)
    await talk.end()

    assert list(talk.paper.below.values()) == [["answer.rs"]]


async def test_a_file_stays_where_its_answer_stays(chat, server):
    """Since the newer one has failed, or stands below it."""
    failed = Answer(status=401, code="invalid_api_key")
    talk = await with_file(chat, server, failed, Answer(("Newer.",)), Answer(("Newest.",)))
    await talk.press(Control.RETRY)
    await talk.end()
    assert list(talk.paper.below.values()) == [["answer.py"]]

    talk.paper.old = True
    await talk.press(Control.RETRY)
    await talk.end()
    assert list(talk.paper.below.values()) == [["answer.py"]]


async def test_the_file_of_an_answer_that_goes_on_holds_all_of_its_code(chat, server):
    whole = CODE.format("py")
    server.enqueue(Answer((whole[:-30],), finish="length"), Answer((whole[-30:],)))
    talk = Talk(chat)
    await talk.answer("write it")
    await talk.press(Control.CONTINUE)
    await talk.end()

    assert list(talk.paper.below.values()) == [["answer.py"]]
    (_, (file,)) = talk.paper.attached[-1]
    assert file.data.decode() == "value = compute(value)\n" * 300


async def test_a_file_that_is_on_its_way_while_its_answer_is_replaced_goes_too(chat, server):
    server.enqueue(program("py"), Answer(("Without code.",)))
    talk, arrives, attach = Talk(chat), asyncio.Event(), None

    async def slowly(files, nonce):
        await arrives.wait()
        return await attach(files, nonce)

    attach, talk.paper.attach = talk.paper.attach, slowly
    await talk.ask("write it")
    await until(lambda: talk.paper.messages and Control.RETRY in talk.offered)
    await talk.press(Control.RETRY)
    await until(lambda: talk.says("Without code.")() and not chat._underway)
    arrives.set()
    await talk.end()

    assert len(talk.paper.attached) == 1
    assert talk.paper.below == {}


async def test_a_file_goes_with_the_question_where_the_answer_does(house, server):
    chat = await house(delete_with_question=True)
    talk = await with_file(chat, server)

    await talk.delete()
    await talk.end()

    assert talk.paper.messages == talk.paper.below == {}


# Commands, which stand in no message.


async def by_command(talk, words):
    """Somebody asks something by a command, and is answered."""
    question = ask(words, cause="command:1", stands_alone=True)
    assert await talk.chat.accept(question, talk.paper)
    await talk.end()


async def test_what_a_command_has_asked_is_asked_again_however_often(chat, server):
    server.enqueue(Answer(("One.",)), Answer(("Two.",)), Answer(("Three.",)))
    talk = Talk(chat)
    await by_command(talk, "what is a lease?")
    for _ in range(2):
        assert await talk.press(Control.RETRY) == ""
        await talk.end()

    assert shown(talk.paper) == [("Three.", "")]
    assert await rows(chat, "texts") > 0
    for request in server.requests:
        assert "what is a lease?" in request.body["messages"][-1]["content"]


async def test_what_a_command_has_asked_is_kept_with_its_persona(chat):
    question = ask("Mend it.", cause="command:1", stands_alone=True, persona="editor")
    await asked_once.keep(chat._store.texts, question, "reply", "")

    found = await asked_once.find(chat._store.texts, question.conversation, "reply")
    assert found == AskedOnce("Mend it.", "editor")


async def test_what_a_command_has_asked_is_not_kept_for_ever(house, server):
    late = {"by": 0.0}
    chat = await house(wall_clock=lambda: time.time() + late["by"])
    server.enqueue(Answer(("One.",)))
    talk = Talk(chat)
    await by_command(talk, "what is a lease?")
    late["by"] = DAY + 60

    assert await talk.press(Control.RETRY) == notices.ASKED_GONE
    assert shown(talk.paper) == [("One.", "")]


async def test_what_a_command_has_asked_is_gone_with_its_answer(chat, server):
    server.enqueue(Answer(("One.",)))
    talk = Talk(chat)
    await by_command(talk, "what is a lease?")
    (message,) = talk.paper.messages

    assert await erased(chat, (talk.paper.conversation, message, None)) == 0
    assert await talk.press(Control.RETRY) == notices.ASKED_GONE
