"""The governor keeps every budget, whatever is asked of it."""

import asyncio
import itertools
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.budget import EDGE, LAST_MOMENT, Bucket, Budget, Way, Window
from core.pace import AT_ONCE, Governor, Urgency
from core.sharing import Growth
from sandbox.limits import FixedWindow, TokenBucket
from tests.virtual import clock, virtually

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

    assert bucket.wait(10.0, keep=0) == 20.0
    for _ in range(5):
        assert bucket.wait(30.0, keep=0) == 0
        bucket.take(30.0)
    assert bucket.wait(30.0, keep=0) > 0


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


class Clock:
    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.start = self.loop.time()

    def __call__(self):
        return self.loop.time()


SLOW = Budget("k", rate=20, window=1, burst=1)


async def order_of(governor, wants):
    """The names of the wants in the order in which they are granted."""
    granted = []

    async def one(name, ticket):
        await ticket.granted()
        granted.append(name)

    async with asyncio.TaskGroup() as tasks:
        tickets = [(name, governor.ask(budgets, *how)) for name, budgets, *how in wants]
        for name, ticket in tickets:
            tasks.create_task(one(name, ticket))
    return granted


async def test_last_edits_go_before_first_texts_and_those_before_interim_edits():
    governor = Governor(Clock())
    await governor.turn([SLOW], Urgency.INTERIM)

    order = await order_of(
        governor,
        [
            ("interim", [SLOW], Urgency.INTERIM),
            ("first", [SLOW], Urgency.FIRST),
            ("last", [SLOW], Urgency.LAST),
        ],
    )

    assert order == ["last", "first", "interim"]


async def test_among_interim_edits_the_one_furthest_behind_goes_first():
    governor = Governor(Clock())
    await governor.turn([SLOW], Urgency.INTERIM)

    order = await order_of(
        governor,
        [
            ("near", [SLOW], Urgency.INTERIM, lambda now: 1.0),
            ("far", [SLOW], Urgency.INTERIM, lambda now: 9.0),
        ],
    )

    assert order == ["far", "near"]


async def test_an_interim_edit_that_becomes_the_last_one_overtakes():
    governor = Governor(Clock())
    await governor.turn([SLOW], Urgency.INTERIM)
    first = governor.ask([SLOW], Urgency.INTERIM)
    second = governor.ask([SLOW], Urgency.INTERIM)
    second.complete(Urgency.LAST)

    await second.granted()

    assert first.waits
    await first.granted()


async def test_waiting_for_one_channel_holds_nobody_up_in_another():
    governor = Governor(Clock())
    every = Budget("all", rate=1000, window=1, burst=100)
    closed = Budget("c1", rate=0, window=1, burst=1)
    await governor.turn([closed, every], Urgency.LAST)
    stuck = governor.ask([closed, every], Urgency.LAST)

    await governor.turn([Budget("c2", rate=1, window=1, burst=1), every], Urgency.INTERIM)

    assert stuck.waits
    governor.forget(stuck)


async def test_whoever_gives_up_waiting_takes_nothing_with_him():
    governor = Governor(Clock())
    once = Budget("once", rate=0, window=1, burst=1)
    ticket = governor.ask([once], Urgency.INTERIM)  # granted at once
    waiting = asyncio.ensure_future(governor.turn([once], Urgency.INTERIM))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    governor.forget(ticket)

    await asyncio.wait_for(governor.turn([once], Urgency.INTERIM), 1)


async def test_budgets_of_idle_channels_are_forgotten():
    now = 0.0
    governor = Governor(lambda: now)
    for channel in range(5000):
        now += 10
        await governor.turn([Budget(f"c{channel}", 1, 5, 5, fixed=True)], Urgency.INTERIM)

    assert len(governor._allowances) < 2000


EVERY = Budget("all", rate=50, window=1, burst=50, reserve=5, fixed=True)


async def test_signs_leave_room_for_texts_and_stand_in_nobodys_way():
    now, governor = frozen()
    signs = [governor.ask((EVERY,), Urgency.SIGN) for _ in range(100)]
    interim = governor.ask((EVERY,), Urgency.INTERIM)
    for _ in range(40):
        now[0] += 0.01
        governor.share_out()
    texts = [governor.ask((EVERY,), Urgency.FIRST) for _ in range(30)]

    assert 5 < sum(not sign.waits for sign in signs) < 20
    assert not interim.waits
    assert not [text for text in texts if text.waits]


