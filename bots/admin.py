"""What an operator's tools ask the process: does it live, is it ready."""

from collections.abc import Callable, Mapping

from aiohttp import web

from core.errors import StartError


class Admin:
    """A small server on `ADMIN_PORT`.

    `/healthz` answers as long as the event loop turns; `/readyz` answers 200 when every
    check holds, and otherwise 503 with the names of those that do not.
    """

    def __init__(self, host: str, port: int, checks: Mapping[str, Callable[[], bool]]) -> None:
        self._host = host
        self._port = port
        self._checks = checks
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)

    async def start(self) -> None:
        """Listen; `StartError` when the port is taken."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            raise StartError(
                f"ADMIN_PORT: cannot listen on {self._host}:{self._port} "
                f"({error.strerror}). Set another port, or end the program that uses it."
            ) from error

    async def stop(self) -> None:
        """Close the server."""
        await self._runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _readyz(self, _: web.Request) -> web.Response:
        waiting = sorted(name for name, holds in self._checks.items() if not holds())
        if waiting:
            return web.json_response({"status": "waiting", "for": waiting}, status=503)
        return web.json_response({"status": "ready"})
