"""On Discord, whatever goes wrong at whatever moment, each question ends as it was promised."""

import pytest

from tests.faults.real.games import told

PLATFORM = "discord"

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]


async def test_the_law_holds_after_this_schedule_of_faults(games, seed):
    done = await games[seed]

    assert not done.breaches, told(done)
    assert done.questions
