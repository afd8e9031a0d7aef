"""How long a platform has been heard is counted from the last interruption."""

from core.hearing import Hearing
from tests.records import Clock


def test_a_connection_that_is_replaced_before_it_goes_is_no_interruption():
    clock = Clock(100.0)
    hearing = Hearing(clock)
    hearing.began()
    clock.now = 200.0
    hearing.began()

    assert (hearing.since, hearing.interruptions) == (100.0, 0)


def test_an_interruption_is_counted_once_however_many_parts_of_it_are_told_of():
    clock = Clock(100.0)
    hearing = Hearing(clock)
    hearing.began()
    clock.now = 150.0
    hearing.ended()
    hearing.ended()
    assert (hearing.since, hearing.lost_at, hearing.interruptions) == (None, 150.0, 1)

    clock.now = 152.0
    hearing.began()
    assert (hearing.since, hearing.interruptions) == (152.0, 1)
