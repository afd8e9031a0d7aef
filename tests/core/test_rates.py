"""How often people may ask, and how many answers are written at once."""

import asyncio
import time
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from core.controls import Control
from core.door import Door
from core.errors import BudgetSpent, NotAdmitted, SettingsError
from core.limits import Limits, Rates, load, read
from core.messages import Conversation, Role, Text, Turn
from core.model import Model
from core.notices import (
    RESTARTING,
    STOPPED,
    THINKING,
    WAITING_FOR_OTHERS,
    in_line,
    too_many_here,
    too_many_of_yours,
)
from core.spending import Kind, Spender, SpendingLimit
from core.store import Call
from core.store.ledger import Unit
from core.wire import Parameters, Request
from sandbox.model import Allowance, Answer, Pause
from tests.core.house import ADA, BEN, Talk, answered, ask, shown, until
from tests.core.paper import THREAD, Paper


def limits(contact="", **rates):
    return Limits(contact=contact, rates=Rates(**rates))


def elsewhere(question, thread, channel="C"):
    """The same question in another conversation."""
    return replace(question, conversation=Conversation("paper", "W", channel, thread))


async def asked(chat, *questions):
    """What is told to whoever asks these, one after the other."""
    paper = Paper(size=2000)
    async with answered(chat):
        for question in questions:
            assert await chat.accept(question, paper)
    return paper.refusals


def asks_again_in(refusal):
    """The seconds that a refusal names."""
    return int(refusal.partition("again in ")[2].split()[0])


async def test_one_question_too_many_is_refused_with_when_to_ask_again(house, server):
    chat = await house(limits=limits(questions_per_minute_per_person=2))
    refusals = await asked(chat, *(ask(f"{n}?", str(n)) for n in range(3)))

    assert len(refusals) == 1
    assert 55 <= asks_again_in(refusals[0]) <= 60
    assert refusals == [too_many_of_yours(2, asks_again_in(refusals[0]), "")]
    assert len(server.requests) <= 2


async def test_others_may_still_ask(house):
    chat = await house(limits=limits(questions_per_minute_per_person=1))

    assert await asked(chat, ask("a?", "1"), ask("b?", "2", BEN)) == []


async def test_it_is_told_once_a_minute_and_a_command_is_always_told(house):
    chat = await house(limits=limits(questions_per_minute_per_person=1))
    refusals = await asked(chat, *(ask(f"{n}?", str(n)) for n in range(4)))
    assert len(refusals) == 1

    for number in range(2):
        with pytest.raises(NotAdmitted):
            await chat.accept(ask("?", f"c{number}", cause=f"command:{number}"), Paper())


async def test_a_channel_has_a_limit_of_its_own_in_all_its_threads(house):
    chat = await house(limits=limits(contact="#help", questions_per_minute_per_channel=2))
    questions = [elsewhere(ask("?", n, ADA if n == "1" else BEN), n) for n in "123"]
    refusals = await asked(chat, *questions, elsewhere(ask("?", "4"), "4", "other"))

    assert refusals == [too_many_here(2, asks_again_in(refusals[0]), "#help")]
    assert refusals[0].endswith("Whoever needs more can ask #help.")


async def test_of_many_questions_in_one_instant_no_more_are_let_in(house, server):
    chat = await house(limits=limits(questions_per_minute_per_person=3))
    papers = [Paper(size=2000) for _ in range(12)]
    async with answered(chat):
        await asyncio.gather(
            *(
                chat.accept(elsewhere(ask("?", str(n)), str(n)), paper)
                for n, paper in enumerate(papers)
            )
        )

    assert sum(bool(paper.messages) for paper in papers) == 3
    assert len(server.requests) == 3


async def test_two_processes_count_together(house):
    rates = limits(questions_per_minute_per_person=2)
    one, other = await house(limits=rates), await house(limits=rates)
    assert await asked(one, ask("a?", "1")) == []
    assert await asked(other, ask("b?", "2")) == []

    assert len(await asked(one, ask("c?", "3"))) == 1


