"""The real discord.py, run against the sandbox's Discord."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from sandbox.discord import DiscordServer
from sandbox.world import World

GENERAL, ENGINEERING, FORUM, TALK = "2001", "2002", "2003", "3001"
ADA, BEN, PARLEY = "1001", "1002", "1009"
TOKEN = "discord-sandbox-token"


class Clock:
    """The time of day, with as much added as a test has waited in its mind."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def wait(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


class Bot(discord.AutoShardedClient):
    """A client that remembers what it hears and lets tests wait for it."""

    def __init__(self, intents: discord.Intents | None = None) -> None:
        if intents is None:
            intents = discord.Intents.default()
            intents.message_content = True
        super().__init__(intents=intents, guild_ready_timeout=0.01, chunk_guilds_at_startup=False)
        self.tree = discord.app_commands.CommandTree(self)
        self.heard: dict[str, list[Any]] = defaultdict(list)
        self._news = asyncio.Event()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Real clients wait 5 seconds here; tests do not."""

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        self.heard[event].append(args[0] if len(args) == 1 else args)
        self._news.set()
        super().dispatch(event, *args, **kwargs)

    async def hears(self, event: str, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        """The first event of this name that fits, waiting for it if need be."""
        async with asyncio.timeout(5):
            while True:
                self._news.clear()
                for one in self.heard[event]:
                    if fits(one):
                        return one
                await self._news.wait()

    def at(self, channel: str) -> discord.PartialMessageable:
        return self.get_partial_messageable(int(channel), guild_id=4000)

    @property
    def guild(self) -> discord.Guild:
        guild = self.get_guild(4000)
        assert guild is not None
        return guild


@asynccontextmanager
async def serving(world: World | None = None, **options: Any) -> AsyncIterator[DiscordServer]:
    server = DiscordServer(world or World(), **options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def running(
    server: DiscordServer, bot: Bot | None = None, token: str = TOKEN
) -> AsyncIterator[Bot]:
    """A bot that is logged in and ready."""
    bot = bot or Bot()
    Route.BASE = server.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(server.gateway_url)
    connection = ready = None
    try:
        await bot.login(token)
        connection = asyncio.create_task(bot.connect())
        ready = asyncio.create_task(bot.hears("ready"))
        await asyncio.wait({connection, ready}, return_when=asyncio.FIRST_COMPLETED)
        if connection.done():
            connection.result()
        yield bot
    finally:
        await bot.close()
        for task in (ready, connection):
            if task is not None:
                task.cancel()
        await asyncio.gather(*filter(None, (connection, ready)), return_exceptions=True)


class Raw:
    """Plain HTTP, for what the library would never send, and to see headers."""

    def __init__(self, server: DiscordServer, session: aiohttp.ClientSession) -> None:
        self._server = server
        self._session = session

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any, Any]:
        """Status, JSON and headers of the answer."""
        headers = {"Authorization": f"Bot {TOKEN}"} | options.pop("headers", {})
        url = self._server.api_url + path
        async with self._session.request(method, url, headers=headers, **options) as answer:
            body = await answer.read()
            return answer.status, json.loads(body) if body else None, answer.headers

    async def send(self, channel: str, text: str, **fields: Any) -> tuple[int, Any, Any]:
        body = {"content": text, **fields}
        return await self.ask("POST", f"/channels/{channel}/messages", json=body)

    async def edit(self, message: dict[str, Any], text: str) -> tuple[int, Any, Any]:
        path = f"/channels/{message['channel_id']}/messages/{message['id']}"
        return await self.ask("PATCH", path, json={"content": text})


@asynccontextmanager
async def asking(server: DiscordServer) -> AsyncIterator[Raw]:
    async with aiohttp.ClientSession() as session:
        yield Raw(server, session)
