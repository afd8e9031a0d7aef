"""A model that is down, over its quota or gone does not keep anybody waiting for an answer."""

import pytest
import pytest_asyncio

from core import notices
from core.controls import Control
from sandbox.faults import Fault
from sandbox.model import ModelServer
from tests.e2e.conftest import opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHOSEN, NEXT, ELSEWHERE = "gpt-4o-mini", "gpt-4o", "llama-4"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def elsewhere():
    """Another server, with a key and a model of its own."""
    server = ModelServer(key="sk-elsewhere", models=(ELSEWHERE,), first_token=0.05, rate=200)
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def inhabited(tmp_path_factory, elsewhere):
    async with opened(tmp_path_factory.mktemp("town")) as town:
        town.model.models = (CHOSEN, NEXT)
        settings = {
            "OPENAI_FALLBACK_MODELS": f"{NEXT}, {ELSEWHERE}@{elsewhere.base_url}",
            "OPENAI_FALLBACK_KEYS": f'{{"{elsewhere.base_url}": "sk-elsewhere"}}',
        }
        async with town.bot(**settings) as bot:
            yield town
    assert bot.process.returncode == 0
    assert "Traceback" not in bot.said, bot.said
    assert "sk-elsewhere" not in bot.said


@pytest.fixture
def quiet(inhabited):
    yield
    inhabited.model.faults.clear()


def fails(town, *models):
    town.model.faults.add(
        Fault(
            "chat.completions",
            "status",
            status=503,
            times=-1,
            only_if=lambda body: body.get("model") in models,
        )
    )


def complete(seen):
    return bool(seen) and Control.WHY in seen[-1].controls and Control.STOP not in seen[-1].controls


async def test_another_model_answers_in_the_same_message_and_says_so(
    place, model, inhabited, elsewhere, quiet
):
    fails(inhabited, CHOSEN, NEXT)
    elsewhere.enqueue("From elsewhere.")
    talk = place.mention(place.ada, "why?")
    seen = await talk.until(complete)

    assert [one.text for one in seen] == ["From elsewhere."]
    assert seen[0].notice == notices.stood_in(ELSEWHERE, CHOSEN)
    told = await talk.press(place.ada, Control.WHY)
    assert ELSEWHERE in told
    assert f"{CHOSEN} (" in told
