"""No budget is ever overshot, whoever asks at once, and nothing stays reserved."""

import asyncio
import multiprocessing
import os
import signal
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text

from core.controls import Control
from core.errors import BudgetSpent
from core.notices import STOPPED
from core.prices import NANO, Price, Prices
from core.spending import Kind, Period, Spender, Spending, SpendingLimit, applying, granted
from core.store import Call, Store
from core.store.ledger import Line, Taken, Unit
from sandbox.model import Answer, Stall, pieces_of
from tests.core.house import Talk, ask, outcome, reading, shown, until

ADA = Spender("slack", "T1", "C1", "U1")
BEN = Spender("slack", "T1", "C1", "U2")
PRICES = Prices("http://127.0.0.1/v1", {"m": Price(*map(Decimal, (1, 1, 1, 4)))})
"""A prompt of 1,000 tokens is 0.001 USD, and so is an answer of 250."""


def usd(amount, kind=Kind.PERSON, **more):
    return SpendingLimit(kind, Unit.USD, round(amount * NANO), **more)


def call(prompt=1000, completion=0, **more):
    return Call(
        "r1",
        "m",
        "stop",
        time.time(),
        0.1,
        prompt_tokens=prompt,
        completion_tokens=completion,
        person=ADA.name,
        place=ADA.place,
        **more,
    )


def spends(store, *limits, clock=time.time, zone="UTC", contact=""):
    zone = ZoneInfo(zone)
    return Spending(store.ledger, PRICES, limits, clock=clock, zone=zone, contact=contact)


@pytest.fixture
def url(tmp_path):
    return f"sqlite+aiosqlite:///{tmp_path}/parley.db"


@asynccontextmanager
async def opened(url):
    store = await Store.open(url, time.time)
    async with store._database.write() as connection:
        await connection.execute(
            text("INSERT OR IGNORE INTO replies (id, conversation, begun_at) VALUES ('r1', 'c', 0)")
        )
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def store(url):
    async with opened(url) as store:
        yield store


@asynccontextmanager
async def kept(spending):
    """What runs beside: sweeping, giving back, telling the operator."""
    task = asyncio.create_task(spending.keep())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def counters(store):
    """What is spent and what is reserved, by counter."""
    async with store._database.read() as connection:
        rows = await connection.execute(text("SELECT key, spent, reserved FROM spending"))
        return {row.key.split("|", 2)[2]: (row.spent, row.reserved) for row in rows}


async def reservations(store):
    async with store._database.read() as connection:
        return (await connection.execute(text("SELECT count(*) FROM reservations"))).scalar_one()


async def nothing_reserved(store):
    """Wait until nothing is."""
    async with asyncio.timeout(10):
        while await reservations(store) or any(r for _, r in (await counters(store)).values()):
            await asyncio.sleep(0.01)


async def test_what_a_call_has_cost_takes_the_place_of_what_was_reserved(store):
    spending = spends(store, usd(1), usd(5, Kind.DEPLOYMENT))
    reservation = await spending.reserve(ADA, call(), answer=500)
    assert await counters(store) == {
        "usd|person|slack/U1": (0, 3_000_000),
        "usd|deployment|": (0, 3_000_000),
    }

    await spending.settle(reservation, call(900, 100))

    assert await counters(store) == {
        "usd|person|slack/U1": (1_300_000, 0),
        "usd|deployment|": (1_300_000, 0),
    }
    assert (await store.calls.of("r1"))[0].cost == 1_300_000
    assert await reservations(store) == 0


