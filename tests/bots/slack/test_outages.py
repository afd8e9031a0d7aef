"""Whatever becomes of the way to Slack, the bot is back as soon as Slack is."""

import asyncio

import pytest

from bots.slack import socket
from sandbox.faults import Fault
from tests.cable import Cable

from .conftest import Notes, WatchedSlack, working

SOON = 4.0
"""Seconds within which it must be back: two, and as many again for a machine that is busy."""


@pytest.fixture
async def cable(slack):
    cable = Cable(int(slack.workspace.address.rpartition(":")[2]))
    await cable.plug()
    slack.workspace.address = cable.address
    yield cable
    await cable.close()


@pytest.fixture
async def bot(slack: WatchedSlack, cable):
    async with working(slack, Notes()) as bot:
        slack.first = {*slack.sockets._open}
        yield bot


@pytest.fixture
def quick(monkeypatch):
    """Pings every half second, so that nobody waits for the usual ones."""
    monkeypatch.setattr(socket, "HEARTBEAT", 0.5)


async def until(holds):
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)


async def back(bot, slack):
    """It is there again, through another connection."""
    async with asyncio.timeout(SOON):
        await until(lambda: {*slack.sockets._open} - slack.first and bot.ready)


async def test_it_is_back_soon_after_a_cut(bot, slack, cable):
    cable.cut()

    await back(bot, slack)


@pytest.mark.parametrize("away", [0.5, 5.0])
async def test_it_is_back_soon_after_nobody_was_there(bot, slack, cable, away):
    await cable.unplug()
    await asyncio.sleep(away)  # while Slack is away
    assert not bot.ready
    await cable.plug()

    await back(bot, slack)


@pytest.mark.parametrize("away", [0.5, 5.0])
async def test_it_is_back_soon_after_its_tries_were_swallowed(quick, bot, slack, cable, away):
    """Those still hang when Slack is back; nobody waits for them."""
    cable.swallow()
    await until(lambda: not bot.ready)
    await asyncio.sleep(away)  # while Slack is away
    cable.mend()

    await back(bot, slack)


async def test_a_connection_that_went_deaf_is_noticed_and_rebuilt(quick, bot, slack, cable):
    cable.deafen()

    await back(bot, slack)


async def test_a_socket_on_which_nobody_says_hello_is_left_for_another(bot, slack, cable):
    slack.faults.add(Fault("socket", "slow", seconds=30))
    cable.cut()

    await back(bot, slack)


@pytest.mark.parametrize("on", ["apps.connections.open", "socket"])
async def test_it_is_back_soon_after_slack_had_errors_for_long(bot, slack, cable, monkeypatch, on):
    """There would not be enough addresses if each try took one."""
    monkeypatch.setattr("core.redial.LONGEST_BACK_OFF", 0.2)
    fault = slack.faults.add(Fault(on, "status", status=503, times=-1))
    cable.cut()
    await until(lambda: not bot.ready)
    async with asyncio.timeout(30):
        while cable.asked < 24:
            await asyncio.sleep(0.05)
    slack.faults.waiting.remove(fault)

    await back(bot, slack)
