"""Secrets of all kinds, in files of their own, are said by nothing that an operator reads."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import aiohttp

from sandbox.faults import Fault
from sandbox.model import Answer, Raw
from sandbox.slack import SIGNING_SECRET
from tests.e2e.conftest import OVER_HTTP
from tests.e2e.places import SlackPlace
from tests.ports import free_port

SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-sandbox",
    "SLACK_APP_TOKEN": "xapp-sandbox",
    "DISCORD_TOKEN": "discord-sandbox-token",
    "ADMIN_TOKEN": "an-operators-password-4711",
    "SLACK_CONFIG_TOKEN": "xoxe.xoxp-4711",
}
CREDENTIALS = ("ADMIN_TOKEN", "DISCORD_TOKEN")
"""Those that systemd loads; settings name the files of the others."""


def laid(folder, secrets):
    """The settings that lead to the secrets, each in a file; none has one as its value."""
    settings = {"CREDENTIALS_DIRECTORY": str(folder)}
    for name, secret in secrets.items():
        path = folder / (f"parley_{name.lower()}" if name in CREDENTIALS else name)
        path.write_text(f"{secret}\n")
        path.chmod(0o600)
        settings[name] = None
        if name not in CREDENTIALS:
            settings[f"{name}_FILE"] = str(path)
    return settings


def doctor(town, settings):
    """What `parley doctor` says on both streams."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])}
    given = town.environment | settings
    done = subprocess.run(
        [sys.executable, "-m", "bots.cli", "doctor"],
        cwd=town.folder,
        env=environment | {name: value for name, value in given.items() if value is not None},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert "Slack" in done.stdout
    return done.stdout + done.stderr


async def looked_at(port, password):
    """What an operator's tools and browser are told."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}/", cookie_jar=jar) as session:
        await session.post("/admin/login", data={"token": password})
        pages = {}
        for path in ("/metrics", "/readyz", "/admin", "/admin/settings", "/admin/errors"):
            async with session.get(path) as answer:
                assert answer.status == 200, path
                pages[path] = await answer.text()
    return pages


async def test_secrets_in_files_and_of_operators_are_said_nowhere(town, tmp_path_factory):
    """They are planted where words of others go: in a question, and in refusals of all kinds."""
    secrets = SECRETS | {"OPENAI_API_KEY": town.model.key}
    if OVER_HTTP:
        del secrets["SLACK_APP_TOKEN"]
        secrets["SLACK_SIGNING_SECRET"] = SIGNING_SECRET
    every = " ".join(secrets.values())
    refusal = json.dumps({"error": {"message": every, "code": every, "param": every}}).encode()
    port, folder = free_port(), tmp_path_factory.mktemp("secrets")
    settings = laid(folder, secrets)
    loud = {"LOG_LEVEL": "debug", "LOG_TEXT": "on", "ADMIN_PORT": str(port)}
    slack = SlackPlace(town.slack, town.world.slack)
    async with town.bot(**settings | loud) as bot:
        await town.slack.wait_connected(30)
        town.model.enqueue(Answer(status=400, pieces=(Raw(refusal),)))
        talk = slack.mention(slack.ada, f"what is {every}?")
        await talk.until(lambda seen: bool(seen) and bool(seen[-1].notice))
        town.slack.faults.add(Fault("chat.postMessage", "code", code=every, times=-1))
        town.slack.faults.add(Fault("chat.startStream", "code", code=every, times=-1))
        town.model.enqueue("Fine.")
        slack.mention(slack.ada, "and now?")
        async with asyncio.timeout(20):
            while "not delivered" not in bot.said:
                await asyncio.sleep(0.05)
        town.slack.faults.clear()
        written = await looked_at(port, secrets["ADMIN_TOKEN"])
    written["log"] = bot.said
    for method in ("auth.test", "apps.connections.open"):
        town.slack.faults.add(Fault(method, "code", code=every, times=-1))
    town.model.enqueue(Answer(status=400, pieces=(Raw(refusal),)))
    written["doctor"] = await asyncio.to_thread(doctor, town, settings)

    assert "not delivered" in written["/admin/errors"]
    assert all("[secret]" in written[one] for one in ("log", "/admin/errors", "doctor"))
    found = {(n, where) for where, text in written.items() for n, s in secrets.items() if s in text}
    assert found == set()
