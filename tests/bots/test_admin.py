"""An operator's tools: what stops them from being there is said in a line."""

import socket
from functools import partial

import aiohttp
import pytest

from bots.admin import Admin
from core.errors import StartError
from tests.ports import free_port


async def refused(host: str, port: int) -> str:
    with pytest.raises(StartError) as error:
        await Admin(host, port, {}).start()
    return str(error.value)


async def test_a_port_in_use_is_named_with_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = await refused("127.0.0.1", taken.getsockname()[1])

    assert line.startswith("ADMIN_PORT: cannot listen on 127.0.0.1:")
    assert "(Address already in use)" in line


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
async def test_an_address_that_is_not_this_machines_is_named(host):
    assert (await refused(host, 8123)).startswith(f"ADMIN_HOST: cannot listen on {host}:8123 (")


@pytest.mark.parametrize("path", ["/admin", "/"])
async def test_where_no_password_is_set_there_is_no_page_and_a_line_says_so(path):
    port = free_port()
    admin = Admin("127.0.0.1", port, {})
    await admin.start()
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}{path}") as answer,
        ):
            assert answer.status == 404
            assert "set ADMIN_TOKEN" in await answer.text()
    finally:
        await admin.stop()


@pytest.mark.parametrize(("late", "status"), [(0.3, 200), (11.0, 503)])
async def test_a_loop_that_was_stuck_does_not_count_as_alive(late, status):
    port = free_port()
    admin = Admin("127.0.0.1", port, {}, late=lambda: late)
    await admin.start()
    try:
        async with aiohttp.ClientSession() as session:
            answer = await session.get(f"http://127.0.0.1:{port}/healthz")
    finally:
        await admin.stop()

    assert answer.status == status


async def test_whoever_asks_whether_it_is_ready_reads_what_it_waits_for():
    port = free_port()
    well = {"slack": False, "questions": True, "database": False}
    checks = {name: partial(well.__getitem__, name) for name in well}
    admin = Admin("127.0.0.1", port, checks)
    told = []
    await admin.start()
    try:
        async with aiohttp.ClientSession() as session:
            for _ in range(2):
                async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    told.append((answer.status, await answer.json()))
                well.update(slack=True, database=True)
    finally:
        await admin.stop()

    assert told == [
        (503, {"status": "waiting", "for": ["database", "slack"]}),
        (200, {"status": "ready"}),
    ]
