"""Of discord.py's rate limits, one for each channel and route, those in use are kept."""

import asyncio

import pytest

from bots.discord.ratelimits import MANY


@pytest.fixture
async def http(bot):
    return bot._client.http


def use_others(http):
    """How many there are after each of many that nobody uses."""
    for n in range(10 * MANY):
        http.get_ratelimit(f"others/{n}")
        yield len(http._buckets)


async def test_those_of_channels_in_which_nothing_goes_on_are_forgotten(http):
    assert max(use_others(http)) <= MANY


async def test_one_is_kept_while_a_request_is_on_its_way(http):
    async with http.get_ratelimit("ours") as ours:
        list(use_others(http))

        assert http.get_ratelimit("ours") is ours


async def test_one_is_kept_while_its_window_is_open(http):
    ours = http.get_ratelimit("ours")
    ours.expires = asyncio.get_running_loop().time() + 60
    list(use_others(http))

    assert http.get_ratelimit("ours") is ours


async def test_one_is_kept_while_somebody_waits_for_it(http):
    ours = http.get_ratelimit("ours")
    ours.remaining = 0
    waits = asyncio.create_task(ours.acquire())
    await asyncio.sleep(0)
    list(use_others(http))
    waits.cancel()

    assert http.get_ratelimit("ours") is ours


async def test_many_in_use_are_looked_through_seldom(http):
    """As many may be idle as are in use, before one looks for them."""
    for n in range(2 * MANY):
        http.get_ratelimit(f"ours/{n}").outgoing = 1

    assert 3 * MANY < max(use_others(http)) <= 4 * MANY
