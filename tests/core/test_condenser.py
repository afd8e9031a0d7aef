"""A long conversation is answered with a summary of its beginning, or without; never not at all."""

import asyncio
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text as sql

from core import notices
from core.answer_cache import AnswerCache
from core.charging import Charging
from core.chat import Chat
from core.composer import Composer
from core.condenser import Condenser
from core.condensing import RECORD
from core.door import Doors
from core.explanation import explained
from core.messages import Author, Question, Role, Text, Turn
from core.model import Model
from core.overrides import Overrides
from core.pace import Governor
from core.presets import Preset
from core.standby import Standby
from core.store import Store
from core.tokens import Tokenizer, Tokenizers
from core.wire import Parameters
from sandbox.model import Answer, Cut, ModelServer, Pause, Stall
from tests.core.house import spends
from tests.core.paper import THREAD, Paper

ADA, BOT = Author("U1", "Ada"), Author("B1", "Parley", is_bot=True)
LONG = 72
"""Contributions that are too many for one request, and no more than can be condensed at once."""

WORDS = "the budget of the project is a matter of some debate " * 8


def talk(length, start=0):
    return tuple(
        Turn(
            Role.ASSISTANT if n % 2 else Role.USER,
            (Text(f"point {n}: {WORDS}"),),
            BOT if n % 2 else ADA,
            f"{n + 1}.0",
        )
        for n in range(start, length)
    )


@pytest.fixture
async def server():
    server = ModelServer(models=("gpt-4o-mini", "tiny", "small"))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def store(tmp_path):
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/parley.db", time.time)
    yield store
    await store.close()


@pytest.fixture
async def build(server, store):
    running = []

    async def build(*, deadline=5.0, context_tokens=8000, name="tiny", fallbacks=()):
        model = Model(api_key=server.key, base_url=server.base_url)
        tokenizer = await Tokenizer.load("gpt-4o-mini")
        parameters = Parameters("gpt-4o-mini", answer_tokens=500)
        spending = spends(store, prices={"small": (1, 4)})
        standby = Standby(model, [(model, one) for one in fallbacks], clock=time.monotonic)
        tokenizers, doors = Tokenizers(), Doors(time.monotonic)
        charging = Charging(spending, clock=time.monotonic, wall_clock=time.time)
        condenser = Condenser(
            standby=standby,
            doors=doors,
            tokenizers=tokenizers,
            tokenizer=tokenizer,
            charging=charging,
            texts=store.texts,
            parameters=parameters,
            name=name,
            context_tokens=context_tokens,
            clock=time.monotonic,
            deadline=deadline,
        )
        composer = Composer(
            standby=standby,
            doors=doors,
            tokenizers=tokenizers,
            charging=charging,
            context_tokens=context_tokens,
            reply_timeout=30,
            clock=time.monotonic,
            chance=lambda: 1.0,
            condenser=condenser,
        )
        governor = Governor(time.monotonic)
        chat = Chat(
            store=store,
            composer=composer,
            spending=spending,
            cache=AnswerCache(store.texts, 0, clock=time.time, zone=ZoneInfo("UTC")),
            governor=governor,
            overrides=Overrides(store.channel_settings, Preset(parameters, "Be kind.")),
            clock=time.monotonic,
        )
        running.append((asyncio.create_task(chat.run()), model))
        await asyncio.sleep(0)
        return chat

    yield build
    for task, model in running:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await model.close()


async def ask(chat, history, message="q1"):
    """What a reader sees of one question after this history."""
    paper = Paper(size=2000, turns=tuple(history))
    asked = datetime(2026, 11, 23, 12, tzinfo=UTC)
    question = Question(THREAD, message, ADA, "And now?", asked, "#general")
    async with asyncio.timeout(40):
        assert await chat.accept(question, paper)
        await chat.idle()
    return paper


def last(paper):
    return next(reversed(paper.messages.values()))


def said(request):
    return [str(message["content"]) for message in request.body["messages"]]


async def calls(store):
    async with store._database.read() as connection:
        rows = await connection.execute(
            sql(
                "SELECT purpose, model, outcome, prompt_tokens > 0 "
                "FROM model_calls ORDER BY begun_at"
            )
        )
        return [tuple(row) for row in rows]


