"""What a platform has refused is known after a restart, too."""

import pytest
import structlog

from core.budget import Budget
from core.cuts import Cuts
from core.pace import Governor, Urgency
from core.store import Store

UPDATES = Budget("slack/T1/chat.update", rate=50 / 60, window=60, burst=10)


@pytest.fixture
async def store(tmp_path):
    opened = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'parley.db'}", lambda: 0.0)
    yield opened
    await opened.close()


async def process(store, *, started, now):
    """A process's governor, on a clock that began when it was started, and its cuts."""
    cuts = Cuts(store.marks, lambda: now - started, lambda: now)
    await cuts.load()
    return Governor(lambda: now - started, cuts), cuts


def at_once(governor):
    """How many updates may go at once."""
    count = 0
    while not governor.ask((UPDATES,), Urgency.LAST).waits:
        count += 1
    return count


async def test_a_burst_that_was_cut_stays_so_over_a_restart_and_recovers_all_the_same(store):
    before, cuts = await process(store, started=1000.0, now=5000.0)
    before.refused((UPDATES,), 1.0)
    await cuts.close()

    soon, _ = await process(store, started=5010.0, now=5020.0)
    later, _ = await process(store, started=5010.0, now=5070.0)
    tomorrow, _ = await process(store, started=5010.0, now=90_000.0)

    assert [at_once(one) for one in (soon, later, tomorrow)] == [5, 7, 10]


async def test_what_is_used_up_for_good_was_not_cut_and_leaves_nothing_to_remember(store):
    governor, cuts = await process(store, started=0.0, now=100.0)
    with structlog.testing.capture_logs() as said:
        governor.refused((Budget("slack/response/1", rate=0, window=1, burst=5),), 1.0)
        await cuts.close()

    assert "cut" not in str(said)
    assert await store.marks.having("cut/") == {}


async def test_a_cut_of_long_ago_is_forgotten(store):
    before, cuts = await process(store, started=0.0, now=5000.0)
    before.refused((UPDATES,), 1.0)
    await cuts.close()

    _, cuts = await process(store, started=0.0, now=5000.0 + 31 * 86_400)

    assert cuts.get(UPDATES.key) is None
    assert await store.marks.having("cut/") == {}


async def test_a_limit_that_cannot_be_written_down_is_kept_in_memory(store, tmp_path):
    governor, cuts = await process(store, started=0.0, now=100.0)
    await store.close()
    (tmp_path / "parley.db").unlink()
    (tmp_path / "parley.db").mkdir()
    governor.refused((UPDATES,), 0.0)
    await cuts.close()

    assert cuts.get(UPDATES.key).share == 0.5
