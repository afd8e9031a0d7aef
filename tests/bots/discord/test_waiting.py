"""A question that stands in line is marked, and the mark goes when its turn comes."""

import asyncio

from sandbox.faults import Fault
from tests.bots.discord.conftest import ADA, ADAS_DIRECT, BOT, GENERAL

MARK = ("👀", BOT)


def marked(eyes, question):
    return MARK in eyes.space.message(question.channel, question.id).reactions


def reactions(discord):
    return [request.status for request in discord.requests if "reaction" in request.route]


async def test_the_mark_is_there_while_the_question_waits_and_no_longer(bot, discord, clerk, eyes):
    question = discord.say(ADA, ADAS_DIRECT, "and mine?")
    _, surface = await clerk.next()

    await surface.status("answers you next", waits=True)
    await eyes.until(lambda: marked(eyes, question))
    assert eyes.typing(ADAS_DIRECT) == 0
    await surface.status("is thinking")
    await eyes.until(lambda: not marked(eyes, question))
    assert eyes.typing(ADAS_DIRECT) == 1
    await surface.status("")
    assert reactions(discord) == [204, 204]


async def test_a_question_that_is_dropped_keeps_no_mark(bot, discord, clerk, eyes):
    question = discord.say(ADA, ADAS_DIRECT, "and mine?")
    _, surface = await clerk.next()

    await surface.status("answers you next", waits=True)
    await surface.status("")
    await asyncio.wait(bot._desk.tasks._running or {asyncio.create_task(asyncio.sleep(0))})
    await eyes.until(lambda: not marked(eyes, question))


async def test_a_mark_goes_although_discord_fails_to_take_it_away_at_first(
    bot, discord, clerk, eyes, monkeypatch
):
    monkeypatch.setattr("bots.discord.waiting.AGAIN", 0.1)
    question = discord.say(ADA, ADAS_DIRECT, "and mine?")
    _, surface = await clerk.next()
    await surface.status("answers you next", waits=True)
    await eyes.until(lambda: marked(eyes, question))
    discord.faults.add(Fault("DELETE reaction", "status", status=503, times=2))

    await surface.status("")

    assert not marked(eyes, question)


async def test_many_that_wait_are_marked_within_the_limits(bot, discord, clerk, eyes):
    questions, surfaces = [], []
    for number in range(8):
        questions.append(discord.say(ADA, ADAS_DIRECT, f"question {number}"))
        surfaces.append((await clerk.next())[1])
    for surface in surfaces:
        await surface.status("answers you next", waits=True)
    await eyes.until(lambda: all(marked(eyes, one) for one in questions))
    for surface in surfaces:
        await surface.status("")
    await eyes.until(lambda: not any(marked(eyes, one) for one in questions))

    assert set(reactions(discord)) == {204}


async def test_where_it_may_not_react_it_types_and_asks_no_second_time(bot, discord, clerk, eyes):
    eyes.space.channels[GENERAL].extra["deny"] = ["ADD_REACTIONS"]
    for number in range(2):
        question = discord.say(ADA, GENERAL, f"@Parley question {number}")
        _, surface = await clerk.next()
        await surface.status("answers you next", waits=True)
        await eyes.until(
            lambda question=question: eyes.typing(GENERAL) + eyes.typing(question.id) > 0
        )
        await surface.status("")
        assert not marked(eyes, question)

    assert reactions(discord) == [403]
