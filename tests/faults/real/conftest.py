"""Twenty schedules, several at the same time, since most of one is waiting."""

import asyncio

import pytest
import pytest_asyncio

from tests.faults.real.games import play
from tests.faults.real.schedule import schedule

SEEDS = range(20)
AT_ONCE = 4


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def games(request):
    """The schedules of a module's platform by their seeds, as they are being played."""
    room = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as tasks:
        yield {
            seed: tasks.create_task(play(schedule(request.module.PLATFORM, seed), room))
            for seed in SEEDS
        }


@pytest.fixture(params=SEEDS)
def seed(request):
    """Each of them in turn."""
    return request.param
