"""Whatever goes wrong, every question has one complete answer or one truthful ending."""

import pytest

from tests.faults.virtual.running import all_of

STEP = 25


@pytest.mark.parametrize("first", range(75, 150, STEP))
def test_every_promise_is_kept(first):
    figures = all_of("faults", range(first, first + STEP))

    assert figures.questions
    assert not figures.wrong
