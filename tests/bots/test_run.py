"""However the bot is told to end, answers in flight are closed first."""

import asyncio
from functools import partial

import pytest
from structlog.testing import capture_logs

from bots.run import _start, _until_stopped, _warn_if_gone
from bots.stopping import Closing
from core.errors import StartError


class Platform:
    """A platform that stays connected, or ends for good."""

    ready = True

    def __init__(self, error=None):
        self.error = error

    async def start(self):
        pass

    async def run(self):
        if self.error:
            raise self.error
        await asyncio.Event().wait()

    async def stop(self):
        pass


class Drained:
    """In place of the chat: notes that it was drained, which takes its time."""

    def __init__(self, takes=0.0):
        self.takes = takes
        self.ended = []

    async def drain(self, seconds):
        try:
            await asyncio.sleep(self.takes)
            self.ended.append("drained")
        except asyncio.CancelledError:
            self.ended.append("hurried")
            raise


async def test_a_platform_that_ends_for_good_lets_the_answers_on_the_other_end_first():
    chat, signals = Drained(), asyncio.Queue()

    with pytest.raises(BaseExceptionGroup) as caught:
        async with asyncio.timeout(5):
            platforms = [Platform(), Platform(StartError("revoked"))]
            await _until_stopped(platforms, partial(chat.drain, 8), signals, Closing())
    assert caught.group_contains(StartError, match="revoked")
    assert chat.ended == ["drained"]


async def test_a_signal_drains_and_a_second_one_ends_at_once():
    chat, signals = Drained(takes=3600), asyncio.Queue()
    for _ in range(2):
        signals.put_nowait("SIGTERM")

    async with asyncio.timeout(5):
        await _until_stopped([Platform()], partial(chat.drain, 3600), signals, Closing())
    assert chat.ended == ["hurried"]


async def test_one_signal_waits_for_the_answers():
    chat, signals = Drained(takes=0.05), asyncio.Queue()
    signals.put_nowait("SIGTERM")

    await _until_stopped([Platform()], partial(chat.drain, 8), signals, Closing())
    assert chat.ended == ["drained"]


class Baffled:
    """In place of the model: fails in a way that nobody foresaw."""

    async def names(self):
        raise UnicodeError("how odd")


async def test_what_goes_wrong_in_checking_the_model_is_logged_and_does_not_spoil_the_end():
    with capture_logs() as lines:
        async with Closing().running(_warn_if_gone(Baffled(), "m")):
            await asyncio.sleep(0)

    assert [line["log_level"] for line in lines] == ["error"]


async def test_what_a_platform_did_not_foresee_at_its_start_is_a_line_that_names_its_setting():
    class Surprised(Platform):
        async def start(self):
            raise KeyError("owner")

    with pytest.raises(StartError, match=r"KeyError: 'owner'.*DISCORD_API_URL"):
        await _start("discord", Surprised())
