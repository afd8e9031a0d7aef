"""A town with bots that can be ended and started again, for as long as faults are tried there."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.tokens import Tokenizer
from sandbox.model import Answer, pieces_of
from sandbox.model.tokens import text_of
from tests.e2e import conftest
from tests.e2e.conftest import Bot
from tests.e2e.places import DiscordPlace, SlackPlace
from tests.faults.real.records import Records
from tests.faults.real.screen import Screen
from tests.faults.real.texts import QUESTION

PRICES = '[models."gpt-4o-mini"]\ninput = 0.15\noutput = 0.6\n'

SETTINGS = {
    "SUMMARIES": "off",
    "CODE_FILES": "off",
    "DRAIN_SECONDS": "3",
    "CONNECT_TIMEOUT": "2",
    "FIRST_TOKEN_TIMEOUT": "3",
    "IDLE_TIMEOUT": "2",
    "BUDGET_USD_PER_DAY": "1000",
    "BUDGET_USD_PER_PERSON_PER_DAY": "1000",
}
"""What every bot is started with: budgets, so that money is reserved, and little patience."""

OFF = {
    "slack": {"SLACK_BOT_TOKEN": None, "SLACK_APP_TOKEN": None},
    "discord": {"DISCORD_TOKEN": None},
}

REDELIVERY = (0.0, 2.0, 10.0)
"""When the sandbox's Slack tries an event again; the real one waits a minute, then five."""

READY = re.compile(r"\bready\b")
LOOK = 0.05
"""Seconds between two looks at what a process has said."""

STARTS = 5
"""Times, at most, that a process is started which finds a platform in trouble."""

START = 120.0
"""Seconds within which a bot on a busy machine is connected."""


@dataclass(frozen=True)
class Script:
    """What the model answers to a question: a text, at so many pieces a second."""

    text: str
    rate: float


@dataclass
class Town:
    """One platform with a model, and the processes of the bot."""

    place: SlackPlace | DiscordPlace
    screen: Screen
    servers: conftest.Town
    settings: Mapping[str, str | None]
    scripts: dict[int, Script]
    bots: list[Bot] = field(default_factory=list)
    ended: list[Bot] = field(default_factory=list)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def platform(self) -> str:
        """Its name."""
        return self.place.name

    @property
    def faults(self) -> Any:
        """Those of the platform's server."""
        return self.place.server.faults

    def records(self) -> Records:
        """What is on record now."""
        return Records.read(self.servers.folder / "data" / "parley.db")

    async def start(self) -> None:
        """One more process of the bot; returns when it is connected.

        One that cannot start is started again, as whatever runs services does.
        """
        for _ in range(STARTS):
            bot = await self.servers.start(**self.settings)
            if await self._is_ready(bot):
                break
        else:
            raise AssertionError(f"the bot does not start:\n{bot.said}")
        self.bots.append(bot)
        await self.connected()
        self.up.set()

    async def _is_ready(self, bot: Bot) -> bool:
        """Wait until a process says that it is ready; False when it has ended instead."""
        async with asyncio.timeout(START):
            while not READY.search(bot.said):
                if bot.process.returncode is not None:
                    return False
                await asyncio.sleep(LOOK)
        return True

    async def connected(self) -> None:
        """Wait until people can be heard."""
        server = self.place.server
        wait = server.wait_connected if isinstance(self.place, SlackPlace) else server.wait_ready
        await wait(START)

    async def again(self, number: signal.Signals) -> Bot | None:
        """End a process and start another in its place; one after the other, if told so twice."""
        async with self.changing:
            if not self.bots:
                return None
            bot = await self.end(number)
            await self.start()
            return bot

    async def end(self, number: signal.Signals, seconds: float = 20) -> Bot:
        """End the oldest process by a signal; how it ended can be seen."""
        bot = self.bots.pop(0)
        if not self.bots:
            self.up.clear()
        bot.process.send_signal(number)
        await bot.ended(seconds)
        self.ended.append(bot)
        return bot

    async def close(self) -> None:
        """End all processes in order; those that hang are killed."""
        for bot in self.bots:
            if bot.process.returncode is None:
                bot.process.terminate()
        for bot in self.bots:
            try:
                await bot.ended(20)
            except TimeoutError:
                bot.process.kill()
                await bot.process.wait()
            self.ended.append(bot)
        self.bots.clear()
        self.up.clear()

    def answer(self, body: Mapping[str, Any]) -> Answer:
        """What the model says to a request: the answer to the last question in it."""
        said = [text_of(one.get("content")) for one in body["messages"] if one["role"] == "user"]
        number = int(QUESTION.findall(said[-1])[-1])
        script = self.scripts[number]
        return Answer(pieces_of(script.text), rate=script.rate, first_token=0.05)


@asynccontextmanager
async def opened(
    platform: str, folder: Path, settings: Mapping[str, str | None], *, latency: float = 0.01
) -> AsyncIterator[Town]:
    """A town without a bot; at the end whatever bots there are have ended."""
    (folder / "prices.toml").write_text(PRICES)
    tokenizer = await Tokenizer.load("gpt-4o-mini")
    async with conftest.opened(folder, {platform: latency}) as servers:
        place: SlackPlace | DiscordPlace
        if platform == "slack":
            place = SlackPlace(servers.slack, servers.world.slack)
            servers.slack.deliveries.redelivery = REDELIVERY
        else:
            place = DiscordPlace(servers.discord, servers.world.discord)
        other = "discord" if platform == "slack" else "slack"
        given = SETTINGS | {"PRICES_FILE": str(folder / "prices.toml")} | OFF[other]
        town = Town(place, Screen(place), servers, given | dict(settings), {})
        servers.model.count = tokenizer.count
        servers.model.script = town.answer
        unwatch = place.space.watch(lambda _: town.changed.set())
        try:
            yield town
        finally:
            unwatch()
            await town.close()
