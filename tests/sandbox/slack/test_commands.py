"""Slash commands and response URLs, with a real Bolt app."""

import asyncio

import pytest

from sandbox.faults import Fault
from sandbox.slack import CommandFailed
from tests.sandbox.slack.conftest import connected

GENERAL = "C0GENERAL"


def seen_by(world, person, channel=GENERAL):
    messages = world.slack.messages(channel)
    return [message.text for message in messages if message.only_for in ("", person)]


async def test_a_command_is_acknowledged_for_its_asker_alone(slack, bot, on, world):
    async def ask(ack):
        await ack("On it.")

    on("command", "/ask", ask)
    message = await slack.command("ada", "general", "/ask", "is 1 < 2, @ben?")
    body = await bot.next()

    assert world.slack.message(GENERAL, message).only_for == "U0ADA"
    assert (seen_by(world, "U0ADA"), seen_by(world, "U0BEN")) == (["On it."], [])
    assert (body["text"], body["user_id"]) == ("is 1 &lt; 2, @ben?", "U0ADA")
    assert bot.hears_nothing()  # nobody's event


async def test_a_bare_acknowledgement_posts_nothing(slack, on, world):
    async def ask(ack):
        await ack()

    on("command", "/ask", ask)
    assert await slack.command("ada", "general", "/ask", "x") == ""
    assert seen_by(world, "U0ADA") == []


async def test_commands_work_where_the_bot_is_not(slack, bot, on, world):
    done = asyncio.Event()

    async def ask(ack, respond):
        await ack()
        await respond("For all.", response_type="in_channel")
        done.set()

    on("command", "/ask", ask)
    await slack.command("ada", "without-the-bot", "/ask", "x")
    body = await bot.next()
    await done.wait()

    assert body["channel_name"] == "without-the-bot"
    assert seen_by(world, "U0BEN", "C0QUIET") == ["For all."]


async def test_a_command_without_a_connection_fails_at_once(slack):
    with pytest.raises(CommandFailed) as caught:
        await slack.command("ada", "general", "/ask", "x")
    assert caught.value.code == "dispatch_failed"


async def test_a_command_that_nobody_acknowledges_times_out(slack, bot):
    slack.sockets.ack_deadline = 0.1
    with pytest.raises(CommandFailed) as caught:
        await slack.command("ada", "general", "/ask", "x")
    assert caught.value.code == "operation_timeout"


async def test_a_command_that_is_not_installed_is_unknown(slack, bot, serve):
    with pytest.raises(CommandFailed) as caught:
        await slack.command("ada", "general", "/shout", "x")
    assert caught.value.code == "unknown_command"
    without = await serve(scopes=frozenset({"chat:write"}))
    with pytest.raises(CommandFailed):
        await without.command("ada", "general", "/ask", "x")


async def test_an_acknowledgement_that_cannot_be_shown_is_an_error(slack, on):
    async def ask(ack):
        await ack(blocks=[{"type": "banner"}])

    on("command", "/ask", ask)
    with pytest.raises(CommandFailed) as caught:
        await slack.command("ada", "general", "/ask", "x")
    assert caught.value.code == "invalid_command_response"


@pytest.fixture
async def respond(slack, on, session):
    """What answers through the response URL of a command that was acknowledged."""
    urls = asyncio.Queue()

    async def ask(ack, command):
        await ack()
        await urls.put(command["response_url"])

    on("command", "/ask", ask)
    await slack.command("ada", "general", "/ask", "x")
    url = await urls.get()

    async def post(**body):
        async with session.post(url, json=body) as response:
            return response.status, await response.text()

    return post


async def test_a_response_url_is_good_five_times(respond, world):
    for n in range(5):
        assert await respond(text=str(n)) == (200, "ok")
    status, body = await respond(text="5")

    assert (status, '"used_url"' in body) == (404, True)
    assert seen_by(world, "U0ADA") == ["0", "1", "2", "3", "4"]
    assert seen_by(world, "U0BEN") == []


async def test_a_response_url_is_good_for_half_an_hour(respond, clock):
    clock.tick(1799)
    assert await respond(text="x") == (200, "ok")
    clock.tick(1)
    status, body = await respond(text="x")

    assert (status, '"expired_url"' in body) == (404, True)


async def test_an_unknown_response_url_is_expired(slack, session):
    url = slack.api_url.replace("/api/", "/commands/T0SANDBOX/made-up")
    async with session.post(url, json={"text": "x"}) as response:
        assert response.status == 404


async def test_the_first_answer_can_be_replaced_and_deleted(respond, world):
    await respond(text="one")
    await respond(text="two", replace_original=True, blocks=[{"type": "markdown", "text": "**2**"}])
    assert seen_by(world, "U0ADA") == ["two"]
    (message,) = world.slack.messages(GENERAL)
    assert [block["type"] for block in message.payload["blocks"]] == ["rich_text"]

    await respond(delete_original=True)
    assert seen_by(world, "U0ADA") == []


async def test_an_answer_that_breaks_a_rule_is_refused(respond, world):
    assert (await respond())[0] == 400
    assert (await respond(text="x" * 3001))[0] == 400
    assert (await respond(blocks=[{"type": "banner"}]))[0] == 400
    assert seen_by(world, "U0ADA") == []


async def test_response_urls_have_faults_too(slack, respond, world):
    slack.faults.add(Fault("response_url", "after", 500))
    assert (await respond(text="x"))[0] == 500
    assert seen_by(world, "U0ADA") == ["x"]


async def test_two_apps_share_the_payloads(slack, client, bot):
    """More than one socket: a command goes to just one of them."""
    async with connected(client) as second:
        for app in (bot, second):

            async def ask(ack):
                await ack("Once.")

            app.app.command("/ask")(ask)
        await slack.command("ada", "general", "/ask", "x")

        assert bot.heard.qsize() + second.heard.qsize() == 1