EDIT = Budget("update", rate=1.0, window=60, burst=10)
POST = Budget("post", rate=100.0, window=60, burst=1000)


EDITED = Way((POST,), (EDIT,), (EDIT,), pause=0.5)


def begin(governor, *ways):
    """A reply that wants to be seen, and grow."""
    return governor.begin(ways or (EDITED,), Growth(), (POST,))


def begun(governor, count):
    """Replies that can be seen and will need a last edit; how many of those asked began."""
    tickets = [begin(governor) for _ in range(count)]
    return [ticket for ticket in tickets if not ticket.waits]


def growing(governor):
    """How many replies have a last edit kept for them."""
    return len(governor._shared["update"]._ending)


def frozen():
    now = [1000.0]
    return now, Governor(lambda: now[0])


async def test_no_more_replies_begin_than_there_are_last_edits_for():
    now, governor = frozen()
    begun(governor, 30)
    now[0] += 3.5  # whoever was held to have something to show
    governor.share_out()

    assert growing(governor) == 11  # ten at once and one that comes in within a second
    for _ in range(10):
        governor.ask([EDIT], Urgency.LAST)
    assert governor._allowance(EDIT).left(now[0]) == 0


async def test_a_reply_that_was_not_begun_is_posted_when_it_is_complete():
    now, governor = frozen()
    begun(governor, 11)
    now[0] += 3.5
    governor.share_out()
    late = begin(governor)
    assert late.waits

    late.complete(Urgency.LAST)
    assert not late.waits
    assert late.way is None
    assert growing(governor) == 11


async def test_interim_edits_leave_every_visible_reply_its_last_one():
    now, governor = frozen()
    began = len(begun(governor, 3))
    while not governor.ask([EDIT], Urgency.INTERIM).waits:
        now[0] += 0.01

    assert governor._allowance(EDIT).left(now[0]) >= began - 1


async def test_the_first_replies_are_shown_at_once_and_later_ones_with_something_to_show():
    now, governor = frozen()

    assert len(begun(governor, 8)) == 5
    now[0] += 1.5
    governor.share_out()
    assert growing(governor) == 8


async def test_a_kept_promise_makes_room_for_another_reply():
    now, governor = frozen()
    began = begun(governor, 12)
    now[0] += 3.5
    governor.share_out()
    late = begin(governor)
    for ticket in began[:2]:
        governor.over(ticket.growth)
    now[0] += 3.5
    governor.share_out()

    assert not late.waits


async def test_whoever_gives_up_waiting_to_begin_promises_nothing():
    _, governor = frozen()
    (ticket,) = begun(governor, 1)
    governor.forget(ticket)

    assert "update" not in governor._shared


async def test_one_reply_alone_may_spend_its_burst_at_once():
    now, governor = frozen()
    begun(governor, 1)
    sent = 0
    while not governor.ask([EDIT], Urgency.INTERIM).waits:
        sent += 1

    assert sent == 9
    assert now[0] == 1000.0


async def test_replies_that_grow_for_long_leave_room_for_new_ones():
    now, governor = frozen()
    begun(governor, 11)
    now[0] += 3.5
    governor.share_out()
    late = begin(governor)
    assert late.waits

    for _ in range(20):
        now[0] += 1.0
        governor.share_out()
    assert not late.waits


START = Budget("start", rate=1 / 3, window=60, burst=10)
APPEND = Budget("append", rate=5 / 3, window=60, burst=20)
SEAL = Budget("seal", rate=1 / 3, window=60, burst=10)
STREAMED = Way((START,), (APPEND,), (SEAL,), pause=0.2, seals=True)


async def test_a_reply_begins_in_the_way_that_has_more_room():
    _, governor = frozen()
    ways = [begin(governor, STREAMED, EDITED).way for _ in range(6)]

    assert ways[0] is STREAMED
    assert EDITED in ways


async def test_where_one_way_has_no_last_edit_left_the_other_is_taken():
    _, governor = frozen()
    for _ in range(10):
        governor.ask((SEAL,), Urgency.LAST)

    assert begin(governor, STREAMED, EDITED).way is EDITED


async def test_a_reply_that_goes_on_in_another_way_is_counted_there_alone():
    _, governor = frozen()
    ticket = begin(governor, STREAMED)
    governor.go_on(ticket.growth, EDITED)

    assert "seal" not in governor._shared
    assert growing(governor) == 1
    governor.over(ticket.growth)
    assert governor._shared == {}


