"""A talk that is longer than the model's context goes on, on either platform."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
import pytest_asyncio

from sandbox.model import Answer
from tests.e2e.conftest import opened
from tests.e2e.menus import say, talk_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

SMALL = {"CONTEXT_TOKENS": "8000", "ANSWER_TOKENS": "300", "SUMMARY_MODEL": "gpt-6-luna"}
LENGTH = 24
WORDS = "debate " * 280


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def inhabited(tmp_path_factory):
    """A town whose bot has a small context, and a model of its own for summaries."""
    folder = tmp_path_factory.mktemp("town")
    async with opened(folder) as town, town.bot(**SMALL) as bot:
        yield town
    assert bot.process.returncode == 0
    assert "unexpected" not in bot.said, bot.said


async def discussed(place, model, *, answers):
    """A long talk among people in a thread of the bot's, and one question at its end."""
    model.enqueue(Answer(("Welcome.",)))
    room = place.room()
    begun = place.mention(place.ada, "let us debate", room)
    await begun.until(lambda seen: [one.text for one in seen] == ["Welcome."])
    thread = begun.thread or begun.channel
    ids = [say(place, place.ada, room, f"@Ben point {n}: {WORDS}", thread) for n in range(LENGTH)]
    talk = talk_in(place, room, thread)
    await ask(place, model, talk, answers)
    return talk, room, thread, ids


async def ask(place, model, talk, answers):
    """One question in a talk, and what is seen of its answer: the text and a notice."""
    model.enqueue(*answers)
    wanted = answers[-1].pieces[0]
    talk.say(place.ben, "@Parley and now?")
    seen = await talk.until(
        lambda seen: bool(seen) and seen[-1].text == wanted and bool(seen[-1].notice)
    )
    return seen[-1]


def said(request):
    return "\n".join(str(message["content"]) for message in request.body["messages"])


async def until_at_rest(town, body, is_there):
    """Wait until a text is in the bot's database, or is not."""
    async with asyncio.timeout(5):
        while (body in at_rest(town)) is not is_there:
            await asyncio.sleep(0.05)


def at_rest(town):
    with closing(sqlite3.connect(town.folder / "data" / "parley.db")) as database:
        return [body for (body,) in database.execute("SELECT body FROM texts")]


def edit(place, room, thread, message, words):
    where = room if place.name == "slack" else thread
    place.server.edit(place.ada, where, message, words)


def delete(place, room, thread, message):
    place.server.delete(place.ada, room if place.name == "slack" else thread, message)


async def test_the_beginning_of_a_long_talk_is_read_as_a_summary(place, model):
    talk, *_ = await discussed(
        place, model, answers=[Answer(("Much was debated.",)), Answer(("Now this.",))]
    )
    summary, answer = list(model.requests)[-2:]

    assert "I read its oldest" in talk.seen()[-1].notice
    assert summary.body["model"] == "gpt-6-luna"
    assert "point 0:" in said(summary)
    assert "Much was debated." in said(answer)
    assert f"point {LENGTH - 1}:" in said(answer)
    assert "point 0:" not in said(answer)


async def test_the_next_question_needs_no_other_summary(place, model):
    talk, *_ = await discussed(
        place, model, answers=[Answer(("Much was debated.",)), Answer(("One.",))]
    )
    before = len(model.requests)
    last = await ask(place, model, talk, [Answer(("Two.",))])

    assert "I read its oldest" in last.notice
    assert len(model.requests) == before + 1
    assert "Much was debated." in said(model.requests[-1])


@pytest.mark.parametrize("change", ["edited", "deleted"])
async def test_a_summary_goes_with_a_message_that_it_covers(place, model, inhabited, change):
    talk, room, thread, ids = await discussed(
        place, model, answers=[Answer((f"Until it was {change}.",)), Answer(("One.",))]
    )
    summary = f"Until it was {change}."
    await until_at_rest(inhabited, summary, True)
    if change == "edited":
        edit(place, room, thread, ids[1], f"@Ben never mind: {WORDS}")
    else:
        delete(place, room, thread, ids[1])
    await until_at_rest(inhabited, summary, False)
    last = await ask(place, model, talk, [Answer(("Made anew.",)), Answer(("Two.",))])
    condensing, answer = list(model.requests)[-2:]

    assert "I read its oldest" in last.notice
    assert summary not in said(condensing) + said(answer)
    assert "point 1:" not in said(condensing)
    assert ("never mind:" in said(condensing)) == (change == "edited")
    assert "Made anew." in said(answer)


async def test_an_answer_does_not_fail_because_of_a_summary(place, model):
    talk, *_ = await discussed(
        place,
        model,
        answers=[Answer(status=400, code="invalid_request"), Answer(("All the same.",))],
    )

    assert "were left out" in talk.seen()[-1].notice
    assert "summary" not in talk.seen()[-1].notice
