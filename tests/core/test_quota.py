"""No model is asked more than its endpoint takes, however long requests and answers travel."""

import heapq
import itertools
import math
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.quota import ARRIVAL, PROBE, Quota, seconds, told
from sandbox.model import Allowance

delays = st.lists(st.tuples(st.floats(0, 3), st.floats(0, 20)), min_size=1, max_size=8)
gaps = st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.1, 1.0, 7.0, 30.0]), min_size=1, max_size=40)
sizes = st.lists(st.integers(1, 400), min_size=1, max_size=10)


@dataclass
class Bucket:
    """Fills evenly, as OpenAI's limits do."""

    requests: int
    tokens: int
    allowance: Allowance = field(init=False)

    def __post_init__(self):
        self.allowance = Allowance(self.requests, self.tokens)

    def take(self, tokens, now):
        return self.allowance.take("m", tokens, now) is None

    def limits(self, now):
        return without_prefix(self.allowance.headers("m", now))


@dataclass
class Window:
    """Empty until a whole minute is over, as some gateways' limits are."""

    requests: int
    tokens: int
    opened: float = -math.inf
    used: tuple[int, int] = (0, 0)

    def take(self, tokens, now):
        self._turn(now)
        used = self.used[0] + 1, self.used[1] + tokens
        if used[0] > self.requests or used[1] > self.tokens:
            return False
        self.used = used
        return True

    def limits(self, now):
        self._turn(now)
        reset = f"{max(0.0, self.opened + 60 - now):.3f}s"
        return {
            "limit-requests": str(self.requests),
            "limit-tokens": str(self.tokens),
            "remaining-requests": str(self.requests - self.used[0]),
            "remaining-tokens": str(self.tokens - self.used[1]),
            "reset-requests": reset,
            "reset-tokens": reset,
        }

    def _turn(self, now):
        if now - self.opened >= 60:
            self.opened, self.used = now, (0, 0)


@dataclass
class Silent:
    """Counts any minute, and tells nothing."""

    requests: int
    tokens: int
    counted: list = field(default_factory=list)

    def take(self, tokens, now):
        self.counted = [(at, size) for at, size in self.counted if now - at < 60]
        self.counted.append((now, tokens))
        fits = sum(size for _, size in self.counted) <= self.tokens
        return len(self.counted) <= self.requests and fits

    def limits(self, now):
        return {}


def without_prefix(headers):
    return {name.removeprefix("x-ratelimit-"): value for name, value in headers.items()}


def played(server, quota, *, gaps, sizes, delays):
    """Ask as soon as that is allowed; how long it all took, and whether each was accepted."""
    events, order, now, accepted = [], itertools.count(), 0.0, []

    def later(time, kind, *about):
        heapq.heappush(events, (time, next(order), kind, about))

    def until(time):
        while events and events[0][0] <= time:
            at, _, kind, about = heapq.heappop(events)
            charge, size, delay, limits = about
            if kind == "arrives":
                accepted.append(server.take(size, at))
                later(at + delay[1], "answers", charge, size, delay, server.limits(at))
            elif accepted[-1]:
                quota.answered(charge, at, limits)

    for gap, size, delay in zip(
        gaps, itertools.cycle(sizes), itertools.cycle(delays), strict=False
    ):
        now += gap
        until(now)
        while wait := quota.wait(now, size):
            assert wait < math.inf
            now = min(now + wait + 1e-6, events[0][0] if events else math.inf)
            until(now)
        later(now + delay[0], "arrives", quota.take(now, size), size, delay, {})
    until(math.inf)
    return now, accepted


@given(gaps, sizes, delays, st.integers(1, 12), st.integers(400, 2000))
@settings(max_examples=200)
def test_in_no_minute_there_is_more_than_the_operator_allows(gaps, sizes, delays, requests, tokens):
    _, accepted = played(
        Silent(requests, tokens), Quota(requests, tokens), gaps=gaps, sizes=sizes, delays=delays
    )

    assert all(accepted)


@pytest.mark.parametrize("server", [Bucket, Window])
@given(gaps, sizes, delays, st.tuples(st.integers(4, 40), st.integers(1000, 3000)))
@settings(max_examples=200)
def test_what_the_endpoint_tells_is_never_exceeded(server, gaps, sizes, delays, limits):
    quick = [(there, min(back, PROBE - there - 0.1)) for there, back in delays]
    _, accepted = played(server(*limits), Quota(), gaps=gaps, sizes=sizes, delays=quick)

    assert all(accepted)


def burst(server, quota, requests, size=1, delay=(0.05, 0.2)):
    took, accepted = played(server, quota, gaps=[0.0] * requests, sizes=[size], delays=[delay])
    assert all(accepted)
    return took


