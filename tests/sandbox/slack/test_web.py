"""The door of the Web API: tokens, scopes, budgets, faults."""

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.faults import Fault
from tests.sandbox.slack.conftest import refusal

GENERAL = "C0GENERAL"


async def raw(session, slack, method, **request):
    async with session.post(slack.api_url + method, **request) as response:
        return await response.json()


async def test_auth_test_says_who_the_bot_is_and_what_it_may(client):
    answer = await client.auth_test()

    assert (answer["user_id"], answer["bot_id"], answer["team_id"]) == (
        "U0PARLEY",
        "B0PARLEY",
        "T0SANDBOX",
    )
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


async def test_a_wrong_token_is_refused(slack, connect):
    assert await refusal(connect(slack, "xoxb-wrong").auth_test()) == "invalid_auth"


async def test_no_token_is_refused(slack, session):
    assert (await raw(session, slack, "auth.test"))["error"] == "not_authed"


async def test_each_token_has_methods_of_its_own(slack, connect):
    app_level = connect(slack, "xapp-sandbox")
    opened = await app_level.apps_connections_open(app_token="xapp-sandbox")
    assert opened["url"].startswith("ws://127.0.0.1:")

    wrong = app_level.apps_connections_open(app_token="xoxb-sandbox")
    assert await refusal(wrong) == "not_allowed_token_type"
    assert await refusal(app_level.auth_test()) == "not_allowed_token_type"


async def test_a_missing_scope_is_named(serve, connect):
    slack = await serve(scopes=frozenset({"users:read"}))
    with pytest.raises(SlackApiError) as caught:
        await connect(slack).chat_postMessage(channel=GENERAL, text="x")

    answer = caught.value.response
    assert answer["error"] == "missing_scope"
    assert (answer["needed"], answer["provided"]) == ("chat:write", "users:read")


async def test_history_needs_the_scope_of_just_this_sort_of_channel(serve, connect):
    client = connect(await serve(scopes=frozenset({"im:history"})))

    assert await client.conversations_history(channel="D0ADA")
    assert await refusal(client.conversations_history(channel=GENERAL)) == "missing_scope"


async def test_an_unknown_method_is_refused(client):
    assert await refusal(client.api_call("chat.shout")) == "unknown_method"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, "invalid_json"),
        ({"json": ["x"]}, "json_not_object"),
        ({"data": b"x", "headers": {"Content-Type": "text/csv"}}, "invalid_post_type"),
    ],
)
async def test_a_body_that_is_none_is_refused(slack, session, request_, code):
    assert (await raw(session, slack, "chat.postMessage", **request_))["error"] == code


async def test_arguments_come_as_json_form_or_query(slack, session, client):
    token = {"Authorization": "Bearer xoxb-sandbox"}
    message = {"channel": GENERAL, "text": "x"}

    assert (await raw(session, slack, "chat.postMessage", json=message, headers=token))["ok"]
    assert (await raw(session, slack, "chat.postMessage", data=message, headers=token))["ok"]
    assert (await raw(session, slack, "chat.postMessage", params=message, headers=token))["ok"]
    form = {**message, "token": "xoxb-sandbox"}
    assert (await raw(session, slack, "chat.postMessage", data=form))["ok"]


async def test_methods_that_read_do_not_look_into_a_json_body(slack, session):
    token = {"Authorization": "Bearer xoxb-sandbox"}
    answer = await raw(session, slack, "users.info", json={"user": "U0ADA"}, headers=token)

    assert answer["error"] == "invalid_arguments"


async def test_a_spent_budget_answers_429_with_whole_seconds(slack, client, clock):
    message = await client.chat_postMessage(channel=GENERAL, text="x")
    for _ in range(10):
        await client.chat_update(channel=GENERAL, ts=message["ts"], text="y")
    with pytest.raises(SlackApiError) as caught:
        await client.chat_update(channel=GENERAL, ts=message["ts"], text="z")

    answer = caught.value.response
    assert (answer.status_code, answer["error"]) == (429, "ratelimited")
    assert answer.headers["Retry-After"] == "2"  # 60 s / 50, rounded up
    clock.tick(1.3)
    assert await client.chat_update(channel=GENERAL, ts=message["ts"], text="z")