async def test_of_many_questions_at_once_as_many_are_asked_as_the_budget_holds(store):
    spending = spends(store, usd(0.1, Kind.DEPLOYMENT))  # ten times 0.001 + 0.009
    asked = [spending.reserve(ADA, call(), answer=2250, firm=True) for _ in range(60)]
    found = await asyncio.gather(*asked, return_exceptions=True)

    granted = [one for one in found if not isinstance(one, BaseException)]
    assert len(granted) == 10
    assert all(isinstance(one, BudgetSpent) for one in found if isinstance(one, BaseException))
    assert (await counters(store))["usd|deployment|"] == (0, NANO // 10)


async def test_one_limit_that_is_short_takes_nothing_from_the_others(store):
    spending = spends(store, usd(1), usd(0.001, Kind.CHANNEL))
    with pytest.raises(BudgetSpent) as refused:
        await spending.reserve(ADA, call(), answer=2000)

    assert refused.value.whose == "channel"
    assert {reserved for _, reserved in (await counters(store)).values()} == {0}


async def test_near_the_end_an_answer_is_shorter_but_not_too_short(store):
    spending = spends(store, usd(0.02))

    first = await spending.reserve(ADA, call(), answer=2000)  # 0.009
    second = await spending.reserve(ADA, call(), answer=2000)  # 0.009
    assert (first.answer_tokens, second.answer_tokens) == (2000, 2000)
    await spending.settle(second, call(1000, 500))
    third = await spending.reserve(ADA, call(), answer=2000)  # of the 0.008 that is left

    assert third.answer_tokens == 1750
    with pytest.raises(BudgetSpent):
        await spending.reserve(ADA, call(), answer=2000)


async def test_a_short_answer_is_given_to_the_last_token(store):
    spending = spends(store, usd(0.002))

    assert (await spending.reserve(ADA, call(), answer=250)).answer_tokens == 250


async def test_a_budget_of_nothing_allows_nothing_even_what_is_free(store):
    spending = spends(store, usd(0))

    assert await spending.refusal(ADA)
    with pytest.raises(BudgetSpent):
        await spending.reserve(ADA, Call("r1", "free", "", 0, 0, prompt_tokens=5), answer=100)


async def test_tokens_are_counted_where_the_budget_is_in_tokens(store):
    spending = spends(store, SpendingLimit(Kind.PERSON, Unit.TOKENS, 5000))
    reservation = await spending.reserve(ADA, call(), answer=3000)
    await spending.settle(reservation, call(800, 200))

    assert (await counters(store))["tokens|person|slack/U1"] == (1000, 0)


async def test_each_has_a_budget_of_their_own(store):
    spending = spends(store, usd(0.001))
    with pytest.raises(BudgetSpent):
        await spending.reserve(ADA, call(), answer=1024)
    reservation = await spending.reserve(BEN, call(0), answer=250)

    assert reservation.answer_tokens == 250


def test_a_limit_that_names_somebody_stands_in_the_place_of_that_for_each():
    general, for_ada, month = usd(1), usd(9, id="slack/U1"), usd(3, period=Period.MONTH)

    assert [one for _, one in applying([general, for_ada, month], ADA)] == [for_ada, month]
    assert [one for _, one in applying([general, for_ada, month], BEN)] == [general, month]


def test_a_group_shares_its_budget():
    crew = usd(1, Kind.GROUP, id="slack/T1/S1")
    member = Spender("slack", "T1", "C1", "U3", frozenset({"slack/T1/S1"}))

    assert list(applying([crew], member)) == [("slack/T1/S1", crew)]
    assert list(applying([crew], ADA)) == []


async def test_a_refusal_says_which_budget_when_it_ends_and_whom_to_ask(store):
    noon = datetime(2026, 11, 30, 18, tzinfo=UTC).timestamp()
    spending = spends(
        store, usd(0), clock=lambda: noon, zone="Europe/Berlin", contact="Ada in #help"
    )

    sentence = await spending.refusal(ADA)

    assert sentence == (
        "Your budget for today is used up. It begins anew in 5 hours (at midnight, Europe/Berlin). "
        "If you need more before that, ask Ada in #help."
    )


async def test_a_budget_of_which_something_is_left_is_not_said_to_be_used_up(store):
    spending = spends(store, usd(0.01))
    with pytest.raises(BudgetSpent) as refused:
        await spending.reserve(ADA, call(9000), answer=1000)
    assert refused.value.sentence.startswith("Your budget for today has too little left for this")

    held = await spending.reserve(ADA, call(1000), answer=1000)
    await spending.settle(held, call(1000, completion=2250))  # 0.010: all of it
    with pytest.raises(BudgetSpent) as refused:
        await spending.reserve(ADA, call(1000), answer=1000)
    assert refused.value.sentence.startswith("Your budget for today is used up.")


async def test_what_others_have_only_reserved_is_not_said_to_be_used_up(store):
    """It may come back in a moment."""
    spending = spends(store, usd(0.01))
    await spending.reserve(ADA, call(), answer=2250)  # 0.010: all of it

    assert await spending.refusal(ADA) is None
    with pytest.raises(BudgetSpent) as refused:
        await spending.reserve(ADA, call(), answer=2250)
    assert refused.value.sentence.startswith("Your budget for today has too little left for this")


async def test_where_no_money_is_left_stop_still_stops(house, server):
    chat = await house(budgets=[SpendingLimit(Kind.PERSON, Unit.TOKENS, 3000)])
    server.enqueue(Answer(("First. ", Stall())))
    talk = Talk(chat)
    await talk.ask("Why?")
    await until(talk.says("First."))
    spending, ada = chat._answering._spending, Spender("paper", "W", "C", "U1")
    spent = replace(call(3000), reply=talk.reply)
    await spending.settle(await spending.reserve(ada, call(1), answer=100, firm=True), spent)
    await talk.ask("stop", "2")
    await talk.end()

    assert shown(talk.paper) == [("First.", STOPPED)]
    assert talk.paper.refusals == []


async def test_a_new_day_begins_at_midnight_where_the_operator_lives(store):
    late = datetime(2026, 11, 28, 22, 30, tzinfo=UTC).timestamp()
    clock = {"now": late}
    spending = spends(store, usd(0.001), clock=lambda: clock["now"], zone="Europe/Berlin")
    await spending.settle(await spending.reserve(ADA, call(0), answer=250), call(0, 250))
    assert await spending.refusal(ADA)

    clock["now"] = late + 1800
    assert await spending.refusal(ADA) is None


@pytest.mark.parametrize(
    ("period", "now", "begins", "ends"),
    [
        ("day", "2026-03-29T12:00", "2026-03-29", "2026-03-30"),  # of 23 hours
        ("day", "2026-10-25T23:59", "2026-10-25", "2026-10-26"),  # of 25 hours
        ("month", "2026-01-31T05:00", "2026-01-01", "2026-02-01"),
        ("month", "2026-12-31T23:00", "2026-12-01", "2027-01-01"),
    ],
)
def test_days_and_months_are_those_of_the_calendar(period, now, begins, ends):
    berlin = ZoneInfo("Europe/Berlin")
    at = datetime.fromisoformat(now).replace(tzinfo=berlin)

    assert Period(period).begins(at) == datetime.fromisoformat(begins).replace(tzinfo=berlin)
    assert Period(period).ends(at) == datetime.fromisoformat(ends).replace(tzinfo=berlin)


@pytest.mark.parametrize("turns", range(0, 40, 3))
async def test_a_question_that_is_withdrawn_while_it_reserves_leaves_nothing_reserved(store, turns):
    spending = spends(store, usd(1))
    async with kept(spending):
        reserving = asyncio.create_task(spending.reserve(ADA, call(), answer=500))
        for _ in range(turns):
            await asyncio.sleep(0.0002)
        reserving.cancel()
        done = (await asyncio.gather(reserving, return_exceptions=True))[0]
        if not isinstance(done, BaseException):
            await spending.settle(done, call())
        await nothing_reserved(store)


async def test_the_operator_is_told_once_of_each_level(store):
    told = []

    async def tell(notice):
        told.append(notice.name if "refuses" in notice.name else notice.fields["percent"])

    spending = spends(store, usd(0.1, Kind.DEPLOYMENT))
    spending.tell = tell
    async with kept(spending):
        for _ in range(9):
            reservation = await spending.reserve(ADA, call(), answer=250)
            await spending.settle(reservation, call(10_000, 0))
        await asyncio.sleep(0)
        assert told == [50, 80]
        for _ in range(2):
            with pytest.raises(BudgetSpent):
                await spending.reserve(ADA, call(9_000), answer=500)
        await asyncio.sleep(0)

    assert told == [50, 80, "budget_refuses"]


def reserve_in_a_process(url, number, held):
    """Another process: reserves for so many questions at once, tells how many it may ask."""

    async def main():
        async with opened(url) as store:
            spending = spends(store, usd(0.1, Kind.DEPLOYMENT))
            asked = [spending.reserve(ADA, call(), answer=2250, firm=True) for _ in range(number)]
            found = await asyncio.gather(*asked, return_exceptions=True)
            held.put(sum(not isinstance(one, BaseException) for one in found))
            await asyncio.sleep(60)

    asyncio.run(main())


async def test_two_processes_overshoot_nothing_and_nothing_stays_reserved_after_a_kill(url):
    context = multiprocessing.get_context("spawn")
    held = context.Queue()
    others = [context.Process(target=reserve_in_a_process, args=(url, 100, held)) for _ in range(2)]
    async with opened(url) as store:
        for process in others:
            process.start()
        try:
            granted = [await asyncio.to_thread(held.get, True, 40) for _ in others]
            assert sum(granted) == 10
            assert (await counters(store))["usd|deployment|"] == (0, NANO // 10)
        finally:
            for process in others:
                os.kill(process.pid, signal.SIGKILL)
                await asyncio.to_thread(process.join, 10)

        async with kept(spends(store, usd(0.1, Kind.DEPLOYMENT))):
            await nothing_reserved(store)
        assert (await counters(store))["usd|deployment|"] == (NANO // 10, 0)


async def test_a_call_whose_process_died_is_charged_whatever_it_may_have_cost(url):
    """What had come of its answer nobody knows: it counts as the longest that it could be."""
    async with opened(url) as dead:
        limits = usd(0.1), SpendingLimit(Kind.DEPLOYMENT, Unit.TOKENS, 10_000)
        await spends(dead, *limits).reserve(ADA, call(), answer=2250)
    async with opened(url) as store, kept(spends(store, *limits)):
        await nothing_reserved(store)

        assert await counters(store) == {
            "usd|person|slack/U1": (10_000_000, 0),
            "tokens|deployment|": (3250, 0),
        }
        (died,) = await store.calls.of("r1")
        assert (died.outcome, died.estimated, died.completion_tokens) == ("died", True, 2250)
        assert died.cost == 10_000_000


async def test_a_database_at_which_nobody_works_is_only_read(store, monkeypatch):
    """Whoever writes waits for whoever else does: old counters are forgotten once an hour."""
    monkeypatch.setattr("core.spending.SWEEP", 0.01)
    written, looked = [], []

    def heard(connection, cursor, statement, *more):
        (looked if "FROM reservations" in statement else written).append(statement)

    for engine in (store._database._engine, store._database._reading):
        event.listen(engine.sync_engine, "before_cursor_execute", heard)
    async with kept(spends(store, usd(1))), asyncio.timeout(10):
        while len(looked) < 5:
            await asyncio.sleep(0.01)

    assert [statement.split()[0] for statement in written] == ["DELETE"]


lefts = st.lists(
    st.builds(
        lambda unit, amount, used: (Line("k", unit, amount, 0.0), amount - used),
        st.sampled_from(list(Unit)),
        st.integers(0, 10**9),
        st.integers(0, 10**9),
    ),
    max_size=5,
)
prices = st.builds(Price, *[st.decimals(0, 100, places=3)] * 4)


@given(lefts, prices, st.integers(0, 100_000), st.integers(1, 10_000), st.integers(1, 10_000))
def test_no_more_is_granted_than_is_left_anywhere_and_no_less_than_there_must_be(
    left, price, prompt, wanted, least
):
    least = min(least, wanted)
    found = granted(left, price, prompt, wanted=wanted, least=least)

    if isinstance(found, Taken):
        assert least <= found.answer_tokens <= wanted
        assert all(found.of(line.unit) <= rest for line, rest in left)
        assert found.usd >= price.at_most(prompt) + price.answers(found.answer_tokens)
    else:
        smallest = {
            Unit.USD: price.at_most(prompt) + price.answers(least),
            Unit.TOKENS: prompt + least,
        }
        assert any(
            line.amount == 0 or rest < smallest[line.unit] for line, rest in left if line == found
        )


async def test_whom_a_budget_refuses_learns_it_alone_and_nothing_stands_in_the_thread(
    house, server
):
    chat = await house(budgets=[usd(0.001)], prices={"gpt-4o-mini": (1, 4)})
    paper = await reading(chat, "Why?")

    assert shown(paper) == []
    assert len(paper.refusals) == 1
    assert paper.refusals[0].startswith("Your budget for today")
    assert not server.requests
    assert await outcome(chat, ask("").key) == ("settled", "budget_spent")


async def test_an_answer_stays_where_no_budget_is_left_for_a_new_one(house, server):
    chat = await house(budgets=[usd(0.006)], prices={"gpt-4o-mini": (1, 4)})
    server.enqueue(Answer(pieces_of("word " * 900)))
    talk = Talk(chat)
    await talk.answer("Why?")
    before = talk.paper.text
    told = await talk.press(Control.RETRY)
    await talk.end()

    assert talk.paper.text == before
    assert "budget" in (told or str(shown(talk.paper)))