def test_a_limit_that_fills_up_evenly_is_used_as_it_does():
    """Sixty at once, then one a second: the ninetieth goes after half a minute."""
    assert burst(Bucket(60, 10**6), Quota(), 90) == pytest.approx(30, abs=5)


def test_a_limit_in_tokens_is_used_as_it_fills_up():
    assert burst(Bucket(1000, 6000), Quota(), 90, size=100) == pytest.approx(30, abs=5)


def test_a_limit_that_comes_back_at_once_is_waited_for():
    assert burst(Window(60, 10**6), Quota(), 90) == pytest.approx(60, abs=1)


def test_the_operators_limit_holds_where_the_endpoint_would_take_more():
    assert burst(Bucket(60, 10**6), Quota(requests=20), 40) >= 60


def test_where_nothing_is_known_the_first_request_goes_alone_and_tells():
    quota = Quota()
    first = quota.take(0.0, 10)

    assert quota.wait(0.1, 10) == pytest.approx(PROBE - 0.1)
    quota.answered(first, 0.5, {})
    for _ in range(100):
        assert quota.wait(0.6, 10) == 0
        quota.take(0.6, 10)


def test_a_first_answer_that_does_not_come_holds_nobody_up_for_long():
    quota = Quota()
    quota.take(0.0, 10)

    assert quota.wait(PROBE, 10) == 0


def test_after_a_refusal_nobody_asks_for_as_long_as_the_endpoint_wishes_and_then_one_does():
    quota = Quota()
    quota.answered(quota.take(0.0, 10), 0.1, {})
    quota.refused(quota.take(1.0, 10), 1.5, {}, 20.0)

    assert quota.wait(2.0, 10) == pytest.approx(19.5)
    assert quota.wait(21.5, 10) == 0
    probe = quota.take(21.5, 10)
    assert quota.wait(21.6, 10) > 0
    quota.answered(probe, 22.0, {})
    assert quota.wait(22.0, 10) == 0


def test_an_endpoint_that_refuses_and_says_nothing_is_asked_ever_later():
    quota, pauses, now = Quota(), [], 0.0
    for _ in range(8):
        now += quota.wait(now, 1)
        quota.refused(quota.take(now, 1), now, {}, None)
        pauses.append(quota.wait(now, 1))

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_request_larger_than_the_whole_limit_goes_when_nothing_else_does():
    """Whether it is too large, the endpoint decides."""
    quota = Quota(tokens=100)
    quota.answered(quota.take(0.0, 10), 0.0, {})

    assert quota.wait(1.0, 1000) == pytest.approx(59.0)
    assert quota.wait(60.0, 1000) == 0


def test_what_is_given_back_can_be_taken_again():
    quota = Quota(requests=1, tokens=10)
    quota.give_back(quota.take(0.0, 10))

    assert quota.wait(0.0, 10) == 0


@given(gaps, sizes, st.integers(1, 5))
def test_what_is_expected_for_a_whole_line_is_about_what_it_takes(gaps, sizes, requests):
    quota, count = Quota(requests=requests), len(gaps)
    expected = quota.expected(0.0, count, sum(sizes))
    took, _ = played(
        Silent(requests, 10**9), quota, gaps=[0.0] * count, sizes=sizes, delays=[(0.0, 0.0)]
    )

    assert expected == pytest.approx(took, abs=1)


def test_an_endpoint_that_has_failed_for_long_is_asked_again():
    """What was sent and never answered does not fill the limit for ever."""
    quota = Quota()
    limits = {"limit-requests": "2", "remaining-requests": "1", "reset-requests": "30.0s"}
    quota.answered(quota.take(0.0, 1), 0.1, limits)
    now = 1.0
    for _ in range(4):
        now += quota.wait(now, 1)
        quota.failed(quota.take(now, 1), now + 1)
        now += 1

    assert quota.wait(now, 1) <= 60 + ARRIVAL


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("1m12.5s", 72.5),
        ("1h2m3s", 3723.0),
        ("8.64s", 8.64),
        ("12", 12.0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("1795873000", None),
    ],
)
def test_times_are_read_as_endpoints_write_them(text, expected):
    found = seconds(text)

    assert (found and found[0]) == (None if expected is None else pytest.approx(expected))


def test_an_endpoint_that_only_says_what_is_left_is_believed_for_a_minute():
    quota = Quota()
    quota.answered(quota.take(0.0, 1), 0.0, {"remaining-requests": "1"})
    quota.take(1.0, 1)

    assert quota.wait(1.0, 1) == pytest.approx(59.0)


@pytest.mark.parametrize("left", ["", "many", "nan", "inf"])
def test_what_is_no_number_tells_nothing(left):
    assert told({"remaining-requests": left, "limit-requests": "9"}, "requests", 0.0) is None
