"""What people say while the bot is away is answered when it is back, on either platform."""

import asyncio

import pytest

from sandbox.model import Answer
from tests.e2e.places import DiscordPlace, SlackPlace

SLACK_ONLY = {"DISCORD_TOKEN": None}
DISCORD_ONLY = {"SLACK_BOT_TOKEN": None, "SLACK_APP_TOKEN": None}


@pytest.fixture(params=["slack", "discord"])
def place(town, request):
    """Each platform in turn, with the settings of a bot that is only there."""
    if request.param == "slack":
        place = SlackPlace(town.slack, town.world.slack)
        place.alone = SLACK_ONLY
    else:
        place = DiscordPlace(town.discord, town.world.discord)
        place.alone = DISCORD_ONLY
    town.model.script = echo
    return place


def echo(body):
    """Repeats what was asked last."""
    content = body["messages"][-1]["content"]
    words = content if isinstance(content, str) else " ".join(part["text"] for part in content)
    return Answer((f"You said: {words[words.index('«') : words.rindex('»') + 1]}",))


def said(talk):
    return [one.text for one in talk.seen()]


async def answered(talk, *words):
    """Wait until these, and nothing else, were answered in this order."""
    wanted = [f"You said: «{one}»" for one in words]
    await talk.until(lambda seen: [one.text for one in seen] == wanted)


async def caught_up(bot, times=1):
    """Wait until the bot has looked back; the line in which it says so."""
    async with asyncio.timeout(25):
        while bot.said.count("caught up") < times:
            await asyncio.sleep(0.05)
    return [line for line in bot.said.splitlines() if "caught up" in line][-1]


async def killed(bot):
    bot.process.kill()
    await bot.ended()


async def stopped(bot):
    assert await bot.stop() == 0


@pytest.mark.parametrize("end", [stopped, killed])
async def test_what_is_asked_while_it_is_stopped_is_answered_once_it_starts(town, place, end):
    room = place.room()
    async with town.bot(**place.alone) as bot:
        thread = place.mention(place.ada, "«before»", room)
        await answered(thread, "before")
        direct = place.direct(place.ben, "«directly before»")
        await answered(direct, "directly before")
        await end(bot)
        thread.say(place.ada, "«followed up»")
        direct.say(place.ben, "«directly»")
        mention = place.mention(place.cho, "«mentioned»", room)
        await asyncio.sleep(0)
    async with town.bot(**place.alone) as bot:
        await answered(thread, "before", "followed up")
        await answered(direct, "directly before", "directly")
        await answered(mention, "mentioned")
        assert "questions=3" in await caught_up(bot)
    assert len(town.model.requests) == 5
