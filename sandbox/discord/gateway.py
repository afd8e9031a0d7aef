"""The gateway: connections, the sessions behind them, and what goes out to them."""

import asyncio

from aiohttp import web

from sandbox.discord.connection import Connection
from sandbox.discord.events import Event
from sandbox.discord.handshake import Handshake
from sandbox.discord.realm import Realm
from sandbox.discord.sessions import Sessions, Starts
from sandbox.faults import Fault, Faults

PATIENCE = 5.0
"""Seconds within which a connection that was cut must be gone."""


class Gateway:
    """Takes clients in, and tells them what happens."""

    def __init__(
        self, realm: Realm, starts: Starts, faults: Faults, *, token: str, heartbeat: float
    ) -> None:
        self.ready = asyncio.Event()
        self._realm = realm
        self._faults = faults
        self._heartbeat = heartbeat
        self._sessions = Sessions()
        self._handshake = Handshake(realm, self._sessions, starts, token=token)
        self._connections: set[Connection] = set()

    def lives_at(self, url: str) -> None:
        """Where clients are told to come back to."""
        self._handshake.url = url

    @property
    def connected(self) -> int:
        """How many sessions have a connection."""
        return self._sessions.connected

    def dispatch(self, event: Event) -> None:
        """Send an event to all sessions that hear it."""
        self._sessions.dispatch(event, self._realm.seconds())

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Speak with one client until one side ends it."""
        fault = self._faults.strike("gateway", {"path": request.path_qs})
        if fault and (failure := await _fail(fault, request)):
            return failure
        socket = web.WebSocketResponse(timeout=1.0, compress=False)
        await socket.prepare(request)
        connection = Connection(
            socket,
            request,
            self._handshake,
            self._faults,
            heartbeat=self._heartbeat,
            caught_up=self.ready.set,
        )
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)
            self._part(connection)
        return socket

    async def drop(self, *, resumable: bool) -> None:
        """Cut all connections, and wait until they are gone."""
        if not resumable:
            self._sessions.end_all()
        ending = tuple(self._connections)
        for connection in ending:
            connection.cut()
        async with asyncio.timeout(PATIENCE):
            for connection in ending:
                await connection.gone.wait()

    async def revoke(self) -> None:
        """The token is void: whoever came with it is sent away."""
        self._handshake.revoke()
        self._sessions.end_all()
        for connection in tuple(self._connections):
            await connection.dismiss(4004)

    async def ask_to_reconnect(self) -> None:
        """Ask all clients to reconnect and resume."""
        for connection in tuple(self._connections):
            await connection.ask_to_reconnect()

    def _part(self, connection: Connection) -> None:
        """Let the session wait for its client, unless that has said goodbye."""
        session = connection.session
        left = session is not None and session.detach(connection, self._realm.seconds())
        if session is not None and left and connection.said_goodbye:
            self._sessions.end(session)
        if not self.connected:
            self.ready.clear()


async def _fail(fault: Fault, request: web.Request) -> web.Response | None:
    """What goes wrong before the WebSocket is open; None when it is only slow."""
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
        return None
    if fault.kind == "status":
        return web.Response(status=fault.status)
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
