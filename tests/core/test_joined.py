"""Answers to several questions of one person, and answers in the place of former ones."""

import asyncio

import pytest

from core import notices
from core.controls import Control
from core.errors import PlatformFailed
from sandbox.model import Answer, Pause, Stall
from tests.core.house import BEN, Talk, shown, until
from tests.core.paper import Paper

LONG = " ".join(f"word{n}" for n in range(70))


def asked(request):
    return str(request.body["messages"])


async def joined(talk, server, *answers):
    """Two questions of one person's that were answered together; the first answer is Ben's."""
    server.enqueue(Answer((Pause(0.2), "Ben's.")), Answer(("Both.",)), *answers)
    await talk.ask("first", "1", BEN)
    await talk.ask("second", "2")
    await talk.ask("third", "3")
    await talk.end()
    assert [words for words, _ in shown(talk.paper)] == ["Ben's.", "Both."]


async def test_questions_that_were_answered_together_are_answered_anew_together(chat, server):
    talk = Talk(chat)
    await joined(talk, server, Answer(("Both anew.",)))

    await talk.press(Control.RETRY)
    await talk.end()

    assert [words for words, _ in shown(talk.paper)] == ["Ben's.", "Both anew."]
    assert len(server.requests) == 3
    asked = str(server.requests[-1].body["messages"])
    assert "second" in asked
    assert "third" in asked


async def test_questions_answered_together_are_answered_anew_once_by_two_processes(house, server):
    one, other = await house(), await house()
    talk = Talk(one)
    await joined(talk, server, Answer(("Both anew.",)), Answer(("Twice.",)))

    await asyncio.gather(*(talk.press(Control.RETRY, chat=chat) for chat in (one, other)))
    await talk.end(one, other)

    assert [words for words, _ in shown(talk.paper)] == ["Ben's.", "Both anew."]
    assert len(server.requests) == 3


async def test_the_former_answer_stays_when_the_conversation_cannot_be_read(chat, server):
    class Fickle(Paper):
        readable = True

        async def history(self):
            if not self.readable:
                raise PlatformFailed("missing_scope")
            return self.turns

    server.enqueue(Answer(("The former.",)))
    talk = Talk(chat, Fickle(size=2000))
    await talk.answer("why?")
    talk.paper.readable = False

    await talk.press(Control.RETRY)
    await talk.end()

    ((words, notice),) = shown(talk.paper)
    assert words == "The former."
    assert "cannot read this conversation" in notice


async def test_the_former_answer_stays_when_it_is_stopped_before_it_was_read(chat, server):
    class Hanging(Paper):
        hangs = False

        async def history(self):
            if self.hangs:
                self.hangs = None
                await asyncio.Event().wait()
            return self.turns

    server.enqueue(Answer(("The former.",)))
    talk = Talk(chat, Hanging(size=2000))
    await talk.answer("why?")
    talk.paper.hangs = True

    await talk.press(Control.RETRY)
    await until(lambda: talk.paper.hangs is None)
    await talk.ask("stop", "2")
    await talk.end()

    assert shown(talk.paper) == [("The former.", notices.STOPPED)]


async def test_messages_that_were_taken_away_are_no_part_of_the_answer_any_more(chat, server):
    server.enqueue(Answer((LONG,)), Answer(("Short.",)), Answer(("Shorter.",)))
    talk = Talk(chat, Paper(size=200))
    await talk.answer("why?")
    await talk.press(Control.RETRY)
    await talk.end()

    known = await chat._store.replies.known(talk.reply)

    assert known.messages == tuple(talk.paper.messages)


async def test_an_edit_of_an_old_answer_is_answered_below_it(chat, server):
    server.enqueue(Answer(("About dogs.",)), Answer(("About cats.",)))
    talk = Talk(chat)
    await talk.answer("dogs")
    talk.paper.old = True

    await talk.edit("cats")
    await talk.end()

    assert shown(talk.paper) == [
        ("About dogs.", notices.NEWER_BELOW),
        ("About cats.", ""),
    ]


async def test_a_question_that_is_deleted_before_there_is_text_is_answered_with_nothing(
    chat, server
):
    server.enqueue(Stall())
    talk = Talk(chat)
    await talk.ask("dogs")
    await until(lambda: server.requests)

    await talk.delete()
    await talk.end()

    assert talk.paper.frames == []
    assert talk.paper.refusals == []
    assert talk.paper.signs[-1] == ""


async def test_an_edit_that_another_process_sees_before_there_is_text_blames_no_model(
    house, server
):
    one, other = await house(), await house()
    server.enqueue(Answer((Stall(),)), Answer(("About cats.",)))
    talk = Talk(one)
    await talk.ask("dogs")
    await until(lambda: server.requests)

    assert await talk.edit("cats", chat=other)
    await talk.end(one, other)

    assert shown(talk.paper) == [("About cats.", "")]
    assert [page.notice for _, _, page in talk.paper.frames if page.notice] == []


