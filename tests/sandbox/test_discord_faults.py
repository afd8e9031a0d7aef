"""Faults that are switched on, and the record of what was asked."""

import asyncio

import aiohttp
import pytest

from sandbox.faults import Fault
from tests.sandbox.discord_client import GENERAL, TOKEN, asking, serving


@pytest.fixture
async def server():
    async with serving() as server:
        yield server


@pytest.fixture
async def raw(server):
    async with asking(server) as raw:
        yield raw


def texts(server):
    return [message.text for message in server.world.discord.messages(GENERAL)]


@pytest.mark.parametrize(("kind", "written"), [("status", []), ("after", ["Hello"])])
async def test_a_server_error_comes_before_or_after_the_deed(server, raw, kind, written):
    server.faults.add(Fault("POST message", kind, status=502))
    status, _, _ = await raw.send(GENERAL, "Hello")

    assert status == 502
    assert texts(server) == written


@pytest.mark.parametrize(("kind", "written"), [("reset", []), ("reset_after", ["Hello"])])
async def test_a_connection_is_cut_before_or_after_the_deed(server, raw, kind, written):
    server.faults.add(Fault("POST message", kind))
    with pytest.raises(aiohttp.ClientConnectionError):
        await raw.send(GENERAL, "Hello")

    assert texts(server) == written
    assert server.requests[-1].status == 0


async def test_a_limit_can_be_made_up(server, raw):
    server.faults.add(Fault("PATCH message", "rate_limit", seconds=1.5))
    _, message, _ = await raw.send(GENERAL, "Hello")
    status, answer, headers = await raw.edit(message, "Bye")

    assert (status, answer["retry_after"]) == (429, 1.5)
    assert headers["Via"]
    assert texts(server) == ["Hello"]


async def test_any_code_of_the_platform_can_be_made_up(server, raw):
    server.faults.add(Fault("POST thread", "code", code="50013"))
    _, message, _ = await raw.send(GENERAL, "Hello")
    path = f"/channels/{GENERAL}/messages/{message['id']}/threads"
    status, answer, _ = await raw.ask("POST", path, json={"name": "No"})

    assert (status, answer) == (403, {"message": "Missing Permissions", "code": 50013})


async def test_a_fault_can_look_at_what_is_sent(server, raw):
    only_bye = lambda about: about["body"]["content"] == "Bye"  # noqa: E731
    server.faults.add(Fault("POST message", "status", status=503, only_if=only_bye))

    assert (await raw.send(GENERAL, "Hello"))[0] == 200
    assert (await raw.send(GENERAL, "Bye"))[0] == 503


async def test_every_request_is_on_record(server, raw):
    await raw.send(GENERAL, "")
    request = server.requests[-1]

    assert (request.method, request.path) == ("POST", f"/channels/{GENERAL}/messages")
    assert (request.route, request.body) == ("POST message", {"content": ""})
    assert (request.status, request.code) == (400, 50006)
    assert TOKEN not in repr(request)


async def test_the_network_takes_its_time():
    async with serving(latency=0.05) as server, asking(server) as raw:
        loop_time = asyncio.get_running_loop().time
        began = loop_time()
        await raw.ask("GET", "/users/@me")

        assert loop_time() - began >= 0.05


async def test_a_slow_answer_is_still_right(server, raw):
    server.faults.add(Fault("POST message", "slow", seconds=0.02))

    assert (await raw.send(GENERAL, "Hello"))[0] == 200
    assert texts(server) == ["Hello"]


async def test_a_port_in_use_is_an_error_of_the_start(server):
    port = int(server.gateway_url.split(":")[2].split("/")[0])
    with pytest.raises(OSError, match="in use"):
        async with serving() as other:
            await other.stop()
            await other.start(port)
