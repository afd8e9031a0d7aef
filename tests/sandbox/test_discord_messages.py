"""What Discord does with messages, and what it refuses, seen by a real client."""

import io

import discord
import pytest

from sandbox.discord import Upload
from sandbox.discord.files import LIFETIME
from sandbox.world import World
from tests.sandbox.discord_client import (
    ADA,
    BEN,
    ENGINEERING,
    FORUM,
    GENERAL,
    PARLEY,
    TALK,
    Bot,
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


@pytest.fixture
async def raw(server):
    async with asking(server) as raw:
        yield raw


def texts(world, channel=GENERAL):
    return [message.text for message in world.discord.messages(channel)]


async def test_2000_utf16_units_fit_into_a_message_and_2001_do_not(server, bot):
    await bot.at(GENERAL).send("🙂" * 1000)
    with pytest.raises(discord.HTTPException) as refused:
        await bot.at(GENERAL).send("🙂" * 1000 + "!")

    assert refused.value.code == 50035
    assert "2000 or fewer" in refused.value.text


@pytest.mark.parametrize("text", ["", "   \n "])
async def test_a_message_with_nothing_to_see_is_refused(raw, text):
    status, answer, _ = await raw.send(GENERAL, text)

    assert (status, answer["code"]) == (400, 50006)


async def test_white_space_around_a_message_is_cut_off(server, bot):
    sent = await bot.at(GENERAL).send("  Hello \n")

    assert sent.content == "Hello"


async def test_an_unknown_channel_has_code_10003(bot):
    with pytest.raises(discord.NotFound) as refused:
        await bot.at("77").send("Anybody?")

    assert refused.value.code == 10003


async def test_an_unknown_message_has_code_10008(bot):
    with pytest.raises(discord.NotFound) as refused:
        await bot.at(GENERAL).get_partial_message(77).edit(content="Gone")

    assert refused.value.code == 10008


async def test_somebody_elses_message_cannot_be_edited(server, bot):
    said = server.say(ADA, GENERAL, "Mine")
    with pytest.raises(discord.Forbidden) as refused:
        await bot.at(GENERAL).get_partial_message(int(said.id)).edit(content="Yours")

    assert refused.value.code == 50005


async def test_somebody_elses_message_cannot_be_deleted(server, bot):
    said = server.say(ADA, GENERAL, "Mine")
    with pytest.raises(discord.Forbidden) as refused:
        await bot.at(GENERAL).get_partial_message(int(said.id)).delete()

    assert refused.value.code == 50013


async def test_a_body_that_is_no_json_is_refused(raw):
    status, answer, _ = await raw.ask("POST", f"/channels/{GENERAL}/messages", data=b"{")

    assert (status, answer["code"]) == (400, 50109)


async def test_an_address_that_does_not_exist_is_not_found(raw):
    status, answer, _ = await raw.ask("GET", "/nonsense")

    assert (status, answer) == (404, {"message": "404: Not Found", "code": 0})


async def test_the_same_nonce_makes_one_message_within_two_minutes():
    world, clock = World(), Clock()
    async with serving(world, limited=False, clock=clock) as server, running(server) as bot:
        first = await bot.at(GENERAL).send("Once", nonce="job-1")
        again = await bot.at(GENERAL).send("Once", nonce="job-1")
        clock.wait(121)
        later = await bot.at(GENERAL).send("Once", nonce="job-1")

        assert first.id == again.id != later.id
        assert texts(world) == ["Once", "Once"]


async def test_a_nonce_has_at_most_25_characters(bot):
    with pytest.raises(discord.HTTPException) as refused:
        await bot.at(GENERAL).send("Once", nonce="x" * 26)

    assert refused.value.code == 50035


async def test_a_nonce_comes_back_with_the_event(bot):
    await bot.at(GENERAL).send("Once", nonce="job-1")
    message = await bot.hears("message")

    assert message.nonce == "job-1"


async def test_a_bot_that_says_nothing_about_mentions_pings_everybody_it_names(raw, server):
    await raw.send(GENERAL, f"<@{ADA}> @everyone <@&4002> `<@{BEN}>`")

    (message,) = server.world.discord.messages(GENERAL)
    assert message.payload["pings"] == [ADA, "4002", "everyone"]


async def test_no_allowed_mentions_ping_nobody(server, bot):
    said = server.say(BEN, GENERAL, "Question")
    await (
        bot.at(GENERAL)
        .get_partial_message(int(said.id))
        .reply(f"<@{ADA}> @here", allowed_mentions=discord.AllowedMentions.none())
    )

    *_, message = server.world.discord.messages(GENERAL)
    assert message.payload["pings"] == []


async def test_a_reply_pings_its_author_unless_told_otherwise(raw, server):
    said = server.say(BEN, GENERAL, "Question")
    await raw.send(GENERAL, "Answer", message_reference={"message_id": said.id})

    *_, message = server.world.discord.messages(GENERAL)
    assert message.payload["pings"] == [BEN]


async def test_allowed_mentions_that_contradict_themselves_are_refused(raw):
    status, answer, _ = await raw.send(
        GENERAL, "Hi", allowed_mentions={"parse": ["users"], "users": [ADA]}
    )

    assert (status, answer["code"]) == (400, 50035)


async def test_a_reply_shows_what_it_replies_to(server, bot):
    question = server.say(ADA, GENERAL, "First")
    server.say(BEN, GENERAL, "Second", reply_to=question.id)
    reply = await bot.hears("message", lambda one: one.content == "Second")

    assert reply.type is discord.MessageType.reply
    assert reply.reference.resolved.content == "First"
    assert [user.name for user in reply.mentions] == ["ada"]


async def test_a_reply_without_ping_mentions_nobody(server, bot):
    question = server.say(ADA, GENERAL, "First")
    server.say(BEN, GENERAL, "Second", reply_to=question.id, ping=False)
    reply = await bot.hears("message", lambda one: one.content == "Second")

    assert reply.mentions == []


async def test_a_reply_to_a_message_that_is_gone_is_refused(bot):
    with pytest.raises(discord.HTTPException) as refused:
        await bot.at(GENERAL).get_partial_message(77).reply("Hello?")

    assert refused.value.code == 50035


async def test_history_is_read_newest_first_in_pages(server, bot):
    said = [server.say(ADA, GENERAL, str(number)) for number in range(250)]
    everything = [one async for one in bot.at(GENERAL).history(limit=None)]
    middle = discord.Object(int(said[100].id))
    older = [one async for one in bot.at(GENERAL).history(limit=3, before=middle)]
    newer = [one async for one in bot.at(GENERAL).history(limit=3, after=middle)]
    around = [one async for one in bot.at(GENERAL).history(limit=5, around=middle)]

    assert [one.content for one in everything] == [str(n) for n in reversed(range(250))]
    assert [one.content for one in older] == ["99", "98", "97"]
    assert [one.content for one in newer] == ["101", "102", "103"]
    assert [one.content for one in around] == ["102", "101", "100", "99", "98"]


async def test_history_pages_hold_at_most_100(raw):
    status, answer, _ = await raw.ask("GET", f"/channels/{GENERAL}/messages?limit=101")

    assert (status, answer["code"]) == (400, 50035)


async def test_edits_and_deletions_of_people_are_heard(server, bot):
    said = server.say(ADA, GENERAL, "Helo")
    server.edit(ADA, GENERAL, said.id, "Hello")
    server.delete(ADA, GENERAL, said.id)
    update = await bot.hears("raw_message_edit")
    gone = await bot.hears("raw_message_delete")

    assert update.message.content == "Hello"
    assert str(gone.message_id) == said.id


async def test_without_the_content_intent_only_the_four_exceptions_are_shown():
    world = World()
    options = {"privileged": frozenset(), "limited": False}
    async with (
        serving(world, **options) as server,
        running(server, Bot(discord.Intents.default())) as bot,
    ):
        server.say(ADA, GENERAL, "Not for bots")
        server.say(ADA, GENERAL, "But this, @Parley")
        server.say(ADA, TALK, "And this")
        await bot.at(GENERAL).send("And my own")
        await bot.hears("message", lambda one: one.content == "And my own")

        heard = [one.content for one in bot.heard["message"]]
        read = [one.content async for one in bot.at(GENERAL).history(oldest_first=True)]
        assert heard == ["", "But this, <@1009>", "And this", "And my own"]
        assert read == ["", "But this, <@1009>", "And my own"]


async def test_without_the_content_intent_a_message_replied_to_stays_unread_too():
    world, intents = World(), discord.Intents.default()
    async with (
        serving(world, privileged=frozenset()) as server,
        running(server, Bot(intents)) as bot,
    ):
        said = server.say(ADA, GENERAL, "Not for bots")
        server.say(ADA, GENERAL, "What is this, @Parley?", reply_to=said.id)
        reply = await bot.hears("message", lambda one: one.content)
        (read, _) = [one async for one in bot.at(GENERAL).history()]

        assert reply.reference.resolved.content == read.reference.resolved.content == ""


async def test_the_application_shows_whether_the_content_intent_is_on():
    async with serving() as server, running(server) as bot:
        assert (await bot.application_info()).flags.gateway_message_content_limited
    async with (
        serving(privileged=frozenset()) as server,
        running(server, Bot(discord.Intents.default())) as bot,
    ):
        assert not (await bot.application_info()).flags.gateway_message_content_limited


async def test_files_travel_both_ways(server, bot):
    said = server.say(ADA, GENERAL, "Look", files=[Upload("a.png", "image/png", b"\x89PNG")])
    message = await bot.hears("message")
    sent = await bot.at(GENERAL).send(file=discord.File(io.BytesIO(b"words"), "notes.txt"))

    assert await message.attachments[0].read() == b"\x89PNG"
    assert message.attachments[0].content_type == "image/png"
    assert sent.attachments[0].filename == "notes.txt"
    assert await sent.attachments[0].read() == b"words"
    assert said.payload["attachments"][0]["size"] == 4


async def test_the_address_of_a_file_ends():
    clock = Clock()
    async with serving(clock=clock) as server, running(server) as bot:
        server.say(ADA, GENERAL, "Look", files=[Upload("a.txt", "text/plain", b"a")])
        message = await bot.hears("message")
        clock.wait(LIFETIME.total_seconds() + 1)

        with pytest.raises(discord.NotFound):
            await message.attachments[0].read()
        (fresh,) = [one async for one in bot.at(GENERAL).history()]
        assert await fresh.attachments[0].read() == b"a"


async def test_embeds_together_hold_6000_units(bot):
    embed = discord.Embed(description="x" * 4000)
    await bot.at(GENERAL).send(embed=embed)
    with pytest.raises(discord.HTTPException) as refused:
        await bot.at(GENERAL).send(embeds=[embed, embed])

    assert refused.value.code == 50035


async def test_an_embed_is_kept_apart_from_the_content(server, bot):
    sent = await bot.at(GENERAL).send("Answer", embed=discord.Embed(description="Notice"))
    await sent.edit(content="Longer answer")

    (message,) = server.world.discord.messages(GENERAL)
    assert message.text == "Longer answer"
    assert message.payload["embeds"][0]["description"] == "Notice"


async def test_reactions_come_and_go(server, bot):
    said = server.say(ADA, GENERAL, "Vote")
    server.react(BEN, GENERAL, said.id, "👍")
    event = await bot.hears("raw_reaction_add")
    partial = bot.at(GENERAL).get_partial_message(int(said.id))
    await partial.add_reaction("👀")
    read = await partial.fetch()
    await partial.remove_reaction("👀", discord.Object(int(PARLEY)))
    await bot.hears("raw_reaction_remove")

    assert (str(event.emoji), event.user_id) == ("👍", int(BEN))
    assert {str(one.emoji): one.me for one in read.reactions} == {"👍": False, "👀": True}
    assert server.world.discord.message(GENERAL, said.id).reactions == (("👍", BEN),)


async def test_a_word_is_no_emoji(server, bot):
    said = server.say(ADA, GENERAL, "Vote")
    with pytest.raises(discord.HTTPException) as refused:
        await bot.at(GENERAL).get_partial_message(int(said.id)).add_reaction("eyes")

    assert refused.value.code == 10014


async def test_typing_is_seen_by_both_sides(server, bot):
    seen = []
    server.world.discord.watch(lambda change: seen.append((change.what, change.note)))
    server.type(ADA, GENERAL)
    event = await bot.hears("raw_typing")
    await bot.http.send_typing(int(GENERAL))

    assert event.user_id == int(ADA)
    assert ("typing", {"person": PARLEY}) in seen


@pytest.mark.parametrize(
    ("denied", "code"), [("VIEW_CHANNEL", 50001), ("SEND_MESSAGES", 50013), ("EMBED_LINKS", 50013)]
)
async def test_what_is_denied_in_a_channel_is_refused_and_known_beforehand(denied, code):
    world = World()
    world.discord.channels[ENGINEERING].extra["deny"] = {denied}
    async with serving(world) as server, running(server) as bot:
        channel = bot.get_channel(int(ENGINEERING))
        granted = channel.permissions_for(bot.guild.me)
        with pytest.raises(discord.Forbidden) as refused:
            await channel.send("Hello", embed=discord.Embed(description="!"))

        assert refused.value.code == code
        assert not getattr(granted, denied.lower())
        assert bot.get_channel(int(GENERAL)).permissions_for(bot.guild.me).send_messages


async def test_a_channel_that_the_bot_was_not_let_into_is_closed_to_it():
    world = World()
    world.discord.channels[ENGINEERING].members.discard(PARLEY)
    async with serving(world) as server, running(server) as bot:
        channel = bot.get_channel(int(ENGINEERING))
        with pytest.raises(discord.Forbidden) as refused:
            await channel.send("Hello")

        assert refused.value.code == 50001
        assert not channel.permissions_for(bot.guild.me).view_channel


async def test_what_happens_in_a_channel_that_the_bot_cannot_see_is_not_heard():
    world = World()
    world.discord.channels[ENGINEERING].extra["deny"] = {"VIEW_CHANNEL"}
    async with serving(world) as server, running(server) as bot:
        server.say(ADA, ENGINEERING, "Secret")
        server.say(ADA, GENERAL, "Public")
        await bot.hears("message")

        assert [one.content for one in bot.heard["message"]] == ["Public"]


async def test_without_read_message_history_nothing_is_read(server, raw):
    server.world.discord.channels[GENERAL].extra["deny"] = {"READ_MESSAGE_HISTORY"}
    server.say(ADA, GENERAL, "Before")
    status, answer, _ = await raw.ask("GET", f"/channels/{GENERAL}/messages")

    assert (status, answer) == (200, [])


async def test_without_read_message_history_there_are_no_replies(server, raw):
    server.world.discord.channels[GENERAL].extra["deny"] = {"READ_MESSAGE_HISTORY"}
    said = server.say(ADA, GENERAL, "Before")
    reference = {"message_id": said.id}
    status, answer, _ = await raw.send(GENERAL, "After", message_reference=reference)

    assert (status, answer["code"]) == (400, 160002)


async def test_a_person_who_takes_no_messages_cannot_be_written_to(server, bot):
    server.world.discord.channels[TALK].extra["deny"] = {"SEND_MESSAGES"}
    user = await bot.fetch_user(int(ADA))
    with pytest.raises(discord.Forbidden) as refused:
        await user.send("Hello")

    assert refused.value.code == 50007


async def test_a_direct_message_is_opened_once(server, bot):
    user = await bot.fetch_user(int(BEN))
    await user.send("Hello")
    await user.send("again")

    assert [said.text for said in server.world.discord.messages("3002")] == ["Hello", "again"]


async def test_a_forum_takes_no_plain_messages(bot):
    with pytest.raises(discord.HTTPException) as refused:
        await bot.at(FORUM).send("Hello")

    assert refused.value.code == 50008


async def test_many_messages_deleted_at_once_are_one_event(server, bot):
    server.world.discord.channels[GENERAL].extra["allow"] = {"MANAGE_MESSAGES"}
    said = [server.say(ADA, GENERAL, str(number)) for number in range(3)]
    await bot.http.delete_messages(int(GENERAL), [int(one.id) for one in said])
    event = await bot.hears("raw_bulk_message_delete")

    assert event.message_ids == {int(one.id) for one in said}
    assert bot.heard["raw_message_delete"] == []
