"""What an operator's tools ask the process: does it live, is it ready."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from aiohttp import web

from bots.listening import listen

STUCK = 10.0
"""Seconds without a turn of the event loop from which on the process does not count as alive."""

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
"""What Prometheus reads."""


class Admin:
    """A small server on `ADMIN_PORT`.

    `/healthz` answers 200 while the event loop turns, of which `late` tells for how many seconds
    it has not; `/readyz` answers 200 when every check holds, and otherwise 503 with the names of
    those that do not. `/metrics` is what `figures` gives. `more` is served, too: the operator's
    page at `/admin`, to which `/` leads.
    """

    def __init__(
        self,
        host: str,
        port: int,
        checks: Mapping[str, Callable[[], bool]],
        more: Iterable[web.AbstractRouteDef] = (),
        *,
        late: Callable[[], float] = lambda: 0.0,
        figures: Callable[[], Awaitable[bytes]] | None = None,
    ) -> None:
        self._late = late
        self._figures = figures
        self._host = host
        self._port = port
        self._checks = checks
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        if figures:
            app.router.add_get("/metrics", self._metrics)
        app.add_routes(more)
        app.router.add_get("/admin", self._no_page)
        app.router.add_get("/", self._front)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)

    async def start(self) -> None:
        """Listen; `StartError` when the port is taken."""
        await listen(self._runner, self._host, self._port, "ADMIN")

    async def stop(self) -> None:
        """Close the server."""
        await self._runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        late = self._late()
        # An answer shows that the loop turns now; whoever was stuck until then is not well yet.
        if late > STUCK:
            return web.json_response({"status": "stuck", "seconds": round(late, 1)}, status=503)
        return web.json_response({"status": "alive"})

    async def _metrics(self, _: web.Request) -> web.Response:
        body = await self._figures() if self._figures else b""
        return web.Response(body=body, headers={"Content-Type": EXPOSITION})

    async def _front(self, _: web.Request) -> web.Response:
        raise web.HTTPFound("/admin")

    async def _no_page(self, _: web.Request) -> web.Response:
        return web.Response(status=404, text="The operator's page is off: set ADMIN_TOKEN.")

    async def _readyz(self, _: web.Request) -> web.Response:
        waiting = sorted(name for name, holds in self._checks.items() if not holds())
        if waiting:
            return web.json_response({"status": "waiting", "for": waiting}, status=503)
        return web.json_response({"status": "ready"})
