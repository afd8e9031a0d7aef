"""Attachments are read while they exist, whatever their addresses."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import FileUnread, Why
from sandbox.discord import DiscordServer, Upload
from sandbox.discord.files import LIFETIME
from tests.bots.discord.conftest import ADA, ADAS_DIRECT, TOKEN


class Clock:
    """Discord's time, which a test can move."""

    def __init__(self):
        self.ahead = timedelta(0)

    def __call__(self):
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def discord(world, clock):
    server = DiscordServer(world, token=TOKEN, clock=clock)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def asked(bot, discord, clerk):
    message = discord.say(ADA, ADAS_DIRECT, "read", files=[Upload("a.txt", "text/plain", b"hello")])
    question, surface = await clerk.next()
    return message, question.attachments[0], surface


async def test_an_attachment_is_read(asked):
    message, file, surface = asked

    assert await surface.read(file, message.id, 1000) == b"hello"


async def test_an_address_that_has_expired_is_renewed(asked, clock):
    message, file, surface = asked
    clock.ahead = LIFETIME * 2

    assert await surface.read(file, message.id, 1000) == b"hello"


async def test_one_whose_message_is_gone_is_gone(asked, clock, discord):
    message, file, surface = asked
    clock.ahead = LIFETIME * 2
    discord.delete(ADA, ADAS_DIRECT, message.id)

    with pytest.raises(FileUnread) as failed:
        await surface.read(file, message.id, 1000)
    assert failed.value.why is Why.GONE


async def test_files_of_earlier_messages_are_in_the_history(asked, discord, clerk):
    message, file, _ = asked
    discord.say(ADA, ADAS_DIRECT, "and?")
    _, surface = await clerk.next()

    first = (await surface.history())[0]
    assert (first.id, first.text) == (message.id, "read")
    assert [one.id for one in first.attachments] == [file.id]
