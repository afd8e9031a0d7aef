"""However a process is told to end, and whatever hangs meanwhile, it ends soon, and well."""

import asyncio
import json
import signal
import socket
import sqlite3
import urllib.error
import urllib.request

import pytest

from core.notices import RESTARTING
from sandbox.faults import Fault
from sandbox.model import Pause, Stall
from tests.e2e.places import DiscordPlace, SlackPlace

DRAIN = 2
ENDED = 20.0
"""Seconds in which it must have ended: a few, and many for a machine that is busy."""

OTHER = {
    "slack": {"DISCORD_TOKEN": None},
    "discord": {"SLACK_BOT_TOKEN": None, "SLACK_APP_TOKEN": None},
}
"""The settings that take the other platform away."""


@pytest.fixture(params=["slack", "discord"])
def place(town, request):
    if request.param == "slack":
        return SlackPlace(town.slack, town.world.slack)
    return DiscordPlace(town.discord, town.world.discord)


async def said(bot, words):
    async with asyncio.timeout(20):
        while words not in bot.said:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("on", ["auth.test", "identify"])
async def test_told_to_stop_while_it_starts_it_stops(town, on):
    fault = Fault(on, "slow", seconds=3)
    (town.slack if on == "auth.test" else town.discord).faults.add(fault)
    bot = await town.start(**OTHER["slack" if on == "auth.test" else "discord"])
    async with asyncio.timeout(20):
        while (town.slack if on == "auth.test" else town.discord).faults.waiting:
            await asyncio.sleep(0.02)
    bot.process.send_signal(signal.SIGTERM)

    assert await bot.ended(ENDED) == 0, bot.said
    assert "stopped before it was ready" in bot.said
    assert "Traceback" not in bot.said


def hang(town, place, what):
    """From now on it hangs; returns what ends that."""
    match what:
        case "nothing":
            pass
        case "platform":
            for on in ("chat.update", "chat.postMessage", "reactions.remove"):
                town.slack.faults.add(Fault(on, "slow", seconds=60, times=-1))
            for on in ("PATCH message", "POST message"):
                town.discord.faults.add(Fault(on, "slow", seconds=60, times=-1))
        case "database":
            holder = sqlite3.connect(town.folder / "data" / "parley.db", isolation_level=None)
            holder.execute("BEGIN IMMEDIATE")
            return holder.close
    return lambda: None


@pytest.mark.parametrize("what", ["nothing", "platform", "database"])
async def test_told_to_stop_it_ends_in_time_whatever_hangs(town, place, what):
    async with town.bot(DRAIN_SECONDS=str(DRAIN), **OTHER[place.name]) as bot:
        town.model.enqueue("Half of it", Stall())
        talk = place.mention(place.ada, "go")
        await talk.until(lambda seen: bool(seen) and seen[0].text.startswith("Half"))
        mend = hang(town, place, what)
        bot.process.send_signal(signal.SIGTERM)
        await said(bot, "stopping")
        try:
            async with asyncio.timeout(ENDED):
                await said(bot, "stopped")
            assert await bot.ended(ENDED) == 0, bot.said
        finally:
            mend()

    assert "Traceback" not in bot.said
    if what == "nothing":
        assert [(one.text, one.notice) for one in talk.seen()] == [("Half of it", RESTARTING)]


async def test_told_twice_it_ends_at_once_and_leaves_the_question_to_the_next(town, place):
    async with town.bot(DRAIN_SECONDS="60", **OTHER[place.name]) as bot:
        town.model.enqueue("Half of it", Stall())
        talk = place.mention(place.ada, "go")
        await talk.until(lambda seen: bool(seen) and seen[0].text.startswith("Half"))
        bot.process.send_signal(signal.SIGTERM)
        await said(bot, "stopping")
        bot.process.send_signal(signal.SIGTERM)
        assert await bot.ended(ENDED) == 0, bot.said
        with sqlite3.connect(town.folder / "data" / "parley.db") as records:
            leases = records.execute(
                "SELECT lease_until FROM questions WHERE state != 'settled'"
            ).fetchall()
    assert leases == [(0.0,)]
    assert "Traceback" not in bot.said


async def test_whoever_watches_learns_that_it_takes_no_more_questions(town):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def ask():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            return json.load(refused)

    async with town.bot(ADMIN_PORT=str(port), DRAIN_SECONDS="8") as bot:
        place = SlackPlace(town.slack, town.world.slack)
        town.model.enqueue("Half ", Pause(2), "done.")
        talk = place.mention(place.ada, "go")
        await talk.until(bool)
        assert await asyncio.to_thread(ask) == {"status": "ready"}
        bot.process.send_signal(signal.SIGTERM)
        await said(bot, "stopping")

        told = await asyncio.to_thread(ask)

        assert await bot.ended(ENDED) == 0
    assert told == {"status": "waiting", "for": ["questions"]}
