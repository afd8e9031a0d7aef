"""What operators are shown of the records: what it cost, what was slow, what failed."""

import asyncio
import itertools
from dataclasses import replace

import pytest

from core.errors import StoreFailed
from core.messages import Conversation
from core.store import Store
from core.store.asked import Order, Wanted, listed, outcomes, record
from core.store.channel_settings import changes, current
from core.store.costs import BY, Span, costs, counters
from core.store.ledger import Line, Taken, Unit
from core.store.reader import STEPS, Reader, connected
from tests.core.store import many
from tests.records import ADA, BEN, CHANNEL, NOW, Clock, asked, call, question

DAY = "2026-11-28"
ONE_DAY = Span(DAY, DAY)
DISCORD = Conversation("discord", "4000", "2001")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def store(tmp_path, clock):
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/parley.db", clock)
    yield store
    await store.close()


@pytest.fixture
def reader(tmp_path):
    return Reader(tmp_path / "parley.db")


async def spend(store, *calls, day=DAY):
    for name in {one.reply for one in calls}:
        if not await store.replies.known(name):
            await asked(store, name)
    for one in calls:
        await store.ledger.settle(one, day, None, ())


async def answer(store, clock, name, *, asker=ADA, talk=CHANNEL, waits=0.0, takes=1.0, **ends):
    """Somebody asks, and the reply ends after so many seconds."""
    one = question(name, asker, talk)
    assert await store.questions.claim(one)
    clock.now += waits
    await store.replies.begin(name, str(talk), [one.key])
    clock.now += takes
    await store.replies.end(name, [one.key], **{"outcome": "answered", **ends})
    return one


# What it cost.


async def test_the_dearest_come_first_and_the_others_together(store, reader):
    people = [f"slack/U{number}" for number in range(5)]
    for number, person in enumerate(people):
        await spend(store, call("a", person, cost=10 ** (number + 1)))

    found = await reader.look(lambda c: costs(c, "person", ONE_DAY, listed=3, drawn=2))
    assert [entry.name for entry in found.dearest] == people[:1:-1]
    assert found.number == 5
    assert found.total.cost == 111_110
    assert found.days == {DAY: {people[4]: 10**5, people[3]: 10**4, "": 1110}}


@pytest.mark.parametrize("by", BY)
async def test_money_is_exact_however_it_is_told_apart(store, reader, by):
    amounts = [1, 7, 10**12 + 3, 999_999_999]
    for number, amount in enumerate(amounts):
        one = call("a", f"slack/U{number}", f"slack/T1/C{number}", cost=amount, model=f"m{number}")
        await spend(store, one, day=f"2026-11-{20 + number}")

    span = Span("2026-11-01", "2026-11-30")
    found = await reader.look(lambda c: costs(c, by, span, listed=10, drawn=2))
    assert found.total.cost == sum(amounts)
    assert sum(entry.cost for entry in found.dearest) == sum(amounts)
    assert sum(sum(day.values()) for day in found.days.values()) == sum(amounts)


async def test_costs_can_be_narrowed_to_one(store, reader):
    await spend(store, call("a", "slack/U1", cost=5), call("b", "slack/U2", cost=7))
    await spend(store, call("c", "slack/U1", model="other", cost=11))

    span = Span(DAY, DAY, {"person": "slack/U1"})
    found = await reader.look(lambda c: costs(c, "model", span, listed=10, drawn=5))
    assert {entry.name: entry.cost for entry in found.dearest} == {"other": 11, "gpt-4o-mini": 5}


async def test_days_outside_the_span_do_not_count(store, reader):
    for day in ("2026-11-01", "2026-11-02", "2026-11-03"):
        await spend(store, call("a", cost=5), day=day)

    span = Span("2026-11-02", "2026-11-02")
    found = await reader.look(lambda c: costs(c, "model", span, listed=10, drawn=5))
    assert found.total.cost == 5
    assert list(found.days) == ["2026-11-02"]


async def test_where_nothing_was_used_nothing_is_added_up(store, reader):
    found = await reader.look(lambda c: costs(c, "model", ONE_DAY, listed=10, drawn=5))

    assert (found.total.cost, found.number, found.days) == (0, 0, {})


