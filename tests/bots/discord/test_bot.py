import asyncio
import socket

import pytest
from structlog.testing import capture_logs

from core.errors import StartError, TokenRejected
from sandbox.discord import DiscordServer
from sandbox.faults import Fault

from .conftest import ADA, GENERAL, TOKEN


@pytest.fixture
def server_options():
    return {"limited": False}


pytestmark = pytest.mark.usefixtures("at_once")


async def test_a_started_bot_is_ready_and_a_stopped_one_is_not(build, discord):
    bot = build()
    assert not bot.ready

    await bot.start()
    assert bot.ready

    await bot.stop()
    assert not bot.ready


async def test_run_lasts_until_stop(bot):
    running = asyncio.create_task(bot.run())
    await asyncio.sleep(0)
    assert not running.done()

    await bot.stop()

    async with asyncio.timeout(5):
        await running


async def test_stopping_twice_or_before_the_start_does_nothing(build):
    bot = build()
    await bot.stop()
    await bot.start()
    await bot.stop()
    await bot.stop()


@pytest.mark.parametrize("token", ["wrong", "", "two words", "tökén\n"])
async def test_a_wrong_token_stops_the_start_with_one_line_that_names_it(build, token):
    bot = build(token=token)

    with pytest.raises(StartError) as refused:
        await bot.start()

    assert "DISCORD_TOKEN" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert token.strip() not in str(refused.value) or not token.strip()


async def test_without_the_message_content_intent_the_start_names_the_switch(world, build):
    server = DiscordServer(world, token=TOKEN, privileged=frozenset())
    await server.start()
    try:
        with pytest.raises(StartError, match=r"Message Content Intent.*Developer Portal"):
            await build(api_url=server.api_url).start()
    finally:
        await server.stop()

    assert server.sessions == 0


async def test_a_discord_that_is_not_there_stops_the_start(build):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/api/v10"

        with pytest.raises(StartError, match=r"not reached.*DISCORD_API_URL"):
            await build(api_url=address).start()


async def test_a_proxy_is_asked_in_place_of_discord(build):
    asked = asyncio.get_running_loop().create_future()

    async def proxy(reader, writer):
        asked.set_result(await reader.readline())
        writer.close()

    async with await asyncio.start_server(proxy, "127.0.0.1") as server:
        host, port = server.sockets[0].getsockname()
        with pytest.raises(StartError, match="not reached"):
            await build(
                api_url="http://discord.invalid/api/v10", proxy=f"http://{host}:{port}"
            ).start()

    assert (await asked).startswith(b"GET http://discord.invalid/api/v10/users/@me ")


async def test_a_discord_that_hangs_stops_the_start_in_time(build, discord, monkeypatch):
    monkeypatch.setattr("bots.discord.bot.START_TIMEOUT", 0.3)
    discord.faults.add(Fault("identify", "slow", seconds=1))

    with pytest.raises(StartError, match="in time"):
        await build().start()


async def test_commands_are_synced_once_and_again_only_when_they_changed(build, discord, marks):
    def synced():
        return sum(r.method == "PUT" and r.path.endswith("/commands") for r in discord.requests)

    for _ in range(2):
        bot = build()
        await bot.start()
        await bot.stop()
    assert synced() == 1

    (mark,) = marks
    marks[mark] = "of another version"
    bot = build()
    await bot.start()
    await bot.stop()
    assert synced() == 2


async def test_the_bot_comes_back_when_the_gateway_is_cut(bot, discord, clerk):
    await discord.drop()
    await discord.wait_ready()

    discord.say(ADA, GENERAL, "@Parley still there?")

    question, _ = await clerk.next()
    assert question.text == "still there?"


async def test_the_log_says_in_words_that_a_connection_has_ended(bot, discord):
    with capture_logs() as lines:
        await discord.drop()
        await discord.wait_ready()

    (lost,) = [one for one in lines if one["event"] == "lost Discord"]
    assert lost["why"] == "the connection has ended"
    assert str(lost["code"]) == "1006"


async def test_the_bot_comes_back_to_the_same_address_with_a_new_session(bot, discord, clerk):
    await discord.drop(resumable=False)
    await discord.wait_ready()

    discord.say(ADA, GENERAL, "@Parley still there?")

    await clerk.next()


async def test_an_intent_that_is_switched_off_ends_the_run_with_a_line(build, discord):
    bot = build()
    await bot.start()
    running = asyncio.create_task(bot.run())
    discord.switch_off("message_content")
    await discord.drop(resumable=False)

    with pytest.raises(TokenRejected, match="Message Content Intent"):
        async with asyncio.timeout(8):
            await running
    await bot.stop()


async def test_a_token_of_an_interaction_that_has_expired_says_nothing_of_the_bots_own(
    bot, discord
):
    running = asyncio.create_task(bot.run())
    bot._desk.calls.doubt.rise()
    async with asyncio.timeout(5):
        while discord.requests[-1].path != "/users/@me":
            await asyncio.sleep(0.01)

    assert not running.done()
    await bot.stop()
    await running


async def test_a_token_that_is_taken_back_ends_the_run_with_a_line(build, discord):
    bot = build()
    await bot.start()
    running = asyncio.create_task(bot.run())
    discord.faults.add(Fault("identify", "code", code="4004", times=-1))
    await discord.drop(resumable=False)

    with pytest.raises(StartError, match="DISCORD_TOKEN"):
        async with asyncio.timeout(8):
            await running
    await bot.stop()
