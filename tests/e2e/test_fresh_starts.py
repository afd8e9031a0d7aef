"""What people have left behind in their direct messages stays behind, whatever the process does."""

from core import notices
from sandbox.model import Answer
from tests.e2e.menus import direct_parley
from tests.e2e.places import DiscordPlace, SlackPlace


async def test_a_fresh_start_holds_after_a_restart(town):
    places = (
        SlackPlace(town.slack, town.world.slack),
        DiscordPlace(town.discord, town.world.discord),
    )
    talks = []
    async with town.bot():
        for place in places:
            town.model.enqueue(Answer(("Noted.",)))
            talk = place.direct(place.ben, "I like blue")
            await talk.until(lambda seen: bool(seen) and seen[-1].text == "Noted.")
            await direct_parley(place, place.ben, "new")
            await talk.until(lambda seen: seen[-1].notice == notices.FRESH_START)
            talks.append((place, talk))
    async with town.bot():
        for place, talk in talks:
            town.model.enqueue(Answer(("Which one?",)))
            talk.say(place.ben, "what do I like?")
            await talk.until(lambda seen: seen[-1].text == "Which one?")

            assert "what do I like?" in str(town.model.requests[-1].body)
            assert "blue" not in str(town.model.requests[-1].body)
