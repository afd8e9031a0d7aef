"""One request is one request, whatever discord.py would do with it."""

import asyncio
import time

import pytest
from discord import InvalidData

from bots.discord import budgets
from bots.discord.calls import NotRead
from core.pace import Urgency
from core.surface import RefusedForGood, RefusedForNow, Unknown
from sandbox.faults import Fault

from .conftest import ADA, GENERAL


@pytest.fixture
async def calls(bot):
    return bot._desk.calls


@pytest.fixture
async def http(bot):
    return bot._client.http


async def test_a_refusal_of_everything_is_slept_through_and_holds_nobody_for_ever(
    calls, http, discord
):
    async def ask():
        return await calls.ask((), lambda: http.get_channel(int(GENERAL)))

    answers = await asyncio.gather(*(ask() for _ in range(60)))

    assert 429 in {request.status for request in discord.requests}
    assert all(answer.ok for answer in answers)
    assert (await ask()).ok


async def test_a_refusal_of_everything_closes_the_budget_of_everything(
    calls, http, governor, discord
):
    await asyncio.gather(
        *(calls.ask((), lambda: http.get_channel(int(GENERAL))) for _ in range(60))
    )
    async with asyncio.timeout(10):
        await governor.turn((budgets.ALL,), 0)

    assert governor._allowance(budgets.ALL)._cut.now(time.monotonic()) < 1


async def test_a_request_that_hangs_is_given_up(calls, http, discord, monkeypatch):
    monkeypatch.setattr("bots.discord.calls.DEADLINE", 0.1)
    discord.faults.add(Fault("GET channel", "slow", seconds=0.5))

    answer = await calls.ask((), lambda: http.get_channel(int(GENERAL)))

    assert answer.outcome == Unknown("deadline")


async def test_after_the_end_nothing_is_sent(calls, http, discord):
    await calls.close(0)
    sent = len(discord.requests)

    assert (await calls.ask((), lambda: http.get_channel(int(GENERAL)))).outcome == Unknown(
        "stopped"
    )
    with pytest.raises(NotRead):
        await calls.read((), lambda: http.get_channel(int(GENERAL)))
    assert len(discord.requests) == sent


async def test_a_read_that_is_refused_says_why(calls, http):
    with pytest.raises(NotRead) as refused:
        await calls.read((), lambda: http.get_channel(404))

    assert refused.value.outcome == RefusedForGood("10003")


async def test_an_answer_that_the_library_does_not_understand_is_not_read(calls, http):
    async def puzzled():
        await http.get_channel(int(GENERAL))
        raise InvalidData("a channel of a new kind")

    with pytest.raises(NotRead) as refused:
        await calls.read((), puzzled)

    assert refused.value.outcome == RefusedForGood("InvalidData")


async def test_the_true_size_of_a_budget_is_learned_from_the_headers(calls, http, governor, bot):
    counted = budgets.sends(int(GENERAL))
    channel = bot._client.get_partial_messageable(int(GENERAL))

    await calls.ask(counted, lambda: channel.send("hello"))

    window = governor._allowance(counted[0])
    assert window._used == 1
    assert window._size == 5


@pytest.fixture
async def closed(governor, monkeypatch):
    """Nothing is allowed for longer than anybody waits."""
    monkeypatch.setattr("bots.discord.calls.TURN_TIMEOUT", 0.05)
    governor.refused((budgets.ALL,), 60)


async def test_a_request_that_is_not_allowed_in_time_is_refused_for_now_and_not_sent(
    calls, http, discord, closed
):
    sent = len(discord.requests)
    counted = budgets.sends(int(GENERAL))

    answer = await calls.in_turn(counted, Urgency.FIRST, lambda: http.get_channel(int(GENERAL)))

    assert isinstance(answer.outcome, RefusedForNow)
    assert len(discord.requests) == sent


async def test_nothing_waits_for_ever_for_its_turn(bot, discord, clerk, closed):
    discord.say(ADA, GENERAL, "@Parley hello")
    _, surface = await clerk.next()
    reader = bot._desk.reader

    async with asyncio.timeout(3):
        await surface.status("is thinking")
        refused = await surface.refuse("Not today.")
        with pytest.raises(NotRead) as unread:
            await reader.newest(int(GENERAL), 10)

    assert isinstance(refused, RefusedForNow)
    assert isinstance(unread.value.outcome, RefusedForNow)
