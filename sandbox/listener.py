"""HTTP on loopback: what every server of the sandbox listens with."""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from typing import Any

from aiohttp import web

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Tls:
    """HTTPS: with which certificate, and under which name, which leads to loopback somewhere."""

    context: ssl.SSLContext
    host: str = HOST


def address(port: int, tls: Tls | None = None) -> str:
    """Where a port is, such as http://127.0.0.1:8020."""
    return f"https://{tls.host}:{port}" if tls else f"http://{HOST}:{port}"


class Listener:
    """Serves one application on loopback; `options` are those of aiohttp's `AppRunner`.

    With `tls` it speaks HTTPS.
    """

    def __init__(self, app: web.Application, *, tls: Tls | None = None, **options: Any) -> None:
        self.port = 0
        self._tls = tls
        self._runner = web.AppRunner(app, access_log=None, **options)
        self._socket: socket.socket | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return address(self.port, self._tls)

    async def start(self, port: int = 0) -> None:
        """Listen; port 0 takes a free one. `OSError` when the port is in use."""
        self._socket = socket.create_server((HOST, port))
        self.port = self._socket.getsockname()[1]
        await self._runner.setup()
        await web.SockSite(
            self._runner, self._socket, ssl_context=self._tls.context if self._tls else None
        ).start()

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
