"""An edited question is answered as it is now, and a deleted one not at all."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from core import notices
from core.controls import Control
from core.erasing import place_of
from core.surface import RefusedForNow, Unknown
from sandbox.model import Answer, Pause, Stall
from tests.core.house import BEN, Talk, ask, locked, outcome, shown, until
from tests.core.paper import THREAD, Paper


def asked(request):
    return str(request.body["messages"])


async def open_questions(*chats):
    async with chats[0]._store._database.read() as connection:
        found = await connection.execute(
            text("SELECT count(*) FROM questions WHERE state != 'settled'")
        )
        return found.scalar()


# Edited questions.


async def test_an_edit_begins_a_growing_answer_anew_in_its_place(chat, server):
    server.enqueue(Answer(("Half of it", Stall())), Answer(("About cats.",)))
    talk = Talk(chat)
    await talk.ask("tell me about dogs")
    await until(talk.says("Half"))
    before = list(talk.paper.messages)

    assert await talk.edit("tell me about cats")
    await talk.end()

    assert shown(talk.paper) == [("About cats.", "")]
    assert list(talk.paper.messages) == before
    first, second = server.requests
    assert first.cancelled
    assert "cats" in asked(second)
    assert "dogs" not in asked(second)
    assert "Half of it" not in asked(second)
    assert await open_questions(chat) == 0


async def test_an_answer_of_three_messages_that_is_begun_anew_leaves_no_old_ones(chat, server):
    long = " ".join(f"word{n}" for n in range(70))
    server.enqueue(Answer((long, Stall())), Answer(("Short.",)))
    talk = Talk(chat, Paper(size=200))
    await talk.ask("tell me about dogs")
    await until(lambda: len(talk.paper.messages) == 3)

    await talk.edit("tell me about cats")
    await talk.end()

    assert shown(talk.paper) == [("Short.", "")]


async def test_an_edit_revises_a_complete_answer_in_its_place(chat, server):
    server.enqueue(Answer(("About dogs.",)), Answer(("About cats.",)))
    talk = Talk(chat)
    await talk.answer("tell me about dogs")
    before = list(talk.paper.messages)

    assert await talk.edit("tell me about cats")
    await talk.end()

    assert shown(talk.paper) == [("About cats.", "")]
    assert list(talk.paper.messages) == before
    assert "dogs" not in asked(server.requests[-1])
    assert Control.RESTORE in talk.offered


async def test_nothing_is_kept_of_what_was_made_from_an_answer_that_is_written_anew(chat, server):
    server.enqueue(Answer(("About dogs.",)), Answer(("About cats.",)))
    talk = Talk(chat)
    await talk.answer("tell me about dogs")
    texts, place = chat._store.texts, place_of(THREAD)
    (message,) = talk.paper.messages
    await texts.keep("summary", place, "It was about dogs.", [(message, "what it said")])

    await talk.edit("tell me about cats")
    await talk.end()

    assert await texts.made_from("summary", place, [message]) == []


async def test_an_edit_takes_the_place_of_a_question_that_waits(chat, server):
    server.enqueue(Answer(("Ben's.", Pause(0.3))), Answer(("About cats.",)))
    talk = Talk(chat)
    await talk.ask("Ben's own", "1", BEN)
    await talk.ask("tell me about dogs", "2")

    assert await talk.edit("tell me about cats", "2")
    await talk.end()

    assert [words for words, _ in shown(talk.paper)] == ["Ben's.", "About cats."]
    assert len(server.requests) == 2
    assert "dogs" not in asked(server.requests[-1])
    assert await outcome(chat, ask("", "2").key) == ("settled", "superseded")


async def test_an_edit_that_is_seen_twice_is_answered_once(chat, server):
    server.enqueue(Answer(("About dogs.",)), Answer(("About cats.",)))
    talk = Talk(chat)
    await talk.answer("tell me about dogs")

    taken = await asyncio.gather(*(talk.edit("tell me about cats") for _ in range(3)))
    await talk.end()
    late = await talk.edit("tell me about cats")
    await talk.end()

    assert sorted(taken) == [False, False, True]
    assert late is False
    assert len(server.requests) == 2
    assert shown(talk.paper) == [("About cats.", "")]


async def test_an_edit_that_is_seen_by_two_processes_is_answered_once(house, server):
    one, other = await house(), await house()
    server.enqueue(Answer(("About dogs.",)), Answer(("About cats.",)))
    talk = Talk(one)
    await talk.answer("tell me about dogs")

    taken = await asyncio.gather(
        *(talk.edit("tell me about cats", chat=chat) for chat in (one, other))
    )
    await talk.end(one, other)

    assert sorted(taken) == [False, True]
    assert len(server.requests) == 2
    assert shown(talk.paper) == [("About cats.", "")]


async def test_an_edit_that_another_process_sees_takes_the_growing_answer_over(house, server):
    one, other = await house(), await house()
    server.enqueue(Answer(("Half of it", Stall())), Answer(("About cats.",)))
    talk = Talk(one)
    await talk.ask("tell me about dogs")
    await until(talk.says("Half"))
    before = list(talk.paper.messages)

    assert await talk.edit("tell me about cats", chat=other)
    await talk.end(one, other)

    assert shown(talk.paper) == [("About cats.", "")]
    assert list(talk.paper.messages) == before
    assert server.requests[0].cancelled
    assert await open_questions(one) == 0


async def test_an_edit_that_both_see_while_one_writes_is_answered_once(house, server):
    one, other = await house(), await house()
    server.enqueue(Answer(("Half of it", Stall())), Answer(("About cats.",)), Answer(("Twice.",)))
    talk = Talk(one)
    await talk.ask("tell me about dogs")
    await until(talk.says("Half"))

    taken = await asyncio.gather(
        *(talk.edit("tell me about cats", chat=chat) for chat in (one, other))
    )
    await talk.end(one, other)

    assert sorted(taken) == [False, True]
    assert shown(talk.paper) == [("About cats.", "")]
    assert len(server.requests) == 2


async def test_each_of_two_edits_counts_and_the_last_one_stands(chat, server):
    server.enqueue(
        Answer(("Half of it", Stall())),
        Answer(("About cats, half", Stall())),
        Answer(("About birds.",)),
    )
    talk = Talk(chat)
    await talk.ask("dogs")
    await until(talk.says("Half"))
    await talk.edit("cats", time="1")
    await until(talk.says("About cats"))
    await talk.edit("birds", time="2")
    await talk.end()

    assert shown(talk.paper) == [("About birds.", "")]
    assert [one.cancelled for one in server.requests] == [True, True, False]


async def half_of_it(house, server):
    """One process writes about dogs; an edit to cats is heard by the other."""
    one, other = await house(), await house()
    server.enqueue(Answer(("Half of it", Stall())))
    server.script = lambda body: Answer(("About birds." if "birds" in str(body) else "Cats.",))
    talk = Talk(one)
    await talk.ask("dogs")
    await until(talk.says("Half"))
    assert await talk.edit("cats", time="1", chat=other)
    return talk, one, other


@pytest.mark.parametrize("heard_by", [0, 1], ids=["by who writes", "by the other"])
async def test_of_two_edits_the_last_stands_though_the_first_waits_for_another_process(
    house, server, heard_by
):
    talk, *chats = await half_of_it(house, server)
    first = (await chats[0]._store.replies.latest("paper/W/C/1")).name
    await ended(chats[0], first)  # which who waits for it has not seen yet
    assert await talk.edit("birds", time="2", chat=chats[heard_by])
    await talk.end(*chats)

    assert shown(talk.paper) == [("About birds.", "")]
    assert await open_questions(*chats) == 0


@pytest.mark.parametrize("heard_by", [0, 1], ids=["by who writes", "by the other"])
async def test_a_question_that_is_deleted_while_its_edit_waits_for_another_process_is_not_answered(
    house, server, heard_by
):
    talk, *chats = await half_of_it(house, server)
    await talk.delete(chat=chats[heard_by])
    await talk.end(*chats)

    assert shown(talk.paper) == []
    assert len(server.requests) == 1
    assert await open_questions(*chats) == 0


async def ended(chat, reply):
    """The records say that a reply is not written any more."""
    async with asyncio.timeout(10):
        while await chat._store.replies.is_written(reply):
            await asyncio.sleep(0.01)


async def test_an_edit_of_what_was_never_asked_is_nothing(chat, server):
    talk = Talk(chat)
    talk.questions["1"] = ask("just talking")

    assert not await talk.edit("just chatting")
    await talk.end()

    assert not server.requests
    assert await open_questions(chat) == 0


async def test_an_edit_of_one_joined_question_keeps_the_others(chat, server):
    server.enqueue(
        Answer(("Ben's.", Pause(0.3))), Answer(("Half of both", Stall())), Answer(("Both.",))
    )
    talk = Talk(chat)
    await talk.ask("Ben's own", "1", BEN)
    await talk.ask("about dogs", "2")
    await talk.ask("about birds", "3")
    await until(talk.says("Half"))

    await talk.edit("about cats", "2")
    await talk.end()

    assert [words for words, _ in shown(talk.paper)] == ["Ben's.", "Both."]
    assert "about birds" in asked(server.requests[-1])
    assert "about cats" in asked(server.requests[-1])
    assert "about dogs" not in asked(server.requests[-1])
    assert await open_questions(chat) == 0


async def test_an_edit_of_one_joined_question_that_both_see_is_answered_once(house, server):
    one, other = await house(), await house()
    server.enqueue(
        Answer(("Ben's.", Pause(0.3))),
        Answer(("Half of both", Stall())),
        Answer(("Both.",)),
        Answer(("Twice.",)),
    )
    talk = Talk(one)
    await talk.ask("Ben's own", "1", BEN)
    await talk.ask("about dogs", "2")
    await talk.ask("about birds", "3")
    await until(talk.says("Half"))

    taken = await asyncio.gather(
        *(talk.edit("about cats", "3", chat=chat) for chat in (one, other))
    )
    await talk.end(one, other)

    assert sorted(taken) == [False, True]
    assert [words for words, _ in shown(talk.paper)] == ["Ben's.", "Both."]
    assert await open_questions(one) == 0


@pytest.mark.parametrize("is_busy", [False, True])
async def test_two_edits_of_joined_questions_in_one_moment_leave_none_of_them_open(
    chat, server, tmp_path, is_busy
):
    server.enqueue(Answer(("Ben's.", Pause(0.3))), Answer(("Both.",)))
    talk = Talk(chat)
    await talk.ask("Ben's own", "1", BEN)
    await talk.ask("about dogs", "2")
    await talk.ask("about birds", "3")
    await talk.end()
    if is_busy:
        server.enqueue(Answer(("Ben's other.", Pause(0.5))))
        await talk.ask("And what else?", "4", BEN)
        await until(talk.says("Ben's other."))

    server.enqueue(Answer(("Anew.",)), Answer(("Again.",)))
    found, find = [], talk._find

    async def noted(known, cause):
        found.append(cause)
        return await find(known, cause)

    talk._find = noted
    with locked(tmp_path):
        edits = asyncio.gather(
            talk.edit("about cats", "3", time="1"), talk.edit("about mice", "2", time="2")
        )
        await until(lambda: len(found) == 2)
    await edits
    await talk.end()

    assert "about cats" in asked(server.requests[-1])
    assert "about mice" in asked(server.requests[-1])
    assert await open_questions(chat) == 0


async def test_an_edit_that_is_told_of_after_a_later_one_changes_nothing(chat, server):
    server.enqueue(Answer(("About dogs.",)), Answer(("About cats.",)))
    talk = Talk(chat)
    await talk.answer("dogs")
    assert await talk.edit("cats", time="1790000002.5")
    await talk.end()

    assert not await talk.edit("mice", time="1790000002.25")
    await talk.end()

    assert shown(talk.paper) == [("About cats.", "")]


async def test_an_edit_while_the_last_pages_are_on_their_way_leaves_none_of_them(
    chat, server, monkeypatch
):
    monkeypatch.setattr("core.changes.LAST_EDITS", 0.01)
    long = " ".join(f"word{n}" for n in range(70))
    server.enqueue(Answer((long,)), Answer(("Short.",)))
    talk = Talk(chat, Paper(size=200, latency=0.3))
    await talk.ask("tell me about dogs")
    await until(lambda: len(talk.paper.messages) == 2)

    assert await talk.edit("tell me about cats")
    assert len(talk.paper.messages) == 2
    await talk.end()

    assert shown(talk.paper) == [("Short.", "")]


async def test_an_edit_and_try_again_in_one_moment_leave_a_message_to_one_answer(chat, server):
    server.enqueue(Answer(("One.",)), Answer((Pause(0.2), "Two.")), Answer(("Three.",)))
    talk = Talk(chat)
    await talk.answer("why?")
    former = talk.reply

    await asyncio.gather(talk.edit("why not?"), talk.press(Control.RETRY, reply=former))
    await talk.end()

    async with chat._store._database.read() as connection:
        found = await connection.execute(text("SELECT message FROM reply_messages"))
        recorded = list(found.scalars())
    assert recorded == list(talk.paper.messages)


async def test_an_edit_whose_answer_fails_leaves_the_former_and_says_why(chat, server):
    server.enqueue(Answer(("About dogs.",)), Answer(status=401, code="invalid_api_key"))
    talk = Talk(chat)
    await talk.answer("dogs")

    await talk.edit("cats")
    await talk.end()

    ((words, notice),) = shown(talk.paper)
    assert words == "About dogs."
    assert "does not accept my key" in notice


async def test_an_edit_of_what_is_answered_anew_keeps_the_former_answer(chat, server):
    server.enqueue(Answer(("The former.",)), Answer((Stall(),)), Answer(("About cats.",)))
    talk = Talk(chat)
    await talk.answer("dogs")
    await talk.press(Control.RETRY)
    await until(lambda: len(server.requests) == 2)

    await talk.edit("cats")
    await talk.end()
    assert shown(talk.paper) == [("About cats.", "")]

    await talk.press(Control.RESTORE)
    await talk.end()
    assert shown(talk.paper) == [("The former.", notices.RESTORED)]


async def test_an_edit_after_a_restart_revises_the_answer(house, server):
    before = await house()
    server.enqueue(Answer(("About dogs.",)), Answer(("About cats.",)))
    talk = Talk(before)
    await talk.answer("dogs")
    await house.leave(before)
    talk.chat = await house()

    assert await talk.edit("cats")
    await talk.end()

    assert shown(talk.paper) == [("About cats.", "")]


async def test_a_drain_during_a_revision_says_so(chat, server):
    server.enqueue(Answer(("About dogs.",)), Answer(("Half of cats", Stall())))
    talk = Talk(chat)
    await talk.answer("dogs")
    await talk.edit("cats")
    await until(talk.says("Half of cats"))

    await chat.drain(1)
    await chat.idle()

    assert shown(talk.paper) == [("Half of cats", notices.RESTARTING)]
    assert await open_questions(chat) == 0


# Deleted questions.


async def test_a_deleted_question_takes_its_growing_answer_away(chat, server):
    server.enqueue("Half of it", Stall())
    talk = Talk(chat)
    await talk.ask("dogs")
    await until(talk.says("Half"))

    await talk.delete()
    await server.requests[-1].wait_ended(1)
    await talk.end()

    assert shown(talk.paper) == []
    assert server.requests[-1].cancelled
    assert talk.paper.refusals == []
    assert await open_questions(chat) == 0


async def test_all_messages_of_a_growing_answer_go_with_its_question(chat, server):
    server.enqueue(" ".join(f"word{n}" for n in range(70)), Stall())
    talk = Talk(chat, Paper(size=200))
    await talk.ask("dogs")
    await until(lambda: len(talk.paper.messages) == 3)

    await talk.delete()
    await talk.end()

    assert shown(talk.paper) == []


async def test_an_answer_whose_first_message_is_on_its_way_goes_with_its_question(chat, server):
    server.enqueue("Half of it", Stall())
    talk = Talk(chat, Paper(size=2000, latency=0.3))
    await talk.ask("dogs")
    await until(lambda: talk.paper.under_way)
    assert not talk.paper.messages

    await talk.delete()
    await talk.end()

    assert talk.paper.frames  # it came, and went
    assert shown(talk.paper) == []


async def test_an_answer_that_another_process_writes_goes_with_its_question(house, server):
    one, other = await house(), await house()
    server.enqueue("Half of it", Stall())
    talk = Talk(one)
    await talk.ask("dogs")
    await until(talk.says("Half"))

    await talk.delete(chat=other)
    await server.requests[-1].wait_ended(2)
    await talk.end(one, other)

    assert shown(talk.paper) == []


@pytest.mark.parametrize(("goes", "left"), [(False, ["About dogs."]), (True, [])])
async def test_a_complete_answer_stays_unless_the_setting_says_otherwise(house, server, goes, left):
    chat = await house(delete_with_question=goes)
    server.enqueue("About dogs.")
    talk = Talk(chat)
    await talk.answer("dogs")

    await talk.delete()
    await talk.end()

    assert [words for words, _ in shown(talk.paper)] == left


async def test_an_answer_that_is_written_anew_goes_with_its_question(chat, server):
    server.enqueue(Answer(("The former.",)), Answer(("Half of it", Stall())))
    talk = Talk(chat)
    await talk.answer("dogs")
    await talk.press(Control.RETRY)
    await until(talk.says("Half"))

    await talk.delete()
    await talk.end()

    assert shown(talk.paper) == []


async def test_a_deleted_question_that_waits_is_not_asked(chat, server):
    server.enqueue(Answer(("Ben's.", Pause(0.3))), Answer(("Never.",)))
    talk = Talk(chat)
    await talk.ask("Ben's own", "1", BEN)
    await talk.ask("dogs", "2")

    await talk.delete("2")
    await talk.end()

    assert [words for words, _ in shown(talk.paper)] == ["Ben's."]
    assert len(server.requests) == 1
    assert await open_questions(chat) == 0


async def test_a_deleted_question_that_two_processes_hear_of_leaves_no_sign_of_work(house, server):
    one, other = await house(), await house()
    server.enqueue(Answer(("Ben's.", Pause(0.3))))
    talk = Talk(one)
    await talk.ask("Ben's own", "1", BEN)
    await talk.ask("dogs", "2")
    gone = talk.questions["2"]

    await other.deleted(gone.identity, talk.paper.remove)
    await one.deleted(gone.identity, talk.paper.remove)
    await talk.end(one, other)  # as long as there is a sign, it would not end

    assert [words for words, _ in shown(talk.paper)] == ["Ben's."]
    assert await open_questions(one) == 0


async def test_a_deleted_question_leaves_those_that_were_joined_with_it_answered(chat, server):
    server.enqueue(
        Answer(("Ben's.", Pause(0.3))), Answer(("Half of both", Stall())), Answer(("The third.",))
    )
    talk = Talk(chat)
    await talk.ask("Ben's own", "1", BEN)
    await talk.ask("about dogs", "2")
    await talk.ask("about birds", "3")
    await until(talk.says("Half"))

    await talk.delete("2")
    await talk.end()

    assert [words for words, _ in shown(talk.paper)] == ["Ben's.", "The third."]
    assert "about birds" in asked(server.requests[-1])
    assert "about dogs" not in asked(server.requests[-1])
    assert await open_questions(chat) == 0


async def test_when_all_joined_questions_are_deleted_their_answer_goes(chat, server):
    server.enqueue(
        Answer(("Ben's.", Pause(0.3))), Answer(("Half of both", Stall())), Answer((Stall(),))
    )
    talk = Talk(chat)
    await talk.ask("Ben's own", "1", BEN)
    await talk.ask("about dogs", "2")
    await talk.ask("about birds", "3")
    await until(talk.says("Half"))

    await talk.delete("2")
    await talk.delete("3")
    await talk.end()

    assert [words for words, _ in shown(talk.paper)] == ["Ben's."]
    assert await open_questions(chat) == 0


async def test_what_was_deleted_is_not_stopped_anywhere_else(chat, server):
    """Ids of messages are unique in a channel only."""
    server.enqueue(Pause(0.2), "About dogs.")
    talk = Talk(chat)
    await talk.ask("dogs")
    elsewhere = replace(ask(""), conversation=replace(THREAD, channel="D"))

    await chat.deleted(elsewhere.identity, talk.paper.remove)
    await talk.end()

    assert shown(talk.paper) == [("About dogs.", "")]


@pytest.mark.parametrize("outcome", [Unknown("500"), RefusedForNow(0.1)])
async def test_an_answer_that_could_not_be_taken_away_with_its_question_is_tried_again(
    house, server, monkeypatch, outcome
):
    monkeypatch.setattr("core.removing.DELAYS", (0.01,) * 5)
    server.enqueue(Answer(("About dogs.",)))
    talk = Talk(await house(delete_with_question=True))
    await talk.answer("dogs")
    talk.paper.removals.extend([outcome, outcome])

    await talk.delete()
    await talk.end()

    assert not talk.paper.messages
