"""Buttons below answers work whichever process is there by now."""

from core import notices
from core.controls import Control
from core.words import told
from sandbox.model import Answer
from tests.e2e.places import DiscordPlace, SlackPlace


def complete(*words):
    """An answer of these words is complete, besides what somebody was told alone."""

    def holds(seen):
        answers = [one for one in seen if one.text]
        return tuple(one.text for one in answers) == words and (
            Control.RETRY in answers[-1].controls
        )

    return holds


async def test_every_button_of_a_former_process_works(town):
    places = (
        SlackPlace(town.slack, town.world.slack),
        DiscordPlace(town.discord, town.world.discord),
    )
    talks, commands = {}, {}
    async with town.bot():
        for place in places:
            town.model.enqueue(Answer(("The beginning",), finish="length"), Answer(("One-off.",)))
            talks[place] = talk = place.mention(place.ben, "why?")
            await talk.until(complete("The beginning"))
            commands[place] = command = await place.ask(place.ben, "what is a lease?")
            await command.until(complete("One-off."))
    async with town.bot():
        for place in places:
            talk, command = talks[place], commands[place]
            said = await talk.press(place.cho, Control.GOOD)
            assert said in (notices.THANKS, told(notices.THANKS, "de"))
            assert "gpt-4o-mini" in await talk.press(place.ben, Control.WHY)
            town.model.enqueue(
                Answer((" and the end.",)), Answer(("Anew.",)), Answer(("One-off anew.",))
            )
            await talk.press(place.ben, Control.CONTINUE)
            await talk.until(complete("The beginning and the end."))
            await talk.press(place.ben, Control.RETRY)
            await talk.until(complete("Anew."))
            await talk.press(place.ben, Control.RESTORE)
            await talk.until(complete("The beginning and the end."))
            await command.press(place.ben, Control.RETRY)
            await command.until(complete("One-off anew."))
            assert "what is a lease?" in str(town.model.requests[-1].body["messages"][-1])
