"""A context too short for a whole summary says so in one sentence."""

import pytest

from core import notices
from sandbox.model import Answer
from tests.e2e.places import DiscordPlace, SlackPlace
from tests.e2e.test_long_talks import LENGTH, SMALL, discussed


@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_of_the_oldest_messages_it_says_how_many_it_has_read_in_short_and_how_many_not(
    town, platform
):
    place = (
        SlackPlace(town.slack, town.world.slack)
        if platform == "slack"
        else DiscordPlace(town.discord, town.world.discord)
    )
    answers = [Answer(("Much was debated.",)), Answer(("Now this.",))]
    async with town.bot(**SMALL | {"CONTEXT_TOKENS": "4000"}):
        talk, *_ = await discussed(place, town.model, answers=answers)

    notice = talk.seen()[-1].notice
    assert "of its oldest messages I read" in notice
    assert notice.count("This conversation is long") == 1


@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_where_no_summary_has_room_it_says_how_many_were_left_out(town, platform):
    place = (
        SlackPlace(town.slack, town.world.slack)
        if platform == "slack"
        else DiscordPlace(town.discord, town.world.discord)
    )
    tiny = {"CONTEXT_TOKENS": "1100", "ANSWER_TOKENS": "200"}
    async with town.bot(**SMALL | tiny):
        talk, *_ = await discussed(place, town.model, answers=[Answer(("Now this.",))])

    assert len(town.model.requests) == 2
    assert talk.seen()[-1].notice == notices.left_out(LENGTH)
