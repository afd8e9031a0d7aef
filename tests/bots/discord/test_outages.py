"""Whatever becomes of the way to Discord, the bot is back as soon as Discord is."""

import asyncio

import pytest

from bots.discord import gateway
from core.errors import StartError
from sandbox.faults import Fault
from tests.cable import Cable

from .conftest import ADA, GENERAL

SOON = 4.0
"""Seconds within which it must be back: two, and as many again for a machine that is busy."""


@pytest.fixture
def server_options():
    return {"limited": False}


@pytest.fixture(autouse=True)
def quick(monkeypatch, at_once):
    """Heartbeats every half second, and new sessions as they are wanted."""
    monkeypatch.setattr(gateway, "LONGEST_INTERVAL", 0.5)
    monkeypatch.setattr(gateway, "ACKNOWLEDGED_IN", 0.4)


@pytest.fixture
async def cable(discord):
    cable = Cable(discord._port)
    await cable.plug()
    discord._port = cable.port
    discord._application.gateway_url = discord.gateway_url
    discord._gateway.lives_at(discord.gateway_url)
    yield cable
    await cable.close()


@pytest.fixture
async def bot(discord, cable, build):
    bot = build()
    await bot.start()
    running = asyncio.create_task(bot.run())
    discord.first = {*discord._gateway._connections}
    yield bot
    await bot.stop()
    await asyncio.gather(running, return_exceptions=True)


async def until(holds):
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)


async def back(bot, discord, clerk):
    """It is there again, through another connection, and hears what is said."""
    async with asyncio.timeout(SOON):
        await until(lambda: discord._gateway._connections - discord.first and bot.ready)
        await discord.wait_ready()
    discord.say(ADA, GENERAL, "@Parley still there?")
    await clerk.next()


async def test_it_is_back_soon_after_a_cut(bot, discord, cable, clerk):
    cable.cut()

    await back(bot, discord, clerk)


@pytest.mark.parametrize("away", [0.5, 5.0])
async def test_it_is_back_soon_after_nobody_was_there(bot, discord, cable, clerk, away):
    await cable.unplug()
    await asyncio.sleep(away)  # while Discord is away
    assert not bot.ready
    await cable.plug()

    await back(bot, discord, clerk)


@pytest.mark.parametrize("away", [0.5, 5.0])
async def test_it_is_back_soon_after_its_tries_were_swallowed(bot, discord, cable, clerk, away):
    """Those still hang when Discord is back; nobody waits for them."""
    cable.swallow()
    await until(lambda: not bot.ready)
    await asyncio.sleep(away)  # while Discord is away
    cable.mend()

    await back(bot, discord, clerk)


async def test_a_connection_that_went_deaf_is_noticed_and_rebuilt(bot, discord, cable, clerk):
    cable.deafen()

    await back(bot, discord, clerk)


async def test_events_alone_are_no_sign_that_discord_hears_us(bot, discord, cable, clerk):
    discord.faults.add(Fault("heartbeat", "silence", times=2))

    await back(bot, discord, clerk)


async def test_silence_is_no_sign_that_it_does_not(bot, discord, cable, monkeypatch):
    """Nobody says anything for many heartbeats."""
    await asyncio.sleep(2.5)  # five of them

    assert discord._gateway._connections == discord.first
    assert bot.ready


async def test_what_was_said_meanwhile_is_heard(bot, discord, cable, clerk):
    await cable.unplug()
    discord.say(ADA, GENERAL, "@Parley are you there?")
    await cable.plug()

    question, _ = await clerk.next()
    assert question.text == "are you there?"


async def test_it_is_back_with_a_new_session_where_the_old_one_is_lost(bot, discord, cable, clerk):
    await discord.drop(resumable=False)

    await back(bot, discord, clerk)


@pytest.mark.parametrize(("code", "word"), [("4004", "DISCORD_TOKEN"), ("4014", "Intent")])
async def test_to_be_wanted_no_more_ends_it_with_a_line(build, cable, discord, code, word):
    bot = build()
    await bot.start()
    running = asyncio.create_task(bot.run())
    discord.faults.add(Fault("resume", "code", code=code))
    cable.cut()

    async with asyncio.timeout(SOON):
        with pytest.raises(StartError, match=word):
            await running
    await bot.stop()


async def test_a_bot_that_stops_does_not_wait_for_a_deaf_discord(build, cable):
    bot = build()
    await bot.start()
    cable.swallow()

    async with asyncio.timeout(SOON):
        await bot.stop()
