"""Files below an answer in Discord: one message, whatever happens to the request."""

import pytest

from core.surface import CodeFile, Delivered, Page, RefusedForGood, RefusedForNow, Unknown
from sandbox.faults import Fault

from .conftest import ADA, ADAS_DIRECT, GENERAL

FILES = (CodeFile("answer.py", b"one = 1\n"), CodeFile("answer-2.js", b"two()\n"))


@pytest.fixture
async def surface(bot, discord, clerk):
    discord.say(ADA, ADAS_DIRECT, "hello")
    _, surface = await clerk.next()
    return surface


def attached(eyes, channel=ADAS_DIRECT):
    return [
        [file["filename"] for file in message.payload["attachments"]]
        for message in eyes.space.messages(channel)
        if message.payload.get("attachments")
    ]


async def test_files_stand_in_one_message_below_the_answer(surface, eyes):
    await surface.post(Page("The answer."), "n.0")

    assert isinstance(await surface.attach(FILES, "n.f0"), Delivered)
    assert attached(eyes) == [["answer.py", "answer-2.js"]]
    assert eyes.last(ADAS_DIRECT).text == ""


@pytest.mark.parametrize("kind", ["after", "reset_after"])
async def test_a_lost_receipt_does_not_make_a_second_message(surface, discord, eyes, kind):
    discord.faults.add(Fault("POST message", kind, status=502))

    assert isinstance(await surface.attach(FILES, "n.f0"), Unknown)
    assert isinstance(await surface.attach(FILES, "n.f0"), Delivered)
    assert len(attached(eyes)) == 1


async def test_a_refusal_for_now_is_told(surface, discord):
    discord.faults.add(Fault("POST message", "rate_limit", seconds=0.5))

    assert await surface.attach(FILES, "n.f0") == RefusedForNow(0.5)


async def test_without_the_permission_it_is_refused_for_good(bot, discord, clerk, eyes):
    eyes.space.channels[GENERAL].extra["deny"] = {"ATTACH_FILES"}
    discord.say(ADA, GENERAL, "@Parley hello")
    _, surface = await clerk.next()
    await surface.post(Page("The answer."), "n.0")

    assert await surface.attach(FILES, "n.f0") == RefusedForGood("50013")


async def test_the_model_never_sees_them(surface, discord, clerk):
    await surface.post(Page("The answer."), "n.0")
    await surface.attach(FILES, "n.f0")
    discord.say(ADA, ADAS_DIRECT, "and now?")
    _, later = await clerk.next()

    turns = [turn.text for turn in await later.history()]
    assert turns[-2:] == ["The answer.", "and now?"]
