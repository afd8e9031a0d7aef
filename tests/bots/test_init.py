"""`parley init`, talked to through a terminal."""

import asyncio
import math
import os
import pty
import re
import stat
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from core.env_file import read
from tests.e2e.conftest import opened

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOT = Path(__file__).parents[2]

# A program of its own session, with the terminal that it was given as its controlling one.
LAUNCH = (
    "import fcntl, runpy, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "sys.argv = ['parley', 'init']; runpy.run_module('bots.cli', run_name='__main__')"
)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory):
    """The platforms and a model."""
    async with opened(tmp_path_factory.mktemp("town"), limited=False) as town:
        town.model.rate, town.model.first_token = math.inf, 0.0
        yield town


class Terminal:
    """What somebody sees, and what they type."""

    def __init__(self, process, reader, keyboard):
        self.process = process
        self._reader = reader
        self._keyboard = keyboard
        self.seen = ""
        self._read_to = 0

    async def until(self, words):
        """Read on until these words stand there."""
        try:
            async with asyncio.timeout(20):
                while (at := self.seen.find(words, self._read_to)) < 0:
                    self.seen += await self._more()
        except TimeoutError:
            raise AssertionError(f"{words!r} does not come: {self.seen[self._read_to :]}") from None
        self._read_to = at + len(words)

    async def answer(self, question, words):
        """Wait for a question, and type."""
        await self.until(question)
        await self.until(": ")  # with the space, what is typed is not shown any more
        os.write(self._keyboard, f"{words}\n".encode())

    async def end(self):
        """Read to the end; the exit code."""
        async with asyncio.timeout(20):
            while more := await self._more(at_end=""):
                self.seen += more
            return await asyncio.to_thread(self.process.wait)

    async def _more(self, at_end=None):
        try:
            data = await self._reader.read(10_000)
        except OSError:  # how Linux says that nobody writes there any more
            data = b""
        if not data and at_end is None:
            raise AssertionError(f"it has ended: {self.seen}")
        return data.decode()


@asynccontextmanager
async def asking(home):
    """`parley init` in a folder, with a terminal."""
    keyboard, screen = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCH],
        cwd=home,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TERM": "dumb"},
        stdin=screen,
        stdout=screen,
        stderr=screen,
        start_new_session=True,
    )
    os.close(screen)
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(keyboard), "rb", 0)
    )
    try:
        yield Terminal(process, reader, keyboard)
    finally:
        process.kill()
        process.wait()
        transport.close()
        os.close(keyboard)


def addresses(town):
    return f"SLACK_API_URL={town.slack.api_url}\nDISCORD_API_URL={town.discord.api_url}\n"


async def test_everything_is_asked_checked_and_written_for_its_owner_alone(town, tmp_path):
    file = tmp_path / ".env"
    file.write_text(f"# of the house\n{addresses(town)}SLACK_APP_TOKEN=\nLOG_FORMAT=json\n")
    async with asking(tmp_path) as screen:
        await screen.answer("Address of the API", town.model.base_url)
        await screen.answer("Key (none: press Enter)", "sk-wrong")
        await screen.until("does not accept this key")
        await screen.answer("Address of the API", town.model.base_url)
        await screen.answer("Key (none: press Enter)", town.model.key)
        await screen.until("1 gpt-4o-mini")
        await screen.answer("Model, by number or name", "1")
        await screen.answer("Connect Slack?", "y")
        await screen.answer("an https address of yours?", "n")
        await screen.answer("Bot token (xoxb-", "xoxb-wrong")
        await screen.until("Slack does not accept SLACK_BOT_TOKEN (invalid_auth)")
        await screen.answer("Take it all the same?", "n")
        await screen.answer("Bot token (xoxb-", "xoxb-sandbox")
        await screen.until("It is good: @parley in Sandbox.")
        await screen.answer("App-level token (xapp-", "xapp-sandbox")
        await screen.until("It is good: Socket Mode opens.")
        await screen.answer("Connect Discord?", "y")
        await screen.answer("Bot token", "discord-sandbox-token")
        await screen.until("It is good: Parley#0001.")
        assert await screen.end() == 0

    values, problems = read(file)
    assert problems == []
    assert values == {
        "SLACK_API_URL": town.slack.api_url,
        "DISCORD_API_URL": town.discord.api_url,
        "SLACK_APP_TOKEN": "xapp-sandbox",
        "LOG_FORMAT": "json",
        "OPENAI_BASE_URL": town.model.base_url,
        "OPENAI_API_KEY": town.model.key,
        "OPENAI_MODEL": "gpt-4o-mini",
        "SLACK_BOT_TOKEN": "xoxb-sandbox",
        "DISCORD_TOKEN": "discord-sandbox-token",
    }
    assert file.read_text().startswith("# of the house\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for secret in (town.model.key, "xoxb-sandbox", "xapp-sandbox", "discord-sandbox-token"):
        assert secret not in screen.seen
    assert "client_id=1009&scope=bot+applications.commands&permissions=" in screen.seen
    assert "Before it starts" not in screen.seen
    assert list(tmp_path.iterdir()) == [file]


async def test_what_it_prints_for_slack_is_the_manifest(town, tmp_path):
    (tmp_path / ".env").write_text(f"{addresses(town)}OPENAI_API_KEY=sk-1\nDISCORD_TOKEN=d\n")
    async with asking(tmp_path) as screen:
        await screen.answer("Connect Slack?", "y")
        await screen.answer("an https address of yours?", "y")
        await screen.answer("That address", "http://parley.example.org")
        await screen.until("It must be https://")
        await screen.answer("That address", "https://parley.example.org")
        await screen.answer("Bot token", "xoxb-sandbox")
        await screen.answer("Signing secret", "s1gn")
        await screen.answer("Port for Slack's requests", "")
        assert await screen.end() == 0

    printed = re.search(r"^\{.*?^\}", screen.seen.replace("\r", ""), re.MULTILINE | re.DOTALL)
    shown = yaml.safe_load(printed[0])
    file = yaml.safe_load((ROOT / "deploy/slack-manifest.yaml").read_text())
    assert shown["oauth_config"]["scopes"] == file["oauth_config"]["scopes"]
    url = "https://parley.example.org/slack/events"
    assert shown["settings"]["event_subscriptions"]["request_url"] == url
    values, _ = read(tmp_path / ".env")
    assert values["SLACK_SIGNING_SECRET"] == "s1gn"
    assert values["HTTP_PORT"] == "8080"
    assert "SLACK_APP_TOKEN" not in values


async def test_where_nothing_is_missing_nothing_is_asked_or_written(tmp_path):
    file = tmp_path / ".env"
    file.write_text("OPENAI_API_KEY=sk-1\nSLACK_BOT_TOKEN=xoxb-1\nDISCORD_TOKEN=d\n")
    before = file.stat().st_mtime_ns
    async with asking(tmp_path) as screen:
        assert await screen.end() == 0

    assert "Nothing is missing" in screen.seen
    assert file.stat().st_mtime_ns == before


async def test_whoever_breaks_off_has_changed_nothing(tmp_path):
    async with asking(tmp_path) as screen:
        await screen.answer("Address of the API", "\x03")
        assert await screen.end() != 0

    assert list(tmp_path.iterdir()) == []


async def test_without_a_terminal_it_says_what_to_do_instead(tmp_path):
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bots.cli", "init"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert done.returncode == 2
    assert ".env.example" in done.stderr
    assert list(tmp_path.iterdir()) == []
