"""After a kill -9 each question has one complete answer, or one word of what happened."""

import asyncio
import signal
import sqlite3

import pytest

from core.controls import Control
from core.notices import LEFT_OPEN
from sandbox.faults import Fault
from sandbox.model import Pause
from tests.e2e.places import (
    DISCORD_BOT,
    DiscordPlace,
    SlackPlace,
    read_discord,
    read_slack,
    until,
)

ONLY = {
    "slack": {"DISCORD_TOKEN": None},
    "discord": {"SLACK_BOT_TOKEN": None, "SLACK_APP_TOKEN": None},
}


@pytest.fixture(params=["slack", "discord"])
def place(town, request):
    if request.param == "slack":
        return SlackPlace(town.slack, town.world.slack)
    return DiscordPlace(town.discord, town.world.discord)


async def killed(bot):
    bot.process.send_signal(signal.SIGKILL)
    await bot.ended()


async def cut_short(town, ask, **settings):
    """Somebody asks by `ask`; the bot is killed in the middle of its answer. Their talk."""
    async with town.bot(**settings) as bot:
        town.model.enqueue("Half of it ", Pause(30), "and the rest.")
        talk = ask()
        talk = await talk if asyncio.iscoroutine(talk) else talk
        await talk.until(half)
        await killed(bot)
    town.model.enqueue("All of it.")
    return talk


def half(seen):
    return any("Half" in one.text for one in seen)


def whole(seen):
    return [one.text for one in seen] == ["All of it."]


def says(words, notice=""):
    return lambda seen: [(one.text, one.notice) for one in seen] == [(words, notice)]


@pytest.mark.parametrize("streaming", ["edit", "native"])
async def test_an_answer_goes_on_in_its_message(town, place, streaming):
    if place.name == "discord" and streaming == "native":
        pytest.skip("Discord has one way")
    only = ONLY[place.name] | {"SLACK_STREAMING": streaming}
    talk = await cut_short(town, lambda: place.mention(place.ada, "one"), **only)
    (before,) = talk.messages()
    async with town.bot(**only):
        await talk.until(says("All of it."))
        (seen,) = await talk.until(lambda seen: all(Control.RETRY in one.controls for one in seen))
        (after,) = talk.messages()

    assert after.id == before.id
    assert Control.STOP not in seen.controls


async def test_whoever_waited_in_line_is_answered_too_and_no_mark_is_left(town, place):
    only = ONLY[place.name]
    async with town.bot(**only) as bot:
        town.model.enqueue("Half of it ", Pause(30), "and the rest.")
        talk = place.mention(place.ada, "one")
        await talk.until(half)
        waiting = talk.say(place.ben, "two")
        async with asyncio.timeout(10):
            while not place.acknowledged(waiting):
                await asyncio.sleep(0.02)
        await killed(bot)
    town.model.enqueue("All of it.")
    town.model.enqueue("Second.")
    async with town.bot(**only):
        await talk.until(lambda seen: [one.text for one in seen] == ["All of it.", "Second."])
        async with asyncio.timeout(10):
            while place.acknowledged(waiting):
                await asyncio.sleep(0.02)


async def test_a_direct_message_that_a_crash_has_cut_is_answered_in_place(town, place):
    only = ONLY[place.name]
    talk = await cut_short(town, lambda: place.direct(place.ada, "one"), **only)
    async with town.bot(**only):
        await talk.until(says("All of it."))


READS = {"slack": "conversations.history", "discord": "GET messages"}


def tells_what_was_said(read):
    """Not the read by which the messages of an answer are found, nor that of what was missed."""
    return "around" in read["query"] if "query" in read else not READS_MORE & set(read)


READS_MORE = {"include_all_metadata", "oldest"}


@pytest.mark.parametrize("kind", ["rate_limit", "status", "reset"])
async def test_what_cannot_be_read_for_a_moment_is_read_again(town, place, kind):
    only = ONLY[place.name]
    talk = await cut_short(town, lambda: place.direct(place.ada, "one"), **only)
    place.server.faults.add(
        Fault(READS[place.name], kind, seconds=0.2, only_if=tells_what_was_said)
    )
    async with town.bot(**only):
        await talk.until(says("All of it."))


async def test_an_answer_that_cannot_be_read_after_a_crash_ends_where_it_stands(town):
    # Discord is asked for the question before that, patiently, by the same call.
    only, place = ONLY["slack"], SlackPlace(town.slack, town.world.slack)
    talk = await cut_short(town, lambda: place.direct(place.ada, "one"), **only)
    place.server.faults.add(
        Fault(READS[place.name], "status", times=-1, only_if=tells_what_was_said)
    )
    async with town.bot(**only):
        (seen,) = await talk.until(lambda seen: Control.RETRY in seen[0].controls)
    assert seen.notice
    assert Control.STOP not in seen.controls


async def test_a_reply_in_a_channel_of_discord_goes_on_there(town):
    place = DiscordPlace(town.discord, town.world.discord)
    only = ONLY["discord"] | {"DISCORD_REPLY": "channel"}
    room = place.room()

    def ask():
        talk = place.mention(place.ada, "one", room)
        talk.channel = room
        return talk

    talk = await cut_short(town, ask, **only)
    async with town.bot(**only):
        await talk.until(says("All of it."))


