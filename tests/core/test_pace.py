"""The governor shares out what there is: who goes first, and who is begun at all."""

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.budget import Budget, Way
from core.pace import AT_ONCE, Governor, Urgency
from core.sharing import Growth
from tests.virtual import clock, virtually


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


async def test_what_was_said_in_the_past_leaves_half_to_what_is_asked_now():
    now, governor = frozen()
    read = Budget("read", rate=0.5, window=60, burst=10)
    past = [governor.ask((read,), Urgency.PAST) for _ in range(20)]
    assert sum(not one.waits for one in past) == 5

    live = [governor.ask((read,), Urgency.READ) for _ in range(5)]
    assert not [one for one in live if one.waits]
    now[0] += 4.0
    governor.share_out()
    assert sum(not one.waits for one in past) == 5


async def test_whoever_reads_the_past_stands_in_nobodys_way():
    now, governor = frozen()
    past = [governor.ask((EVERY,), Urgency.PAST) for _ in range(100)]
    for _ in range(10):
        now[0] += 0.01
        governor.share_out()
    interim = governor.ask((EVERY,), Urgency.INTERIM)

    assert 0 < sum(not one.waits for one in past) < 25
    assert not interim.waits


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
