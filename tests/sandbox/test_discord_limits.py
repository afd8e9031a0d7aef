"""Rate limits as clients see them; time passes in the server's mind only."""

import asyncio

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.discord.buckets import BUCKETS, Buckets
from sandbox.limits import FixedWindow
from tests.sandbox.discord_client import (
    ADA,
    ENGINEERING,
    GENERAL,
    Clock,
    asking,
    running,
    serving,
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def server(clock):
    async with serving(clock=clock) as server:
        yield server


@pytest.fixture
async def raw(server):
    async with asking(server) as raw:
        yield raw


async def test_every_answer_says_how_its_bucket_stands(raw):
    for left in (4, 3):
        _, _, headers = await raw.send(GENERAL, "Hello")

        assert headers["X-RateLimit-Limit"] == "5"
        assert headers["X-RateLimit-Remaining"] == str(left)
        assert 0 < float(headers["X-RateLimit-Reset-After"]) <= 5
        assert headers["X-RateLimit-Bucket"] == BUCKETS["POST message"].hash
        assert headers["Content-Type"] == "application/json"


async def test_the_sixth_message_in_5_seconds_is_refused_and_not_sent(server, raw, clock):
    for number in range(5):
        await raw.send(GENERAL, str(number))
    status, answer, headers = await raw.send(GENERAL, "Too much")
    clock.wait(answer["retry_after"])
    later, _, _ = await raw.send(GENERAL, "5")

    assert (status, later) == (429, 200)
    assert answer["global"] is False
    assert headers["Via"]
    assert headers["X-RateLimit-Scope"] == "user"
    assert int(headers["Retry-After"]) >= answer["retry_after"]
    assert [said.text for said in server.world.discord.messages(GENERAL)] == list("012345")


async def test_channels_and_kinds_of_request_are_counted_apart(raw):
    for number in range(5):
        await raw.send(GENERAL, str(number))
    elsewhere, _, _ = await raw.send(ENGINEERING, "Hello")
    typing, _, _ = await raw.ask("POST", f"/channels/{GENERAL}/typing")
    reading, messages, _ = await raw.ask("GET", f"/channels/{GENERAL}/messages")
    editing, _, _ = await raw.edit(messages[0], "Edited")

    assert (elsewhere, typing, reading, editing) == (200, 204, 200, 200)


async def test_all_messages_of_a_channel_share_the_budget_of_edits(raw):
    _, one, _ = await raw.send(GENERAL, "One")
    _, two, _ = await raw.send(GENERAL, "Two")
    edits = [await raw.edit(message, "!") for message in (one, two, one, two, one, two)]

    assert [status for status, _, _ in edits] == [200] * 5 + [429]


async def test_50_requests_a_second_are_all_that_a_bot_has(server, raw):
    paths = ["/users/@me"] * 51
    answers = await asyncio.gather(*(raw.ask("GET", path) for path in paths))
    refused = [(body, headers) for status, body, headers in answers if status == 429]

    assert len(refused) == 1
    assert refused[0][0]["global"] is True
    assert refused[0][1]["X-RateLimit-Global"] == "true"


async def test_interactions_do_not_count_for_the_bots_50_a_second(raw):
    hooks = [f"/webhooks/1009/token-{number}" for number in range(60)]
    answers = await asyncio.gather(*(raw.ask("POST", hook, json={}) for hook in hooks))
    status, _, _ = await raw.ask("GET", "/users/@me")

    assert {(status, body["code"]) for status, body, _ in answers} == {(401, 50027)}
    assert status == 200


async def test_without_limits_nothing_is_refused():
    async with serving(limited=False) as server, asking(server) as raw:
        answers = [await raw.send(GENERAL, "Hello") for _ in range(60)]

        assert {status for status, _, _ in answers} == {200}


async def test_messages_older_than_an_hour_take_few_edits(raw, clock):
    _, message, _ = await raw.send(GENERAL, "Old")
    clock.wait(3601)
    edits = [await raw.edit(message, str(number)) for number in range(4)]

    assert [status for status, _, _ in edits] == [200, 200, 200, 429]
    assert edits[-1][1]["code"] == 30046


async def test_the_real_client_waits_for_its_turn_and_loses_nothing(server, monkeypatch):
    async with running(server) as bot:
        monkeypatch.setattr("discord.http.asyncio.sleep", _wait_in_mind(server))
        await asyncio.gather(*(bot.at(GENERAL).send(str(number)) for number in range(12)))

    sent = sorted(int(said.text) for said in server.world.discord.messages(GENERAL))
    assert sent == list(range(12))


def _wait_in_mind(server):
    really = asyncio.sleep

    async def sleep(seconds):
        server._realm.now.wait(seconds)
        await really(0)

    return sleep


async def test_too_many_refusals_close_the_door(server, raw):
    server.buckets._invalid.limit = 3
    for _ in range(4):
        await raw.ask("GET", "/users/@me", headers={"Authorization": "Bot wrong"})
    status, answer, _ = await raw.ask("GET", "/users/@me")

    assert (status, answer["message"]) == (429, "You are being blocked.")


async def test_reactions_are_four_a_second(server, raw, clock):
    said = server.say(ADA, GENERAL, "Vote")
    path = f"/channels/{GENERAL}/messages/{said.id}/reactions/%F0%9F%91%80/@me"
    first, _, _ = await raw.ask("PUT", path)
    second, _, _ = await raw.ask("PUT", path)
    clock.wait(0.25)
    third, _, _ = await raw.ask("PUT", path)

    assert (first, second, third) == (204, 429, 204)


@given(st.lists(st.floats(0, 0.3), min_size=12, max_size=60), st.sampled_from(sorted(BUCKETS)))
def test_whoever_waits_as_long_as_told_passes(pauses, route):
    buckets, now = Buckets(), 1_800_000_000.0
    window = FixedWindow(BUCKETS[route].limit, BUCKETS[route].seconds)
    for pause in pauses:
        now += pause
        verdict = buckets.take(route, "1", now, counts_globally=False)
        assert verdict.wait >= window.take(now)
        if verdict.wait:
            now += verdict.wait
            assert window.take(now) == 0
            assert buckets.take(route, "1", now, counts_globally=False).wait == 0


@given(st.lists(st.floats(0, 2), max_size=60))
def test_no_window_ever_passes_more_than_its_limit(pauses):
    buckets, now, passed = Buckets(), 0.0, []
    for pause in pauses:
        now += pause
        if not buckets.take("POST message", "1", now, counts_globally=False).wait:
            passed.append(now)
    for first, sixth in zip(passed, passed[10:], strict=False):
        assert sixth - first >= 5.0


async def test_a_client_learns_the_size_of_a_bucket_from_the_headers(server):
    async with running(server) as bot:
        await bot.at(GENERAL).send("Hello")
        (ratelimit,) = [
            one for key, one in bot.http._buckets.items() if BUCKETS["POST message"].hash in key
        ]

        assert isinstance(ratelimit, discord.http.Ratelimit)
        assert (ratelimit.limit, ratelimit.remaining) == (5, 4)
