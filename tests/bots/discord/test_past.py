"""What was said in Discord while nobody listened is found in its histories."""

import asyncio
import time

import pytest

from bots.discord import past
from core.catch_up import CatchUp
from core.guilds import Guilds
from sandbox.faults import Fault
from sandbox.world import Channel, Kind
from tests.records import Taken

from .conftest import ADA, ADAS_DIRECT, BEN, FORUM, GENERAL, GUILD

ENGINEERING = "2002"


@pytest.fixture
def server_options():
    return {"limited": False}


pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def listening(build, clerk, marks):
    """Lets a process of the bot listen, each on the same records."""
    taken = Taken(lambda: clerk.claimed, clerk.part_of)

    def listening(**changed):
        catch_up = CatchUp(marks, taken, 1800, time.time)
        return Listening(build(catch_up=catch_up, **changed))

    return listening


class Listening:
    def __init__(self, bot):
        self.bot = bot

    async def __aenter__(self):
        await self.bot.start()
        self.running = asyncio.create_task(self.bot.run())
        return self.bot

    async def __aexit__(self, *_):
        await self.bot.stop()
        await self.running


async def words(clerk, number):
    return [(await clerk.next())[0].text for _ in range(number)]


def read(discord):
    """The channels whose messages were listed."""
    return {one.path.split("/")[2] for one in discord.requests if one.route == "GET messages"}


async def looked(bot):
    """Wait until there is nothing left to look for."""
    async with asyncio.timeout(10):
        while bot._catch_up._away:
            await asyncio.sleep(0.01)


async def test_only_where_something_is_newer_anything_is_read(
    discord, clerk, listening, monkeypatch
):
    monkeypatch.setattr("core.catch_up.OVERLAP", 0.0)
    discord.say(BEN, ENGINEERING, "chatter")
    async with listening():
        discord.say(ADA, GENERAL, "@Parley first")
        await clerk.next()
    discord.requests.clear()
    discord.say(ADA, GENERAL, "@Parley missed")

    async with listening() as bot:
        assert await words(clerk, 1) == ["missed"]
        await looked(bot)
    assert read(discord) == {GENERAL}


async def test_more_than_a_page_is_read_and_asked_in_order(discord, clerk, listening, monkeypatch):
    monkeypatch.setattr("bots.discord.reader.PAGE", 5)
    async with listening():
        discord.say(ADA, GENERAL, "@Parley first")
        await clerk.next()
    for number in range(8):
        discord.say(ADA, GENERAL, f"@Parley {number}")

    async with listening():
        assert await words(clerk, 8) == [str(number) for number in range(8)]


async def test_of_too_much_the_newest_is_read(discord, clerk, listening, monkeypatch):
    monkeypatch.setattr("bots.discord.reader.PAGE", 2)
    monkeypatch.setattr(past, "MOST", 3)
    async with listening():
        discord.say(ADA, GENERAL, "@Parley first")
        await clerk.next()
    for number in range(8):
        discord.say(ADA, GENERAL, f"@Parley {number}")

    async with listening():
        assert await words(clerk, 3) == ["5", "6", "7"]


async def test_a_thread_that_people_opened_and_a_post_in_a_forum_are_found(
    discord, clerk, listening
):
    async with listening():
        discord.say(ADA, GENERAL, "@Parley first")
        await clerk.next()
    post = discord.open_post(BEN, FORUM, "A title", "@Parley a post")
    discord.say(BEN, post.id, "and more")

    async with listening():
        assert await words(clerk, 2) == ["A title\n\na post", "and more"]


async def test_in_a_thread_that_somebody_opened_on_a_mention_no_mention_is_needed(
    discord, clerk, eyes, listening
):
    """The mention is taken first, though the thread is newer."""
    async with listening():
        discord.say(ADA, GENERAL, "@Parley first")
        await clerk.next()
    missed = discord.say(ADA, GENERAL, "@Parley missed")
    extra = {"owner": ADA, "starter": missed.id}
    eyes.space.add_channel(
        Channel(missed.id, "Talk", Kind.THREAD, {ADA}, parent=GENERAL, extra=extra)
    )
    discord.say(ADA, missed.id, "and more")

    async with listening():
        assert await words(clerk, 2) == ["missed", "and more"]


