"""The real discord.py talks to the sandbox as it talks to Discord."""

import discord
import pytest

from tests.sandbox.discord_client import ADA, GENERAL, TALK, running, serving


async def test_a_client_logs_in_and_hears_what_people_say():
    async with serving() as server, running(server) as bot:
        server.say(ADA, GENERAL, "Hello @Parley, how are you?")
        message = await bot.hears("message")

        assert message.content == "Hello <@1009>, how are you?"
        assert bot.user in message.mentions
        assert message.author.display_name == "Ada"
        assert message.channel.name == "general"
        assert server.sessions == 1


async def test_a_client_answers_and_edits_its_answer():
    async with serving() as server, running(server) as bot:
        sent = await bot.at(GENERAL).send("One")
        await sent.edit(content="One two")
        await bot.hears("raw_message_edit")

        (message,) = server.world.discord.messages(GENERAL)
        assert (message.text, message.author, message.revision) == ("One two", "1009", 1)


async def test_a_direct_message_is_one():
    async with serving() as server, running(server) as bot:
        server.say(ADA, TALK, "Between us")
        message = await bot.hears("message")
        await message.channel.send("Sure")

        assert isinstance(message.channel, discord.DMChannel)
        assert [said.text for said in server.world.discord.messages(TALK)] == ["Between us", "Sure"]


async def test_a_wrong_token_is_refused():
    async with serving() as server:
        with pytest.raises(discord.LoginFailure):
            async with running(server, token="wrong"):
                pass
        assert (server.requests[-1].status, server.requests[-1].code) == (401, 0)


async def test_an_intent_that_is_not_switched_on_ends_the_connection():
    async with serving(privileged=frozenset()) as server:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with running(server):
                pass
