"""The way to a new socket: ask Slack for an address, which is good once, and dial it."""

import asyncio
from collections.abc import Callable

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.budgets import Budgets
from bots.slack.calls import CALL_TIMEOUT, CallFailed, Calls
from bots.slack.payload import string
from bots.slack.socket import NotConnected, Socket
from core.certificates import trusted
from core.pace import Governor, Urgency
from core.proxies import proxy_to
from core.surface import Unknown

CONNECT_TIMEOUT = 5.0
"""Seconds for a connection to Slack."""

KEPT = 60.0
"""Seconds for which an address is dialled that nobody has answered at: Slack gives out one a
minute when they are asked for without end."""


class Dialler:
    """Opens sockets for one app, through connections of its own.

    None of them is used twice: of those that are kept open, many may have died unnoticed when
    one has.
    """

    def __init__(
        self,
        app_token: str,
        api_url: str,
        budgets: Budgets,
        governor: Governor,
        clock: Callable[[], float],
    ) -> None:
        self._app_token = app_token
        self._budgets = budgets
        self._governor = governor
        self._clock = clock
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, ssl=trusted()),
            timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT, connect=CONNECT_TIMEOUT),
        )
        web = AsyncWebClient("", api_url, session=self._session, retry_handlers=[])
        web.proxy = proxy_to(api_url)  # the SDK knows none that is not for all
        self._calls = Calls(web, governor, clock)
        self._address = ""
        self._given_at = 0.0

    async def dial(self) -> Socket:
        """Open a socket. Raises `CallFailed` or `NotConnected`."""
        url = self._address or await self._ask()
        try:
            socket = await Socket.dial(self._session, url)
        except NotConnected as failed:
            if failed.spent or self._clock() - self._given_at > KEPT:
                self._forget(url)
            raise
        self._forget(url)
        return socket

    async def close(self) -> None:
        """Close what is left of the connections."""
        await self._session.close()

    async def _ask(self) -> str:
        """Ask for an address, a scarce call: what is never answered is not counted."""
        ticket = self._governor.ask(self._budgets.connect, Urgency.READ)
        await ticket.granted()
        try:
            answer = await self._calls.now(
                self._calls.web.apps_connections_open,
                self._budgets.connect,
                app_token=self._app_token,
            )
        except (CallFailed, asyncio.CancelledError) as failed:
            if not isinstance(failed, CallFailed) or isinstance(failed.outcome, Unknown):
                self._governor.forget(ticket)
            raise
        url = string(answer, "url")
        if not url.startswith(("ws://", "wss://")):
            raise NotConnected("Slack gave no address")
        self._address, self._given_at = url, self._clock()
        return url

    def _forget(self, url: str) -> None:
        if url == self._address:
            self._address = ""
