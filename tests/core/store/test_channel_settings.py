"""What is set for a channel stays, and who set it when is written down."""

import pytest

from core.overrides import Overrides
from core.presets import Preset, Scope
from core.store import Store
from core.wire import Parameters

CHANNEL, WORKSPACE = "slack/T1/C1", "slack/T1"
SCOPE = Scope("slack", "T1", "C1")
DEPLOYMENT = Preset(Parameters("gpt-a"), "Be kind.")


@pytest.fixture
def url(tmp_path):
    return f"sqlite+aiosqlite:///{tmp_path}/parley.db"


@pytest.fixture
async def store(url):
    store = await Store.open(url, lambda: 1000.0)
    yield store
    await store.close()


@pytest.fixture
async def other(url):
    store = await Store.open(url, lambda: 2000.0)
    yield store
    await store.close()


async def test_what_is_set_is_there_after_a_restart(store, other):
    await store.channel_settings.change(CHANNEL, {"model": "gpt-b", "answer_tokens": 50}, "U1")
    await store.channel_settings.change(WORKSPACE, {"model": "gpt-w"}, "U1")

    assert await other.channel_settings.all() == {
        CHANNEL: {"model": "gpt-b", "answer_tokens": 50},
        WORKSPACE: {"model": "gpt-w"},
    }


async def test_each_change_is_recorded_with_who_when_before_and_after(store, other):
    settings, later = store.channel_settings, other.channel_settings
    await settings.change(CHANNEL, {"model": "gpt-b"}, "U1")
    await later.change(CHANNEL, {"model": "gpt-c", "place": None}, "U2")
    await later.change(CHANNEL, {"model": None}, "U2")

    history = [(c.name, c.before, c.after, c.who, c.at) for c in await settings.history(CHANNEL)]
    assert history == [
        ("model", None, "gpt-b", "U1", 1000.0),
        ("model", "gpt-b", "gpt-c", "U2", 2000.0),
        ("model", "gpt-c", None, "U2", 2000.0),
    ]
    assert await settings.at(CHANNEL) == {}


async def test_setting_what_is_set_already_is_no_change(store):
    await store.channel_settings.change(CHANNEL, {"model": "gpt-b"}, "U1")

    assert await store.channel_settings.change(CHANNEL, {"model": "gpt-b"}, "U2") == ()


async def test_a_change_holds_at_once_and_in_other_processes_once_they_read_again(store, other):
    here = Overrides(store.channel_settings, DEPLOYMENT)
    there = Overrides(other.channel_settings, DEPLOYMENT)
    await here.load()
    await there.load()
    await here.change(SCOPE, {"model": "gpt-b"}, "U1")

    assert here.preset(SCOPE).model == "gpt-b"
    assert there.preset(SCOPE).model == "gpt-a"
    await there.load()
    assert there.preset(SCOPE).model == "gpt-b"


async def test_temperature_takes_the_place_of_top_p(store):
    overrides = Overrides(store.channel_settings, DEPLOYMENT)
    await overrides.change(SCOPE, {"top_p": 0.5}, "U1")
    await overrides.change(SCOPE, {"temperature": 0.7}, "U1")

    assert overrides.at(SCOPE) == {"temperature": 0.7}
