"""What was said in the workspace while nobody listened is found in its histories."""

import asyncio
import time

import pytest

from bots.slack import past
from core.catch_up import CatchUp
from core.errors import ShuttingDown
from core.messages import Conversation
from sandbox.faults import Fault
from sandbox.world import Channel, Kind
from tests.records import Marks, Taken

from .conftest import Notes, working

TEAM = "T0SANDBOX"


@pytest.fixture
def notes():
    return Notes()


@pytest.fixture
def listening(slack, notes):
    """Lets a process of the bot listen, each on the same records."""
    marks = Marks()
    taken = Taken(lambda: [one.key for one, _ in notes.taken], notes.threads)
    slack.deliveries.redelivery = ()

    def listening():
        return working(slack, notes, catch_up=lambda: CatchUp(marks, taken, 1800, time.time))

    return listening


async def heard(slack, notes):
    """Something that was asked and heard, so that there is a mark."""
    said = slack.say("U0ADA", "C0GENERAL", "@Parley first")
    await notes.question()
    return said


def words(notes):
    return [question.text for question, _ in notes.taken]


async def test_a_reply_in_a_thread_that_began_long_ago_is_found(
    slack, notes, listening, monkeypatch
):
    """The channel's newest messages say nothing of it; that the bot was asked there does."""
    monkeypatch.setattr(past, "PAGE", 3)
    monkeypatch.setattr(past, "PAGES", 1)
    async with listening():
        root = await heard(slack, notes)
    for number in range(5):
        slack.say("U0BEN", "C0GENERAL", f"chatter {number}")
    slack.say("U0ADA", "C0GENERAL", "and second?", root.id)

    async with listening():
        question, _ = await notes.question(2)
    assert question.text == "and second?"
    assert question.conversation == Conversation("slack", TEAM, "C0GENERAL", root.id)


async def test_a_mention_in_a_thread_of_other_people_is_found(slack, notes, listening):
    root = slack.say("U0BEN", "C0ENGINE", "look at this")
    async with listening():
        await heard(slack, notes)
    slack.say("U0ADA", "C0ENGINE", "nice", root.id)
    slack.say("U0ADA", "C0ENGINE", "@Parley what is it?", root.id)
    slack.say("U0ADA", "C0ENGINE", "hm", root.id)

    async with listening():
        await notes.question(2)
        await notes.question(3)
    assert words(notes) == ["first", "what is it?", "hm"]


async def test_the_pages_of_a_busy_channel_are_all_read_in_order(
    slack, notes, listening, monkeypatch
):
    monkeypatch.setattr(past, "PAGE", 2)
    async with listening():
        await heard(slack, notes)
    for number in range(7):
        slack.say("U0BEN", "C0ENGINE", f"@Parley {number}")

    async with listening():
        await notes.question(8)
    assert words(notes)[1:] == [str(number) for number in range(7)]


def in_engineering(about):
    return about.get("channel") == "C0ENGINE"


def with_direct_messages(about):
    return "im" in about.get("types", "")


async def looked(bot):
    """Wait until there is nothing left to look for."""
    async with asyncio.timeout(20):
        while bot._presence.catch_up._away:
            await asyncio.sleep(0.01)


async def test_what_slack_refuses_for_now_is_asked_for_again(slack, notes, listening):
    async with listening():
        await heard(slack, notes)
    slack.say("U0BEN", "C0ENGINE", "@Parley missed")
    for fault in (
        Fault("conversations.history", "rate_limit", seconds=1, only_if=in_engineering),
        Fault("conversations.history", "reset", only_if=in_engineering),
        Fault("users.conversations", "reset", times=2, only_if=with_direct_messages),
    ):
        slack.faults.add(fault)

    async with listening():
        await notes.question(2)
    assert words(notes) == ["first", "missed"]


async def test_a_channel_that_cannot_be_read_keeps_no_other_from_it(slack, notes, listening):
    async with listening():
        await heard(slack, notes)
    slack.say("U0BEN", "C0ENGINE", "@Parley missed")
    slack.say("U0BEN", "D0BEN", "directly")
    slack.faults.add(
        Fault(
            "conversations.history",
            "code",
            code="internal_error",
            times=-1,
            only_if=lambda about: about.get("channel") == "C0GENERAL",
        )
    )

    async with listening():
        await notes.question(3)
    assert sorted(words(notes)[1:]) == ["directly", "missed"]


async def test_where_the_bot_is_not_nothing_is_read(slack, notes, listening):
    async with listening():
        await heard(slack, notes)
    slack.workspace.space.channels["C0ENGINE"].archived = True
    slack.say("U0BEN", "C0GENERAL", "@Parley missed")

    async with listening() as bot:
        await notes.question(2)
        await looked(bot)
    read = {
        one.arguments["channel"] for one in slack.requests if one.method == "conversations.history"
    }
    assert not read & {"C0QUIET", "C0ENGINE"}


async def test_what_could_not_be_taken_in_a_stop_is_found_by_the_next_process(
    slack, notes, listening, monkeypatch
):
    monkeypatch.setattr("core.catch_up.OVERLAP", 0.001)
    async with listening():
        await heard(slack, notes)
        notes.failures.append(ShuttingDown("stopping"))
        slack.say("U0BEN", "D0BEN", "at the last moment")
        async with slack.post._changed:
            await slack.post._changed.wait_for(lambda: ("message", False) in slack.post.delivered)
        slack.say("U0BEN", "C0ENGINE", "heard all the same")
        await slack.post.until(4)

    async with listening():
        await notes.question(2)
    assert words(notes) == ["first", "at the last moment"]


async def test_an_edit_that_slack_tells_of_after_the_message_was_found_is_no_news(
    slack, notes, listening
):
    async with listening():
        await heard(slack, notes)
    said = slack.say("U0BEN", "C0ENGINE", "@Parley one")
    slack.deliveries.redelivery = (1.0,) * 20
    slack.edit("U0BEN", "C0ENGINE", said.id, "@Parley another")

    async with listening():
        await notes.question(2)
        async with slack.post._changed:
            await slack.post._changed.wait_for(
                lambda: ("message_changed", True) in slack.post.delivered
            )
    assert words(notes) == ["first", "another"]
    assert notes.edits == []


async def test_direct_messages_in_groups_and_private_channels_are_read(slack, notes, listening):
    slack.workspace.space.add_channel(
        Channel("C0SECRET", "secret", Kind.PRIVATE, {"U0ADA", "U0PARLEY"})
    )
    group = slack.workspace.direct("U0ADA", "U0BEN")
    async with listening():
        await heard(slack, notes)
    slack.say("U0ADA", "C0SECRET", "@Parley in private")
    slack.say("U0ADA", group.id, "@Parley in the group")
    slack.say("U0ADA", group.id, "among us")

    async with listening():
        await notes.question(3)
    assert sorted(words(notes)[1:]) == ["in private", "in the group"]
