"""One gateway WebSocket, from HELLO to its end (events/gateway)."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.discord.handshake import Closed, Handshake
from sandbox.discord.sessions import Session
from sandbox.faults import Fault, Faults
from sandbox.limits import FixedWindow

LARGEST = 4096
"""Bytes in one payload of a client."""

MOST, IN = 120, 60.0
"""How many payloads a client may send, in how many seconds."""

ANSWER_TIME = 0.01
"""Seconds after which a heartbeat is acknowledged. On loopback the answer would otherwise be
there before discord.py has noted when it asked, and it would take the connection for slow."""

VERSIONS = frozenset({"9", "10"})


class Op(IntEnum):
    """What a payload is about (opcodes-and-status-codes, "Gateway Opcodes")."""

    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    ACKNOWLEDGED = 11


class Connection:
    """Reads what a client sends, and writes what its session has for it."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        request: web.Request,
        handshake: Handshake,
        faults: Faults,
        *,
        heartbeat: float,
        caught_up: Callable[[], None],
    ) -> None:
        self.session: Session | None = None
        self.gone = asyncio.Event()
        self._socket = socket
        self._request = request
        self._handshake = handshake
        self._faults = faults
        self._heartbeat = heartbeat
        self._caught_up = caught_up
        self._sent = 0
        self._received = FixedWindow(MOST, IN)
        self._deadline = 0.0

    async def run(self) -> None:
        """Converse until one side ends it."""
        try:
            self._check_version()
            await self.send(Op.HELLO, {"heartbeat_interval": int(self._heartbeat * 1000)})
            await self._converse()
        except* Closed as closed:
            await self._socket.close(code=_code(closed))
        except* ConnectionError:
            pass  # The client went away while we were writing; its session waits for it.
        finally:
            self.gone.set()

    @property
    def said_goodbye(self) -> bool:
        """Whether the client has ended it in such a way that its session ends, too."""
        return self._socket.close_code in (1000, 1001)

    def cut(self) -> None:
        """Break the connection without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def dismiss(self, code: int) -> None:
        """Close it with one of Discord's codes."""
        await self._socket.close(code=code)

    async def ask_to_reconnect(self) -> None:
        """Ask the client to come again, unless it is about to."""
        with suppress(ConnectionError):
            await self.send(Op.RECONNECT, None)

    async def send(self, op: int, data: Any) -> None:
        """Send a payload that is not an event."""
        await self._socket.send_str(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    def _check_version(self) -> None:
        if self._request.query.get("v") not in VERSIONS:
            raise Closed(4012)

    async def _converse(self) -> None:
        """Read until there is a session; from then on write at the same time."""
        self._beaten()
        while self.session is None:
            if not await self._read_one():
                return
        self.session.attach(self)
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self._write(self.session))
            while await self._read_one():
                pass
            writing.cancel()

    async def _read_one(self) -> bool:
        """Take in one payload; False when the client has ended the connection."""
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._socket.receive()
        except TimeoutError:
            raise Closed(4000) from None
        if message.type is not WSMsgType.TEXT:
            return False
        if len(message.data.encode()) > LARGEST:
            raise Closed(4002)
        if self._received.take(asyncio.get_running_loop().time()):
            raise Closed(4008)
        await self._take(*_opened(message.data))
        return True

    async def _take(self, op: int, data: Any) -> None:
        match op:
            case Op.HEARTBEAT:
                self._beaten()
                await asyncio.sleep(ANSWER_TIME)
                if not self._faults.strike("heartbeat"):
                    await self.send(Op.ACKNOWLEDGED, None)
            case Op.IDENTIFY | Op.RESUME if self.session is not None:
                raise Closed(4005)
            case Op.IDENTIFY:
                await self._identify(data)
            case Op.RESUME:
                if fault := self._faults.strike("resume", data):
                    await self._fail(fault)
                await self._resume(data)
            case Op.PRESENCE | Op.VOICE | Op.REQUEST_MEMBERS if self.session is None:
                raise Closed(4003)
            case Op.REQUEST_MEMBERS if self.session is not None:
                self._handshake.tell_members(self.session, data)
            case Op.PRESENCE | Op.VOICE:
                pass
            case _:
                raise Closed(4001)

    def _beaten(self) -> None:
        """Allow for half a heartbeat that is late."""
        self._deadline = asyncio.get_running_loop().time() + 1.5 * self._heartbeat

    async def _identify(self, data: Any) -> None:
        if fault := self._faults.strike("identify", data):
            await self._fail(fault)
        self.session = self._handshake.identify(data)
        if self.session is None:
            await self.send(Op.INVALID_SESSION, False)

    async def _resume(self, data: Any) -> None:
        resumed = self._handshake.resume(data)
        if resumed is None:
            await self.send(Op.INVALID_SESSION, False)
        else:
            self.session, self._sent = resumed

    async def _write(self, session: Session) -> None:
        """Send the session's events as they come."""
        while True:
            session.news.clear()
            if not session.has_all_after(self._sent):
                raise Closed(4000)
            for sequence, frame in session.after(self._sent):
                await self._socket.send_str(frame)
                self._sent = sequence
            if self._sent == session.sequence:
                self._caught_up()
                await session.news.wait()

    async def _fail(self, fault: Fault) -> None:
        """What can go wrong with an IDENTIFY or a RESUME: a close code, slowness, or a cut."""
        if fault.kind == "code":
            raise Closed(int(fault.code))
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            return
        self.cut()
        raise ConnectionResetError


def _code(closed: BaseExceptionGroup[Closed]) -> int:
    """The first close code in a group, which may be nested."""
    first = closed.exceptions[0]
    return first.code if isinstance(first, Closed) else _code(first)


def _opened(text: str) -> tuple[int, Any]:
    """The op and the data of a payload."""
    try:
        payload = json.loads(text)
        return int(payload["op"]), payload.get("d")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Closed(4002) from None