async def test_where_it_may_not_read_nothing_is_read(discord, clerk, eyes, listening):
    async with listening():
        discord.say(ADA, GENERAL, "@Parley first")
        await clerk.next()
    eyes.space.channels[ENGINEERING].extra["deny"] = {"READ_MESSAGE_HISTORY"}
    discord.requests.clear()
    discord.say(ADA, ENGINEERING, "@Parley hidden")
    discord.say(ADA, GENERAL, "@Parley missed")

    async with listening() as bot:
        assert await words(clerk, 1) == ["missed"]
        await looked(bot)
    assert read(discord) == {GENERAL}


async def test_in_a_server_that_is_not_allowed_nothing_is_read(discord, clerk, listening):
    async with listening():
        discord.say(ADA, GENERAL, "@Parley first")
        await clerk.next()
    discord.requests.clear()
    discord.say(ADA, GENERAL, "@Parley missed")

    async with listening(guilds=Guilds(None, ("77",), time.monotonic)) as bot:
        await looked(bot)
    assert read(discord) == set()


async def test_a_direct_message_of_whoever_wrote_before_is_found(discord, clerk, listening):
    async with listening():
        discord.say(ADA, ADAS_DIRECT, "first")
        await clerk.next()
    discord.say(ADA, ADAS_DIRECT, "missed")

    async with listening():
        question, _ = await clerk.next()
    assert question.text == "missed"
    assert question.direct


async def test_a_session_that_cannot_be_resumed_has_missed_something(discord, clerk, listening):
    async with listening():
        discord.say(ADA, GENERAL, "@Parley first")
        await clerk.next()
        await discord.drop(resumable=False)
        discord.say(ADA, GENERAL, "@Parley missed")
        assert await words(clerk, 1) == ["missed"]


async def test_a_server_that_was_gone_for_a_while_is_looked_at(
    discord, clerk, listening, monkeypatch
):
    monkeypatch.setattr("core.catch_up.OVERLAP", 0.0)
    async with listening() as bot:
        discord.say(ADA, GENERAL, "@Parley first")
        await clerk.next()
        await looked(bot)
        discord.fail()
        while not bot._client.get_guild(int(GUILD)).unavailable:
            await asyncio.sleep(0.01)
        discord.say(ADA, GENERAL, "@Parley missed")
        discord.say(ADA, ADAS_DIRECT, "heard meanwhile")
        assert await words(clerk, 1) == ["heard meanwhile"]
        discord.recover()
        assert await words(clerk, 1) == ["missed"]


async def test_a_session_that_is_resumed_has_missed_nothing(discord, clerk, listening):
    async with listening() as bot:
        discord.say(ADA, GENERAL, "@Parley first")
        await clerk.next()
        await looked(bot)
        discord.requests.clear()
        await discord.drop(resumable=True)
        discord.say(ADA, GENERAL, "@Parley second")
        assert await words(clerk, 1) == ["second"]
        await looked(bot)
    assert read(discord) == set()


async def test_what_discord_does_not_show_at_first_is_asked_for_again(discord, clerk, listening):
    async with listening():
        discord.say(ADA, GENERAL, "@Parley first")
        await clerk.next()
    discord.say(ADA, GENERAL, "@Parley missed")
    discord.faults.add(Fault("GET messages", "status", status=502, times=2))

    async with listening():
        assert await words(clerk, 1) == ["missed"]


async def test_a_later_change_of_an_edited_message_that_was_found_is_no_edit(
    discord, clerk, eyes, listening
):
    """Discord tells of the message again, with its edit, when a thread is opened on it."""
    async with listening():
        discord.say(ADA, GENERAL, "@Parley first")
        await clerk.next()
    missed = discord.say(ADA, GENERAL, "@Parley one")
    discord.edit(ADA, GENERAL, missed.id, "@Parley another")

    async with listening():
        question, surface = await clerk.next()
        await surface.status("thinking")
        await eyes.until(lambda: missed.id in eyes.space.channels)
        discord.say(BEN, GENERAL, "@Parley and this")
        assert await words(clerk, 1) == ["and this"]
    assert question.text == "another"
    assert clerk.edits == []


async def test_the_guild_is_looked_at_once_though_ready_and_guild_come_together(
    discord, clerk, listening
):
    async with listening():
        discord.say(ADA, GENERAL, "@Parley first")
        await clerk.next()
    discord.say(ADA, GENERAL, "@Parley missed")
    discord.requests.clear()
    async with listening() as bot:
        await words(clerk, 1)
        await looked(bot)
        assert GUILD not in bot._catch_up._away
    assert len([one for one in discord.requests if one.route == "GET messages"]) == 1
