"""A Discord that is not Discord's: what it does not say is no reason to refuse it."""

import asyncio

import pytest

from core.errors import StartError
from core.surface import Delivered, Page

from .minimal import CHANNEL, DIRECT, GUILD, ME, USER, Minimal

LIMITED = {"session_start_limit": {"remaining": 0}}
OTHER_FLAGS = {"flags": 1 << 23}


@pytest.fixture
def minimal_bot(build):
    """A bot of such a server, until the end of the test."""
    bots = []

    def built(server):
        bots.append(build(api_url=server.api_url))
        return bots[-1]

    yield built
    assert all(not bot.ready for bot in bots)


async def test_a_server_that_tells_only_what_is_needed_is_conversed_with(minimal_bot, clerk):
    async with Minimal().running() as server:
        bot = minimal_bot(server)
        await bot.start()
        try:
            await server.say("hello")
            question, surface = await clerk.next()
            assert isinstance(await surface.post(Page("hi"), "n.0"), Delivered)
            assert question.text == "hello"

            me = {"id": ME, **USER}
            asked = await server.say(f"<@{ME}> why?", CHANNEL, guild_id=GUILD, mentions=[me])
            question, surface = await clerk.next()
            assert isinstance(await surface.post(Page("so"), "n.1"), Delivered)
            assert question.text == "why?"

            await server.use("ask", "how?")
            question, surface = await clerk.next()
            assert isinstance(await surface.post(Page("thus"), "n.2"), Delivered)
            assert question.text == "how?"
        finally:
            await bot.stop()

        said = [server.posted.get_nowait() for _ in range(server.posted.qsize())]
        assert said == [(DIRECT, "hi"), (asked["id"], "so"), (DIRECT, "thus")]


async def test_a_channel_of_a_guild_not_told_of_yet_is_asked_for_once(minimal_bot, clerk):
    me = {"id": ME, **USER}
    async with Minimal(says_guild=False).running() as server:
        bot = minimal_bot(server)
        await bot.start()
        try:
            for n in range(3):
                await server.say(f"<@{ME}> {n}?", CHANNEL, guild_id=GUILD, mentions=[me])
            for _ in range(3):
                question, surface = await clerk.next()
                assert isinstance(await surface.post(Page("so"), question.message), Delivered)
                assert server.posted.get_nowait() == (question.message, "so"), "in its thread"
                assert question.place == "#general"
        finally:
            await bot.stop()

    assert server.said.count(f"GET channels/{CHANNEL}") == 1


async def test_where_the_flags_are_not_told_the_gateway_has_the_say(minimal_bot):
    async with Minimal(closes=4014).running() as server:
        with pytest.raises(StartError, match="Message Content Intent"):
            await minimal_bot(server).start()


async def test_flags_without_the_intent_are_refused_before_anything_else(minimal_bot):
    async with Minimal(application=OTHER_FLAGS).running() as server:
        with pytest.raises(StartError, match="Message Content Intent"):
            await minimal_bot(server).start()

        assert server.said == ["GET users/@me", "GET oauth2/applications/@me"]


async def test_a_day_without_sessions_left_is_said_though_nobody_says_how_long(minimal_bot):
    async with Minimal(sessions=LIMITED).running() as server:
        with pytest.raises(StartError, match=r"no more sessions.*1 min"):
            async with asyncio.timeout(5):
                await minimal_bot(server).start()