async def test_the_fullest_budget_comes_first_and_one_that_is_over_not_at_all(store, reader):
    for key, used, ends in (
        ("empty", 10, NOW + 60),
        ("full", 80, NOW + 60),
        ("over", 90, NOW - 60),
    ):
        line, takes = Line(key, Unit.USD, 100, ends), Taken(0, used, used)
        await store.ledger.reserve([line], call("a"), lambda _, takes=takes: takes)

    found = await reader.look(lambda c: counters(c, NOW, 10))
    assert [(one.key, one.reserved) for one in found] == [("full", 80), ("empty", 10)]


# Questions.


async def test_questions_come_newest_slowest_or_latest_to_their_text_first(store, reader, clock):
    for name, waits, takes, first in (("1", 0, 9, 1.0), ("2", 5, 1, 0.5), ("3", 0, 2, 1.5)):
        about = {"first_text": first}
        await answer(store, clock, name, waits=waits, takes=takes, about=about)

    def order(by):
        return reader.look(lambda c: listed(c, Wanted(NOW - 1), by, clock.now, 10))

    assert [one.reply for one in await order(Order.NEWEST)] == ["3", "2", "1"]
    assert [one.reply for one in await order(Order.SLOWEST)] == ["1", "2", "3"]
    late = await order(Order.LATE)
    assert [(one.reply, one.first_text) for one in late] == [("2", 5.5), ("3", 1.5), ("1", 1.0)]
    assert (late[0].waited, late[0].whole) == (5.0, 6.0)


async def test_a_question_that_is_not_answered_yet_takes_until_now(store, reader, clock):
    await answer(store, clock, "1", takes=5)
    await asked(store, "2")
    clock.now += 60

    found = await reader.look(lambda c: listed(c, Wanted(NOW - 1), Order.SLOWEST, clock.now, 10))
    assert [(one.reply, one.outcome, one.whole) for one in found] == [
        ("2", "", None),
        ("1", "answered", 5.0),
    ]


async def test_questions_are_found_by_what_came_of_them_and_where(store, reader, clock):
    await answer(store, clock, "1")
    await answer(store, clock, "2", outcome="overloaded")
    await answer(store, clock, "3", outcome="too_slow", asker=BEN, talk=DISCORD)

    async def found(*wanted):
        query = Wanted(NOW - 1, *wanted)
        all_ = await reader.look(lambda c: listed(c, query, Order.NEWEST, clock.now, 10))
        return [one.reply for one in all_]

    assert await found(["overloaded", "too_slow"]) == ["3", "2"]
    assert await found(None, "discord") == ["3"]
    assert await found(["overloaded"], "discord") == []


async def test_outcomes_are_counted_by_when_the_questions_were_asked(store, reader, clock):
    await answer(store, clock, "1", takes=0)
    clock.now = NOW + 100
    await answer(store, clock, "2", takes=0, outcome="overloaded")
    await answer(store, clock, "3", takes=0)

    found = await reader.look(lambda c: outcomes(c, Wanted(NOW), 60.0))
    assert found == {"answered": {0: 1, 1: 1}, "overloaded": {1: 1}}


async def test_one_question_is_shown_with_its_calls_and_what_else_its_message_caused(
    store, reader, clock
):
    one = await answer(store, clock, "1", about={"first_text": 0.5})
    await store.ledger.settle(call("1", outcome="overloaded", request_id="r1"), DAY, None, ())
    await store.ledger.settle(call("1", request_id="r2"), DAY, None, ())
    await store.questions.claim(replace(one, cause="retry:7"))

    by_key = await reader.look(lambda c: record(c, one.key))
    assert [(made.outcome, made.request_id) for made in by_key.calls] == [
        ("overloaded", "r1"),
        ("stop", "r2"),
    ]
    assert by_key.asked.cost == 2000
    assert [other.key for other in by_key.related] == [f"{one.identity}#retry:7"]
    assert (await reader.look(lambda c: record(c, "1"))).asked.key == one.key
    assert await reader.look(lambda c: record(c, "nothing")) is None


async def test_questions_that_were_answered_together_show_each_other(store, reader):
    both = [question("1"), question("2")]
    for one in both:
        await store.questions.claim(one)
    await store.replies.begin("r", str(CHANNEL), [one.key for one in both])

    found = await reader.look(lambda c: record(c, both[0].key))
    assert [other.key for other in found.related] == [both[1].key]


# Settings.


