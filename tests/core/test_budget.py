"""No budget is ever exceeded, whatever is asked of it and however late it arrives."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.budget import EDGE, LAST_MOMENT, Bucket, Budget, Window
from sandbox.limits import FixedWindow, TokenBucket

UPDATES = Budget("slack/T1/chat.update", rate=50 / 60, window=60, burst=10, reserve=3)
EDITS = Budget("discord/1/edit", rate=1, window=5, burst=5, reserve=1, fixed=True)
gaps = st.lists(st.floats(0, 8), min_size=1, max_size=60)
delays = st.lists(st.floats(0, EDGE), min_size=60, max_size=60)
kinds = st.lists(st.booleans(), min_size=60, max_size=60)


@given(gaps, delays)
def test_a_bucket_never_sends_what_the_platform_would_refuse(gaps, delays):
    ours, theirs, now = Bucket(UPDATES), TokenBucket(50 / 60, 10), 0.0
    for gap, delay in zip(gaps, delays, strict=False):
        now += gap
        now += ours.wait(now, keep=0)
        ours.take(now)

        assert theirs.take(now + delay) == 0


@given(gaps, delays, kinds)
def test_a_window_never_sends_what_the_platform_would_refuse(gaps, delays, kinds):
    ours, theirs, now = Window(EDITS), FixedWindow(5, 5.0), 0.0
    for gap, delay, interim in zip(gaps, delays, kinds, strict=False):
        now += gap
        while wait := ours.wait(now, keep=1 if interim else 0):
            now += wait + 1e-6  # rounding must not stop the clock
        ours.take(now)

        assert theirs.take(now + delay) == 0


@given(gaps, delays, kinds)
def test_a_window_that_learns_from_headers_never_sends_too_much_either(gaps, delays, kinds):
    ours, theirs, now = Window(EDITS), FixedWindow(5, 5.0), 0.0
    for gap, delay, interim in zip(gaps, delays, kinds, strict=False):
        now += gap
        while wait := ours.wait(now, keep=1 if interim else 0):
            now += wait + 1e-6  # rounding must not stop the clock
        ours.take(now)
        now += delay
        assert theirs.take(now) == 0
        rest = theirs.reset_after(now)
        now += delay
        ours.learn(now, limit=5, remaining=theirs.remaining, reset_after=rest)


@given(gaps)
@example([7.0, *[0.0] * 7])
def test_what_is_to_be_kept_is_there_while_others_take_all_they_can(gaps):
    bucket, now = Bucket(UPDATES), 0.0
    for gap in gaps:
        now += gap
        now += bucket.wait(now, keep=3)
        bucket.take(now)

        assert bucket.wait(now, keep=2) == 0


def test_the_reserve_of_a_window_is_given_to_interim_edits_only_in_its_last_moment():
    window = Window(EDITS)
    for _ in range(4):
        window.take(0.0)

    assert window.wait(0.0, keep=0) == 0
    assert window.wait(0.0, keep=1) == pytest.approx(5 - EDGE - LAST_MOMENT)


def test_interim_edits_are_spread_evenly_over_what_is_left_of_a_window():
    window, sent, now = Window(EDITS), [], 0.0
    while now < 5 - EDGE:
        if not window.wait(now, keep=1):
            window.take(now)
            sent.append(now)
        if len(sent) == 2 and now > 1.5:
            window.take(now)  # a last edit in between
            sent.append(now)
        now += 0.01

    end = 5 - EDGE - LAST_MOMENT
    assert sent == pytest.approx([0.0, end / 4, 1.51, (1.51 + end) / 2, end], abs=0.02)


def test_a_budget_that_never_refills_says_so():
    bucket = Bucket(Budget("slack/response", rate=0, window=1800, burst=1))
    bucket.take(0.0)

    assert bucket.wait(1.0, keep=0) == math.inf


def test_a_refusal_closes_the_budget_for_as_long_as_the_platform_asks_and_shrinks_it():
    bucket = Bucket(UPDATES)
    bucket.refused(0.0, 30.0)

    assert bucket.wait(10.0, keep=0) == pytest.approx(20.0)
    for now in (30.0, *[50.0] * 5):
        assert bucket.wait(now, keep=0) == pytest.approx(0)
        bucket.take(now)
    assert bucket.wait(50.0, keep=0) > 0


def test_after_one_refusal_that_nobody_expected_there_is_no_second():
    platform, bucket = TokenBucket(1.0, 10), Bucket(Budget("b", rate=1.0, window=60, burst=10))
    now, refused = 0.0, []
    while now < 120:
        if bucket.wait(now) == 0:
            bucket.take(now)
            wait = 1.0 if now > 30 and not refused else platform.take(now)
            if wait:
                refused.append(now)
                bucket.refused(now, math.ceil(wait))
        now += 0.01

    assert len(refused) == 1


def test_when_the_platform_said_to_come_again_one_request_may_go():
    bucket = Bucket(Budget("apps.connections.open", rate=1 / 60, window=60, burst=10))
    for now in (0.0, 3.0, 6.0):
        assert bucket.wait(now) == 0
        bucket.take(now)
        bucket.refused(now, 3.0)

    assert bucket.wait(9.0) == 0


def test_a_budget_that_does_not_refill_is_only_closed_by_a_refusal():
    bucket = Bucket(Budget("slack/response", rate=1 / 3600, window=60, burst=5))
    for _ in range(3):
        bucket.take(0.0)
    bucket.refused(0.0, 2.0)

    assert bucket.wait(1.0) == 1.0
    assert bucket.wait(2.0) == 0


def test_a_shrunk_budget_recovers_step_by_step():
    bucket = Bucket(UPDATES)
    bucket.refused(0.0, 1.0)

    def size(now):
        copy = Bucket(UPDATES, bucket.cut)
        count = 0
        while copy.wait(now, keep=0) == 0:
            copy.take(now)
            count += 1
        return count

    assert [size(now) for now in (1, 59, 61, 121, 1000)] == [5, 5, 7, 10, 10]


def test_a_budget_that_is_refused_whenever_it_has_grown_is_tried_ever_more_rarely():
    bucket, now, refusals = Bucket(UPDATES), 0.0, 0
    while now < 86_400:
        bucket.refused(now, 1.0)
        refusals += 1
        while bucket.cut.now(now) <= 0.5:  # more than half is more than this platform grants
            now += 30.0

    assert refusals < 15


def test_a_platform_that_refuses_without_asking_for_a_pause_is_not_hammered():
    bucket, sent, now = Bucket(Budget("b", rate=1, window=60, burst=4)), 0, 0.0
    while now < 30:
        if not bucket.wait(now):
            bucket.take(now)
            bucket.refused(now, 0.0)
            sent += 1
        now += 0.05

    assert sent <= 31


def test_headers_correct_a_window_but_never_an_older_one_a_newer():
    window = Window(EDITS)
    window.take(0.0)
    window.learn(0.05, limit=5, remaining=0, reset_after=4.9)
    assert window.wait(0.05, keep=0) == pytest.approx(4.9)

    window.take(5.02)
    window.learn(5.05, limit=5, remaining=0, reset_after=0.01)
    assert window.wait(5.05, keep=0) == 0


@given(st.floats(0, 0.5), st.floats(0.001, 0.05))
def test_a_busy_machine_that_sends_late_sends_nothing_more_into_the_same_window(late, travel):
    """A request counts when it arrives, long after its turn has come."""
    ours, theirs = Window(EDITS), FixedWindow(5, 5.0)
    for _ in range(5):
        ours.take(0.0)
        number = ours.sent()
        assert theirs.take(late + travel) == 0
        ours.landed(late + 2 * travel, number)

    now = late + 2 * travel
    while wait := ours.wait(now):
        now += wait + 1e-6
    for _ in range(5):
        ours.take(now)
        assert theirs.take(now) == 0


def test_what_is_still_on_its_way_when_a_window_ends_counts_in_the_next_one():
    window = Window(EDITS)
    for _ in range(5):
        window.take(0.0)
    numbers = [window.sent() for _ in range(2)]

    assert window.left(5 + 2 * EDGE) == 3
    window.take(5 + 2 * EDGE)
    assert window.left(5 + 2 * EDGE) == 2
    for number in numbers:
        window.landed(5.2, number)
    assert window.left(11.0) == 5


def test_a_platform_that_answers_nothing_leaves_room_for_others():
    window = Window(EDITS)
    for _ in range(5):
        window.take(0.0)
        window.sent()

    assert window.left(20.0) == 3


def test_refusals_of_what_was_on_its_way_together_are_one():
    bucket = Bucket(UPDATES)
    for _ in range(5):
        bucket.refused(0.0, 1.0)

    assert bucket.cut.now(0.0) == 0.5