async def test_a_question_that_is_delivered_twice_counts_once(house):
    chat = await house(limits=limits(questions_per_minute_per_person=1))
    paper = Paper(size=2000)
    async with answered(chat):
        assert await chat.accept(ask("a?", "1"), paper)
        assert not await chat.accept(ask("a?", "1"), paper)

    assert paper.refusals == []


async def test_stop_is_never_one_too_many_and_does_not_count(house, server):
    chat = await house(limits=limits(questions_per_minute_per_person=2))
    server.enqueue("Half", Pause(30))
    talk = Talk(chat)
    await talk.ask("Hello?", "1")
    await until(talk.says("Half"))
    await talk.ask("stop", "2")
    await talk.end()
    assert "Stopped." in list(talk.paper.messages.values())[-1].notice

    assert await asked(chat, ask("b?", "3")) == []
    assert len(await asked(chat, ask("c?", "4"))) == 1


async def test_an_edited_question_is_never_one_too_many(house, server):
    chat = await house(limits=limits(questions_per_minute_per_person=1))
    server.enqueue(Answer(("One.",)), Answer(("Two.",)))
    talk = Talk(chat)
    await talk.answer("One?")
    assert await talk.edit("Two?")
    await talk.end()

    assert talk.paper.text == "Two."
    assert talk.paper.refusals == []


async def begun(chat, question):
    """A question in a conversation of its own, and what its asker sees."""
    paper = Paper(size=2000, conversation=question.conversation)
    assert await chat.accept(question, paper)
    return paper


async def test_answers_that_are_too_many_at_once_wait_and_say_so(house, server):
    chat = await house(limits=limits(replies_at_once_in_all=1))
    server.enqueue(Answer(("One, ", Pause(1.0), "done.")), Answer(("Two.",)))
    async with answered(chat):
        first = await begun(chat, elsewhere(ask("1?", "1"), "1"))
        await until(lambda: server.requests)
        second = await begun(chat, elsewhere(ask("2?", "2", BEN), "2"))
        await until(lambda: WAITING_FOR_OTHERS in second.signs)
        assert len(server.requests) == 1

    assert first.text == "One, done."
    assert second.text == "Two."
    assert second.signs[second.signs.index(WAITING_FOR_OTHERS) + 1] in (THINKING, "")


@pytest.mark.parametrize("name", ["person", "workspace"])
async def test_whose_own_limit_is_reached_holds_up_nobody_else(house, server, name):
    chat = await house(limits=limits(**{f"replies_at_once_per_{name}": 1}))
    server.enqueue(Answer(("Zero.",)), Answer(("One, ", Pause(20))), Answer(("Two.",)))
    async with answered(chat):  # so that Ben has asked as often as Ada, and comes after her
        await begun(chat, elsewhere(ask("0?", "0", BEN), "0"))
    await begun(chat, elsewhere(ask("1?", "1"), "1"))
    await until(lambda: len(server.requests) == 2)
    second = await begun(chat, elsewhere(ask("2?", "2"), "2"))
    await until(lambda: WAITING_FOR_OTHERS in second.signs)
    other = elsewhere(ask("3?", "3", BEN), "3")
    other = replace(other, conversation=replace(other.conversation, workspace="W2"))
    third = await begun(chat, other)

    await until(lambda: third.text == "Two.")
    assert not second.messages


