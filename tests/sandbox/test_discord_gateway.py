"""The gateway: sessions that start, break, come back and miss nothing."""

import asyncio
import json
from contextlib import asynccontextmanager

import aiohttp
import discord
import pytest

from sandbox.faults import Fault
from tests.sandbox.discord_client import (
    ADA,
    GENERAL,
    TALK,
    TOKEN,
    Bot,
    Clock,
    asking,
    running,
    serving,
)

INTENTS = 1 << 0 | 1 << 9 | 1 << 12 | 1 << 15


@pytest.fixture
async def server():
    async with serving(limited=False) as server:
        yield server


class Wire:
    """A gateway connection by hand."""

    def __init__(self, socket):
        self._socket = socket

    async def send(self, op, data=None):
        await self._socket.send_str(json.dumps({"op": op, "d": data}))

    async def identify(self, **changes):
        await self.send(
            2, {"token": TOKEN, "intents": INTENTS, "properties": {}, "shard": [0, 1]} | changes
        )

    async def receive(self):
        """The next payload, or the close code."""
        async with asyncio.timeout(5):
            message = await self._socket.receive()
        return json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else message.data

    async def event(self, name):
        """The next event of this name."""
        while (payload := await self.receive())["t"] != name:
            pass
        return payload


@asynccontextmanager
async def wire(server, query="v=10&encoding=json"):
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.gateway_url}?{query}") as socket,
    ):
        yield Wire(socket)


async def test_a_new_session_gets_ready_and_then_the_guild(server):
    async with wire(server) as bot:
        hello = await bot.receive()
        await bot.identify()
        ready, guild = await bot.receive(), await bot.receive()
        await server.wait_ready()

        assert hello["d"]["heartbeat_interval"] == 41250
        assert (ready["t"], ready["s"]) == ("READY", 1)
        assert ready["d"]["resume_gateway_url"] == server.gateway_url
        assert (guild["t"], guild["d"]["name"]) == ("GUILD_CREATE", "Parley Sandbox")
        assert [one["user"]["id"] for one in guild["d"]["members"]] == ["1009"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": "wrong"}, 4004),
        ({"shard": [1, 1]}, 4010),
        ({"intents": 1 << 40}, 4013),
        ({"intents": INTENTS | 1 << 8}, 4014),
    ],
)
async def test_an_identify_that_is_not_in_order_is_closed_with_its_code(server, changes, code):
    async with wire(server) as bot:
        await bot.receive()
        await bot.identify(**changes)

        assert await bot.receive() == code


@pytest.mark.parametrize(
    ("op", "data", "code"), [(99, None, 4001), (2, "x" * 5000, 4002), (3, {}, 4003)]
)
async def test_a_payload_that_makes_no_sense_is_closed_with_its_code(server, op, data, code):
    async with wire(server) as bot:
        await bot.receive()
        await bot.send(op, data)

        assert await bot.receive() == code


async def test_whoever_identifies_twice_is_closed(server):
    async with wire(server) as bot:
        await bot.identify()
        await bot.event("GUILD_CREATE")
        await bot.identify()

        assert await bot.receive() == 4005


async def test_an_unknown_version_is_closed(server):
    async with wire(server, "v=6") as bot:
        assert await bot.receive() == 4012


async def test_120_payloads_a_minute_are_all_that_a_client_may_send(server):
    async with wire(server) as bot:
        for _ in range(121):
            await bot.send(1, None)
        answers = [await bot.receive() for _ in range(122)]

        assert answers[-1] == 4008


async def test_a_client_without_heartbeat_is_closed():
    async with serving(heartbeat=0.05) as server, wire(server) as bot:
        await bot.receive()

        assert await bot.receive() == 4000


async def test_a_heartbeat_is_acknowledged(server):
    async with wire(server) as bot:
        await bot.receive()
        await bot.send(1, None)

        assert (await bot.receive())["op"] == 11


async def test_a_resumed_session_misses_nothing(server):
    async with running(server) as bot:
        server.say(ADA, GENERAL, "Before")
        await bot.hears("message", lambda one: one.content == "Before")
        await server.drop()
        server.say(ADA, GENERAL, "While away")
        message = await bot.hears("message", lambda one: one.content == "While away")
        await bot.hears("resumed")

        assert message.channel.name == "general"
        assert [one.content for one in bot.heard["message"]] == ["Before", "While away"]
        assert len(bot.heard["shard_connect"]) == 1


async def test_after_an_invalid_session_the_client_starts_anew_and_has_missed_events(server):
    async with running(server) as bot:
        await server.drop(resumable=False)
        server.say(ADA, GENERAL, "While away")
        await bot.hears("connect", lambda _: len(bot.heard["connect"]) == 2)
        await server.wait_ready()
        server.say(ADA, GENERAL, "Back")
        await bot.hears("message", lambda one: one.content == "Back")

        assert [one.content for one in bot.heard["message"]] == ["Back"]


