"""Socket Mode: the connections that the app has opened, and what travels on them.

Source: docs.slack.dev/apis/events-api/using-socket-mode.
"""

import asyncio
import contextlib
import secrets
from typing import NoReturn

from aiohttp import web

from sandbox.faults import Fault, Faults
from sandbox.slack.connection import Connection, Frame
from sandbox.slack.gate import cut
from sandbox.slack.workspace import Workspace

MOST = 10
ACK_DEADLINE = 3.0
GRACE = 10.0
"""Seconds that a connection has to go by itself once it was asked to."""


class NotDelivered(Exception):
    """The app did not acknowledge: `no_connection`, `connection_failed`, `timeout` or the like.

    `final`: it does not want to be sent it again.
    """

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final


class Sockets:
    """All connections of the app; each envelope goes to one of them, in turn."""

    def __init__(self, slack: Workspace, faults: Faults) -> None:
        self.ack_deadline = ACK_DEADLINE
        self.grace = GRACE
        self.connected = asyncio.Event()
        self._slack = slack
        self._faults = faults
        self._open: list[Connection] = []
        self._refused_until = float("-inf")

    @property
    def count(self) -> int:
        """How many sockets are open."""
        return len(self._open)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The life of one socket."""
        refusal = await self._refusal(request)
        if refusal is not None:
            return refusal
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        connection = Connection(socket, request)
        if self.count >= MOST:
            await connection.send(_disconnect("too_many_websockets"))
            await connection.close()
            return socket
        await self._live(connection)
        return socket

    async def _live(self, connection: Connection) -> None:
        self._open.append(connection)
        try:
            with contextlib.suppress(ConnectionError):
                await connection.send(self._hello())
                self.connected.set()
                await connection.listen()
        finally:
            self._open.remove(connection)
            connection.lose()
            if not self._open:
                self.connected.clear()

    async def exchange(self, kind: str, payload: Frame, attempt: int = 0, why: str = "") -> Frame:
        """Deliver an envelope once; the payload of its acknowledgement.

        `attempt` and `why` say that it was delivered in vain before. Raises
        `NotDelivered`.
        """
        connection = self._next()
        fault = self._faults.strike("deliver", {"type": kind, "payload": payload})
        if fault is not None:
            await _strike(fault, connection)
        try:
            async with asyncio.timeout(self.ack_deadline):
                answer = await connection.acknowledged(_envelope(kind, payload, attempt, why))
        except TimeoutError as error:
            raise NotDelivered("timeout") from error
        except ConnectionError as error:
            raise NotDelivered("connection_failed") from error
        if fault is not None and fault.kind in ("after", "reset_after"):
            _lose_answer(fault, connection)
        return answer

    def welcome(self) -> None:
        """Let connections in, again after a `close` too."""
        self._refused_until = float("-inf")

    async def drop(self, refuse: float) -> None:
        """Cut all sockets, and refuse new ones for so many seconds."""
        self._refused_until = self._slack.clock() + refuse
        dropped = list(self._open)
        for connection in dropped:
            connection.abort()
        async with asyncio.timeout(self.grace):
            await asyncio.gather(*(connection.gone.wait() for connection in dropped))

    async def refresh(self) -> None:
        """Ask all connections to go and come again, as Slack does every few hours.

        Those that have not gone by themselves when their grace is over are cut.
        """
        leaving, frame = list(self._open), _disconnect("refresh_requested")
        try:
            async with asyncio.timeout(self.grace):
                await asyncio.gather(*(connection.leave(frame) for connection in leaving))
        except TimeoutError:
            for connection in leaving:
                connection.abort()

    async def close(self) -> None:
        """Close all sockets, and let none in."""
        self._refused_until = float("inf")
        await asyncio.gather(*(connection.close() for connection in tuple(self._open)))

    def _next(self) -> Connection:
        for connection in self._open:
            if not connection.leaving:
                self._open.remove(connection)
                self._open.append(connection)
                return connection
        raise NotDelivered("no_connection")

    def _hello(self) -> Frame:
        return {
            "type": "hello",
            "num_connections": self.count,
            "connection_info": {"app_id": self._slack.app.id},
            "debug_info": {
                "host": "applink-sandbox",
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
        }

    async def _refusal(self, request: web.Request) -> web.Response | None:
        """What a request for a socket is answered that gets none."""
        fault = self._faults.strike("socket")
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        elif fault is not None and fault.kind == "status":
            return web.Response(status=fault.status)
        if self._slack.clock() < self._refused_until or (fault and fault.kind == "reset"):
            cut(request)
            return web.Response(status=503)
        if not self._slack.tickets.redeem(request.query.get("ticket", "")):
            return web.Response(status=403)
        return None


async def _strike(fault: Fault, connection: Connection) -> None:
    """Carry out a fault before the envelope is sent."""
    match fault.kind:
        case "slow":
            await asyncio.sleep(fault.seconds)
        case "reset":
            connection.abort()
            raise NotDelivered("connection_failed")
        case "status" | "code":
            raise NotDelivered("timeout")


def _lose_answer(fault: Fault, connection: Connection) -> NoReturn:
    """The app has got the envelope, and Slack never learns of it."""
    if fault.kind == "after":
        raise NotDelivered("timeout")
    connection.abort()
    raise NotDelivered("connection_failed")


def _envelope(kind: str, payload: Frame, attempt: int, why: str) -> Frame:
    envelope = {
        "envelope_id": secrets.token_hex(16),
        "type": kind,
        "payload": payload,
        "accepts_response_payload": kind != "events_api",
    }
    if kind == "events_api":
        envelope |= {"retry_attempt": attempt, "retry_reason": why}
    return envelope


def _disconnect(reason: str) -> Frame:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-sandbox"}}
