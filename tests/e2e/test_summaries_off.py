"""An operator who wants no summaries gets none."""

import pytest

from sandbox.model import Answer
from tests.e2e.places import DiscordPlace, SlackPlace
from tests.e2e.test_long_talks import SMALL, discussed


@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_without_summaries_the_oldest_are_left_out(town, platform):
    place = (
        SlackPlace(town.slack, town.world.slack)
        if platform == "slack"
        else DiscordPlace(town.discord, town.world.discord)
    )
    async with town.bot(**SMALL, SUMMARIES="off"):
        talk, *_ = await discussed(place, town.model, answers=[Answer(("Now this.",))])

    assert "were left out" in talk.seen()[-1].notice
    assert "summary" not in talk.seen()[-1].notice
    assert len(town.model.requests) == 2
