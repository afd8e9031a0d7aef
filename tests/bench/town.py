"""One platform on loopback, with a bot and a model in processes of their own."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.discord import DiscordServer
from sandbox.slack import SlackServer
from sandbox.world import World
from tests.bench import processes
from tests.bench.processes import Bot, ModelProcess
from tests.bench.scenarios import Scenario
from tests.e2e.places import DiscordPlace, SlackPlace

TICK = 0.01


@dataclass
class Punctuality:
    """How late the platform's own event loop is: a figure to judge all others by."""

    delays: list[float] = field(default_factory=list)

    async def watch(self) -> None:
        """Look every hundredth of a second."""
        while True:
            due = time.monotonic() + TICK
            await asyncio.sleep(TICK)
            self.delays.append(time.monotonic() - due)

    def figures(self) -> dict[str, float]:
        """Seconds: mean, 95th percentile, worst."""
        ordered = sorted(self.delays)
        return {
            "mean": sum(ordered) / len(ordered),
            "p95": ordered[int(len(ordered) * 0.95)],
            "worst": ordered[-1],
        }


@dataclass
class Town:
    """What a measurement is made in."""

    place: SlackPlace | DiscordPlace
    bot: Bot
    model: ModelProcess
    punctuality: Punctuality


@asynccontextmanager
async def opened(
    scenario: Scenario, answers: Mapping[int, Mapping], folder: Path, first_token: float
) -> AsyncIterator[Town]:
    """A town with a bot that is connected, which does what the scenario sets."""
    world = World()
    server = _server(scenario, world)
    await server.start()
    punctuality = Punctuality()
    watching = asyncio.create_task(punctuality.watch())
    try:
        with processes.model(folder, answers, first_token) as model:
            settings = _settings(server, model, folder) | dict(scenario.settings)
            with processes.bot(folder, settings, scenario.look) as bot:
                await _connected(server, bot)
                yield Town(_place(server, world), bot, model, punctuality)
    finally:
        watching.cancel()
        await server.stop()


def _server(scenario: Scenario, world: World) -> SlackServer | DiscordServer:
    make = SlackServer if scenario.platform == "slack" else DiscordServer
    return make(world, latency=scenario.travel)


def _place(server: SlackServer | DiscordServer, world: World) -> SlackPlace | DiscordPlace:
    if isinstance(server, SlackServer):
        return SlackPlace(server, world.slack)
    return DiscordPlace(server, world.discord)


async def _connected(server: SlackServer | DiscordServer, bot: Bot) -> None:
    wait = server.wait_connected if isinstance(server, SlackServer) else server.wait_ready
    connected = asyncio.ensure_future(wait(30))
    while not connected.done():
        await asyncio.wait({connected}, timeout=0.1)
        if bot.process.poll() is not None:
            connected.cancel()
            raise SystemExit(f"the bot did not start:\n{bot.said}")
    await connected


def _settings(
    server: SlackServer | DiscordServer, model: ModelProcess, folder: Path
) -> dict[str, str]:
    common = {
        "OPENAI_API_KEY": "sk-bench",
        "OPENAI_BASE_URL": model.base_url,
        "OPENAI_MODEL": "gpt-4o-mini",
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/data/parley.db",
    }
    if isinstance(server, SlackServer):
        return common | {
            "SLACK_BOT_TOKEN": "xoxb-sandbox",
            "SLACK_APP_TOKEN": "xapp-sandbox",
            "SLACK_API_URL": server.api_url,
        }
    return common | {
        "DISCORD_TOKEN": "discord-sandbox-token",
        "DISCORD_API_URL": server.api_url,
    }
