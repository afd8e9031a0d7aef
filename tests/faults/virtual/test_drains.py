"""A process that is told to end finishes what it can, and the next one does the rest."""

import pytest

from tests.faults.virtual.running import all_of

STEP = 25


@pytest.mark.parametrize("first", range(0, 100, STEP))
def test_every_promise_is_kept(first):
    figures = all_of("drains", range(first, first + STEP))

    assert figures.questions
    assert not figures.wrong