async def test_a_deletion_before_a_new_answer_has_text_takes_it_away_without_a_word(chat, server):
    server.enqueue(Answer(("The former.",)), Answer((Stall(),)))
    talk = Talk(chat)
    await talk.answer("dogs")
    await talk.press(Control.RETRY)
    await until(lambda: len(server.requests) == 2)

    await talk.delete()
    await talk.end()

    assert shown(talk.paper) in ([], [("The former.", "")])
    assert not any("empty answer" in page.notice for _, _, page in talk.paper.frames)


async def test_a_joined_question_that_another_process_hears_deleted_leaves_the_others_answered(
    house, server
):
    one, other = await house(), await house()
    talk = Talk(one)
    server.enqueue(
        Answer(("Ben's.", Pause(0.3))), Answer(("Half of both", Stall())), Answer(("The third.",))
    )
    await talk.ask("Ben's own", "1", BEN)
    await talk.ask("about dogs", "2")
    await talk.ask("about birds", "3")
    await until(talk.says("Half"))

    await talk.delete("2", chat=other)
    await server.requests[-1].wait_ended(3)
    await talk.end(one, other)

    assert [words for words, _ in shown(talk.paper)] == ["Ben's.", "The third."]


async def test_a_joined_question_that_both_processes_hear_deleted_leaves_the_others_answered(
    house, server
):
    one, other = await house(), await house()
    talk = Talk(one)
    server.enqueue(
        Answer(("Ben's.", Pause(0.3))),
        Answer(("Half of both", Stall())),
        Answer(("The third", Pause(1.5), ".")),
    )
    await talk.ask("Ben's own", "1", BEN)
    await talk.ask("about dogs", "2")
    await talk.ask("about birds", "3")
    await until(talk.says("Half"))
    identity = talk.questions["2"].identity

    await asyncio.gather(*(chat.deleted(identity, talk.paper.remove) for chat in (one, other)))
    await talk.end(one, other)

    assert [words for words, _ in shown(talk.paper)] == ["Ben's.", "The third."]


@pytest.mark.parametrize("does", ["edit", "delete"])
async def test_what_waits_in_another_process_can_be_edited_and_deleted(house, server, does):
    one, other = await house(), await house()
    server.enqueue(Answer(("Ben's.", Pause(1.0))), Answer(("About cats.",)))
    talk = Talk(one)
    await talk.ask("Ben's own", "1", BEN)
    await talk.ask("dogs", "2")

    if does == "edit":
        assert await talk.edit("cats", "2", chat=other)
    else:
        await talk.delete("2", chat=other)
    await talk.end(one, other)

    assert not any("dogs" in asked(request) for request in server.requests)


async def test_code_that_is_opened_again_behind_a_whole_line_begins_a_line(chat, server):
    server.enqueue(
        Answer(("```py\nfirst = 1\n",), finish="length"),
        Answer(("```py\nsecond = 2\n```\nDone.",)),
    )
    talk = Talk(chat)
    await talk.answer("program")

    await talk.press(Control.CONTINUE)
    await talk.end()

    assert shown(talk.paper) == [("```py\nfirst = 1\nsecond = 2\n```\nDone.", "")]


async def test_a_second_growth_over_messages_that_were_taken_away_grows_all_the_same(chat, server):
    server.enqueue(
        Answer((LONG,)), Answer(("Short.",)), Answer((LONG, Pause(1.0), " and the end."))
    )
    talk = Talk(chat, Paper(size=200))
    await talk.answer("why?")
    await talk.press(Control.RETRY)
    await talk.end()
    await talk.press(Control.RETRY)
    await until(lambda: len(talk.paper.messages) == 3)

    assert list(talk.paper.messages.values())[-1].grows
    await talk.end()


async def test_one_of_several_questions_that_is_edited_is_answered_with_the_others(chat, server):
    talk = Talk(chat)
    await joined(talk, server, Answer(("Both, of which one is new.",)))

    assert await talk.edit("about cats", "2")
    await talk.end()

    assert [words for words, _ in shown(talk.paper)] == ["Ben's.", "Both, of which one is new."]
    said = asked(server.requests[-1])
    assert said.index("about cats") < said.index("third")
    assert "second" not in said


async def test_two_processes_that_see_an_edit_of_one_of_several_questions_answer_once(
    house, server
):
    one, other = await house(), await house()
    talk = Talk(one)
    await joined(talk, server, Answer(("Anew.",)), Answer(("Twice.",)))

    took = await asyncio.gather(*(talk.edit("about cats", "2", chat=c) for c in (one, other)))
    await talk.end(one, other)

    assert sorted(took) == [False, True]
    assert [words for words, _ in shown(talk.paper)] == ["Ben's.", "Anew."]


async def test_an_answer_goes_with_the_last_of_its_questions(house, server):
    chat = await house(delete_with_question=True)
    talk = Talk(chat)
    await joined(talk, server)

    await talk.delete("2")
    assert [words for words, _ in shown(talk.paper)] == ["Ben's.", "Both."]
    await talk.delete("3")
    await talk.end()
    assert [words for words, _ in shown(talk.paper)] == ["Ben's."]
