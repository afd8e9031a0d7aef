"""Calls of a model wait in line until they have room, and whoever waits sees how it stands."""

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.door import LONGEST, Door, answer_limit, rounded
from core.errors import NotReached, RateLimited
from core.messages import Role, Text, Turn
from core.notices import THINKING, in_line
from core.status import Status
from core.wire import Finish, Parameters, Request
from core.words import told
from sandbox.model import Allowance
from tests.virtual import clock, virtually

TURNS = (Turn(Role.USER, (Text("why?"),)),)


class OnPaper:
    """An endpoint on paper that takes what its allowance says, and keeps what it refused."""

    def __init__(
        self,
        requests=1000,
        tokens=10**6,
        *,
        takes=1.0,
        headers=True,
        retry_after=None,
        opens=0.0,
        dead=False,
    ):
        self.allowance = Allowance(requests, tokens)
        self.takes = takes
        self.headers = headers
        self.retry_after = retry_after
        self.opens = opens
        self.dead = dead
        self.asked: list[tuple[float, str]] = []
        self.refused = 0

    async def stream(self, request, passage, nap=None):
        await asyncio.sleep(self.opens)
        passage.sent()
        await asyncio.sleep(0.05)
        if self.dead:
            raise NotReached
        model, now = request.parameters.model, clock()
        exceeded = self.allowance.take(model, passage.tokens, now)
        headers = self.allowance.headers(model, now) if self.headers else {}
        limits = {name.removeprefix("x-ratelimit-"): value for name, value in headers.items()}
        if exceeded:
            self.refused += 1
            raise RateLimited(retry_after=self.retry_after or exceeded.wait)
        self.asked.append((now, request.person))
        passage.answered(limits)
        await asyncio.sleep(self.takes)
        yield (Text("because"),)
        yield (Finish("stop"),)


async def ask(door, person, *, pause=0.0, tokens=10, model="m", status=None):
    """Ask once; when the answer was complete."""
    await asyncio.sleep(pause)
    request = Request(TURNS, Parameters(model), person=person)
    async with aclosing(door.stream(request, tokens, status)) as answer:
        async for _ in answer:
            pass
    return clock()


def run(main):
    return virtually(asyncio.wait_for(main, 3600))


def test_a_burst_waits_in_line_and_nothing_is_ever_refused():
    async def main():
        endpoint = OnPaper(requests=20)
        door = Door(endpoint, clock)
        await asyncio.gather(*(ask(door, f"p{n % 7}") for n in range(60)))
        return endpoint

    endpoint = run(main())
    assert endpoint.refused == 0
    assert len(endpoint.asked) == 60


def test_who_asks_once_is_not_behind_who_asked_fifty_times():
    async def main():
        endpoint = OnPaper(requests=6)
        door = Door(endpoint, clock)
        often = [ask(door, "often") for _ in range(12)]
        await asyncio.gather(*often, ask(door, "once", pause=5))
        return [person for _, person in endpoint.asked]

    assert run(main()).index("once") <= 7


def test_the_operators_limit_is_kept_where_the_endpoint_says_nothing():
    async def main():
        endpoint = OnPaper(headers=False)
        door = Door(endpoint, clock, requests=5)
        await asyncio.gather(*(ask(door, "a") for _ in range(12)))
        return [time for time, _ in endpoint.asked]

    times = run(main())
    assert all(later - earlier >= 60 for earlier, later in zip(times, times[5:], strict=False))


def test_each_model_has_limits_of_its_own():
    async def main():
        door = Door(OnPaper(headers=False), clock, requests=1)
        ends = await asyncio.gather(*(ask(door, "a", model=name) for name in "xyz"))
        return max(ends)

    assert run(main()) < 2


