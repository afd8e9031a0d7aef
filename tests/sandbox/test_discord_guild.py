"""What a client can look up: the guild, its channels and people, itself."""

import io

import aiohttp
import discord
import pytest

from tests.sandbox.discord_client import (
    ADA,
    BEN,
    FORUM,
    GENERAL,
    TALK,
    Bot,
    asking,
    running,
    serving,
)


@pytest.fixture
async def server():
    async with serving() as server:
        yield server


@pytest.fixture
async def bot(server):
    async with running(server) as bot:
        yield bot


async def test_the_guild_and_its_channels_are_found(bot):
    guild = await bot.fetch_guild(4000)
    channels = {channel.name: channel for channel in await guild.fetch_channels()}

    assert guild.name == "Parley Sandbox"
    assert set(channels) == {"general", "engineering", "questions"}
    assert isinstance(channels["questions"], discord.ForumChannel)


async def test_people_are_found_with_their_names(bot):
    member = await bot.guild.fetch_member(int(BEN))
    with pytest.raises(discord.NotFound) as refused:
        await bot.guild.fetch_member(77)

    assert (member.display_name, member.name, member.bot) == ("Ben", "ben", False)
    assert refused.value.code == 10007


async def test_other_guilds_are_unknown(bot):
    with pytest.raises(discord.NotFound) as refused:
        await bot.fetch_guild(77)

    assert refused.value.code == 10004


async def test_channels_of_every_kind_are_found(bot):
    kinds = {id: type(await bot.fetch_channel(int(id))) for id in (GENERAL, FORUM, TALK)}

    assert kinds == {
        GENERAL: discord.TextChannel,
        FORUM: discord.ForumChannel,
        TALK: discord.DMChannel,
    }


async def test_moderators_may_more_than_others(bot):
    ada, ben = [await bot.guild.fetch_member(int(id)) for id in (ADA, BEN)]

    assert ada.guild_permissions.manage_messages
    assert not ben.guild_permissions.manage_messages


async def test_the_list_of_people_needs_its_intent(bot):
    with pytest.raises(discord.Forbidden) as refused:
        await bot.http.get_members(4000, limit=10, after=None)

    assert refused.value.code == 50001


async def test_with_its_intent_all_people_are_listed():
    everything = frozenset({"message_content", "members", "presences"})
    all_intents = discord.Intents.all()
    async with serving(privileged=everything) as server, running(server, Bot(all_intents)) as bot:
        people = await bot.guild.chunk()

        assert {person.display_name for person in people} == {"Ada", "Ben", "Cho", "Parley"}


async def test_a_channel_is_not_the_bots_to_rename(bot):
    with pytest.raises(discord.Forbidden) as refused:
        await bot.get_channel(int(GENERAL)).edit(name="mine")

    assert refused.value.code == 50013


async def test_members_come_to_a_thread_and_go(server, bot):
    said = server.say(ADA, GENERAL, "Hello")
    message = await bot.hears("message", lambda one: str(one.id) == said.id)
    thread = await message.create_thread(name="Talk")
    await thread.add_user(discord.Object(int(BEN)))
    member = await thread.fetch_member(int(BEN))
    await thread.leave()

    assert member.id == int(BEN)
    assert server.world.discord.channels[str(thread.id)].members == {BEN}


async def test_a_file_of_more_than_10_mib_is_refused(server):
    form = aiohttp.FormData()
    form.add_field("payload_json", '{"content": "Large"}')
    form.add_field("files[0]", io.BytesIO(b"x" * (10 * 1024 * 1024 + 1)), filename="large.bin")
    async with asking(server) as raw:
        status, answer, _ = await raw.ask("POST", f"/channels/{GENERAL}/messages", data=form)

        assert (status, answer["code"]) == (413, 40005)


async def test_a_message_of_components_alone_takes_no_content(server):
    text = [{"type": 10, "content": f"Hello <@{ADA}>"}]
    async with asking(server) as raw:
        _, both, _ = await raw.send(GENERAL, "Hello", components=text, flags=1 << 15)
        status, _, _ = await raw.send(GENERAL, "", components=text, flags=1 << 15)

        (message,) = server.world.discord.messages(GENERAL)
        assert (both["code"], status) == (50035, 200)
        assert message.payload["pings"] == [ADA]


async def test_the_language_that_a_guild_chooses_is_told_to_the_bot(server, bot):
    assert bot.get_guild(4000).preferred_locale is discord.Locale.american_english
    server.choose_language("de")

    _, after = await bot.hears("guild_update", lambda *_: True)
    assert after.preferred_locale is discord.Locale.german
    assert (await bot.fetch_guild(4000)).preferred_locale is discord.Locale.german