async def test_asked_to_reconnect_a_client_resumes(server):
    async with running(server) as bot:
        await server.ask_to_reconnect()
        await bot.hears("resumed")
        server.say(ADA, GENERAL, "Still there?")
        await bot.hears("message")

        assert server.sessions == 1


async def test_a_session_that_was_away_too_long_cannot_be_resumed():
    clock = Clock()
    async with serving(clock=clock, limited=False) as server:
        async with wire(server) as bot:
            await bot.identify()
            session = (await bot.event("READY"))["d"]["session_id"]
            await server.drop()
        clock.wait(301)
        async with wire(server) as bot:
            await bot.receive()
            await bot.send(6, {"token": TOKEN, "session_id": session, "seq": 1})

            assert await bot.receive() == {"op": 9, "d": False, "s": None, "t": None}


async def test_a_session_that_comes_back_elsewhere_leaves_its_old_connection(server):
    async with wire(server) as old, wire(server) as new:
        await old.identify()
        session = (await old.event("READY"))["d"]["session_id"]
        await old.event("GUILD_CREATE")
        await new.send(6, {"token": TOKEN, "session_id": session, "seq": 2})
        await new.event("RESUMED")
        while isinstance(await old.receive(), dict):
            pass

        assert server.sessions == 1


async def test_a_client_that_says_goodbye_ends_its_session(server):
    async with wire(server) as bot:
        await bot.identify()
        session = (await bot.event("READY"))["d"]["session_id"]
    async with wire(server) as bot:
        await bot.receive()
        await bot.send(6, {"token": TOKEN, "session_id": session, "seq": 1})

        assert (await bot.receive())["op"] == 9


async def test_a_sequence_from_the_future_is_closed(server):
    async with wire(server) as bot:
        await bot.identify()
        session = (await bot.event("READY"))["d"]["session_id"]
        await server.drop()
    async with wire(server) as bot:
        await bot.receive()
        await bot.send(6, {"token": TOKEN, "session_id": session, "seq": 99})

        assert await bot.receive() == 4007


async def test_a_session_hears_only_what_it_has_asked_for(server):
    intents = discord.Intents(guilds=True, dm_messages=True)
    async with running(server, Bot(intents)) as bot:
        server.say(ADA, GENERAL, "In the guild")
        server.say(ADA, TALK, "In private")
        await bot.hears("message")

        assert [one.content for one in bot.heard["message"]] == ["In private"]


async def test_a_message_can_come_twice(server):
    async with running(server) as bot:
        server.redeliver(server.say(ADA, GENERAL, "Echo"))
        await bot.hears("message", lambda _: len(bot.heard["message"]) == 2)

        assert len({one.id for one in bot.heard["message"]}) == 1


async def test_starts_are_counted():
    async with serving() as server, asking(server) as raw, running(server):
        _, answer, _ = await raw.ask("GET", "/gateway/bot")

        assert answer["url"] == server.gateway_url
        assert answer["shards"] == 1
        assert answer["session_start_limit"]["remaining"] == 999


async def test_a_second_start_within_5_seconds_is_turned_away():
    clock = Clock()
    async with serving(clock=clock) as server, wire(server) as one, wire(server) as two:
        await one.identify()
        await one.event("READY")
        await two.receive()
        await two.identify()
        turned_away = await two.receive()
        clock.wait(5)
        await two.identify()

        assert turned_away["op"] == 9
        assert (await two.receive())["t"] == "READY"


async def test_two_sessions_hear_the_same(server):
    async with running(server) as one, running(server) as two:
        server.say(ADA, GENERAL, "Both")

        assert (await one.hears("message")).id == (await two.hears("message")).id
        assert server.sessions == 2


async def test_a_channel_that_opens_changes_and_closes_is_heard_of(server):
    async with running(server) as bot:
        general = server.world.discord.channels[GENERAL]
        general.name = "lobby"
        server._realm.changed(general)
        _before, after = await bot.hears("guild_channel_update")

        assert after.name == "lobby"


async def test_a_gateway_that_fails_is_tried_again(server):
    server.faults.add(Fault("gateway", "status", status=503))
    async with wire_refused(server) as status:
        assert status == 503
    async with wire(server) as bot:
        assert (await bot.receive())["op"] == 10


@asynccontextmanager
async def wire_refused(server):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with wire(server):
            pass
    yield refused.value.status


async def test_an_identify_can_be_made_to_fail(server):
    server.faults.add(Fault("identify", "code", code="4000"))
    async with wire(server) as bot:
        await bot.receive()
        await bot.identify()

        assert await bot.receive() == 4000


async def test_stopping_ends_connections_and_is_quick():
    async with serving() as server, running(server), asyncio.timeout(2):
        await server.stop()
        assert server.sessions == 0
