"""What an operator can look at while the bot runs: whether it is ready, figures, pages."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from aiohttp import web

from bots.admin import Admin
from bots.building import Built
from bots.busy import Watch
from bots.platforms import Bot
from core.settings import Settings
from core.store.account import file_of
from core.store.reader import Reader
from core.troubles import Troubles

if TYPE_CHECKING:
    from bots.metrics import Metrics


class Watched:
    """A bot at work, as its operator's tools see it.

    `troubles` are what the log has kept, `watch` knows how late the event loop is.
    """

    def __init__(
        self,
        settings: Settings,
        built: Built,
        bots: Mapping[str, Bot],
        *,
        metrics: "Metrics | None",
        troubles: Troubles,
        watch: Watch,
    ) -> None:
        self._settings = settings
        self._built = built
        self._hearings = {name: bot.hearing for name, bot in bots.items()}
        self._metrics = metrics
        self._troubles = troubles
        self._watch = watch
        self._reader = Reader(file_of(settings.database_url))
        self._checks: dict[str, Callable[[], bool]] = {
            name: partial(getattr, bot, "ready") for name, bot in bots.items()
        }
        self._checks["questions"] = lambda: built.chat.takes_questions
        self._checks["database"] = lambda: built.store.is_writable

    def status(self) -> str:
        """How it is, in a line."""
        waiting = sorted(name for name, holds in self._checks.items() if not holds())
        return f"waits for: {', '.join(waiting)}" if waiting else "answers questions"

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        """Answer an operator's tools, where a port is set for them."""
        settings = self._settings
        if settings.admin_port is None:
            yield
            return
        admin = Admin(
            settings.admin_host,
            settings.admin_port,
            self._checks,
            self._pages(settings.admin_port),
            late=lambda: self._watch.late,
            figures=self._figures(),
        )
        await admin.start()
        try:
            yield
        finally:
            self._reader.close()
            await admin.stop()

    def _pages(self, port: int) -> list[web.RouteDef]:
        """The operator's page, where a password is set; else its libraries are not imported."""
        settings, built = self._settings, self._built
        if not settings.admin_token:
            return []
        from bots.console.console import Console  # noqa: PLC0415
        from bots.console.now import Now  # noqa: PLC0415

        now = Now(
            chat=built.chat,
            governor=built.governor,
            store=built.store,
            reader=self._reader,
            hearings=self._hearings,
            checks=self._checks,
            troubles=self._troubles,
            zone=settings.time_zone,
            version=version("parley"),
        )
        return Console(
            token=settings.admin_token.get_secret_value(),
            name=str(port),
            now=now,
            reader=self._reader,
            deployment=built.overrides.deployment,
            limits=built.spending.limits,
            troubles=self._troubles,
            zone=settings.time_zone,
        ).routes()

    def _figures(self) -> Callable[[], Awaitable[bytes]] | None:
        """What `/metrics` answers."""
        metrics, built = self._metrics, self._built
        if metrics is None:
            return None
        from bots.metrics import Page, Sources, Standing  # noqa: PLC0415

        metrics.begin(self._hearings)
        sources = Sources(
            chat=built.chat,
            composer=built.composer,
            governor=built.governor,
            store=built.store,
            spending=built.spending,
            troubles=self._troubles,
            hearings=self._hearings,
            checks=self._checks,
            version=version("parley"),
        )
        return Page(metrics, Standing(sources)).text
