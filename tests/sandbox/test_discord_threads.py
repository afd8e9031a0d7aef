"""Threads and forum posts, as a real client opens and finds them."""

import discord
import pytest

from sandbox.world import Channel, Kind
from tests.sandbox.discord_client import (
    ADA,
    BEN,
    FORUM,
    GENERAL,
    PARLEY,
    TALK,
    Clock,
    asking,
    running,
    serving,
)


@pytest.fixture
async def server():
    async with serving(limited=False) as server:
        yield server


@pytest.fixture
async def bot(server):
    async with running(server) as bot:
        yield bot


async def ask_and_open(server, bot, name="Weather"):
    """Ada asks, and the bot opens a thread on her question."""
    said = server.say(ADA, GENERAL, "@Parley, will it rain?")
    question = await bot.hears("message", lambda one: str(one.id) == said.id)
    return question, await question.create_thread(name=name)


async def test_a_thread_on_a_message_has_its_id_and_starts_with_a_pointer_to_it(server, bot):
    question, thread = await ask_and_open(server, bot)
    pointer = await bot.hears("message", lambda one: one.channel.id == thread.id)
    update = await bot.hears("raw_message_edit")
    heard = await bot.hears("thread_create")

    assert thread.id == question.id == heard.id
    assert pointer.type is discord.MessageType.thread_starter_message
    assert (pointer.content, pointer.reference.message_id) == ("", question.id)
    assert update.message.flags.has_thread
    assert thread.me is not None


async def test_the_starter_message_stays_in_the_channel(server, bot):
    question, thread = await ask_and_open(server, bot)
    await thread.send("It will.")

    read = [one.content async for one in thread.history(oldest_first=True)]
    assert read == ["", "It will."]
    assert (await thread.parent.fetch_message(question.id)).content == "<@1009>, will it rain?"
    with pytest.raises(discord.NotFound):
        await thread.fetch_message(question.id)


async def test_a_message_has_one_thread(server, bot):
    question, _thread = await ask_and_open(server, bot)
    with pytest.raises(discord.HTTPException) as refused:
        await question.create_thread(name="Again")

    assert refused.value.code == 160004


async def test_where_the_bot_may_not_open_threads_it_is_refused_and_can_know(server, bot):
    server.world.discord.channels[GENERAL].extra["deny"] = {"CREATE_PUBLIC_THREADS"}
    server._realm.changed(server.world.discord.channels[GENERAL])
    await bot.hears("guild_channel_update")
    said = server.say(ADA, GENERAL, "Hello @Parley")
    message = await bot.hears("message", lambda one: str(one.id) == said.id)

    with pytest.raises(discord.Forbidden) as refused:
        await message.create_thread(name="No")
    assert refused.value.code == 50013
    assert not message.channel.permissions_for(bot.guild.me).create_public_threads


@pytest.mark.parametrize("name", ["", "x" * 101])
async def test_a_thread_name_has_1_to_100_characters(server, bot, name):
    with pytest.raises(discord.HTTPException) as refused:
        await ask_and_open(server, bot, name)

    assert refused.value.code == 50035


async def test_direct_messages_have_no_threads(server):
    said = server.say(ADA, TALK, "Hello")
    async with asking(server) as raw:
        path = f"/channels/{TALK}/messages/{said.id}/threads"
        status, answer, _ = await raw.ask("POST", path, json={"name": "No"})

        assert (status, answer["code"]) == (400, 50024)


async def test_in_threads_another_permission_counts(server, bot):
    server.world.discord.channels[GENERAL].extra["deny"] = {"SEND_MESSAGES_IN_THREADS"}
    _question, thread = await ask_and_open(server, bot)
    with pytest.raises(discord.Forbidden) as refused:
        await thread.send("Hello")

    assert refused.value.code == 50013


async def test_people_join_a_thread_by_speaking_in_it(server, bot):
    _question, thread = await ask_and_open(server, bot)
    server.say(BEN, str(thread.id), "Me too")
    message = await bot.hears("message", lambda one: one.content == "Me too")

    assert message.channel == thread
    assert bot.heard["raw_thread_update"] == []
    assert server.world.discord.channels[str(thread.id)].members == {PARLEY, BEN}


async def test_a_thread_on_an_older_message_is_announced_in_the_channel():
    clock = Clock()
    async with serving(clock=clock) as server, running(server) as bot:
        said = server.say(ADA, GENERAL, "Old")
        clock.wait(120)
        await bot.at(GENERAL).get_partial_message(int(said.id)).create_thread(name="Late")
        notice = await bot.hears("message", lambda one: one.content == "Late")

        assert notice.type is discord.MessageType.thread_created


