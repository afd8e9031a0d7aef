"""A bot that is being stopped says so to whoever still asks."""

import asyncio
import signal

from core.errors import ShuttingDown
from core.notices import RESTARTING
from sandbox.model import Pause
from tests.e2e.places import DiscordPlace


async def test_a_question_in_discord_during_a_stop_is_answered_with_a_sentence(town):
    place = DiscordPlace(town.discord, town.world.discord)
    async with town.bot(SLACK_BOT_TOKEN=None, SLACK_APP_TOKEN=None) as bot:
        town.model.enqueue("Half ", Pause(20), "done.")
        talk = place.mention(place.ada, "one")
        await talk.until(bool)
        bot.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            while "stopping" not in bot.said:
                await asyncio.sleep(0.05)

        direct = place.direct(place.ben, "are you there?")
        command = await place.ask(place.ben, "and by command?")
        await direct.until(bool)
        assert await bot.ended(15) == 0

    assert [one.notice for one in direct.seen()] == [ShuttingDown.says]
    assert [(one.notice, one.only_for) for one in command.seen()] == [
        (ShuttingDown.says, place.ben)
    ]
    assert [one.notice for one in talk.seen()] == [RESTARTING]