async def test_posts_are_counted_for_each_channel(client):
    for _ in range(4):
        await client.chat_postMessage(channel=GENERAL, text="x")

    full = client.chat_postMessage(channel=GENERAL, text="x")
    assert await refusal(full) == "ratelimited"
    assert await client.chat_postMessage(channel="C0ENGINE", text="x")


async def test_statuses_are_counted_for_each_thread(slack, client):
    first, second = (slack.say("ada", "general", word) for word in ("one", "two"))
    ask = {"channel_id": GENERAL, "status": "…"}
    for _ in range(4):
        await client.assistant_threads_setStatus(thread_ts=first.id, **ask)

    full = client.assistant_threads_setStatus(thread_ts=first.id, **ask)
    assert await refusal(full) == "ratelimited"
    assert await client.assistant_threads_setStatus(thread_ts=second.id, **ask)


async def test_budgets_can_be_lifted(serve, connect):
    client = connect(await serve(limited=False))
    for _ in range(20):
        assert await client.chat_postMessage(channel=GENERAL, text="x")


def said(world):
    return [message.text for message in world.slack.messages(GENERAL)]


async def test_a_failure_before_the_effect_leaves_nothing(slack, client, world):
    slack.faults.add(Fault("chat.postMessage", "status", 503))
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=GENERAL, text="x")

    assert caught.value.response.status_code == 503
    assert said(world) == []


async def test_a_failure_after_the_effect_has_done_it(slack, client, world):
    slack.faults.add(Fault("chat.postMessage", "after", 500))
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel=GENERAL, text="x")

    assert said(world) == ["x"]


@pytest.mark.parametrize(("kind", "left"), [("reset", []), ("reset_after", ["x"])])
async def test_a_cut_connection_tells_nothing(slack, client, world, kind, left):
    slack.faults.add(Fault("chat.postMessage", kind))
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.chat_postMessage(channel=GENERAL, text="x")

    assert said(world) == left
    assert (slack.requests[-1].status, slack.requests[-1].code) == (0, "reset")


async def test_slack_sdks_own_retry_posts_twice_after_a_cut(slack, session, world):
    """Why the bot must not use it: the sandbox shows what really happens."""
    client = AsyncWebClient(token="xoxb-sandbox", base_url=slack.api_url, session=session)
    slack.faults.add(Fault("chat.postMessage", "reset_after"))
    await client.chat_postMessage(channel=GENERAL, text="x")

    assert said(world) == ["x", "x"]


async def test_a_fault_may_be_slow_refuse_or_limit(slack, client, world):
    slack.faults.add(Fault("chat.postMessage", "code", code="fatal_error"))
    assert await refusal(client.chat_postMessage(channel=GENERAL, text="x")) == "fatal_error"
    slack.faults.add(Fault("chat.postMessage", "rate_limit", seconds=7))
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=GENERAL, text="x")
    assert caught.value.response.headers["Retry-After"] == "7"
    slack.faults.add(Fault("chat.postMessage", "slow", seconds=0.01))
    assert await client.chat_postMessage(channel=GENERAL, text="x")

    assert said(world) == ["x"]


async def test_latency_is_what_every_request_takes(serve, connect):
    client = connect(await serve(latency=0.05))
    started = asyncio.get_running_loop().time()
    await client.auth_test()

    assert asyncio.get_running_loop().time() - started >= 0.05


async def test_every_call_is_noted_without_its_token(slack, client, clock):
    await client.users_info(user="U0ADA")

    (request,) = slack.requests
    assert (request.at, request.method, request.status) == (clock.now, "users.info", 200)
    assert request.arguments == {"user": "U0ADA"}
    await refusal(client.users_info(user="U0NOBODY"))
    assert slack.requests[-1].code == "user_not_found"


async def test_a_port_that_is_taken_stops_the_start(slack, world):
    from sandbox.slack import SlackServer

    port = int(slack.api_url.split(":")[2].split("/")[0])
    with pytest.raises(OSError):
        await SlackServer(world).start(port)


async def test_a_server_can_start_again_on_its_port(slack, client):
    port = int(slack.api_url.split(":")[2].split("/")[0])
    await slack.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.auth_test()
    await slack.start(port)

    assert await client.auth_test()
