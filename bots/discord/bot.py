"""Discord, connected: the start, with every way in which it can be refused, and the end."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import aiohttp
import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bots.discord import parley, pausing
from bots.discord.begun import begun
from bots.discord.budgets import SESSIONS
from bots.discord.calls import UNAUTHORIZED, Calls, NotRead
from bots.discord.client import Client
from bots.discord.commands import Asking, Commands, Marks
from bots.discord.desk import Desk, desk
from bots.discord.forget import Forget
from bots.discord.gate import Gate
from bots.discord.listener import Listener
from bots.discord.login import check_token, joined, log_in, named, reason
from bots.discord.menus import Menus
from bots.discord.messages import Spot
from bots.discord.past import Past
from bots.discord.presses import PressListener
from bots.discord.settings import Settings
from bots.discord.subcommands import new
from bots.discord.turns import PLATFORM
from bots.discord.usage import Usage
from core.access import Access, who_may_use
from core.catch_up import CatchUp
from core.certificates import trusted
from core.chat import Chat
from core.errors import PlatformFailed, StartError
from core.forgetting import Forgetting
from core.guilds import Guilds
from core.hearing import Hearing
from core.languages import Languages
from core.messages import Conversation, Question
from core.pace import Governor, Urgency
from core.panel import Panel
from core.presses import Presses
from core.recall import Recall
from core.reports import Reports
from core.surface import Delivered, Outcome, Page, RefusedForGood, Surface

log = structlog.get_logger()

START_TIMEOUT = 6.0
"""Seconds until a start that hangs is given up; whoever starts us waits ten."""

CLOSE_TIMEOUT = 0.6
"""Seconds, at most, to say goodbye to the gateway."""


class DiscordBot:
    """Answers in Discord.

    `api_url` is another REST address (None: Discord's own), `proxy` the address of an HTTP
    proxy for REST and gateway, `marks` remembers which commands Discord knows. `guilds`
    are the servers in which it answers, `access` says to whom.
    """

    def __init__(
        self,
        *,
        token: str,
        api_url: str | None,
        panel: Panel,
        reports: Reports,
        forgetting: Forgetting,
        chat: Chat,
        presses: Presses,
        governor: Governor,
        recall: Recall,
        languages: Languages,
        marks: Marks,
        guilds: Guilds,
        access: Access,
        catch_up: CatchUp,
        proxy: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._token = token
        self._api_url = api_url
        self._panel = panel
        self._reports = reports
        self._forgetting = forgetting
        forgetting.heard.append(self._forget)
        self._chat = chat
        self._presses = presses
        self._governor = governor
        self._recall = recall
        self._languages = languages
        self._marks = marks
        self._guilds = guilds
        self._access = access
        self._catch_up = catch_up
        self._proxy = proxy
        self._clock = clock
        self.hearing = Hearing(time.time)
        self._client: Client | None = None
        self._desk: Desk | None = None
        self._asking: Asking | None = None
        self._connection: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether every shard is connected."""
        return self._client is not None and self._client.connected

    async def start(self) -> None:
        """Log in and connect; returns once Discord has greeted the first shard.

        Raises `StartError`, in one line, when Discord does not want us or is not reached.
        """
        check_token(self._token)
        client, commands = self._build()
        try:
            async with asyncio.timeout(START_TIMEOUT):
                await self._log_in(client)
                await commands.sync_if_changed(self._marks)
                await self._guilds.begin(named(await joined(client.http)))
                await self._catch_up.begin(PLATFORM)
                await self._connect(client)
        except BaseException as error:
            await self.stop()
            if refusal := reason(error, self._api_url):
                raise refusal from error
            raise

    async def who_may_use(self) -> str:
        """Who may use the bot, in one line; what is to be known of servers goes to the log."""
        return who_may_use(self._access, PLATFORM, await self._guilds.tell())

    async def run(self) -> None:
        """Stay connected until `stop`; `StartError` when Discord ends it for good."""
        if self._connection is None or self._desk is None:
            raise RuntimeError("start comes before run")
        if self._client is None:
            return
        past = Past(self._desk, self._client.listener.late)
        self._desk.timers.start(self._catch_up.run(past.look), "catching up")
        look = partial(_look, self._client)
        doubting = asyncio.create_task(self._desk.calls.doubt.watch(look))
        try:
            done, _ = await asyncio.wait(
                {self._connection, doubting}, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            doubting.cancel()
        for task in done:
            if not task.cancelled() and (error := task.exception()):
                raise (reason(error, self._api_url) or error) from error

    async def announce(self, channel: str, text: str) -> None:
        """Say something in a channel, as a notice; what becomes of it is a line of the log."""
        if self._desk is None:
            return
        nonce = f"announcement/{channel}/{text}"
        outcome = await self._desk.messages.post_in_turn(Spot(int(channel)), Page("", text), nonce)
        if not isinstance(outcome, Delivered):
            log.warning("not announced", channel=channel, told=text, outcome=str(outcome))

    async def revive(
        self, question: Question, messages: Sequence[str]
    ) -> tuple[Question, Surface] | None:
        """A question that an earlier process has heard (`core.resuming.Platform`)."""
        client, asking = self._client, self._asking
        if client is None or asking is None:
            raise PlatformFailed("Discord is not connected")
        if question.is_command:
            return question, asking.revive(client, question)
        return await client.listener.revive(question, messages)

    async def begun(
        self, question: Question, reply: str, recorded: Sequence[str]
    ) -> tuple[str, ...]:
        """The messages of an answer to a question that is gone."""
        asked = int(question.message)
        found: tuple[str, ...] = ()
        for where in _places(question.conversation):
            in_talk = question.direct or where != int(question.conversation.channel)
            spot = Spot(where, 0 if in_talk else asked, after=asked)
            try:
                found += await begun(self._here, spot, reply, recorded)
            except NotRead as error:
                if not isinstance(error.outcome, RefusedForGood):
                    raise  # else it is a thread that is gone, or never was
        return tuple(dict.fromkeys(found))

    async def unsay(self, conversation: Conversation, message: str) -> Outcome:
        """Take a message of an answer away."""
        outcome: Outcome = RefusedForGood("no place")
        for where in _places(conversation):
            outcome = await self._here.messages.remove(where, message)
            if isinstance(outcome, Delivered):
                break
        return outcome

    @property
    def _here(self) -> Desk:
        if self._desk is None:
            raise PlatformFailed("Discord is not connected")
        return self._desk

    async def stop(self) -> None:
        """Hear nothing more, let requests on their way end, and disconnect; takes seconds."""
        if self._client is None:
            return
        client, self._client = self._client, None
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await client.idle(CLOSE_TIMEOUT / 2)
        if self._desk:
            await self._desk.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await client.close()
        # A gateway that does not say goodbye must not keep the session open.
        await client.http.close()
        await self._catch_up.close()
        if self._connection:
            self._connection.cancel()
            await asyncio.wait({self._connection})

    def _forget(self, platform: str, person: str) -> None:
        """Know nothing of somebody any more."""
        if platform != PLATFORM or self._desk is None or self._client is None:
            return
        self._desk.locales.forget(person)
        self._client.settings.forget(person)
        self._desk.chains.forget()
        self._desk.recall.drop(PLATFORM)

    def _build(self) -> tuple[Client, Commands]:
        # Nothing but what refuses it may be said of a start; we have no voice and need none.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        if self._api_url:
            Route.BASE = self._api_url.rstrip("/")
        calls = Calls(self._governor)
        client = Client(
            partial(self._governor.turn, SESSIONS, Urgency.READ),
            self.hearing,
            http_trace=calls.trace,
            proxy=self._proxy,
            connector=aiohttp.TCPConnector(limit=0, ssl=trusted()),
        )
        self._desk = desk(
            client,
            calls,
            self._recall,
            self._languages,
            self._clock,
            guilds=self._guilds,
            programs=self._access.programs,
            api_url=self._api_url,
        )
        client.listener = Listener(self._desk, self._chat, self._panel, self._catch_up)
        self._client = client
        gate = Gate(self._desk, self._chat)
        asking = self._asking = Asking(self._desk, self._chat)
        client.presses = PressListener(self._desk, self._presses, asking, client.listener.locate)
        menus = Menus(self._desk, asking, gate)
        settings = client.settings = Settings(self._desk, self._panel, gate)
        client.add_view(settings.buttons)
        forget = Forget(self._desk, self._forgetting)
        client.add_view(forget.buttons)
        group = parley.group(
            self._desk,
            [
                menus.summary(),
                new(self._desk, self._chat),
                Usage(self._desk, self._reports).subcommand,
                forget.subcommand,
                *pausing.subcommands(self._desk, self._chat),
                *settings.subcommands,
            ],
        )
        commands = Commands(
            client,
            asked=asking,
            parley=group,
            gate=gate,
            languages=self._languages,
            entries=menus.entries(),
            personas=self._panel.personas,
        )
        return client, commands

    async def _log_in(self, client: Client) -> None:
        gateway = await log_in(client, self._token)
        client.shard_count = gateway.get("shards") or 1
        # Where discord.py connects, and connects again with a new session: its own default
        # is the real Discord, whatever the REST address is.
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway["url"])

    async def _connect(self, client: Client) -> None:
        self._connection = asyncio.create_task(client.connect(), name="Discord's gateway")
        greeted = asyncio.create_task(client.greeted.wait())
        try:
            await asyncio.wait({self._connection, greeted}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            greeted.cancel()
        if self._connection.done():
            await self._connection
            raise StartError("Discord closed the connection at once. Try again in a minute.")
        log.debug("connected", platform="discord", bot=str(client.user), shards=client.shard_count)


def _places(conversation: Conversation) -> Sequence[int]:
    """Where an answer can stand: in the thread on its question, or where that stands."""
    return [int(where) for where in (conversation.thread, conversation.channel) if where]


async def _look(client: Client) -> None:
    """Look whether the token is good. Raises `discord.LoginFailure` when it is not any more."""
    try:
        await client.http.request(Route("GET", "/users/@me"))
    except discord.HTTPException as failed:
        if failed.status == UNAUTHORIZED:
            raise discord.LoginFailure(str(failed)) from failed
    except (OSError, aiohttp.ClientError):
        log.debug("token not checked", exc_info=True)  # the next refusal has it checked again