async def test_the_beginning_of_a_long_conversation_is_condensed(build, server, store):
    chat = await build()
    server.enqueue(Answer((Pause(0.4), "Points 0 to 9 were debated.")), Answer(("Now this.",)))
    paper = await ask(chat, talk(LONG))
    summary, answer = server.requests

    assert last(paper).text == "Now this."
    assert "I read its oldest" in last(paper).notice
    assert "left out" not in last(paper).notice
    assert summary.body["model"] == "tiny"
    assert "Ada: point 0:" in said(summary)[1]
    assert said(answer)[1] == f"{RECORD}\nPoints 0 to 9 were debated."
    assert f"point {LONG - 1}" in said(answer)[-2]
    assert not any("point 0:" in words for words in said(answer))
    assert notices.CONDENSING in paper.signs
    assert await calls(store) == [
        ("summary", "tiny", "stop", 1),
        ("answer", "gpt-4o-mini", "stop", 1),
    ]


async def test_every_message_is_either_in_the_summary_or_read_as_it_is(build, server):
    chat = await build()
    server.enqueue(Answer(("A summary.",)), Answer(("Now this.",)))
    await ask(chat, talk(LONG))
    summary, answer = ("\n".join(said(request)) for request in server.requests)

    for n in range(LONG):
        assert (f"point {n}:" in summary) + (f"point {n}:" in answer) == 1


async def test_a_summary_is_used_again_and_then_extended(build, server):
    chat = await build()
    server.enqueue(Answer(("First.",)), Answer(("One.",)))
    await ask(chat, talk(LONG), "q1")
    server.enqueue(Answer(("Two.",)))
    await ask(chat, talk(LONG + 2), "q2")
    assert "First." in said(server.requests[-1])[1]
    assert len(server.requests) == 3

    server.enqueue(Answer(("Second.",)), Answer(("Three.",)))
    await ask(chat, talk(LONG + 34), "q3")
    summary = said(server.requests[-2])[1]
    assert "First." in summary
    assert "point 0:" not in summary
    assert "Second." in said(server.requests[-1])[1]


async def test_a_summary_outlives_the_process(build, server):
    server.enqueue(Answer(("First.",)), Answer(("One.",)), Answer(("Two.",)))
    await ask(await build(), talk(LONG), "q1")
    await ask(await build(), talk(LONG + 1), "q2")

    assert "First." in said(server.requests[-1])[1]
    assert len(server.requests) == 3


@pytest.mark.parametrize("change", ["edited", "deleted"])
async def test_a_summary_of_a_message_that_changed_is_made_anew(build, server, change):
    chat = await build()
    server.enqueue(Answer(("First.",)), Answer(("One.",)))
    await ask(chat, talk(LONG), "q1")
    changed = list(talk(LONG))
    if change == "edited":
        changed[3] = Turn(Role.ASSISTANT, (Text(f"Never mind. {WORDS}"),), BOT, "4.0")
    else:
        del changed[3]
    server.enqueue(Answer(("Anew.",)), Answer(("Two.",)))
    await ask(chat, changed, "q2")

    assert "point 3:" not in said(server.requests[-2])[1]
    assert "First." not in "".join(said(server.requests[-2]))
    assert "Anew." in said(server.requests[-1])[1]


@pytest.mark.parametrize(
    "failure",
    [
        Answer(status=500),
        Answer(status=404, code="model_not_found"),
        Answer(()),
        Answer(("Half", Cut())),
        Answer(("Half", Stall())),
    ],
    ids=["server", "no such model", "empty", "cut", "slow"],
)
async def test_an_answer_never_fails_because_of_a_summary(build, server, store, failure):
    chat = await build(deadline=0.5)
    server.enqueue(failure, Answer(("All the same.",)))
    paper = await ask(chat, talk(LONG))

    assert last(paper).text == "All the same."
    assert "were left out" in last(paper).notice
    assert "summary" not in last(paper).notice
    assert [call[0] for call in await calls(store)] == ["summary", "answer"]
    async with store._database.read() as connection:
        assert not (await connection.execute(sql("SELECT id FROM texts"))).all()


