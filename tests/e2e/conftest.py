"""Real processes of the bot, against Slack, Discord and a model on loopback."""

import asyncio
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.discord import DiscordServer
from sandbox.model import ModelServer
from sandbox.slack import SIGNING_SECRET, SlackServer
from sandbox.world import World
from tests.e2e.places import DiscordPlace, SlackPlace
from tests.forkserver import Forked, fork, spawn
from tests.ports import free_port

OVER_HTTP = os.environ.get("PARLEY_SLACK") == "http"
"""Whether Slack sends what happens to the bot, instead of through the bot's sockets."""

through_sockets = pytest.mark.skipif(OVER_HTTP, reason="this is about Socket Mode")

OF_SLACK = ("SLACK_BOT_TOKEN", "SLACK_BOT_TOKEN_FILE", "SLACK_CLIENT_ID")
"""Settings of which a bot that is in Slack has one."""

INHERITED = ("PATH", "HOME", "LANG", "SYSTEMROOT", "VIRTUAL_ENV")


@dataclass
class Town:
    """The servers, and how to start bots against them: by which module, and what it is told.

    `forks` is off where a process is measured: it holds then what it has loaded itself.
    """

    world: World
    slack: SlackServer
    discord: DiscordServer
    model: ModelServer
    folder: Path
    program: tuple[str, ...] = ("bots.cli",)
    http_port: int = 0
    forks: bool = True

    @property
    def environment(self):
        """What an operator would write into .env."""
        return {
            "SLACK_BOT_TOKEN": "xoxb-sandbox",
            **self.transport,
            "SLACK_API_URL": self.slack.api_url,
            "DISCORD_TOKEN": "discord-sandbox-token",
            "DISCORD_API_URL": self.discord.api_url,
            "OPENAI_API_KEY": self.model.key,
            "OPENAI_BASE_URL": self.model.base_url,
            "OPENAI_MODEL": "gpt-4o-mini",
            "FIRST_CONTACT": "off",
            "DATABASE_URL": f"sqlite+aiosqlite:///{self.folder}/data/parley.db",
        }

    @property
    def transport(self):
        """By which way the bot hears Slack."""
        if not self.http_port:
            return {"SLACK_APP_TOKEN": "xapp-sandbox"}
        return {"SLACK_SIGNING_SECRET": SIGNING_SECRET, "HTTP_PORT": str(self.http_port)}

    async def start(self, **changes):
        """Start `parley run`; a setting of None is left out. Its output goes to a file."""
        settings = self.environment | changes
        if not any(settings.get(name) for name in OF_SLACK):
            settings |= dict.fromkeys(self.transport)
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        output = self.folder / f"bot-{len(list(self.folder.glob('bot-*')))}.log"
        set_here = {name: value for name, value in settings.items() if value is not None}
        environment = inherited | {"PYTHONPATH": str(Path(__file__).parents[2])} | set_here
        begin = fork if self.forks else spawn
        process = await begin(*self.program, "run", cwd=self.folder, env=environment, output=output)
        return Bot(process, output)

    @asynccontextmanager
    async def bot(self, **changes):
        """A bot that is connected to its platforms, until the end of the block."""
        bot = await self.start(**changes)
        settings = self.environment | changes
        connected = asyncio.create_task(self._connected(settings))
        ended = asyncio.create_task(bot.process.wait())
        try:
            await asyncio.wait({connected, ended}, return_when=asyncio.FIRST_COMPLETED)
            assert bot.process.returncode is None, bot.said
            await connected
            yield bot
        finally:
            connected.cancel()
            await bot.stop()
            await ended

    async def _connected(self, settings):
        if settings["SLACK_BOT_TOKEN"] or settings.get("SLACK_CLIENT_ID"):
            await self.slack.wait_connected(30)
        if settings["DISCORD_TOKEN"]:
            await self.discord.wait_ready(30)


@dataclass
class Bot:
    """One process of the bot."""

    process: Forked | asyncio.subprocess.Process
    output: Path

    @property
    def said(self):
        """Everything that it has written to its terminal."""
        return self.output.read_text()

    async def ended(self, seconds=30):
        """Its exit code."""
        async with asyncio.timeout(seconds):
            return await self.process.wait()

    async def stop(self):
        """End it as an operator would; its exit code."""
        if self.process.returncode is None:
            self.process.terminate()
        try:
            return await self.ended(15)
        except TimeoutError:
            self.process.kill()
            raise


@asynccontextmanager
async def opened(folder, latency=None, *, limited=True, over_http=OVER_HTTP, front=0):
    """A town whose platforms take so many seconds for a request, by name.

    Unless they are `limited`, the platforms take any number of requests. `over_http`: Slack sends
    what happens to the bot's address, or to the port of a `front` before it.
    """
    world, latency = World(), latency or {}
    port = free_port() if over_http else 0
    slack = SlackServer(
        world,
        events_url=f"http://127.0.0.1:{front or port}/slack/events" if port else "",
        latency=latency.get("slack", 0.0),
        limited=limited,
    )
    discord = DiscordServer(world, latency=latency.get("discord", 0.0), limited=limited)
    model = ModelServer(first_token=0.05, rate=200)
    for server in (slack, discord, model):
        await server.start()
    town = Town(world, slack, discord, model, folder, http_port=port)
    try:
        yield town
    finally:
        for server in (town.slack, town.discord, town.model):
            await server.stop()


@pytest.fixture
async def town(tmp_path):
    """A town of one's own, without a bot."""
    async with opened(tmp_path) as town:
        yield town


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def inhabited(tmp_path_factory):
    """One town with one bot for all tests of a module."""
    async with opened(tmp_path_factory.mktemp("town")) as town, town.bot() as bot:
        yield town
    assert bot.process.returncode == 0
    assert "Traceback" not in bot.said, bot.said
    assert "unexpected" not in bot.said, bot.said


@pytest_asyncio.fixture(loop_scope="module", params=["slack", "discord"])
async def place(inhabited, request):
    """Each platform in turn."""
    if request.param == "slack":
        return SlackPlace(inhabited.slack, inhabited.world.slack)
    return DiscordPlace(inhabited.discord, inhabited.world.discord)


@pytest_asyncio.fixture(loop_scope="module")
async def model(inhabited):
    """The model, with nothing left over from the test before."""
    inhabited.model._queue.clear()
    return inhabited.model
