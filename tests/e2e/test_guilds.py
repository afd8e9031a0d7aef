"""In which servers of Discord's the bot answers, and how an operator changes that while it runs."""

import asyncio
import os
import sys
from pathlib import Path

from core import notices
from sandbox.model import Answer
from tests.e2e.conftest import INHERITED, opened
from tests.e2e.places import DiscordPlace, until
from tests.e2e.test_access import why_not

ONLY_DISCORD = dict.fromkeys(
    ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "HTTP_PORT"), ""
)
REFUSED = notices.server_not_allowed("4000")


async def parley(town, *words, **changes):
    """Use the command line as an operator does; its exit code and what it says."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bots.cli",
        *words,
        cwd=town.folder,
        env=inherited
        | {"PYTHONPATH": str(Path(__file__).parents[2])}
        | town.environment
        | ONLY_DISCORD
        | changes,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, said.decode().strip()


async def comes(place, talk, room):
    """What comes of a mention: an answer, or the sentence that says why not."""

    def refusals():
        return [why for told in place.whispers(room, place.ben) if (why := why_not(told))]

    def answered():
        return any("Served" in one.text for one in talk.seen())

    await until(place.space, lambda: answered() or refusals())
    return "served" if answered() else refusals()[-1]


async def mention(place):
    room = place.room()
    return await comes(place, place.mention(place.ben, "Why?", room), room)


async def becomes(place, outcome):
    """A running bot learns of a change by itself."""
    async with asyncio.timeout(20):
        while await mention(place) != outcome:
            await asyncio.sleep(0.2)


async def said(bot, words):
    async with asyncio.timeout(20):
        while words not in bot.said:
            await asyncio.sleep(0.05)


async def test_a_server_that_is_joined_later_is_refused_until_it_is_allowed(tmp_path):
    async with opened(tmp_path) as town:
        town.model.script = lambda _: Answer(("Served.",))
        place = DiscordPlace(town.discord, town.world.discord)
        town.discord.realm.joined = False
        async with town.bot(**ONLY_DISCORD) as bot:
            await said(bot, "ready")
            assert "who='nobody: no server is allowed (see parley guilds list)'" in bot.said

            town.discord.invite()
            await said(bot, "parley guilds allow 4000")
            assert await mention(place) == REFUSED
            assert await parley(town, "guilds", "list") == (0, "4000  refused  Parley Sandbox")

            assert await parley(town, "guilds", "allow", "4000") == (0, "4000  allowed")
            await becomes(place, "served")
            assert await parley(town, "guilds", "list") == (0, "4000  allowed  Parley Sandbox")

            assert await parley(town, "guilds", "refuse", "4000") == (0, "4000  refused")
            await becomes(place, REFUSED)
    assert "Traceback" not in bot.said


async def test_what_was_joined_while_the_bot_was_away_is_refused(tmp_path):
    async with opened(tmp_path) as town:
        town.model.script = lambda _: Answer(("Served.",))
        place = DiscordPlace(town.discord, town.world.discord)
        town.discord.realm.joined = False
        async with town.bot(**ONLY_DISCORD):
            pass
        town.discord.realm.joined = True
        async with town.bot(**ONLY_DISCORD) as bot:
            assert await mention(place) == REFUSED
            assert "parley guilds allow 4000" in bot.said


async def test_the_servers_of_the_first_start_are_adopted_and_stay(tmp_path):
    async with opened(tmp_path) as town:
        town.model.script = lambda _: Answer(("Served.",))
        place = DiscordPlace(town.discord, town.world.discord)
        for adopted in (True, False):
            async with town.bot(**ONLY_DISCORD) as bot:
                assert await mention(place) == "served"
                await said(bot, "who may use the bot")
            assert ("servers adopted" in bot.said) is adopted
            assert "Parley Sandbox (4000)" in bot.said


async def test_with_a_list_of_servers_the_command_line_says_where_to_change_it(town):
    code, told = await parley(town, "guilds", "allow", "4000", DISCORD_GUILDS="4000")
    assert code == 2
    assert told == "parley: DISCORD_GUILDS is set and alone counts: change it, and restart."

    assert await parley(town, "guilds", "list", DISCORD_GUILDS="4000") == (
        0,
        "4000  allowed by DISCORD_GUILDS",
    )
    code, told = await parley(town, "guilds", "allow", "Parley")
    assert code == 2
    assert "'Parley' is no id of a server" in told
