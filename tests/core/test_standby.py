"""When the chosen model cannot answer, another does, and nobody waits for one that is down."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import notices
from core.controls import Control
from core.explanation import explained
from core.model import Timeouts
from core.prices import Prices
from core.standby import FAILURES, FIRST_PAUSE, FORGOTTEN, LONGEST_PAUSE, Breaker
from sandbox.faults import Fault
from sandbox.model import Answer, Cut, ModelServer, Pause, Stall
from tests.core.house import Talk, ask, reading, shown, until
from tests.core.paper import THREAD, Paper

FIRST, SECOND, THIRD = "gpt-4o-mini", "gpt-4o", "gpt-6-luna"


def down(server, model, *, times=-1, kind="status", **more):
    """Let a model fail, and no other."""
    more.setdefault("status", 503)
    return server.faults.add(
        Fault(
            "chat.completions",
            kind,
            times=times,
            only_if=lambda body: body.get("model") == model,
            **more,
        )
    )


def asked(server):
    return [request.body["model"] for request in server.requests]


@pytest.fixture(autouse=True)
def offer(server):
    server.models = (FIRST, SECOND, THIRD)


@pytest.fixture
async def pair(house):
    return await house(fallbacks=(SECOND,))


async def test_a_model_that_is_down_is_stood_in_for_and_the_reader_is_told(pair, server):
    down(server, FIRST)
    server.enqueue("From the second.")
    paper = await reading(pair, "Why?")

    assert shown(paper) == [("From the second.", notices.stood_in(SECOND, FIRST))]
    assert notices.ASKS_ANOTHER in paper.signs
    assert asked(server)[-1] == SECOND


async def test_a_hiccup_of_the_chosen_model_is_no_reason_to_ask_another(pair, server):
    down(server, FIRST, times=1)
    server.enqueue("From the first.")

    assert shown(await reading(pair, "Why?")) == [("From the first.", "")]
    assert asked(server) == [FIRST, FIRST]


@pytest.mark.parametrize(
    ("status", "code"), [(404, "model_not_found"), (429, "insufficient_quota"), (401, "")]
)
async def test_what_will_not_pass_is_not_tried_again_with_the_next_question(
    house, server, status, code
):
    """Another model at the same address has the same key and the same quota."""
    other = ModelServer(models=(SECOND,))
    await other.start()
    try:
        chat = await house(fallbacks=((other, SECOND),))
        server.enqueue(Answer(status=status, code=code))
        other.enqueue(Answer(("One.",)), Answer(("Two.",)))

        assert shown(await reading(chat, "Why?"))[0][0] == "One."
        assert shown(await reading(chat, "And?", message="2"))[0][0] == "Two."
        assert len(server.requests) == 1
    finally:
        await other.stop()


async def test_one_that_has_failed_is_left_out_and_then_tried_by_one_question(pair, server):
    server.enqueue(Answer(status=404, code="model_not_found"), Answer(("Second.",)))
    assert shown(await reading(pair, "Why?"))[0][0] == "Second."
    server.enqueue(Answer(("Second again.",)))
    paper = await reading(pair, "And?", message="2")

    assert shown(paper) == [("Second again.", notices.stood_in(SECOND, FIRST))]
    assert asked(server) == [FIRST, SECOND, SECOND]


async def test_a_limit_whose_wait_is_long_is_not_waited_for(pair, server):
    limited = Answer(status=429, code="rate_limit_exceeded", headers={"retry-after": "20"})
    server.enqueue(limited, Answer(("At once.",)))

    assert shown(await reading(pair, "Why?"))[0][0] == "At once."
    assert asked(server) == [FIRST, SECOND]


async def test_a_bad_question_is_bad_for_all(pair, server):
    server.enqueue(Answer(status=400, code="invalid_request"))
    paper = await reading(pair, "Why?")

    assert "does not accept this question" in shown(paper)[0][1]
    assert asked(server) == [FIRST]


async def test_an_answer_that_has_begun_is_no_other_models_to_finish(pair, server):
    server.enqueue(Answer(("Half of it", Cut())))
    paper = await reading(pair, "Why?")

    assert shown(paper)[0][0] == "Half of it"
    assert "interrupted" in shown(paper)[0][1]
    assert asked(server) == [FIRST]


async def test_a_call_costs_what_the_model_costs_where_it_was_asked(pair, server):
    """The same name can be offered at two endpoints, at two prices."""
    pair._answering._composer._charging._spending._prices = Prices("https://api.openai.com/v1")
    server.enqueue("From a server of one's own.")
    talk = Talk(pair)
    await talk.answer("Why?")

    (call,) = await pair._store.calls.of(talk.reply)
    assert (call.model, call.cost) == (FIRST, 0)


async def test_when_none_can_the_asker_reads_what_the_chosen_one_said(pair, server):
    server.enqueue(
        Answer(status=404, code="model_not_found"), Answer(status=400, code="invalid_request")
    )
    paper = await reading(pair, "Why?")

    assert "does not exist" in shown(paper)[0][1]


async def test_stop_ends_the_search_for_a_model(house, server):
    chat = await house(fallbacks=(SECOND,), timeouts=Timeouts(first_token=30))
    server.enqueue(Answer(status=404, code="model_not_found"), Answer((Stall(),)))
    talk = Talk(chat)
    await talk.ask("why?")
    await until(lambda: SECOND in asked(server))
    await talk.ask("stop", "2")
    await talk.end()

    assert talk.paper.text == ""
    assert server.requests[-1].cancelled


async def test_why_this_answer_says_who_answered_and_why_not_the_chosen_one(pair, server):
    server.enqueue(Answer(status=404, code="model_not_found"), Answer(("Second.",)))
    talk = Talk(pair)
    await talk.answer("why?")
    known = await pair._store.replies.known(talk.reply)
    told = explained(known, await pair._store.calls.of(talk.reply))

    assert f"Model: {SECOND}" in told
    assert f"Asked first: {FIRST} (model_gone)" in told
    assert "model_gone, stop" in told
    assert Control.WHY in talk.offered


async def test_a_model_that_a_channel_has_chosen_is_stood_in_for_as_well(house, server):
    chat = await house(fallbacks=(SECOND, THIRD))
    down(server, FIRST)
    down(server, SECOND)
    server.enqueue("From the third.")
    paper = await reading(chat, "Why?")

    assert shown(paper) == [("From the third.", notices.stood_in(THIRD, FIRST))]


async def test_alone_a_model_is_never_left_out(house, server):
    chat = await house()
    for number in range(FAILURES + 1):
        server.enqueue(Answer(status=404, code="model_not_found"))
        await reading(chat, "Why?", message=str(number))

    assert len(server.requests) == FAILURES + 1


times = st.lists(st.floats(0, 400), max_size=60)


@given(times)
def test_a_breaker_lets_one_question_try_after_a_pause_that_is_bounded(gaps):
    breaker, now = Breaker(), 0.0
    for gap in gaps:
        breaker.failed(now, lasting=True)
        assert not breaker.admits(now + FIRST_PAUSE / 2)
        now += LONGEST_PAUSE
        assert breaker.admits(now)
        breaker.begin()
        assert not breaker.admits(now), "another question must not wait for it, too"
        now += gap


@given(st.lists(st.sampled_from(["failed", "succeeded", "left", "answers"]), max_size=40))
def test_a_model_that_has_answered_is_asked_by_everybody(ends):
    breaker, now = Breaker(), 0.0
    for end in ends:
        now += 1.0
        breaker.begin()
        breaker.failed(now) if end == "failed" else getattr(breaker, end)()
    breaker.succeeded()
    breaker.begin()

    assert breaker.admits(now)


async def test_while_a_model_answers_again_others_can_ask_it(house, server, monkeypatch):
    """A long answer is no reason for everybody else to be sent to another model."""
    monkeypatch.setattr("core.standby.FIRST_PAUSE", 0.01)
    chat = await house(fallbacks=(SECOND,))
    server.enqueue(Answer(status=404, code="model_not_found"), Answer(("Second.",)))
    await reading(chat, "Why?")
    server.enqueue(Answer(("It is ", Pause(60), "back.")), Answer(("Indeed.",)))
    long = Paper(size=2000, conversation=replace(THREAD, thread="long"))
    await chat.accept(replace(ask("And?", "2"), conversation=long.conversation), long)
    await until(lambda: "It is" in long.text)

    short = Paper(size=2000, conversation=replace(THREAD, thread="short"))
    await chat.accept(replace(ask("Well?", "3"), conversation=short.conversation), short)
    await until(lambda: "Indeed." in short.text)
    assert asked(server) == [FIRST, SECOND, FIRST, FIRST]


def test_one_that_breaks_down_again_in_its_first_answer_is_left_out_again():
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.failed(0.0)
    breaker.begin()
    breaker.answers()
    assert breaker.admits(FIRST_PAUSE)

    breaker.failed(FIRST_PAUSE)
    assert not breaker.admits(FIRST_PAUSE)


async def test_a_long_line_is_no_failure_of_the_model(pair, server):
    """As soon as it is shorter, the chosen model is asked again."""
    composer = pair._answering._composer
    quota = composer._doors.of(composer._standby._main)._gate(FIRST).quota

    def tell(left):
        now = time.monotonic()
        limits = {"limit-requests": "9", "remaining-requests": left, "reset-requests": "540.0s"}
        quota.answered(quota.take(now, 1), now, limits)

    tell("0")
    server.enqueue("Second.", "First.")
    await reading(pair, "Why?")
    tell("9")
    await reading(pair, "And?", message="2")

    assert asked(server) == [SECOND, FIRST]


def test_failures_now_and_then_leave_nobody_out():
    breaker = Breaker()
    for n in range(20):
        breaker.failed(n * (FORGOTTEN + 1))

    assert breaker.admits(20 * (FORGOTTEN + 1))
    for _ in range(FAILURES):
        breaker.failed(20 * (FORGOTTEN + 1))
    assert not breaker.admits(20 * (FORGOTTEN + 1))
