"""HTTP on loopback: what every server of the sandbox listens with."""

import asyncio
import socket
from typing import Any

from aiohttp import web

HOST = "127.0.0.1"


class Listener:
    """Serves one application on loopback; `options` are those of aiohttp's `AppRunner`."""

    def __init__(self, app: web.Application, **options: Any) -> None:
        self.port = 0
        self._runner = web.AppRunner(app, access_log=None, **options)
        self._socket: socket.socket | None = None

    async def start(self, port: int = 0) -> None:
        """Listen; port 0 takes a free one. `OSError` when the port is in use."""
        self._socket = socket.create_server((HOST, port))
        self.port = self._socket.getsockname()[1]
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket).start()

    async def stop(self) -> None:
        """Take no more connections and end those that there are."""
        if self._socket is not None:
            await self._accept_no_more(self._socket)
            self._socket = None
        await self._runner.cleanup()

    async def _accept_no_more(self, listening: socket.socket) -> None:
        """Let connections that were accepted a moment ago get as far as being closed.

        asyncio of Python 3.11 leaves one open for ever when the server closes between
        its accept and the task that makes a transport of it, two turns of the loop later.
        """
        asyncio.get_running_loop().remove_reader(listening)
        for _ in range(2):
            await asyncio.sleep(0)
