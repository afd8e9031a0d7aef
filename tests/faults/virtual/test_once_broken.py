"""Schedules that once broke a promise, each after thousands that did not."""

import pytest

from tests.faults.virtual.running import looked_at
from tests.faults.virtual.schedule import drawn


@pytest.mark.parametrize(
    ("kind", "seed"),
    [
        ("company", 615),  # an edit did not wait for an answer that another process still showed
        ("company", 699),  # what a repeated post had made was taken for what its first try had
        ("company", 1078),  # a message that takes no edits stayed a part of the answer below it
        ("drains", 1098),  # as 699
        ("drains", 1099),  # a lost post was taken for that of another reply with the same words
    ],
)
def test_every_promise_is_kept(kind, seed):
    _, wrong = looked_at(drawn(seed, kind))

    assert not wrong
