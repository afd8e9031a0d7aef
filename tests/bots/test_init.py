"""`parley init`, talked to through a terminal."""

import asyncio
import math
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from core.env_file import read
from tests.bots.terminal import terminal
from tests.e2e.conftest import opened

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOT = Path(__file__).parents[2]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory):
    """The platforms and a model."""
    async with opened(tmp_path_factory.mktemp("town"), limited=False) as town:
        town.model.rate, town.model.first_token = math.inf, 0.0
        yield town


def addresses(town):
    return f"SLACK_API_URL={town.slack.api_url}\nDISCORD_API_URL={town.discord.api_url}\n"


async def test_everything_is_asked_checked_and_written_for_its_owner_alone(town, tmp_path):
    file = tmp_path / ".env"
    file.write_text(f"# of the house\n{addresses(town)}SLACK_APP_TOKEN=\nLOG_FORMAT=json\n")
    async with terminal(tmp_path, "init") as screen:
        await screen.answer("Address of the API", town.model.base_url)
        await screen.answer("Key, or Enter for none", "sk-wrong")
        await screen.until("does not accept this key")
        await screen.answer(f"Address of the API [{town.model.base_url}]", "")
        await screen.answer("Key, or Enter for none", town.model.key)
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
    async with terminal(tmp_path, "init") as screen:
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
    file.write_text(
        "OPENAI_API_KEY_FILE=/run/secrets/key\nSLACK_BOT_TOKEN=xoxb-1\nDISCORD_TOKEN=d\n"
    )
    before = file.stat().st_mtime_ns
    async with terminal(tmp_path, "init") as screen:
        assert await screen.end() == 0

    assert "Nothing is missing" in screen.seen
    assert file.stat().st_mtime_ns == before


async def test_whoever_breaks_off_has_changed_nothing(tmp_path):
    async with terminal(tmp_path, "init") as screen:
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
