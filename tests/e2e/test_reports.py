"""`/parley usage` and `/parley forget`, on either platform, in front of the asker alone."""

import asyncio
import io
import json
import re
import sqlite3
from contextlib import closing

import pytest
import pytest_asyncio
from PIL import Image

from core import notices
from sandbox.model import Answer
from tests.e2e.conftest import opened
from tests.e2e.menus import parley
from tests.e2e.places import (
    DISCORD_BOT,
    SLACK_BOT,
    DiscordPlace,
    SlackPlace,
    read_discord,
    read_slack,
    until,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


PRICES = """
[models."gpt-4o-mini"]
input = 0.15
output = 0.60
"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def inhabited(tmp_path_factory):
    """A town whose model has its price."""
    folder = tmp_path_factory.mktemp("town")
    (folder / "prices.toml").write_text(PRICES)
    async with opened(folder) as town, town.bot(PRICES_FILE="prices.toml") as bot:
        yield town
    assert bot.process.returncode == 0
    assert "Traceback" not in bot.said, bot.said
    assert "unexpected" not in bot.said, bot.said


def told(place, person):
    """All that the bot has told somebody by themselves, wherever, oldest first."""
    return [
        message
        for channel in list(place.space.channels)
        for message in place.space.messages(channel)
        if message.only_for == person
    ]


async def usage(place, person, room, of=""):
    """What somebody is told of usage, once all of it is there."""
    before = {message.id for message in told(place, person)}
    await parley(place, person, room, f"usage {of}".strip())

    def shown():
        return [one for one in told(place, person) if one.id not in before and one.text]

    await until(place.space, lambda: bool(shown()))
    return shown()[0].text


async def picture(place, person, room, count):
    """The newest picture that somebody was sent, once there are so many, and what it shows."""
    if isinstance(place, SlackPlace):
        where = f"D0{person[2:]}"
        author, name = SLACK_BOT, "files"
    else:
        where, author, name = room, DISCORD_BOT, "attachments"

    def sent():
        return [
            (message, file)
            for message in place.space.messages(where)
            if message.author == author
            for file in message.payload.get(name) or ()
        ]

    await until(place.space, lambda: len(sent()) == count)
    message, file = sent()[-1]
    if isinstance(place, SlackPlace):
        held = place.server.workspace.files.get(file["id"])
        return message, Image.open(io.BytesIO(held.data)), held.alt
    held = place.server._realm.files.get(file["id"])
    return message, Image.open(io.BytesIO(held.data)), file["description"]


@pytest_asyncio.fixture(loop_scope="module")
async def asked(inhabited, place, model):
    """Ada and Ben have asked something in one room."""
    room = place.room()
    for person in (place.ada, place.ben):
        model.enqueue(Answer(("Well.",)))
        talk = place.mention(person, "count me", room)
        await talk.until(lambda seen: bool(seen) and seen[-1].text == "Well.")
    await recorded(inhabited)
    return room


async def recorded(inhabited):
    """Wait until everything that was asked has its record, which nobody sees."""
    with closing(sqlite3.connect(inhabited.folder / "data" / "parley.db")) as records:
        async with asyncio.timeout(10):
            while records.execute("SELECT 1 FROM questions WHERE state != 'settled'").fetchone():
                await asyncio.sleep(0.02)


async def test_usage_tells_the_asker_what_is_theirs_with_what_it_cost(place, asked):
    words = await usage(place, place.ben, asked)

    assert re.match(r"You, today: [1-9]\d* questions?, 0\.0000\d+ USD\n", words)
    assert re.search(
        r"• gpt-4o-mini: [1-9]\d* in \(\d+ of them cached\), [1-9]\d* out, 0\.\d+ USD", words
    )
    assert "Everybody" not in words


async def test_usage_comes_with_a_picture_for_the_asker_alone(place, asked):
    before = len(told(place, place.cho))
    await usage(place, place.ada, asked, "channel")
    message, image, alt = await picture(place, place.ada, asked, 1)

    assert image.format == "PNG"
    assert image.size == (1200, 640)
    assert re.match(r"Cost per day, last 30 days\. #room-\d+: 0\.\d+ USD, by person", alt)
    alone = message.only_for == place.ada or message.channel == f"D0{place.ada[2:]}"
    assert alone
    assert len(told(place, place.cho)) == before


async def test_a_channels_figures_name_people_for_those_who_manage_it(place, asked):
    words = await usage(place, place.ada, asked, "channel")

    assert words.startswith("This channel, today: 2 questions, 0.0000")
    assert re.search(r"By person, in the last 30 days: .*\bAda 0\.\d+ USD", words)
    assert re.search(r"\bBen 0\.\d+ USD", words)


async def test_a_workspaces_figures_are_for_those_who_administer_it(place, asked):
    words = await usage(place, place.ada, asked, "workspace")

    assert words.startswith("Everybody here, today: ")
    assert await usage(place, place.ben, asked, "workspace") == notices.USAGE_FOR_ADMINISTRATORS


async def test_who_manages_nothing_sees_their_own_figures_only(place, asked):
    assert await usage(place, place.ben, asked, "channel") == notices.USAGE_FOR_MANAGERS


async def test_a_direct_message_has_no_figures_of_a_channel(place, asked):
    room = f"D0{place.ada[2:]}" if isinstance(place, SlackPlace) else f"3{place.ada[1:]}"

    assert await usage(place, place.ada, room, "channel") == notices.USAGE_CHANNEL_ONLY


# Forgetting.


async def forget(place, person, room, answer):
    """Use `/parley forget` and press a button of its question; what it says in the end."""
    before = {message.id for message in told(place, person)}
    slack = isinstance(place, SlackPlace)
    await parley(place, person, room, "forget me" if slack else "forget")
    (question,) = (one for one in told(place, person) if one.id not in before)
    assert notices.forget_asked("Slack" if slack else "Discord") in question.text
    if slack:
        action = {"yes": "forget_me", "no": "forget_not"}[answer]
        await place.server.press(person, room, question.id, action, "")
    else:
        await place.server.press(person, room, question.id, f"parley/forget/{answer}")

    def now():
        message = place.space.message(room, question.id)
        return str((message.text, json.dumps(message.payload, ensure_ascii=False)))

    wanted = notices.FORGOT if answer == "yes" else notices.FORGOT_NOTHING
    await until(place.space, lambda: wanted in now())
    message = place.space.message(room, question.id)
    return (read_slack if slack else read_discord)(message)


async def test_somebody_who_asks_for_it_is_forgotten_and_nobody_else(place, asked):
    seen = await forget(place, place.ben, asked, "yes")

    assert seen.only_for == place.ben
    words = await usage(place, place.ben, asked)
    assert words.startswith("You, today: 0 questions, 0.00 USD")
    assert "By person" in await usage(place, place.ada, asked, "channel")
    words = await usage(place, place.ada, asked, "channel")
    assert "Ada 0." in words
    assert "Ben 0." not in words
    assert "erased-" in words


async def test_somebody_who_thinks_better_of_it_is_not_forgotten(place, asked):
    before = await usage(place, place.ada, asked)
    await forget(place, place.ada, asked, "no")

    assert (await usage(place, place.ada, asked)).splitlines()[0] == before.splitlines()[0]


async def test_forgetting_waits_for_a_yes(place, asked):
    await parley(
        place,
        place.ada,
        asked,
        "forget me" if isinstance(place, SlackPlace) else "forget",
    )

    words = await usage(place, place.ada, asked)
    assert not words.startswith("You, today: 0 questions")


LEFT_OUT = """
[access]
people = ["slack/T0SANDBOX/U0ADA", "discord/1001"]
"""


@pytest.mark.asyncio(loop_scope="function")
async def test_whoever_may_not_use_the_bot_can_be_forgotten_by_it(town):
    (town.folder / "limits.toml").write_text(LEFT_OUT)
    async with town.bot(LIMITS_FILE="limits.toml"):
        for place in (
            SlackPlace(town.slack, town.world.slack),
            DiscordPlace(town.discord, town.world.discord),
        ):
            room = place.room()
            await parley(place, place.ben, room, "usage")
            (refused,) = told(place, place.ben)
            assert "question" not in refused.text

            await forget(place, place.ben, room, "yes")