async def test_whoever_stops_a_question_that_waits_takes_no_place(house, server):
    chat = await house(limits=limits(replies_at_once_in_all=1))
    server.enqueue(Answer(("One, ", Pause(2.0), "done.")), Answer(("Three.",)))
    async with answered(chat):
        await begun(chat, elsewhere(ask("1?", "1"), "1"))
        await until(lambda: server.requests)
        second = Talk(chat, Paper(size=2000, conversation=Conversation("paper", "W", "C", "2")))
        await second.chat.accept(elsewhere(ask("2?", "2", BEN), "2"), second.paper)
        await until(lambda: WAITING_FOR_OTHERS in second.paper.signs)
        where = second.paper.conversation
        assert await chat.stop_in(where, BEN.id, second.paper.may_manage) == ""
        third = await begun(chat, elsewhere(ask("3?", "3", BEN), "3"))

    assert third.text == "Three."
    assert len(server.requests) == 2
    at_once = chat._answering._at_once
    assert not at_once._line
    assert not at_once._under_way


async def test_a_burst_is_answered_without_a_refusal_by_the_endpoint(house, server):
    server.allowance = Allowance(requests=4, seconds=4)
    server.script = lambda body: Answer(("Here.",), rate=100.0, first_token=0.05)
    chat = await house()
    async with answered(chat):
        papers = [await begun(chat, elsewhere(ask("?", str(n)), str(n))) for n in range(8)]

    assert [paper.text for paper in papers] == ["Here."] * 8
    assert [request.status for request in server.requests] == [200] * 8


async def test_a_question_that_waits_for_the_model_can_be_stopped(house, server):
    server.allowance = Allowance(requests=1, seconds=30)
    chat = await house()
    async with answered(chat):
        await begun(chat, elsewhere(ask("1?", "1"), "1"))
    paper = Paper(size=2000)
    talk = Talk(chat, paper)
    await talk.ask("2?", "2")
    await until(lambda: in_line(1, None) in paper.signs)
    assert await chat.stop_in(THREAD, ADA.id, paper.may_manage) == ""
    await talk.end()

    assert "Stopped." in list(paper.messages.values())[-1].notice
    assert len(server.requests) == 1
    async with chat._store._database.read() as connection:
        calls = await connection.execute(text("SELECT count(*) FROM model_calls"))
        assert calls.scalar() == 1
    (door,) = chat._answering._composer._doors._doors.values()
    (gate,) = door._gates.values()
    assert not gate.line
    assert not gate.quota._flying
    assert Control.RETRY in talk.offered


async def in_the_line(chat, server, seconds=30.0):
    """A question that waits for the model, where a status has no words: its place is to be read."""
    server.allowance = Allowance(requests=1, seconds=seconds)
    server.script = lambda body: Answer(("Here.",))
    await begun(chat, elsewhere(ask("1?", "1", BEN), "1"))
    await until(lambda: server.requests)
    talk = Talk(chat, Paper(size=2000, wordless=True))
    await talk.ask("2?", "2")
    await until(lambda: shown(talk.paper) == [("", in_line(1, None))])
    return talk


async def test_where_a_status_has_no_words_the_place_stands_where_the_answer_will(house, server):
    talk = await in_the_line(await house(), server, seconds=6.0)
    assert talk.offered == (Control.STOP,)
    await talk.end()

    assert shown(talk.paper) == [("Here.", "")]
    assert not any("line" in words for words in talk.paper.signs)


async def test_nothing_of_a_place_in_the_line_is_left_when_its_question_goes(house, server):
    chat = await house()
    talk = await in_the_line(chat, server)
    await talk.delete("2")
    await talk.end()

    assert shown(talk.paper) == []
    assert talk.paper.refusals == []


async def test_a_place_in_the_line_says_so_when_its_question_is_stopped(house, server):
    talk = await in_the_line(await house(), server)
    await talk.press(Control.STOP)
    await talk.end()

    assert shown(talk.paper) == [("", STOPPED)]


async def test_a_place_in_the_line_says_so_when_the_process_has_to_stop(house, server):
    chat = await house()
    talk = await in_the_line(chat, server)
    await chat.drain(3.0)

    assert shown(talk.paper) == [("", RESTARTING)]