async def test_where_one_model_writes_no_summary_another_does(build, server, store):
    """What it costs is what the other one costs, and who asks why learns which one wrote it."""
    chat = await build(fallbacks=("small",))
    server.enqueue(Answer(status=500), Answer(("A summary.",)), Answer(("Now this.",)))
    paper = await ask(chat, talk(LONG))

    assert last(paper).text == "Now this."
    assert "I read its oldest" in last(paper).notice
    assert [request.body["model"] for request in server.requests] == [
        "tiny",
        "small",
        "gpt-4o-mini",
    ]
    known = await store.replies.known(last(paper).controls.reply)
    summary = {call.model: call for call in await store.calls.of(known.name)}["small"]
    assert (summary.purpose, summary.cost > 0) == ("summary", True)
    told = explained(known, await store.calls.of(known.name))
    assert "Model: gpt-4o-mini" in told
    assert "Summary by: small" in told


async def test_a_model_that_is_down_is_left_out_of_summaries_as_of_answers(build, server):
    chat = await build(name="gpt-4o-mini", fallbacks=("small",))
    server.enqueue(Answer(status=404, code="model_not_found"), Answer(("Yes.",)))
    await ask(chat, talk(6))
    server.enqueue(Answer(("A summary.",)), Answer(("Now this.",)))
    paper = await ask(chat, talk(LONG), "q2")

    assert last(paper).text == "Now this."
    models = [request.body["model"] for request in server.requests]
    assert models == ["gpt-4o-mini", "small", "small", "small"]


async def test_after_a_failure_a_conversation_is_not_held_up_again_soon(build, server):
    chat = await build(deadline=0.5)
    server.enqueue(Answer(status=500), Answer(("One.",)))
    await ask(chat, talk(LONG), "q1")
    server.enqueue(Answer(("Two.",)))
    paper = await ask(chat, talk(LONG), "q2")

    assert last(paper).text == "Two."
    assert len(server.requests) == 3


async def test_a_short_conversation_costs_no_summary(build, server):
    chat = await build()
    server.enqueue(Answer(("Yes.",)))
    paper = await ask(chat, talk(6))

    assert (last(paper).text, last(paper).notice) == ("Yes.", "")
    assert len(server.requests) == 1


async def test_a_summary_that_is_too_long_is_cut(build, server):
    chat = await build()
    server.enqueue(Answer(("word " * 3000,)), Answer(("Now this.",)))
    paper = await ask(chat, talk(LONG))

    assert last(paper).text == "Now this."
    assert len(said(server.requests[-1])[1].split()) <= 1000


async def test_a_context_that_has_no_room_for_a_summary_does_without(build, server):
    chat = await build(context_tokens=1024)
    server.enqueue(Answer(("Now this.",)))
    paper = await ask(chat, talk(20))

    assert last(paper).text == "Now this."
    assert "were left out" in last(paper).notice


async def test_where_others_wait_for_the_model_the_answer_does_not_wait_for_a_summary(
    build, server, store
):
    """And as soon as nobody does, there is one."""
    server.script = lambda body: Answer(("It was about the budget.",))
    chat = await build()
    composer = chat._answering._composer
    quota = composer._doors.of(composer._standby._main)._gate("tiny").quota

    def tell(left):
        now = time.monotonic()
        limits = {"limit-requests": "9", "remaining-requests": left, "reset-requests": "540.0s"}
        quota.answered(quota.take(now, 1), now, limits)

    tell("0")
    paper = await ask(chat, talk(LONG))
    assert [request.body["model"] for request in server.requests] == ["gpt-4o-mini"]
    assert "left out" in list(paper.messages.values())[-1].notice
    assert await calls(store) == [("answer", "gpt-4o-mini", "stop", 1)]

    tell("9")
    await ask(chat, talk(LONG), "q2")
    models = [request.body["model"] for request in server.requests]
    assert models == ["gpt-4o-mini", "tiny", "gpt-4o-mini"]
