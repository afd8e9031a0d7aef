"""Who may see the operator's page: whoever knows the token, and nobody who guesses it."""

import pytest

from bots.console.entry import LASTS, MOST_ADDRESSES, MOST_SESSIONS, REFILL, TRIES, Entry, Tried
from tests.records import Clock

TOKEN = "a token that nobody guesses"


@pytest.fixture
def clock():
    return Clock(1000.0)


@pytest.fixture
def entry(clock):
    return Entry(TOKEN, clock)


def guess(entry, address="192.0.2.1", times=TRIES):
    return [entry.try_token(f"guess {number}", address) for number in range(times)]


def test_the_right_token_opens(entry):
    assert entry.try_token(TOKEN, "192.0.2.1") is Tried.RIGHT


@pytest.mark.parametrize("token", ["", "a token", TOKEN + " ", TOKEN.upper(), "\udcff"])
def test_no_other_token_opens(entry, token):
    assert entry.try_token(token, "192.0.2.1") is Tried.WRONG


def test_after_some_wrong_tries_not_even_the_right_token_is_looked_at(entry):
    assert guess(entry) == [Tried.WRONG] * TRIES
    assert entry.try_token(TOKEN, "192.0.2.1") is Tried.TOO_OFTEN
    assert entry.wait("192.0.2.1") == pytest.approx(REFILL)


def test_a_while_later_it_may_be_tried_again(entry, clock):
    guess(entry)
    clock.now += REFILL

    assert entry.try_token(TOKEN, "192.0.2.1") is Tried.RIGHT


def test_whoever_guesses_keeps_nobody_else_out(entry):
    guess(entry, "192.0.2.1")

    assert entry.try_token(TOKEN, "192.0.2.2") is Tried.RIGHT


def test_all_addresses_of_one_network_of_ipv6_guess_together(entry):
    for number in range(TRIES):
        entry.try_token("guess", f"2001:db8::{number + 1}")

    assert entry.try_token("guess", "2001:db8::ffff") is Tried.TOO_OFTEN
    assert entry.try_token("guess", "2001:db8:0:1::1") is Tried.WRONG


def test_tries_of_any_number_of_addresses_take_no_more_memory(entry):
    for number in range(MOST_ADDRESSES + 50):
        entry.try_token("guess", f"10.0.{number // 250}.{number % 250}")

    assert len(entry._tries) == MOST_ADDRESSES


def test_a_session_lasts_for_some_hours(entry, clock):
    session = entry.begin()
    clock.now += LASTS - 1
    assert entry.knows(session)
    clock.now += 1
    assert not entry.knows(session)


def test_a_session_that_was_logged_out_is_over(entry):
    session, other = entry.begin(), entry.begin()
    entry.end(session)

    assert not entry.knows(session)
    assert entry.knows(other)


def test_neither_the_token_nor_a_session_is_kept(entry):
    session = entry.begin()
    kept = repr(vars(entry))

    assert session not in kept
    assert TOKEN not in kept
    assert TOKEN not in session


def test_sessions_are_bounded_and_the_oldest_goes_first(entry):
    sessions = [entry.begin() for _ in range(MOST_SESSIONS + 1)]

    assert not entry.knows(sessions[0])
    assert all(entry.knows(one) for one in sessions[1:])


@pytest.mark.parametrize("session", ["", "no session", "\udcff"])
def test_no_other_cookie_opens(entry, session):
    assert not entry.knows(session)
