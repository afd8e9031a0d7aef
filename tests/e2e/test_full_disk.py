"""A disk without room under a running bot: a sentence for who asks, the end for who reads."""

import asyncio
import json
import resource
import socket
import urllib.error
import urllib.request
from contextlib import contextmanager
from functools import partial

import pytest

from core.errors import StoreUnwritable
from sandbox.model import Answer, Pause
from tests.e2e.places import DiscordPlace, SlackPlace, until


@contextmanager
def full(bot):
    """No file of this process may grow meanwhile; to SQLite that is a disk that takes nothing."""
    process = bot.process.pid
    _, most = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (0, most))
    yield
    resource.prlimit(process, resource.RLIMIT_FSIZE, (most, most))


def places(town):
    return (
        SlackPlace(town.slack, town.world.slack),
        DiscordPlace(town.discord, town.world.discord),
    )


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def readiness(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as waiting:
        return json.load(waiting)


async def ready(port, wanted):
    async with asyncio.timeout(20):
        while await asyncio.to_thread(readiness, port) != wanted:
            await asyncio.sleep(0.1)


@pytest.mark.timeout(120)
async def test_on_a_full_disk_questions_are_refused_and_answers_end_and_then_all_is_as_before(town):
    port = free_port()
    ready_again = {"status": "ready"}
    async with town.bot(ADMIN_PORT=str(port)) as bot:
        await ready(port, ready_again)
        town.model.script = lambda body: Answer(("Half, ", Pause(2.0), "and the rest."))
        slack, discord = places(town)
        begun = [place.mention(place.ada, "begin") for place in (slack, discord)]
        for talk in begun:
            await talk.until(lambda seen: bool(seen) and "Half" in seen[0].text)
        with full(bot):
            for place in (slack, discord):
                room = place.room()
                place.mention(place.ada, "and now?", room)
                refused = partial(place.whispers, room, place.ada)
                await until(place.space, lambda refused=refused: bool(refused()))
                assert refused() == [StoreUnwritable.says]
            await ready(port, {"status": "waiting", "for": ["database"]})
            for talk in begun:
                (seen,) = await talk.until(lambda seen: seen[0].text == "Half, and the rest.")
                assert seen.notice == ""
        await ready(port, ready_again)
        later = [place.mention(place.ada, "at last?") for place in (slack, discord)]
        for talk in later:
            await talk.until(lambda seen: bool(seen) and seen[0].text == "Half, and the rest.")
        assert [len(talk.seen()) for talk in (*begun, *later)] == [1] * 4

    assert bot.process.returncode == 0
    assert len(town.model.requests) == 4
    assert bot.said.count("the database can be written again") == 1
    assert "Traceback" not in bot.said