async def test_what_is_too_old_is_closed_in_place_and_can_be_tried_again(town, place):
    only = ONLY[place.name]
    async with town.bot(**only) as bot:
        town.model.enqueue("Half of it", Pause(30), "and the rest.")
        talk = place.mention(place.ada, "one")
        await talk.until(half)
        await killed(bot)
    async with town.bot(**only, RESUME_WITHIN="0 s"):
        await talk.until(says("Half of it", LEFT_OPEN))
        town.model.enqueue("All of it.")
        await talk.press(place.ada, Control.RETRY)
        await talk.until(says("All of it."))


async def test_what_was_posted_a_moment_before_the_crash_is_not_posted_again(town, place):
    """The message stands, but the process had no time to write its id down."""
    only = ONLY[place.name]
    talk = await cut_short(town, lambda: place.mention(place.ada, "one"), **only)
    forget_messages(town.folder)
    async with town.bot(**only):
        await talk.until(says("All of it."))


@pytest.mark.parametrize("private", [True, False])
async def test_a_command_is_answered_where_it_was_given(town, place, private):
    only = ONLY[place.name]
    talk = await cut_short(town, lambda: place.ask(place.ada, "one", private=private), **only)
    (before,) = talk.messages()
    async with town.bot(**only):
        (seen,) = await talk.until(whole)
        (after,) = talk.messages()

    assert after.id == before.id
    assert seen.only_for == (place.ada if private else "")


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("private", [True, False])
async def test_a_command_that_discord_had_given_up_is_answered_where_its_answer_was_begun(
    town, private, recorded
):
    only, server, space = ONLY["discord"], town.discord, town.world.discord
    place = DiscordPlace(server, space)
    room = place.room()

    def texts():
        """What the bot has said in the room and to Ada directly."""
        places = [*space.messages(room), *space.messages(f"3{place.ada[1:]}")]
        shown = [read_discord(one).text for one in places if one.author == DISCORD_BOT]
        return [text for text in shown if text]

    server.faults.add(Fault("POST callback", "code", code="10062"))
    async with town.bot(**only) as bot:
        town.model.enqueue("Half of it ", Pause(30), "and the rest.")
        asked = asyncio.create_task(place.ask(place.ada, "one", room, private=private))
        await until(space, lambda: any("Half" in text for text in texts()))
        await killed(bot)
        await asyncio.gather(asked, return_exceptions=True)
    if not recorded:
        forget_messages(town.folder)
    town.model.enqueue("All of it.")
    async with town.bot(**only):
        await until(space, lambda: texts() == ["All of it."])


@pytest.mark.parametrize("private", [True, False])
async def test_trying_again_what_a_command_has_asked_survives_a_crash(town, place, private):
    only = ONLY[place.name]
    async with town.bot(**only) as bot:
        town.model.enqueue("First.")
        talk = await place.ask(place.ada, "one", private=private)
        await talk.until(lambda seen: any(Control.RETRY in one.controls for one in seen))
        town.model.enqueue("Half of it ", Pause(30), "and the rest.")
        await talk.press(place.ada, Control.RETRY)
        await talk.until(half)
        await killed(bot)
    town.model.enqueue("All of it.")
    async with town.bot(**only):
        await talk.until(whole)


async def test_a_command_of_which_nothing_was_shown_is_answered_where_it_was_given(town, place):
    only = ONLY[place.name]
    async with town.bot(**only) as bot:
        town.model.enqueue(Pause(30), "All of it.")
        talk = await place.ask(place.ada, "one")
        async with asyncio.timeout(10):
            while not town.model.requests:
                await asyncio.sleep(0.02)
        await killed(bot)
    town.model.enqueue("All of it.")
    async with town.bot(**only):
        await talk.until(whole)


async def test_a_summary_that_a_crash_has_cut_says_so_to_its_asker(town, place):
    only = ONLY[place.name]
    async with town.bot(**only) as bot:
        room = place.room()
        place.mention(place.ben, "one", room)
        town.model.enqueue(Pause(30), "Points.")
        summary = asyncio.create_task(place.parley(place.ada, room, "summary"))
        async with asyncio.timeout(10):
            while len(town.model.requests) < 2:
                await asyncio.sleep(0.02)
        await killed(bot)
        await asyncio.gather(summary, return_exceptions=True)
    async with town.bot(**only):
        async with asyncio.timeout(20):
            while not any(LEFT_OPEN in one for one in whispered(place, room)):
                await asyncio.sleep(0.02)


async def test_another_process_takes_over_at_once_what_a_dead_one_has_left(town, place):
    only = ONLY[place.name]
    async with town.bot(**only) as bot:
        town.model.enqueue("Half of it ", Pause(30), "and the rest.")
        talk = place.mention(place.ada, "one")
        await talk.until(half)
        async with town.bot(**only):
            town.model.enqueue("All of it.")
            await killed(bot)
            await talk.until(says("All of it."))


def whispered(place, room):
    return [read(place, one).notice for one in place.space.messages(room) if one.only_for]


def read(place, message):
    return (read_slack if place.name == "slack" else read_discord)(message)


def forget_messages(folder):
    with sqlite3.connect(folder / "data" / "parley.db") as connection:
        connection.execute("DELETE FROM reply_messages")
    connection.close()
