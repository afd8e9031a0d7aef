"""What people attach, spoilt: no file makes the bot raise, hang, or lose a question."""

import asyncio
import itertools
import sys

import pytest
from structlog.testing import capture_logs

from core import files as reading
from core.errors import Why
from core.files import Files, Hung
from core.messages import Attachment
from core.pictures import Picture
from core.texts import Words
from tests import papers
from tests.e2e.places import DiscordPlace, File, SlackPlace
from tests.fuzz.doors import town_with_a_bot
from tests.fuzz.files import bombs, seeds, spoilt
from tests.fuzz.mutation import SECONDS, rounds

pytestmark = pytest.mark.timeout(SECONDS + 120)

AT_ONCE = 8
SLOW = {"words.pdf", "forms.pdf", "zip-many.pdf"}
"""Bombs that only time ends."""

OTHERS = {"slack": {"DISCORD_TOKEN": None, "DISCORD_API_URL": None}}
OTHERS["discord"] = {"SLACK_BOT_TOKEN": None, "SLACK_APP_TOKEN": None}
numbers = itertools.count(1)


async def test_any_bytes_are_read_or_are_a_file_that_cannot_be_read(record_property):
    """In a process that may not have more memory than any one of them may take."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fuzz.reading"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, complaint = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()

    assert child.returncode == 0, complaint.decode()[-4000:]
    record_property("bad inputs", int(said))


async def read(files, data):
    """What a file holds, as the composer learns it."""
    file = Attachment(str(next(numbers)), "a", "a/b", len(data), "http://127.0.0.1/a")

    async def fetch(*_):
        return data

    found = await files.read([Hung(file, "m", True)], fetch)
    return found[file.id]


@pytest.mark.parametrize("name", sorted(bombs().keys() - SLOW))
async def test_a_bomb_is_read_in_part_or_refused_and_the_next_file_is_read(name):
    files = Files()
    with capture_logs() as lines:
        found = await read(files, bombs()[name]())

    assert isinstance(found, Words | Picture | Why)
    assert await read(files, b"words") == Words("words", 5)
    assert "unexpected" not in [line["event"] for line in lines]


async def test_what_takes_for_ever_is_given_up_and_holds_up_no_other_file(monkeypatch):
    files, paper = Files(), papers.pdf("Hello").data
    bomb = bombs()["words.pdf"]()
    monkeypatch.setattr(reading, "PARSE_TIMEOUT", 4.0)

    assert await asyncio.gather(*(read(files, bomb) for _ in range(2))) == [Why.TOO_SLOW] * 2
    monkeypatch.undo()
    assert (await read(files, paper)).text == "[page 1]\nHello"


@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_no_spoilt_file_loses_the_question_below_which_it_hangs(
    tmp_path, record_property, platform
):
    """Through the platforms' downloads, by whatever name and type."""
    whole = seeds()
    names = [(name, f"image/{name.rpartition('.')[2]}") for name in whole]
    names += [("a.txt", "text/plain"), ("b.pdf", "application/pdf"), ("c", "")]
    async with town_with_a_bot(tmp_path, **OTHERS[platform]) as (town, _):
        slack = platform == "slack"
        where, space = (
            (town.slack, town.world.slack) if slack else (town.discord, town.world.discord)
        )
        place = (SlackPlace if slack else DiscordPlace)(where, space)
        tried = 0
        for chance in rounds(0.25):
            found = []
            for _ in range(AT_ONCE):
                data = spoilt(chance, chance.choice([*whole.values()]), [*whole.values()])
                found.append(File(*chance.choice(names), data))
            tried += AT_ONCE
            number = next(numbers)
            talk = place.mention(place.ben, f"good question {number}", files=found)
            async with asyncio.timeout(90):
                await talk.until(lambda seen, n=number: [s.text for s in seen] == [f"Answer {n}."])
        record_property("bad inputs", tried)