async def test_appends_are_shared_by_all_who_grow_and_a_seal_is_kept_for_each():
    now, governor = frozen()
    tickets = [begin(governor, STREAMED) for _ in range(40)]
    for _ in range(300):
        now[0] += 0.1
        governor.ask((APPEND,), Urgency.INTERIM)
        governor.share_out()
    begun = [ticket for ticket in tickets if not ticket.waits]

    assert len(begun) >= 10
    ends = [governor.ask((SEAL,), Urgency.LAST) for _ in range(10)]
    assert not [end for end in ends if end.waits]


async def test_an_interim_edit_of_a_message_that_is_complete_counts_as_its_last():
    _, governor = frozen()
    spent = Budget("spent", rate=0, window=60, burst=1)
    governor.ask((spent,), Urgency.LAST)
    ticket = governor.ask((spent,), Urgency.INTERIM, last=(SEAL,))
    assert ticket.waits

    ticket.complete(Urgency.LAST)

    assert not ticket.waits
    assert ticket.budgets == (SEAL,)


LENGTHS = st.lists(st.floats(0.5, 30), min_size=1, max_size=40)


@given(LENGTHS, st.floats(0, 5))
def test_however_many_grow_and_end_no_last_edit_waits_while_an_interim_one_goes(lengths, spread):
    waiting, overtaken = set(), []

    async def reply(governor, number, length):
        await asyncio.sleep(spread * number / len(lengths))
        growth, end = Growth(), clock() + length
        try:
            async with asyncio.timeout_at(end):
                await governor.begin((EDITED,), growth, (POST,)).granted()
                while True:
                    await governor.ask((EDIT,), Urgency.INTERIM).granted()
                    overtaken.extend(waiting)
                    await asyncio.sleep(0.5)
        except TimeoutError:
            if growth.way:  # what never began is posted whole
                waiting.add(number)
                await governor.turn((EDIT,), Urgency.LAST)
                waiting.remove(number)
            governor.over(growth)

    async def all_of_them():
        governor = Governor(clock)
        async with asyncio.TaskGroup() as tasks:
            for number, length in enumerate(lengths):
                tasks.create_task(reply(governor, number, length))

    virtually(all_of_them())

    assert not overtaken


@given(st.integers(2, 30), st.lists(st.floats(0.1, 10), min_size=30, max_size=30))
def test_no_reply_starves(count, speeds):
    """However fast the others write, each is shown again within two rounds of all."""
    minute, rate = 60.0, 1.0
    edits = Budget("edits", rate, 60, 1)
    shown = {number: [0.0] for number in range(count)}

    async def reply(governor, number):
        while clock() < 10 * minute:

            def lag(now):
                waited = now - shown[number][-1]
                return speeds[number] * waited * waited

            await governor.ask((edits,), Urgency.INTERIM, lag).granted()
            shown[number].append(clock())
            await asyncio.sleep(0.05)

    async def all_of_them():
        governor = Governor(clock)
        async with asyncio.TaskGroup() as tasks:
            for number in range(count):
                tasks.create_task(reply(governor, number))

    virtually(all_of_them())

    slowest = (max(speeds[:count]) / min(speeds[:count])) ** 0.5
    for times in shown.values():
        gaps = [after - before for before, after in itertools.pairwise(times)]
        assert max(gaps) <= (count + 1) / rate * (1 + slowest)


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


async def test_a_page_that_is_full_while_it_waits_to_begin_is_posted_whole():
    now, governor = frozen()
    begun(governor, 11)
    now[0] += 3.5
    governor.share_out()
    late = governor.begin((EDITED,), Growth(), (POST,), Urgency.PAGE)
    assert late.waits

    late.complete(Urgency.PAGE)
    assert not late.waits
    assert late.way is None


def test_a_window_that_opens_does_not_let_everybody_go_in_one_turn_of_the_loop():
    every = Budget("all", rate=50, window=1, burst=50, fixed=True)

    async def main():
        governor, moments = Governor(clock), []
        governor.refused((every,), 1.0)

        async def send():
            await governor.turn((every,), Urgency.FIRST)
            moments.append(clock())

        async with asyncio.TaskGroup() as tasks:
            for _ in range(20):
                tasks.create_task(send())
        return moments

    moments = virtually(main())
    assert max(moments.count(moment) for moment in moments) == AT_ONCE
    assert max(moments) < 1.1
