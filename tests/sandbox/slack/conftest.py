"""A sandbox Slack with a clock of its own, and the real clients of it."""

import asyncio
import logging
from contextlib import asynccontextmanager

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackServer
from sandbox.world import World


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def tick(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def world():
    return World()


@pytest.fixture
async def serve(world, clock):
    """Start a server with settings of one's own; it stops with the test."""
    running = []

    async def start(**settings):
        server = SlackServer(world, clock=clock, **settings)
        await server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        await server.stop()


@pytest.fixture
async def slack(serve):
    return await serve()


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as shared:
        yield shared


@pytest.fixture
def connect(session):
    """A real web client for a server, without retries of its own."""

    def client(server, token="xoxb-sandbox"):
        return AsyncWebClient(
            token=token, base_url=server.api_url, session=session, retry_handlers=[]
        )

    return client


@pytest.fixture
def client(slack, connect):
    return connect(slack)


async def refusal(call):
    """The code with which Slack refuses a call."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response["error"]


class Bot:
    """A Bolt app that notes what it hears; `mute` leaves events without acknowledgement."""

    def __init__(self, client):
        logger = logging.getLogger("tests.bolt")
        logger.setLevel(logging.CRITICAL)
        # Bolt would drop what it said itself; here the point is to see all that Slack sends.
        self.app = AsyncApp(client=client, logger=logger, ignoring_self_events_enabled=False)
        self.heard = asyncio.Queue()
        self.mute = 0

        @self.app.middleware
        async def note(req, body, next):  # Bolt's name
            await self.heard.put((body, req.headers))
            if self.mute:
                self.mute -= 1
                raise RuntimeError("no acknowledgement")
            await next()

        @self.app.error
        async def silent(error):
            """What a test makes fail is no news."""

        for event in ("app_mention", "message", "reaction_added", "reaction_removed"):
            self.app.event(event)(self._nothing)
        for event in (
            "app_home_opened",
            "agent_session_stopped",
            "app_uninstalled",
            "tokens_revoked",
        ):
            self.app.event(event)(self._nothing)

    async def _nothing(self):
        """The note was taken before."""

    async def next(self):
        """The body of the next request that Slack makes."""
        async with asyncio.timeout(5):
            return (await self.heard.get())[0]

    async def next_with_headers(self):
        async with asyncio.timeout(5):
            return await self.heard.get()

    async def event(self):
        return (await self.next())["event"]

    async def events(self, count):
        return [await self.event() for _ in range(count)]

    def hears_nothing(self):
        return self.heard.empty()


@asynccontextmanager
async def connected(client, ping_interval=0.2):
    """A bot that is connected by Socket Mode."""
    bot = Bot(client)
    handler = AsyncSocketModeHandler(
        bot.app, "xapp-sandbox", logger=bot.app.logger, ping_interval=ping_interval
    )
    greeted = asyncio.Event()

    async def greet(message):
        if '"hello"' in message.data:
            greeted.set()

    handler.client.on_message_listeners.append(greet)
    await handler.connect_async()
    try:
        async with asyncio.timeout(5):
            await greeted.wait()
        yield bot
    finally:
        await handler.close_async()
        handler.client.message_processor.cancel()


@pytest.fixture
async def bot(slack, client):
    async with connected(client) as bot:
        yield bot


@pytest.fixture
def on(bot):
    """Answer a command or a click with a function."""

    def add(kind, name, listener):
        getattr(bot.app, kind)(name)(listener)

    return add
