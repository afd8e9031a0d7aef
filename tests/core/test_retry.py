"""The bot asks again where that can help, for half a minute, and never mid-answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import (
    BadRequest,
    Busy,
    ContextExceeded,
    EmptyAnswer,
    Interrupted,
    KeyRejected,
    ModelGone,
    NotReached,
    QuotaSpent,
    RateLimited,
    ServerFailed,
    TooSlow,
)
from core.retry import HELD, LONGEST_PAUSE, MOST_HELD, PATIENCE, Retry


def delay(retry, error, now=0.0, *, shown=False, chance=0.0):
    return retry.delay(error, shown=shown, now=now, chance=chance)


@pytest.mark.parametrize("error", [RateLimited, ServerFailed, NotReached, TooSlow])
def test_what_may_work_in_a_moment_is_asked_again(error):
    assert delay(Retry(0.0), error()) == 0.5


@pytest.mark.parametrize(
    "error",
    [KeyRejected, QuotaSpent, ModelGone, ContextExceeded, BadRequest, Interrupted, EmptyAnswer],
)
def test_what_will_be_refused_again_is_not(error):
    assert delay(Retry(0.0), error()) is None


def test_an_answer_that_a_reader_sees_is_never_begun_again():
    assert delay(Retry(0.0), ServerFailed(), shown=True) is None


def test_pauses_double_up_to_a_limit():
    retry = Retry(0.0)

    pauses = [delay(retry, ServerFailed()) for _ in range(7)]

    assert pauses == [0.5, 1, 2, 4, 8, 8, 8]


def test_what_the_endpoint_asks_for_is_never_undercut():
    assert delay(Retry(0.0), RateLimited(retry_after=20.0)) == 20.0
    assert delay(Retry(0.0), RateLimited(retry_after=0.0)) == 0.5


def test_a_wish_that_leads_beyond_the_patience_ends_it_at_once():
    assert delay(Retry(0.0), RateLimited(retry_after=PATIENCE + 1)) is None


@given(
    st.lists(
        st.tuples(
            st.floats(0, 20),
            st.floats(0, 1),
            st.one_of(st.none(), st.floats(0, 40)),
        ),
        max_size=30,
    )
)
def test_all_repetitions_begin_within_the_patience_counted_from_the_first_request(failures):
    retry, now = Retry(100.0), 100.0
    for seconds, chance, wish in failures:
        now += seconds
        pause = delay(retry, Busy(retry_after=wish), now, chance=chance)
        if pause is None:
            break

        assert pause >= (wish or 0)
        assert 0 < pause <= max(LONGEST_PAUSE, wish or 0)
        now += pause
        assert now <= 100.0 + PATIENCE


def test_what_was_waited_in_line_costs_no_patience():
    error = ServerFailed()
    error.waited = 100.0

    assert delay(Retry(0.0), error, now=100.0) == 0.5


def test_what_the_limits_hold_up_goes_back_into_the_line_unless_that_takes_too_long():
    def held(retry_after):
        error = RateLimited(retry_after=retry_after)
        error.held = True
        return error

    assert delay(Retry(0.0), held(HELD)) == 0
    assert delay(Retry(0.0), held(HELD + 1)) is None
    retry = Retry(0.0)
    assert [delay(retry, held(1.0)) for _ in range(MOST_HELD + 1)] == [0] * MOST_HELD + [None]


def test_a_model_that_takes_longer_than_the_patience_is_not_paid_twice():
    assert delay(Retry(0.0), TooSlow(), now=120.0) is None
