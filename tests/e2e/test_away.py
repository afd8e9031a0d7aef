"""While a platform is away, whoever watches over the process is told the truth."""

import asyncio
import json
import socket
import urllib.error
import urllib.request

import pytest

from tests.cable import Cable
from tests.e2e.conftest import OVER_HTTP
from tests.e2e.places import DiscordPlace, SlackPlace


@pytest.fixture(params=["slack", "discord"])
async def place(town, request):
    """Each platform in turn, at the end of a cable that can be pulled out."""
    if request.param == "slack":
        place = SlackPlace(town.slack, town.world.slack)
        place.cable = Cable(int(town.slack.workspace.address.rpartition(":")[2]))
        await place.cable.plug()
        town.slack.workspace.address = place.cable.address
    else:
        place = DiscordPlace(town.discord, town.world.discord)
        place.cable = Cable(town.discord._port)
        await place.cable.plug()
        town.discord._port = place.cable.port
        town.discord._application.gateway_url = town.discord.gateway_url
        town.discord._gateway.lives_at(town.discord.gateway_url)
    yield place
    await place.cable.close()


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


async def readiness(port, status):
    """What `/readyz` says once it answers with this status."""

    def ask():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.status, json.load(refused)

    async with asyncio.timeout(20):
        while (told := await asyncio.to_thread(ask))[0] != status:
            await asyncio.sleep(0.02)
    return told[1]


async def test_it_is_ready_again_when_the_platform_is_back_and_answers(town, place, port):
    if OVER_HTTP and place.name == "slack":
        pytest.skip("there is no connection of the bot's that could break")
    async with town.bot(ADMIN_PORT=str(port)) as bot:
        assert await readiness(port, 200) == {"status": "ready"}
        await place.cable.unplug()
        assert await readiness(port, 503) == {"status": "waiting", "for": [place.name]}
        await place.cable.plug()
        assert await readiness(port, 200) == {"status": "ready"}

        town.model.enqueue("Here.")
        talk = place.direct(place.ada, "still there?")
        await talk.until(lambda seen: [one.text for one in seen] == ["Here."])

    assert f"connected to {place.name.capitalize()} again" in bot.said
    assert "Traceback" not in bot.said