async def test_every_setting_is_shown_with_who_set_it_and_when(store, reader, clock):
    await store.channel_settings.change("slack/T1/C1", {"model": "gpt-b"}, "U1")
    clock.now += 60
    await store.channel_settings.change("slack/T1", {"language": "de"}, "U2")
    await store.channel_settings.change("slack/T1/C1", {"model": None}, "U2")

    now = await reader.look(lambda c: current(c, 10))
    assert [(one.scope, one.name, one.value, one.who, one.at) for one in now] == [
        ("slack/T1", "language", "de", "U2", NOW + 60)
    ]
    told = await reader.look(lambda c: changes(c, 2))
    assert [(one.name, one.before, one.after) for one in told] == [
        ("model", "gpt-b", None),
        ("language", None, "de"),
    ]


# Reading beside the bot.


async def test_whoever_looks_cannot_change_anything(store, reader):
    with pytest.raises(StoreFailed, match="readonly"):
        await reader.look(lambda c: c.exec_driver_sql("DELETE FROM questions"))


async def test_a_look_that_takes_too_long_is_broken_off_and_says_so(store, tmp_path):
    endless = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"

    with pytest.raises(StoreFailed, match="choose a shorter span"):
        await Reader(tmp_path / "parley.db", 0.05).look(lambda c: c.exec_driver_sql(endless).all())


async def test_whoever_stops_does_not_wait_for_what_is_being_read(store, tmp_path):
    reader = Reader(tmp_path / "parley.db", 60)
    begun, loop = asyncio.Event(), asyncio.get_running_loop()
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"

    def look(connection):
        loop.call_soon_threadsafe(begun.set)
        connection.exec_driver_sql(endless).all()

    looking = asyncio.create_task(reader.look(look))
    await begun.wait()
    reader.close()

    async with asyncio.timeout(20):
        with pytest.raises(StoreFailed, match="is stopping"):
            await looking
    with pytest.raises(StoreFailed, match="is stopping"):
        await reader.look(lambda c: None)


async def test_questions_are_claimed_while_somebody_looks(store, tmp_path):
    loop, begun = asyncio.get_running_loop(), asyncio.Event()
    claimed = asyncio.Event()

    def look(connection):
        connection.exec_driver_sql("SELECT * FROM questions").all()
        loop.call_soon_threadsafe(begun.set)
        return asyncio.run_coroutine_threadsafe(claimed.wait(), loop).result(20)

    looking = asyncio.create_task(Reader(tmp_path / "parley.db").look(look))
    await begun.wait()
    assert await store.questions.claim(question("1"))
    claimed.set()
    assert await looking


# A large team.


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """The records of 200,000 questions."""
    path = tmp_path_factory.mktemp("large") / "parley.db"

    async def make():
        await (await Store.open(f"sqlite+aiosqlite:///{path}", lambda: many.NOW)).close()

    asyncio.run(make())
    many.fill(path)
    return path


def steps(path, query):
    """How many steps of SQLite's a query takes, which is the same on any machine."""
    taken = itertools.count()
    with connected(path, lambda: next(taken) < 0) as connection:
        found = query(connection)
    return next(taken) * STEPS, found


@pytest.mark.parametrize("order", Order)
def test_a_day_of_a_large_team_is_looked_at_and_not_its_year(large, order):
    def query(connection):
        return listed(connection, Wanted(many.NOW - 86_400), order, many.NOW, 50)

    taken, found = steps(large, query)
    assert len(found) == 50
    assert taken < 1_000_000


def test_one_question_among_many_is_found_at_once(large):
    taken, found = steps(large, lambda connection: record(connection, "slack/T1/C0/0#asked"))

    assert found.asked.request_id == "req_0"
    assert taken < 3 * STEPS


def test_the_reply_of_a_question_among_many_is_found_at_once(large):
    taken, found = steps(large, lambda connection: record(connection, f"{5:016x}"))

    assert found.asked.request_id == "req_5"
    assert taken < 3 * STEPS


@pytest.mark.parametrize("by", BY)
def test_a_month_of_a_large_team_adds_up_to_the_last_digit(large, by):
    span = Span("2026-10-29", DAY)
    taken, found = steps(large, lambda c: costs(c, by, span, listed=50, drawn=7))

    assert found.total.cost == many.CALLS * many.COST
    assert sum(sum(day.values()) for day in found.days.values()) == many.CALLS * many.COST
    assert taken < 40_000_000


def test_failures_of_a_large_team_are_found_without_reading_every_reply(large):
    wanted = Wanted(many.NOW - 30 * 86_400, ["overloaded"])
    taken, found = steps(large, lambda c: listed(c, wanted, Order.NEWEST, many.NOW, 50))

    assert len(found) == 50
    assert taken < 1_000_000
