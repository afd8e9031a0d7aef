"""Many people ask at once, and the model's limits hold: all are answered, in a fair order."""

import asyncio
import re

import pytest

from core.controls import Control
from sandbox.model import Allowance, Answer
from tests.e2e.places import DiscordPlace, SlackPlace, until

RATES = """
contact = "#help"

[rates]
questions_per_minute_per_person = 2
replies_at_once_in_all = 1
"""


def places(town):
    return SlackPlace(town.slack, town.world.slack), DiscordPlace(town.discord, town.world.discord)


async def answers(talks, text="Here."):
    """Wait until all these were answered."""
    await asyncio.gather(
        *(talk.until(lambda seen: [one.text for one in seen] == [text]) for talk in talks)
    )


def asked(model):
    """Who asked what, in the order in which the model was asked."""
    return [str(one.body["messages"][-1]["content"]) for one in model.requests]


async def test_a_burst_on_both_platforms_is_answered_with_no_429_and_in_a_fair_order(town):
    slack, discord = places(town)
    town.model.allowance = Allowance(requests=30)
    town.model.script = lambda body: Answer(("Here.",))
    read = set()
    town.world.slack.watch(lambda change: change.what == "status" and read.add(change.note["text"]))
    async with town.bot() as bot:
        at_once = [slack.mention(slack.ada, f"many {n}") for n in range(15)]
        at_once += [discord.mention(discord.ada, f"many {n}") for n in range(15)]
        await answers(at_once)
        waiting = [
            place.mention(place.ada, f"more {n}") for n in range(4) for place in (slack, discord)
        ]
        await until(slack.space, lambda: any("in line" in words for words in read))
        there = [talk for talk in waiting if talk.place is discord]
        await until(discord.space, lambda: any(map(discord.place_told, there)))
        once = [slack.mention(slack.cho, "only one"), discord.mention(discord.ben, "only one")]
        await answers(waiting + once)

    assert len(town.model.requests) == 40
    assert {request.status for request in town.model.requests} == {200}
    order = asked(town.model)
    assert all("only one" not in question for question in order[-2:])
    assert any(re.fullmatch(r"waits for the model, \d\w\w in line …", words) for words in read)
    assert any("about" in words for words in read)
    assert "rate_limited" not in bot.said


@pytest.mark.parametrize("platform", [0, 1])
async def test_what_the_file_of_limits_says_is_held(town, platform):
    place = places(town)[platform]
    (town.folder / "limits.toml").write_text(RATES)
    town.model.script = lambda body: Answer(("Here.",), first_token=1.0)
    async with town.bot(LIMITS_FILE="limits.toml"):
        room = place.room()
        talks = [place.mention(place.ada, f"number {n}", room) for n in range(2)]
        await answers(talks)
        place.mention(place.ada, "one too many", room)
        await until(place.space, lambda: place.whispers(room, place.ada))
        command = await place.ask(place.ada, "by command?")
        await command.until(bool)

    (told,) = place.whispers(room, place.ada)
    assert told.startswith("I answer 2 questions of yours a minute; please ask again in ")
    assert told.endswith("Whoever needs more can ask #help.")
    (seen,) = command.seen()
    assert seen.notice.startswith("I answer 2 questions of yours a minute")
    first, second = town.model.requests
    assert second.started >= first.finished


@pytest.mark.parametrize("platform", [0, 1])
async def test_a_429_is_one_sentence_for_one_person_and_nobody_else_runs_into_it(town, platform):
    place = places(town)[platform]
    town.model.enqueue(
        Answer(status=429, code="rate_limit_exceeded", headers={"retry-after": "90"})
    )
    async with town.bot():
        first = place.mention(place.ada, "go on")
        seen = await first.until(lambda seen: bool(seen) and bool(seen[-1].notice))
        second = place.mention(place.ben, "and me?")
        await until(place.space, lambda: place.place_told(second))
        second.say(place.ben, "stop")
        await second.until(lambda seen: bool(seen) and "Stopped." in seen[-1].notice)

    assert seen[-1].notice == (
        "The model has too many questions at the moment. Please try again in 2 minutes."
    )
    assert len(town.model.requests) == 1


async def in_line(town, place):
    """The model takes one question for now, and has had it."""
    town.model.allowance = Allowance(requests=1, seconds=8)
    town.model.script = lambda body: Answer(("Here.",))
    await answers([place.mention(place.ada, "first")])


@pytest.mark.parametrize("platform", [0, 1])
async def test_whoever_waits_sees_their_place_and_then_the_answer_once(town, platform):
    place = places(town)[platform]
    async with town.bot():
        await in_line(town, place)
        talk = place.mention(place.ben, "second")
        await until(place.space, lambda: place.place_told(talk))
        assert place.place_told(talk).startswith("waits for the model, 1st in line")
        assert len(talk.seen()) <= 1
        await answers([talk])

        assert [(one.text, "line" in one.notice) for one in talk.seen()] == [("Here.", False)]


@pytest.mark.parametrize("platform", [0, 1])
async def test_of_a_question_that_is_deleted_in_the_line_nothing_is_left(town, platform):
    place = places(town)[platform]
    async with town.bot():
        await in_line(town, place)
        talk = place.mention(place.ben, "second")
        await until(place.space, lambda: place.place_told(talk))
        talk.delete()
        await answers([place.mention(place.cho, "third")])

        assert talk.seen() == []
    assert ["second" in question for question in asked(town.model)] == [False, False]


@pytest.mark.parametrize("private", [True, False])
async def test_a_commands_place_in_the_line_stands_where_discord_says_that_it_thinks(town, private):
    _, place = places(town)
    async with town.bot():
        await in_line(town, place)
        talk = await place.ask(place.ben, "second", private=private)
        await until(place.space, lambda: place.place_told(talk))
        assert Control.STOP in talk.seen()[-1].controls
        await answers([talk])

        assert len(talk.seen()) == 1
        assert "line" not in talk.seen()[-1].notice


async def test_a_wrong_file_of_limits_stops_the_start_with_what_is_wrong(town):
    (town.folder / "limits.toml").write_text("[rates]\nquestions_per_minute = 3\n")
    bot = await town.start(LIMITS_FILE="limits.toml")

    assert await bot.ended() == 2, "a wrong setting, after which a restart changes nothing"
    assert "LIMITS_FILE, limits.toml: rates.questions_per_minute is no name" in bot.said
