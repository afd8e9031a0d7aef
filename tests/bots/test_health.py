"""`parley health`: whatever watches over the process learns by an exit code how it is."""

import asyncio
import os
import socket
import threading

import pytest

from bots.admin import Admin
from bots.health import asked
from core.errors import StartError
from tests.bots.test_cli import folder, parley
from tests.ports import free_port

__all__ = ["folder"]


async def health(port, checks, *words, host="127.0.0.1"):
    admin = Admin(host, port, checks)
    await admin.start()
    os.environ["ADMIN_HOST"], os.environ["ADMIN_PORT"] = host, str(port)
    try:
        return await asyncio.to_thread(parley, "health", *words)
    finally:
        await admin.stop()


@pytest.fixture
def port(folder, monkeypatch):
    for name in ("ADMIN_HOST", "ADMIN_PORT"):
        monkeypatch.setenv(name, "")
    return free_port()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_a_bot_that_answers_questions_is_well(port, host):
    code, said = await health(port, {"slack": lambda: True}, host=host)

    assert (code, said) == (0, f"The bot on {host}:{port} is ready.")


async def test_a_bot_that_waits_for_something_is_not_well_but_alive(port):
    checks = {"slack": lambda: False, "database": lambda: False}

    assert await health(port, checks) == (
        3,
        f"parley: The bot on 127.0.0.1:{port} waits for: database, slack.",
    )
    assert await health(port, checks, "--alive") == (0, f"The bot on 127.0.0.1:{port} is alive.")


async def test_of_a_bot_whose_loop_was_stuck_it_says_so(port):
    admin = Admin("127.0.0.1", port, {}, late=lambda: 12.0)
    await admin.start()
    try:
        with pytest.raises(StartError, match=r"was stuck for 12.0 s"):
            await asyncio.to_thread(asked, "127.0.0.1", port, "/healthz")
    finally:
        await admin.stop()


@pytest.mark.parametrize("said", [b"[]", b"{}", b"<html>", b"null"])
def test_another_program_on_the_port_is_no_bot(said):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + said)

        other = threading.Thread(target=answer)
        other.start()
        with pytest.raises(StartError, match="does not answer"):
            asked("127.0.0.1", listening.getsockname()[1], "/readyz")
        other.join()


def test_where_no_bot_runs_it_says_where_to_look(port):
    os.environ["ADMIN_PORT"] = str(port)

    code, said = parley("health")

    assert code == 3
    assert said.startswith(f"parley: The bot does not answer on 127.0.0.1:{port} (")
    assert "ADMIN_PORT" in said


def test_without_a_port_it_says_what_to_set(port):
    code, said = parley("health")

    assert code == 2
    assert said.startswith("parley: ADMIN_PORT is not set")


def test_a_bot_whose_loop_does_not_turn_is_not_well(monkeypatch):
    monkeypatch.setattr("bots.health.PATIENCE", 0.2)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(StartError, match="timed out"),
    ):
        asked("127.0.0.1", silent.getsockname()[1], "/healthz")