def test_after_a_refusal_everybody_waits_and_one_asks_first():
    async def main():
        endpoint = OnPaper(requests=1, headers=False, retry_after=30.0)
        door = Door(endpoint, clock)
        await ask(door, "a")
        refused = asyncio.create_task(ask(door, "b"))
        others = [asyncio.create_task(ask(door, person, pause=1)) for person in "cde"]
        with pytest.raises(RateLimited) as caught:
            await refused
        assert caught.value.held
        before = endpoint.refused
        await asyncio.sleep(25)
        assert endpoint.refused == before
        endpoint.allowance = Allowance()
        return await asyncio.gather(*others)

    assert min(run(main())) >= 30


def seen(main, *, wait):
    """What somebody reads whose question stands in line, with the seconds."""
    read = []

    async def show(words, *, waits):
        read.append((round(clock()), words, waits))

    async def whole():
        status = Status(show)
        showing = asyncio.create_task(status.run())
        status.say(THINKING)
        asking = asyncio.create_task(main(status))
        await asyncio.sleep(wait)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        status.clear()
        await showing

    virtually(whole())
    return read


def test_the_place_is_seen_after_two_seconds_and_the_time_after_ten():
    async def main(status):
        door = Door(OnPaper(headers=False), clock, requests=1)
        await ask(door, "a")
        others = [asyncio.create_task(ask(door, person)) for person in "bc"]
        await asyncio.sleep(0)
        try:
            await ask(door, "d", status=status)
        finally:
            for other in others:
                other.cancel()

    read = seen(main, wait=70)

    assert read[0][1:] == (THINKING, False)
    assert (read[1][1], read[1][2]) == (in_line(3, None), True)
    assert 3 <= read[1][0] <= 5
    assert 11 <= read[2][0] <= 13
    assert read[2][1] == in_line(3, 180)
    assert in_line(2, 120) in [words for _, words, _ in read]
    assert read[-1][1] == ""


def test_once_it_is_its_turn_a_question_is_thought_about_again():
    async def main(status):
        door = Door(OnPaper(headers=False, takes=10.0), clock, requests=1)
        await ask(door, "a")
        await ask(door, "b", status=status)

    words = [words for _, words, _ in seen(main, wait=200)]
    assert words[-2:] == [THINKING, ""]
    assert in_line(1, None) in words


def test_who_waits_for_a_moment_only_is_told_nothing():
    async def main(status):
        door = Door(OnPaper(takes=0.5), clock)
        await asyncio.gather(ask(door, "a"), ask(door, "b", status=status))

    assert [words for _, words, _ in seen(main, wait=5)] == [THINKING, ""]


def test_what_would_take_too_long_is_said_at_once():
    async def main():
        door = Door(OnPaper(headers=False), clock, requests=1)
        asking = [asyncio.create_task(ask(door, "a")) for _ in range(20)]
        done, waiting = await asyncio.wait(asking, timeout=30)
        for one in waiting:
            one.cancel()
        return [one.exception() for one in done]

    errors = [error for error in run(main()) if error]
    assert errors
    assert all(isinstance(error, RateLimited) and not error.held for error in errors)
    assert all(error.retry_after > LONGEST for error in errors)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 90), st.floats(0, 90)), max_size=25),
    st.integers(1, 6),
)
@settings(max_examples=50, deadline=None)
def test_whenever_somebody_gives_up_nothing_stays_taken(people, requests):
    async def main():
        endpoint = OnPaper(headers=False, opens=1.0)
        door = Door(endpoint, clock, requests=requests)
        asking = []
        for person, pause, patience in people:
            task = asyncio.create_task(ask(door, person, pause=pause))
            asyncio.get_running_loop().call_later(patience, task.cancel)
            asking.append(task)
        await asyncio.gather(*asking, return_exceptions=True)
        for gate in door._gates.values():
            assert not gate.line
            assert not gate.quota._flying
            assert gate._timer is None
        times = [time for time, _ in endpoint.asked]
        late = zip(times, times[requests:], strict=False)
        assert all(later - earlier >= 60 for earlier, later in late)
        await asyncio.sleep(140)
        begun = clock()
        await asyncio.gather(*(ask(door, "z") for _ in range(requests)))
        return clock() - begun

    assert run(main()) < 8


