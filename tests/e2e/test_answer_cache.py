"""`/ask` gives the same answer to the same question for a while, and asks afresh on demand."""

import pytest
import pytest_asyncio

from core.controls import Control
from sandbox.model import Answer
from tests.e2e.conftest import opened

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def inhabited(tmp_path_factory):
    async with opened(tmp_path_factory.mktemp("town")) as town:
        async with town.bot(ANSWER_CACHE="30", TIME_ZONE="Europe/Berlin") as bot:
            yield town
        assert bot.process.returncode == 0
        assert "Traceback" not in bot.said, bot.said


def texts(seen):
    return [one.text for one in seen]


@pytest.mark.parametrize("private", [True, False], ids=["private", "public"])
async def test_a_question_that_was_asked_lately_is_answered_from_the_cache(place, model, private):
    room, words = place.room(), f"why {'quietly' if private else 'aloud'}?"
    model.enqueue(Answer(("One.",)), Answer(("Two.",)))
    before = len(model.requests)
    first = await place.ask(place.ada, words, room, private=private)
    await first.until(lambda seen: any("One." in text for text in texts(seen)))
    again = await place.ask(place.ada, words, room, private=private)
    seen = await again.until(lambda seen: any("(Europe/Berlin)" in one.notice for one in seen))

    assert "One." in seen[-1].text
    assert len(model.requests) == before + 1
    assert Control.AFRESH in seen[-1].controls
    (message,) = [one for one in again.messages() if Control.AFRESH in again.read(one).controls]
    await place.press(place.ada, message, Control.AFRESH)
    seen = await again.until(lambda seen: any("Two." in text for text in texts(seen)))

    assert len(model.requests) == before + 2
    assert all(one.only_for == (place.ada if private else "") for one in seen if "Two." in one.text)


async def test_nobody_else_asks_afresh_what_somebody_has_asked(place, model):
    room = place.room()
    model.enqueue(Answer(("One.",)))
    before = len(model.requests)
    for _ in range(2):
        talk = await place.ask(place.ada, "why at all?", room, private=False)
        await talk.until(lambda seen: any("One." in text for text in texts(seen)))
    await talk.until(lambda seen: any(Control.AFRESH in one.controls for one in seen))
    told = await talk.press(place.ben, Control.AFRESH)

    assert "Only" in told
    assert len(model.requests) == before + 1
