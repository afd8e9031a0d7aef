"""A backup of a bot at work, and a bot that goes on from it."""

import asyncio
import os
import sys
from pathlib import Path

from sandbox.model import Answer, Pause
from tests.e2e.places import DiscordPlace, SlackPlace


async def parley(town, *words):
    """A command of the operator's, with the settings of the bot; its exit code and what it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bots.cli",
        *words,
        cwd=town.folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])} | town.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(40):
        said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_a_bot_goes_on_from_a_backup_that_was_made_while_it_worked(town):
    """Its database is gone. It knows its threads, and answers nothing for a second time."""
    copy = town.folder / "copy.db"
    places = (
        SlackPlace(town.slack, town.world.slack),
        DiscordPlace(town.discord, town.world.discord),
    )
    town.model.script = lambda body: Answer(("Half, ", Pause(0.5), "and the rest."))
    async with town.bot() as bot:
        done = [place.mention(place.ada, "first") for place in places]
        for talk in done:
            await talk.until(lambda seen: bool(seen) and "rest" in seen[0].text)
        under_way = [place.mention(place.ben, "second") for place in places]
        for talk in under_way:
            await talk.until(lambda seen: bool(seen) and "Half" in seen[0].text)
        code, said = await parley(town, "backup", str(copy))
        assert code == 0, said
        for talk in under_way:
            await talk.until(lambda seen: "rest" in seen[0].text)
        code, said = await parley(town, "restore", str(copy))
        assert (code, "Stop it, restore, and start it again." in said) == (3, True)
        bot.process.kill()
        await bot.ended()
    for one in (town.folder / "data").iterdir():
        one.unlink()

    code, said = await parley(town, "restore", str(copy))
    assert code == 0, said
    async with town.bot() as bot:
        for talk in done:
            talk.say(talk.asked.author, "and in this thread?")
        for talk in done:
            await talk.until(lambda seen: len(seen) == 2 and "rest" in seen[1].text)

    assert [len(talk.seen()) for talk in under_way] == [1, 1]
    assert len(town.model.requests) == 6
    assert "Traceback" not in bot.said
