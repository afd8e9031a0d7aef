"""The bot in one Slack workspace: started, running, stopped."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from slack_bolt.app.async_app import AsyncApp

from bots.slack import tokens
from bots.slack.budgets import unknown
from bots.slack.calls import CallFailed
from bots.slack.dialler import Dialler
from bots.slack.ears import Ears
from bots.slack.http import Receiver
from bots.slack.messages import PLATFORM
from bots.slack.parts import Parts
from bots.slack.presence import Presence, new_session
from bots.slack.socket import NotConnected, Socket
from core.access import who_may_use
from core.errors import PlatformFailed, StartError
from core.hearing import Hearing
from core.messages import Conversation, Question
from core.surface import Outcome, Surface

log = structlog.get_logger()

START_TIMEOUT = 6.0
"""Seconds in which the tokens are found right or wrong."""

STOP_TIMEOUT = 1.2
"""Seconds in which what has been heard is acknowledged and the connections are closed."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where Slack's requests are heard, and the secret with which Slack signs them."""

    host: str
    port: int
    signing_secret: str


class SlackBot:
    """Parley in one Slack workspace: through Socket Mode, or over HTTP at an `address`."""

    def __init__(
        self, parts: Parts, *, bot_token: str, app_token: str = "", address: Address | None = None
    ) -> None:
        self._parts = parts
        self._bot_token = bot_token
        self._app_token = app_token
        self._address = address
        parts.forgetting.heard.append(self._forget)
        self.hearing = Hearing(time.time)
        self._session: aiohttp.ClientSession | None = None
        self._dialler: Dialler | None = None
        self._ears: Ears | Receiver | None = None
        self._presence: Presence | None = None
        self._stopped = False
        self._over = asyncio.Event()
        self._over.set()

    @property
    def ready(self) -> bool:
        """Whether events can arrive: Slack has greeted us, or the port is open."""
        return self._ears is not None and self._ears.open

    async def start(self) -> None:
        """Check the tokens and connect.

        Raises `StartError` with one line that names the setting, within ten seconds;
        nothing is left open then.
        """
        if wrong := unknown(self._parts.bursts):
            raise StartError(wrong)
        try:
            async with asyncio.timeout(START_TIMEOUT):
                await self._start()
        except TimeoutError as error:
            await self.stop()
            raise StartError(tokens.too_slow(self._parts.api_url)) from error
        except BaseException:
            await self.stop()
            raise

    async def who_may_use(self) -> str:
        """Who may use the bot, in one line."""
        return who_may_use(self._parts.access, PLATFORM, (f"workspace {self._here.us.team}",))

    async def run(self) -> None:
        """Stay connected until `stop`; `StartError` when Slack ends it for good."""
        ears, presence = self._ears, self._presence
        if not (ears and presence):
            raise StartError("The bot on Slack runs only after its start.")
        if self._stopped:
            return
        self._over.clear()
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = tasks.create_task(presence.run())
                await ears.run()
                beside.cancel()
        except* StartError as errors:
            raise first(errors) from None
        finally:
            self._over.set()

    async def announce(self, channel: str, text: str) -> None:
        """Say something in a channel, as a notice; what becomes of it is a line of the log."""
        if self._presence is None:
            return
        try:
            await self._presence.announce(channel, text)
        except CallFailed as failed:
            log.warning("not announced", channel=channel, told=text, outcome=str(failed.outcome))

    async def revive(
        self, question: Question, messages: Sequence[str]
    ) -> tuple[Question, Surface] | None:
        """A question that an earlier process has heard (`core.resuming.Platform`)."""
        del messages
        return await self._here.revive(question)

    async def begun(
        self, question: Question, reply: str, recorded: Sequence[str]
    ) -> tuple[str, ...]:
        """The messages of an answer to a question that is gone."""
        return await self._here.begun(question, reply, recorded)

    async def unsay(self, conversation: Conversation, message: str) -> Outcome:
        """Take a message of an answer away."""
        return await self._here.unsay(conversation, message)

    @property
    def _here(self) -> Presence:
        if self._presence is None:
            raise PlatformFailed("Slack is not connected")
        return self._presence

    async def stop(self) -> None:
        """Hear nothing more and disconnect, within seconds."""
        self._stopped = True
        if self._ears is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_TIMEOUT):
                    await self._ears.stop()
                    await self._over.wait()
            if self._presence is not None:
                await self._presence.catch_up.close()
        if self._presence is not None:
            await self._presence.close()
        if self._dialler is not None:
            await self._dialler.close()
        if self._session is not None:
            await self._session.close()

    def _forget(self, platform: str, person: str) -> None:
        """Know nothing of somebody any more."""
        if platform == PLATFORM and self._presence is not None:
            self._presence.forget(person)

    async def _start(self) -> None:
        self._stopped = False
        self._session = new_session()
        self._presence = presence = await self._arrive(self._session)
        if self._app_token:
            self._ears = await self._connected(presence)
        elif self._address is not None:
            self._ears = await self._listening(self._address, presence.app)

    async def _arrive(self, session: aiohttp.ClientSession) -> Presence:
        try:
            presence = await Presence.open(self._parts, session, self._bot_token)
        except CallFailed as failed:
            raise tokens.bot_token(failed.outcome, self._parts.api_url) from failed
        if not tokens.is_a_bots(self._bot_token, presence.us.bot):
            await presence.close()
            raise tokens.no_bot()
        await presence.begin()
        return presence

    async def _connected(self, presence: Presence) -> Ears:
        """Through Socket Mode."""
        parts = self._parts
        self._dialler = dialler = Dialler(
            self._app_token, parts.api_url, presence.budgets, parts.governor, parts.clock
        )
        socket = await self._first_socket(dialler)
        missed = presence.catch_up.due
        return Ears(
            presence.app, presence.memory, socket, dialler.dial, missed, hearing=self.hearing
        )

    async def _listening(self, address: Address, app: AsyncApp) -> Receiver:
        """Over HTTP."""

        async def find(_: dict[str, Any]) -> AsyncApp:
            return app

        receiver = Receiver(address.host, address.port, address.signing_secret, find)
        await receiver.start()
        self.hearing.began()
        return receiver

    async def _first_socket(self, dialler: Dialler) -> Socket:
        try:
            return await dialler.dial()
        except CallFailed as failed:
            raise tokens.app_token(failed.outcome, self._parts.api_url) from failed
        except NotConnected as failed:
            raise tokens.no_socket(failed) from failed


def first(errors: BaseExceptionGroup[StartError]) -> StartError:
    """The first error of a group of them."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, StartError) else StartError(str(error))