async def test_an_archived_thread_takes_no_edits_but_speaking_brings_it_back(server, bot):
    _question, thread = await ask_and_open(server, bot)
    sent = await thread.send("It will.")
    await thread.edit(archived=True)
    with pytest.raises(discord.HTTPException) as refused:
        await sent.edit(content="It will not.")
    await thread.send("After all")

    assert refused.value.code == 50083
    assert not server.world.discord.channels[str(thread.id)].archived


async def test_a_locked_thread_stays_closed(server, bot):
    _question, thread = await ask_and_open(server, bot)
    place = server.world.discord.channels[str(thread.id)]
    place.archived, place.extra["locked"] = True, True
    with pytest.raises(discord.HTTPException) as refused:
        await thread.send("Hello?")

    assert refused.value.code == 160005


async def test_threads_are_known_again_after_a_new_start(server, bot):
    _question, thread = await ask_and_open(server, bot)
    await bot.close()
    async with running(server) as again:
        known = again.get_channel(thread.id)

        assert isinstance(known, discord.Thread)
        assert (known.name, known.parent_id, known.owner_id) == ("Weather", int(GENERAL), 1009)
        assert [one.id for one in await again.guild.active_threads()] == [thread.id]


async def test_a_forum_post_is_a_thread_whose_first_message_has_its_id(server, bot):
    post = server.open_post(ADA, FORUM, "How?", "Tell me, @Parley")
    message = await bot.hears("message")

    assert str(message.id) == post.id == str(message.channel.id)
    assert isinstance(message.channel.parent, discord.ForumChannel)
    assert post.kind is Kind.THREAD
    assert (await message.channel.fetch_message(message.id)).content == "Tell me, <@1009>"


async def test_the_bot_writes_forum_posts_too(server, bot):
    thread, message = await bot.get_channel(int(FORUM)).create_thread(name="News", content="Read")

    assert thread.id == message.id
    assert server.world.discord.message(str(thread.id), str(message.id)).text == "Read"


async def test_only_its_owner_renames_a_thread(server, bot):
    _question, thread = await ask_and_open(server, bot)
    await thread.edit(name="Rain")
    post = server.open_post(ADA, FORUM, "Mine", "Hands off")
    theirs = await bot.hears("thread_create", lambda one: str(one.id) == post.id)
    with pytest.raises(discord.Forbidden):
        await theirs.edit(name="Ours")

    assert server.world.discord.channels[str(thread.id)].name == "Rain"


async def test_a_private_thread_is_seen_by_its_members_only(server, bot):
    thread = await bot.get_channel(int(GENERAL)).create_thread(name="Quiet")
    await thread.leave()
    with pytest.raises(discord.Forbidden) as refused:
        await bot.http.send_message(thread.id, params=discord.http.handle_message_parameters("?"))

    assert thread.is_private()
    assert refused.value.code == 50001


async def test_a_private_thread_becomes_known_when_the_bot_is_let_in(server, bot):
    thread = Channel(
        "7001", "Secret", Kind.THREAD, {ADA, BEN}, parent=GENERAL, extra={"type": 12, "owner": ADA}
    )
    server.world.discord.add_channel(thread)
    server.say(ADA, thread.id, "Nobody hears us")
    unknown = bot.get_channel(7001)
    server.say(ADA, thread.id, "Come in, @Parley")
    server.say(ADA, thread.id, "Hello")
    message = await bot.hears("message")

    assert unknown is None
    assert (message.content, message.channel.name) == ("Hello", "Secret")


async def test_people_bring_an_archived_thread_back_by_speaking(server, bot):
    _question, thread = await ask_and_open(server, bot)
    await thread.edit(archived=True)
    server.say(ADA, str(thread.id), "One more thing")
    metadata = "thread_metadata"
    update = await bot.hears("raw_thread_update", lambda one: not one.data[metadata]["archived"])

    assert update.thread_id == thread.id


async def test_a_deleted_thread_is_gone_for_the_bot(server, bot):
    _question, thread = await ask_and_open(server, bot)
    place = server.world.discord.channels.pop(str(thread.id))
    server._realm.changed(place)
    await bot.hears("raw_thread_delete")

    assert bot.get_channel(thread.id) is None
