"""The workspaces that have let the bot in are on record, with nothing that could be used."""

import pytest

from core.store import Installation, Store

ONE = Installation("slack/T1", "One", "sealed-1")


@pytest.fixture
async def installations(tmp_path):
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/parley.db", lambda: 1000.0)
    yield store.installations
    await store.close()


async def test_what_is_installed_is_known_until_it_is_erased(installations):
    await installations.save(ONE)

    assert await installations.get("slack/T1") == ONE
    assert await installations.erase(ONE)
    assert await installations.all() == ()
    assert await installations.get("slack/T1") is None


async def test_installed_again_the_newer_token_counts_and_the_older_erases_nothing(installations):
    newer = Installation("slack/T1", "One", "sealed-2")
    await installations.save(ONE)
    await installations.save(newer)

    assert not await installations.erase(ONE)
    await installations.reseal("slack/T1", "sealed-1", "sealed-3")
    assert await installations.all() == (newer,)
    await installations.reseal("slack/T1", "sealed-2", "sealed-4")
    assert (await installations.get("slack/T1")).token == "sealed-4"
