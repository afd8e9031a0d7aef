"""`parley sandbox` as a process, with small programs in the place of the bot."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from sandbox.environment import Addresses, bot_environment, has_real_model
from tests.ports import free_port

ROOT = Path(__file__).parents[2]

BOTS = {
    "tells its environment": """
        import json, os, sys
        print("ENVIRONMENT", json.dumps(dict(os.environ)), os.getcwd(), flush=True)
        sys.exit(3)
    """,
    "stops once": """
        import pathlib, signal, sys, time
        if not pathlib.Path("before").exists():
            pathlib.Path("before").touch()
            sys.exit(3)
        signal.signal(signal.SIGTERM, lambda *_: (print("draining", flush=True), sys.exit(0)))
        print("waiting", flush=True)
        time.sleep(60)
    """,
    "ends when asked": """
        import signal, sys, time
        signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
        signal.signal(signal.SIGTERM, lambda *_: (print("draining", flush=True), sys.exit(0)))
        print("waiting", flush=True)
        time.sleep(60)
    """,
    "does not end when asked": """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("waiting", flush=True)
        time.sleep(60)
    """,
}


class Sandbox:
    """A running sandbox, and what it has printed."""

    def __init__(self, process):
        self.process = process
        self.printed = ""

    async def wait_for(self, pattern):
        """What is printed up to a line with this pattern."""
        async with asyncio.timeout(20):
            while not (found := re.search(pattern, self.printed)):
                chunk = await self.process.stdout.read(4096)
                assert chunk, f"it ended; printed: {self.printed}"
                self.printed += chunk.decode()
        return found

    async def end(self):
        """All that it still prints, and its exit code."""
        async with asyncio.timeout(20):
            self.printed += (await self.process.stdout.read()).decode()
            return await self.process.wait()


@pytest.fixture
async def start(tmp_path):
    started = []

    async def start(bot, *, port=0, **environ):
        program = tmp_path / "bot.py"
        lines = BOTS[bot].splitlines()
        program.write_text("\n".join(line[8:] for line in lines))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sandbox",
            "--port",
            str(port),
            sys.executable,
            str(program),
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **environ},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        started.append(process)
        return Sandbox(process)

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_a_bot_that_stops_by_itself_is_reported_here_and_on_the_page(start):
    sandbox = await start("tells its environment")
    told = await sandbox.wait_for(r"stopped by itself \(exit code 3\).*(http://\S+\d)\.")
    async with aiohttp.ClientSession() as browser, browser.get(f"{told[1]}/live") as response:
        line = await response.content.readline()

    bot = json.loads(line.removeprefix(b"data: "))["bot"]
    assert bot["state"] == "stopped"
    assert "exit code 3" in bot["sentence"]
    sandbox.process.send_signal(signal.SIGINT)
    assert await sandbox.end() == 0


async def test_a_bot_that_has_stopped_is_started_again_from_the_page(start):
    sandbox = await start("stops once")
    told = await sandbox.wait_for(r"stopped by itself \(exit code 3\).*(http://\S+\d)\.")
    async with aiohttp.ClientSession() as browser, browser.get(f"{told[1]}/live") as live:
        assert await state(live) == "stopped"
        async with browser.post(f"{told[1]}/do/bot/start", json={}) as response:
            assert response.status == 200
        await sandbox.wait_for("waiting")
        assert await state(live) == "starting"

    sandbox.process.send_signal(signal.SIGINT)
    assert await sandbox.end() == 0
    assert "draining" in sandbox.printed


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ("kill", r"The bot was killed \(exit code -9\)"),
        ("drain", r"was asked to end \(exit code 0\)"),
    ],
)
async def test_the_bot_is_ended_from_the_page_and_started_again(start, wish, told):
    port = free_port()
    sandbox = await start("ends when asked", port=port)
    await sandbox.wait_for("waiting")
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as browser:
        for act, sign in ((wish, told), ("start", "(?s)exit code.*waiting")):
            async with browser.post(f"/do/bot/{act}", json={}) as response:
                assert response.status == 200
            await sandbox.wait_for(sign)

    assert ("draining" in sandbox.printed) == (wish == "drain")


async def test_one_press_kills_the_bot_and_starts_another(start):
    port = free_port()
    sandbox = await start("does not end when asked", port=port)
    await sandbox.wait_for("waiting")
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as browser:
        async with browser.post("/do/bot/again", json={}):
            await sandbox.wait_for(r"(?s)was killed.*waiting")
        async with browser.get("/live") as live:
            assert await state(live) == "starting"


async def state(live):
    """How the page says that the bot is, by its next news."""
    line = b""
    while not line.startswith(b"data: "):
        line = await live.content.readline()
    return json.loads(line.removeprefix(b"data: "))["bot"]["state"]


async def test_no_real_token_reaches_the_bot_and_no_env_file_is_near(start):
    sandbox = await start(
        "tells its environment",
        SLACK_BOT_TOKEN="xoxb-real",
        SLACK_CLIENT_ID="123",
        DISCORD_TOKEN="real",
        TEMPERATURE="0.5",
    )
    told = await sandbox.wait_for(r"ENVIRONMENT (\{.*\}) (\S+)\n")
    environ = json.loads(told[1])

    assert "real" not in told[1]
    assert "SLACK_CLIENT_ID" not in environ
    assert environ["TEMPERATURE"] == "0.5"
    assert environ["OPENAI_BASE_URL"].startswith("http://127.0.0.1:")
    assert Path(told[2]).resolve() != ROOT
    sandbox.process.send_signal(signal.SIGTERM)
    assert await sandbox.end() == 0
    assert not Path(told[2]).exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_lets_the_bot_drain_and_ends_well(start, number):
    sandbox = await start("ends when asked")
    await sandbox.wait_for("waiting")
    sandbox.process.send_signal(number)

    assert await sandbox.end() == 0
    assert "draining" in sandbox.printed
    assert "Traceback" not in sandbox.printed


async def test_a_ctrl_c_for_all_in_the_terminal_reaches_the_bot_in_order(start):
    sandbox = await start("ends when asked")
    await sandbox.wait_for("waiting")
    os.killpg(sandbox.process.pid, signal.SIGINT)

    assert await sandbox.end() == 0
    assert "draining" in sandbox.printed
    assert "interrupted" not in sandbox.printed


async def test_a_second_signal_ends_a_bot_that_will_not(start):
    sandbox = await start("does not end when asked")
    await sandbox.wait_for("waiting")
    sandbox.process.send_signal(signal.SIGINT)
    await sandbox.wait_for("Stopping")
    sandbox.process.send_signal(signal.SIGINT)

    assert await sandbox.end() == 0


async def test_a_port_in_use_is_one_clear_line(start):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        sandbox = await start("ends when asked", port=port)
        code = await sandbox.end()

    assert code == 1
    assert sandbox.printed.startswith(f"parley: the page cannot listen on port {port}")
    assert sandbox.printed.count("\n") == 1
    assert sandbox.printed.endswith(f"{sys.executable} -m sandbox --port {port + 1}\n")


async def test_the_advice_on_a_port_in_use_can_be_pasted_where_one_stands(tmp_path):
    program = tmp_path / "parley"
    program.write_text("from bots.cli import main\nmain()\n")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(program),
            "sandbox",
            "--port",
            str(port),
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            stderr=asyncio.subprocess.PIPE,
        )
        _, printed = await process.communicate()

    assert printed.decode().endswith(f"{program} sandbox --port {port + 1}\n")


def test_a_model_of_ones_own_is_left_to_the_bot(tmp_path):
    given = {"OPENAI_API_KEY": "sk-mine", "OPENAI_MODEL": "llama", "DISCORD_REPLY": "channel"}
    addresses = Addresses("http://slack", "http://discord")

    environ = bot_environment(given, addresses, tmp_path, ROOT)

    assert has_real_model(given)
    assert environ["OPENAI_API_KEY"] == "sk-mine"
    assert environ["OPENAI_MODEL"] == "llama"
    assert environ["DISCORD_REPLY"] == "channel"
    assert "OPENAI_BASE_URL" not in environ


def test_the_stand_in_gets_no_setting_that_was_meant_for_another_model(tmp_path):
    given = {"OPENAI_EXTRA_BODY": '{"top_k": 5}', "OPENAI_MODEL": "llama", "OPENAI_API_KEY": " "}
    addresses = Addresses("http://slack", "http://discord", "http://model/v1", "sk", "gpt-6-luna")

    environ = bot_environment(given, addresses, tmp_path, ROOT)

    assert not has_real_model(given)
    assert "OPENAI_EXTRA_BODY" not in environ
    assert environ["OPENAI_MODEL"] == "gpt-6-luna"


def test_a_proxy_is_not_asked_for_what_is_on_this_machine(tmp_path):
    given = {"HTTP_PROXY": "http://proxy:8080", "NO_PROXY": "intranet"}
    environ = bot_environment(given, Addresses("http://s", "http://d"), tmp_path, ROOT)

    assert environ["NO_PROXY"] == environ["no_proxy"] == "intranet,127.0.0.1,localhost"
