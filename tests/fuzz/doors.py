"""A bot of its own for each door, between platforms that send what nobody should."""

import asyncio
import itertools
import json
import re
from contextlib import asynccontextmanager

from sandbox.model import Answer
from tests.e2e.conftest import opened

TROUBLE = re.compile(r"Traceback|unexpected|Task exception|never retrieved|never awaited")
"""What stands in the log where something was raised past a door."""

numbers = itertools.count(1)


@asynccontextmanager
async def town_with_a_bot(folder, **settings):
    """A bot for one test, which must have taken no harm at the end."""
    async with opened(folder, limited=False) as town:
        town.model.script = answer
        async with town.bot(**settings) as bot:
            yield town, bot
        assert bot.process.returncode == 0, bot.said[-4000:]
        assert_calm(bot)


def answer(body):
    """The number of the question, where it is one of ours."""
    asked = re.findall(r"good question (\d+)", json.dumps(body["messages"][-1]))
    return Answer((f"Answer {asked[-1]}." if asked else "Fine.",), rate=1e6, first_token=0.0)


def assert_calm(bot, said=""):
    """Nothing was raised past the door."""
    said = said or bot.said
    if found := TROUBLE.search(said):
        raise AssertionError(said[max(0, found.start() - 1500) : found.start() + 4000])


async def assert_answers(place):
    """A well-formed question gets its answer."""
    number = next(numbers)
    talk = place.mention(place.ben, f"good question {number}")
    async with asyncio.timeout(20):
        await talk.until(lambda seen: [one.text for one in seen] == [f"Answer {number}."])


def renamed(payload, names):
    """A payload with every name of one thing put for that of another, wherever it stands."""
    text = json.dumps(payload)
    for old, new in names.items():
        text = text.replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1])
    return json.loads(text)
