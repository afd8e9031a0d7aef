"""What an operator has chosen for complete answers: they go with their questions, without files."""

import pytest_asyncio

from core.controls import Control
from sandbox.model import Answer, pieces_of
from tests.e2e.conftest import opened
from tests.e2e.places import DiscordPlace, SlackPlace
from tests.e2e.test_look import PROGRAM, attached

CHOSEN = {"DELETE_WITH_QUESTION": "on", "CODE_FILES": "off"}


@pytest_asyncio.fixture(params=["slack", "discord"])
async def inhabited(tmp_path, request):
    async with opened(tmp_path) as town, town.bot(**CHOSEN):
        if request.param == "slack":
            yield town, SlackPlace(town.slack, town.world.slack)
        else:
            yield town, DiscordPlace(town.discord, town.world.discord)


def complete(words):
    return lambda seen: (
        bool(seen) and seen[-1].text.endswith(words) and Control.RETRY in seen[-1].controls
    )


async def test_a_complete_answer_goes_when_its_asker_takes_the_question_away(inhabited):
    town, place = inhabited
    town.model.enqueue(Answer(("Four.",)), Answer(("Five.",)))
    talk = place.mention(place.ada, "what is 2 times 2?")
    await talk.until(complete("Four."))
    talk.say(place.ada, "and 2 and 3?")
    await talk.until(complete("Five."))

    talk.delete()

    await talk.until(lambda seen: [one.text for one in seen] == ["Five."])


async def test_long_code_is_in_the_answer_alone(inhabited):
    town, place = inhabited
    town.model.enqueue(Answer(pieces_of(PROGRAM), rate=20_000), Answer(("That is all.",)))
    talk = place.mention(place.ada, "a long program")
    await talk.until(complete("the program."))
    talk.say(place.ada, "is that all?")
    await talk.until(complete("That is all."))

    assert attached(place) == []
