"""The way to a new socket: ask Slack for an address, which is good once, and dial it."""

import aiohttp

from bots.slack.budgets import Budgets
from bots.slack.calls import NOT_REACHED, CallFailed, Calls
from bots.slack.payload import string
from bots.slack.socket import NotConnected, Socket
from core.pace import Governor, Urgency
from core.surface import Unknown


class Dialler:
    """Opens sockets for one app."""

    def __init__(
        self,
        calls: Calls,
        budgets: Budgets,
        governor: Governor,
        session: aiohttp.ClientSession,
        app_token: str,
    ) -> None:
        self._calls = calls
        self._budgets = budgets
        self._governor = governor
        self._session = session
        self._app_token = app_token

    async def dial(self) -> Socket:
        """Open a socket. Raises `CallFailed` or `NotConnected`."""
        url = await self._address()
        if not url.startswith(("ws://", "wss://")):
            raise NotConnected("Slack gave no address")
        return await Socket.dial(self._session, url)

    async def _address(self) -> str:
        """A scarce call, so that tries that never reach Slack are not counted."""
        ticket = self._governor.ask(self._budgets.connect, Urgency.READ)
        await ticket.granted()
        try:
            answer = await self._calls.now(
                self._calls.web.apps_connections_open,
                self._budgets.connect,
                app_token=self._app_token,
            )
        except CallFailed as failed:
            if failed.outcome == Unknown(NOT_REACHED):
                self._governor.forget(ticket)
            raise
        return string(answer, "url")