async def test_a_question_that_is_edited_in_the_line_is_answered_in_the_same_place(house, server):
    talk = await in_the_line(await house(), server, seconds=8.0)
    await talk.edit("3?", "2")
    await talk.end()

    assert shown(talk.paper) == [("Here.", "")]
    assert "3?" in str(server.requests[-1].body)
    assert "2?" not in str(server.requests[-1].body)


async def takes(chat, tokens):
    """Something else of Ada's takes so many tokens of her budget, as soon as they are there."""
    call, ada = Call("r", "m", "", 0.0, 0.0), Spender("paper", "W", "C", "U1")
    async with asyncio.timeout(10):
        while True:
            with suppress(BudgetSpent):
                await chat._answering._spending.reserve(ada, call, answer=tokens, firm=True)
                return
            await asyncio.sleep(0.01)


async def test_whom_a_budget_refuses_in_the_line_learns_it_alone(house, server):
    """Another question of theirs has used up what this one would have needed for a second try."""
    limit = SpendingLimit(Kind.PERSON, Unit.TOKENS, 10_000)
    chat = await house(budgets=[limit])
    talk = await in_the_line(chat, server, seconds=5.0)
    server.enqueue(Answer(status=503))
    await takes(chat, 8500)
    await until(lambda: len(server.requests) == 2)
    await takes(chat, 1300)  # of what it had reserved for the first try
    await talk.end()

    assert shown(talk.paper) == []
    assert [one.startswith("Your budget for today") for one in talk.paper.refusals] == [True]


async def test_a_refusal_by_the_endpoint_sends_the_question_back_into_the_line(house, server):
    server.enqueue(
        Answer(status=429, code="rate_limit_exceeded", headers={"retry-after": "4"}),
        Answer(("There.",)),
    )
    chat = await house()
    async with answered(chat):
        paper = await begun(chat, ask("Hello?"))

    assert paper.text == "There."
    assert in_line(1, None) in paper.signs
    first, second = server.requests
    assert second.started - first.started > 3.99  # timers count in milliseconds


async def test_a_request_that_no_minute_has_room_for_is_shortened(house, server):
    """ "Request too large … on tokens per min" is mended as a context that is exceeded is."""
    server.allowance = Allowance(tokens=2500)
    chat = await house()
    async with answered(chat):
        paper = await begun(chat, ask("very " * 4000 + "long?"))

    page = list(paper.messages.values())[-1]
    assert "longer than I can read" in page.notice
    assert 429 in [request.status for request in server.requests]
    assert server.requests[-1].status == 200


def test_the_example_can_be_read():
    load(Path(__file__).parents[2] / "deploy" / "limits.toml")


def test_rates_are_read_from_the_file():
    found = read("[rates]\nquestions_per_minute_per_person = 5\n", "limits.toml")

    assert found.rates == Rates(questions_per_minute_per_person=5)


@pytest.mark.parametrize("line", ["questions_per_minute_per_person = 0", "questions = 3"])
def test_what_is_wrong_with_rates_is_said(line):
    with pytest.raises(SettingsError, match="rates"):
        read(f"[rates]\n{line}\n", "limits.toml")


async def test_what_is_asked_twice_since_a_parameter_was_refused_counts_twice(server):
    """gpt-6 does not take `max_tokens`, which other servers know only."""
    model = Model(api_key=server.key, base_url=server.base_url)
    door = Door(model, time.monotonic, requests=3)
    turns = (Turn(Role.USER, (Text("why?"),)),)
    request = Request(turns, Parameters("gpt-6-luna", answer_tokens=20))
    try:
        async with aclosing(door.stream(request, 10)) as answer:
            async for _ in answer:
                pass
    finally:
        await model.close()

    (gate,) = door._gates.values()
    assert [request.status for request in server.requests] == [400, 200]
    assert gate.quota.wait(time.monotonic(), 10) == 0
    gate.quota.take(time.monotonic(), 10)
    assert gate.quota.wait(time.monotonic(), 10) > 50
