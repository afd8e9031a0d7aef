"""The same question is given the same answer for a while, where nothing else goes into it."""

import time

import pytest

from core.controls import Control
from core.explanation import explained
from core.notices import FORGOTTEN, NOT_YOURS
from core.presets import Scope
from sandbox.model import Answer
from tests.core.house import BEN, Talk, answered, ask, shown
from tests.core.paper import THREAD, Paper


async def asked(chat, words, number, **more):
    """Somebody uses the command; what they see."""
    paper = Paper(size=2000)
    more = {"stands_alone": True, **more}
    async with answered(chat):
        question = ask(words, "", cause=f"command:{number}", **more)
        assert await chat.accept(question, paper)
    return paper


@pytest.fixture
async def chat(house):
    return await house(answer_cache=600)


async def test_the_same_question_costs_no_other_call(chat, server):
    server.enqueue("Because.")
    await asked(chat, "Why is it so?", 1)
    again = await asked(chat, " Why  is it\nso? ", 2, asker=BEN)

    ((text, notice),) = shown(again)
    assert text == "Because."
    assert notice.startswith("This answer is from ")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "change",
    [{"words": "why is it so?"}, {"persona": "pirate"}, {"afresh": True}, {"stands_alone": False}],
    ids=str,
)
async def test_another_question_is_asked(chat, server, change):
    server.enqueue(Answer(("One.",)), Answer(("Two.",)))
    await asked(chat, "Why is it so?", 1)
    change = {"words": "Why is it so?", **change}
    if change.get("persona"):
        chat._overrides.personas = {"pirate": {}}
    again = await asked(chat, change.pop("words"), 2, **change)

    assert shown(again) == [("Two.", "")]


async def test_only_whole_answers_are_given_again(chat, server):
    server.enqueue(Answer(("Half",), finish="length"), Answer(("Whole.",)))
    await asked(chat, "Why?", 1)

    assert shown(await asked(chat, "Why?", 2)) == [("Whole.", "")]


async def test_it_is_off_unless_it_is_set(house, server):
    chat = await house()
    server.enqueue(Answer(("One.",)), Answer(("Two.",)))
    await asked(chat, "Why?", 1)

    assert shown(await asked(chat, "Why?", 2)) == [("Two.", "")]


async def test_an_answer_is_given_again_for_its_time_only(house, server):
    chat = await house(answer_cache=600)
    server.enqueue(Answer(("One.",)), Answer(("Two.",)))
    await asked(chat, "Why?", 1)
    chat._answering._cache._clock = lambda: time.time() + 601

    assert shown(await asked(chat, "Why?", 2)) == [("Two.", "")]


async def test_its_asker_may_ask_afresh_and_nobody_else(chat, server):
    server.enqueue("Because.")
    await asked(chat, "Why?", 1)
    talk = Talk(chat, paper=await asked(chat, "Why?", 2))
    assert Control.AFRESH in talk.offered
    known = await chat._store.replies.known(talk.reply)
    assert "given before" in explained(known, [])

    assert await talk.press(Control.AFRESH, BEN) == NOT_YOURS
    assert await talk.press(Control.AFRESH) == ""
    assert talk.afresh == [("Why?", "")]


async def test_what_was_erased_cannot_be_asked_afresh_and_that_is_said(chat, server):
    server.enqueue("Because.")
    await asked(chat, "Why?", 1)
    talk = Talk(chat, paper=await asked(chat, "Why?", 2))
    await chat._store.texts.erase([1])

    assert await talk.press(Control.AFRESH) == FORGOTTEN


async def test_a_channel_that_is_set_otherwise_asks_anew(chat, server):
    server.enqueue(Answer(("Kind.",)), Answer(("Harsh.",)))
    await asked(chat, "Why?", 1)
    await chat._overrides.change(Scope.of(THREAD), {"system_prompt": "Be harsh."}, "U1")

    assert shown(await asked(chat, "Why?", 2)) == [("Harsh.", "")]
