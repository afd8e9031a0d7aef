"""A process that is killed at any step leaves nothing that the next one does not end."""

import pytest

from tests.faults.virtual.running import all_of

STEP = 25


@pytest.mark.parametrize("first", range(0, 100, STEP))
def test_every_promise_is_kept(first):
    figures = all_of("crashes", range(first, first + STEP))

    assert figures.questions
    assert not figures.wrong