def test_a_request_that_was_never_sent_takes_nothing():
    async def main():
        door = Door(OnPaper(headers=False, opens=1.0), clock, requests=1)
        first = asyncio.create_task(ask(door, "a"))
        await asyncio.sleep(0.5)
        first.cancel()
        return await ask(door, "b")

    assert run(main()) < 3


def test_an_endpoint_that_cannot_be_reached_holds_nobody_up():
    async def main():
        door = Door(OnPaper(dead=True), clock)
        asking = (ask(door, str(n)) for n in range(40))
        errors = await asyncio.gather(*asking, return_exceptions=True)
        assert all(isinstance(error, NotReached) for error in errors)
        (gate,) = door._gates.values()
        assert not gate.quota._flying
        return clock()

    assert run(main()) < 1


def test_who_gives_up_as_it_turns_out_to_take_too_long_is_in_nobodys_way():
    async def main():
        door = Door(OnPaper(headers=False), clock, requests=1)
        await ask(door, "a")
        stays, goes = (asyncio.create_task(ask(door, person)) for person in "bc")
        await asyncio.sleep(1.5)
        (gate,) = door._gates.values()
        goes.cancel()
        gate.quota.refused(gate.quota.take(clock(), 1), clock(), {}, 2 * LONGEST)
        gate._look_at = 0.0
        gate.share_out()
        ended = await asyncio.gather(stays, goes, return_exceptions=True)
        assert gate.idle
        return [type(one) for one in ended]

    assert run(main()) == [RateLimited, asyncio.CancelledError]


def test_when_somebody_leaves_the_line_the_others_move_up():
    async def main(status):
        door = Door(OnPaper(headers=False), clock, requests=1)
        await ask(door, "a")
        others = [asyncio.create_task(ask(door, person)) for person in "bc"]
        asyncio.get_running_loop().call_later(5, others[1].cancel)
        await asyncio.sleep(0)
        try:
            await ask(door, "d", status=status)
        finally:
            others[0].cancel()

    words = [words for _, words, _ in seen(main, wait=15)]
    assert words[1:3] == [in_line(3, None), in_line(2, None)]


def test_whoever_leaves_the_line_makes_room_for_the_next_at_once():
    async def main():
        door = Door(OnPaper(headers=False), clock, tokens=100)
        await ask(door, "a", tokens=50)
        large = asyncio.create_task(ask(door, "b", tokens=90))
        small = asyncio.create_task(ask(door, "c", tokens=50))
        await asyncio.sleep(1)
        large.cancel()
        return await small

    assert run(main()) < 5


@pytest.mark.parametrize(
    ("parameters", "most"),
    [
        (Parameters("m", answer_tokens=100), 100),
        (Parameters("m"), 0),
        (Parameters("m", answer_tokens=100, extra_body={"max_tokens": 7}), 7),
    ],
)
def test_the_answer_counts_as_long_as_it_may_be(parameters, most):
    assert answer_limit(parameters) == most


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, 10), (1, 10), (11, 20), (60, 60), (61, 120), (130, 180)]
)
def test_times_are_told_in_steps(seconds, shown):
    assert rounded(seconds) == shown


@pytest.mark.parametrize(
    ("place", "words"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (13, "13th"), (22, "22nd")],
)
def test_places_are_said_as_people_say_them(place, words):
    assert told(in_line(place, None), "en") == f"waits for the model, {words} in line …"
    assert told(in_line(place, 120), "de") == (
        f"wartet auf das Modell, als {place}. in der Reihe, etwa 2 Minuten …"
    )


def test_who_has_less_patience_is_turned_away_sooner():
    async def main():
        door = Door(OnPaper(headers=False), clock, requests=1)
        await ask(door, "a")
        request = Request(TURNS, Parameters("m"), person="b")
        begun = clock()
        with pytest.raises(RateLimited) as caught:
            async with aclosing(door.stream(request, 10, patience=5.0)) as answer:
                async for _ in answer:
                    pass
        assert not caught.value.held
        return clock() - begun

    assert run(main()) <= 1.1
