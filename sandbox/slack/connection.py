"""One open socket of the app."""

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.slack.gate import cut

Frame = dict[str, Any]


class Connection:
    """One open socket and the envelopes that wait for their acknowledgement on it."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.leaving = False
        self.gone = asyncio.Event()
        self._socket = socket
        self._request = request
        self._awaited: dict[str, asyncio.Future[Frame | None]] = {}

    async def send(self, frame: Frame) -> None:
        """Send a frame; `ConnectionError` when the socket is closed."""
        await self._socket.send_str(json.dumps(frame))

    async def listen(self) -> None:
        """Take acknowledgements until the socket closes."""
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                self._take(message.data)

    async def acknowledged(self, envelope: Frame) -> Frame:
        """Send an envelope and wait for its acknowledgement: the payload, empty for none."""
        waiting: asyncio.Future[Frame | None] = asyncio.get_running_loop().create_future()
        self._awaited[envelope["envelope_id"]] = waiting
        try:
            await self.send(envelope)
            payload = await waiting
        finally:
            self._awaited.pop(envelope["envelope_id"], None)
        if payload is None:
            raise ConnectionResetError
        return payload

    def lose(self) -> None:
        """The socket is no more: nothing that waits will be acknowledged."""
        self.leaving = True
        self.gone.set()
        for waiting in self._awaited.values():
            if not waiting.done():
                waiting.set_result(None)

    def abort(self) -> None:
        """Cut it."""
        self.leaving = True
        cut(self._request)

    async def leave(self, frame: Frame) -> None:
        """Ask the app to go, and wait until it has gone."""
        self.leaving = True
        with contextlib.suppress(ConnectionError):
            await self.send(frame)
        await self.gone.wait()

    async def close(self) -> None:
        """Close it politely, or cut it when that takes more than a second."""
        self.leaving = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._socket.close(code=1001)
        self.abort()

    def _take(self, data: str) -> None:
        try:
            frame = json.loads(data)
        except ValueError:
            return  # Slack ignores what is no JSON.
        if not isinstance(frame, dict):
            return
        waiting = self._awaited.get(str(frame.get("envelope_id")))
        if waiting is not None and not waiting.done():
            payload = frame.get("payload")
            waiting.set_result(payload if isinstance(payload, dict) else {})
