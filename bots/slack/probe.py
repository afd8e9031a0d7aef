"""Questions to Slack about the app itself, for whoever sets it up; nothing is changed by them."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bots.slack import tokens
from bots.slack.calls import CallFailed, Calls, Method
from bots.slack.dialler import CONNECT_TIMEOUT
from bots.slack.identity import Identity
from bots.slack.payload import string
from core.certificates import trusted
from core.errors import PlatformFailed, StartError
from core.pace import Governor
from core.proxies import proxy_to
from core.surface import RefusedForGood

PATIENCE = 8.0
"""Seconds for one answer."""

CONFIG = (
    "SLACK_CONFIG_TOKEN is an app configuration token of api.slack.com/apps, which is good for "
    "twelve hours: generate a new one, or leave it out."
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Who the bot token speaks for, and what it may do (None: Slack did not say).

    `date` is the time by Slack's clock, as HTTP writes it.
    """

    us: Identity
    workspace: str
    scopes: frozenset[str] | None
    date: str


class Probe:
    """Asks Slack; an asynchronous context manager. Each question raises `StartError`."""

    def __init__(self, bot_token: str, api_url: str) -> None:
        self._bot_token = bot_token
        self._api_url = api_url
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trusted()),
            timeout=aiohttp.ClientTimeout(total=PATIENCE, connect=CONNECT_TIMEOUT),
        )
        self._web = AsyncWebClient(bot_token, api_url, session=self._session, retry_handlers=[])
        self._web.proxy = proxy_to(api_url)  # the SDK knows none that is not for all
        clock = asyncio.get_running_loop().time
        self._calls = Calls(self._web, Governor(clock), clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def standing(self) -> Standing:
        """Who the bot token speaks for."""
        try:
            answer, headers = await self._ask(self._web.auth_test)
        except CallFailed as failed:
            raise tokens.bot_token(failed.outcome, self._api_url) from failed
        us = Identity.of(answer)
        if not tokens.is_a_bots(self._bot_token, us.bot):
            raise tokens.no_bot()
        return Standing(us, string(answer, "team"), _scopes(headers), headers.get("Date", ""))

    async def app(self, us: Identity) -> str:
        """The id of the app whose bot this is; empty where the token may not ask."""
        try:
            answer, _ = await self._ask(self._web.bots_info, bot=us.bot)
        except CallFailed:
            return ""
        bot = answer.get("bot")
        return string(bot, "app_id") if isinstance(bot, dict) else ""

    async def address(self, app_token: str) -> str:
        """An address of Socket Mode; one that nobody dials is good for nothing after a while."""
        try:
            answer, _ = await self._ask(self._web.apps_connections_open, app_token=app_token)
        except CallFailed as failed:
            raise tokens.app_token(failed.outcome, self._api_url) from failed
        return string(answer, "url")

    async def manifest(self, config_token: str, app: str) -> Mapping[str, Any]:
        """What the app asks for, as Slack has it. Raises `PlatformFailed` as well."""
        try:
            answer, _ = await self._ask(
                self._web.apps_manifest_export, token=config_token, app_id=app
            )
        except CallFailed as failed:
            if isinstance(failed.outcome, RefusedForGood):
                why = f"Slack does not show the app's manifest ({failed.outcome.code}). {CONFIG}"
                raise PlatformFailed(why) from failed
            raise tokens.app_token(failed.outcome, self._api_url) from failed
        found = answer.get("manifest")
        return found if isinstance(found, dict) else {}

    @asynccontextmanager
    async def events(self, app_token: str) -> AsyncIterator[AsyncIterator[Mapping[str, Any]]]:
        """The events that Slack sends from now on, each acknowledged."""
        url = await self.address(app_token)
        unlimited = aiohttp.ClientTimeout(connect=CONNECT_TIMEOUT)
        try:
            async with (
                aiohttp.ClientSession(timeout=unlimited) as session,
                session.ws_connect(url, proxy=proxy_to(url), heartbeat=PATIENCE) as socket,
            ):
                yield _heard(socket)
        except (aiohttp.ClientError, OSError) as error:
            raise tokens.no_socket(error) from error

    async def _ask(
        self, method: Method, **arguments: Any
    ) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        """One call: its answer, and its headers. Raises `CallFailed`."""
        came: list[Mapping[str, str]] = []

        async def call(**arguments: Any) -> AsyncSlackResponse:
            response = await method(**arguments)
            came.append(response.headers)
            return response

        answer = await self._calls.now(call, (), **arguments)
        return answer, came[-1]


def _scopes(headers: Mapping[str, str]) -> frozenset[str] | None:
    told = headers.get("x-oauth-scopes")
    return None if told is None else frozenset(re.findall(r"[^\s,]+", told))


async def _heard(socket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[Mapping[str, Any]]:
    async for frame in socket:
        try:
            envelope = json.loads(frame.data)
        except (TypeError, ValueError):
            continue
        if string(envelope, "type") == "disconnect":
            raise StartError(
                f"Slack ends the connection ({string(envelope, 'reason')}). Switch on Socket Mode "
                "for the app of SLACK_APP_TOKEN."
            )
        if id_ := string(envelope, "envelope_id"):
            await socket.send_json({"envelope_id": id_})
        payload = envelope.get("payload") if isinstance(envelope, dict) else None
        event = payload.get("event") if isinstance(payload, dict) else None
        if isinstance(event, dict):
            yield event
