"""Whatever becomes of a call, it is paid for as the provider will bill it, and no other way."""

import pytest
from sqlalchemy import text

from core.charging import _is_free
from core.controls import Control
from core.door import Transit
from core.errors import Misdirected, NotReached, ServerFailed, TooSlow
from core.notices import REASONING, STOPPED
from sandbox.faults import Fault
from sandbox.model import Answer, Cut, Reasoning, Stall, pieces_of
from tests.core.house import Talk, reading, shown, until

THOUGHT = Reasoning("hm, let me see what there is to say of it, " * 20)
"""Some two hundred tokens."""


async def calls(chat):
    """Of each call: its outcome, whether that is an estimate, and its tokens in and out."""
    async with chat._store._database.read() as connection:
        rows = await connection.execute(
            text(
                "SELECT outcome, estimated, prompt_tokens, completion_tokens "
                "FROM model_calls ORDER BY id"
            )
        )
        return [tuple(row) for row in rows]


async def test_thinking_that_led_to_nothing_is_paid_for_as_it_was_counted(chat, server):
    server.enqueue(Answer((THOUGHT,)))
    await reading(chat, "Why?")

    counted = server.requests[0].usage
    assert await calls(chat) == [("empty_answer", 0, counted.prompt, counted.completion)]
    assert counted.completion > 100


async def test_what_a_model_thought_before_it_was_stopped_is_paid_for(chat, server):
    server.enqueue(Answer((THOUGHT, Stall())))
    talk = Talk(chat)
    await talk.ask("Why?")
    await until(lambda: REASONING in talk.paper.signs)
    await talk.ask("stop", "2")
    await talk.end()

    ((outcome, estimated, prompt, completion),) = await calls(chat)
    assert (outcome, estimated) == ("cancelled", 1)
    assert prompt > 0
    assert completion > 100


async def test_what_a_model_thought_before_its_stream_broke_is_paid_for(chat, server):
    server.enqueue(Answer((THOUGHT, Cut())), Answer(("Here.",)))
    paper = await reading(chat, "Why?")

    assert shown(paper) == [("Here.", "")]
    (_, estimated, prompt, completion), _ = await calls(chat)
    assert estimated == 1
    assert prompt > 0
    assert completion > 100


async def test_the_former_answer_is_not_paid_for_again_when_its_second_try_is_stopped(chat, server):
    server.enqueue(Answer(pieces_of("word " * 300)), Answer((Stall(),)))
    talk = Talk(chat)
    await talk.answer("Why?")
    await talk.press(Control.RETRY)
    await until(lambda: len(server.requests) == 2)
    await talk.press(Control.STOP, reply=next(iter(chat._underway.names)))
    await talk.end()

    assert shown(talk.paper)[-1][1] == STOPPED
    assert [(outcome, out > 0) for outcome, _, _, out in await calls(chat)] == [
        ("stop", True),
        ("cancelled", False),
    ]


async def test_a_request_that_was_never_answered_costs_nothing(chat, server):
    server.faults.add(Fault("chat.completions", "reset", times=1))
    server.enqueue(Answer(("Here.",)))
    await reading(chat, "Why?")

    first, second = await calls(chat)
    assert first == ("not_reached", 0, 0, 0)
    assert second[2] > 0


@pytest.mark.parametrize(
    ("error", "accepted", "free"),
    [
        (TooSlow(code="connect"), False, True),
        (TooSlow(code="first_token"), False, False),
        (ServerFailed(status=503), False, True),
        (NotReached(), False, True),
        (NotReached(code="cut"), True, False),
        (Misdirected(code="web_page"), True, True),
        (None, False, False),
    ],
)
def test_what_the_endpoint_may_have_taken_is_paid_for(error, accepted, free):
    assert _is_free(error, Transit(sent=True, accepted=accepted)) is free
