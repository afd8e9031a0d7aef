"""The operator's page as a web server has it: routes, who may see them, what goes along."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from zoneinfo import ZoneInfo

import jinja2
import structlog
from aiohttp import hdrs, web

from bots import usage
from bots.console import cost, figures, questions, settings
from bots.console.entry import LASTS, Entry, Tried
from bots.console.now import Now
from core.errors import StoreFailed
from core.presets import Preset
from core.spending import SpendingLimit
from core.store.costs import BY
from core.store.reader import Connection, Reader
from core.troubles import Troubles

log = structlog.get_logger()

HOME = "/admin"
FOLDER = Path(__file__).parent
ASSETS = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "mark.svg": "image/svg+xml",
}
FORM = "application/x-www-form-urlencoded"
LONGEST_FORM = 4096
"""Bytes of the form with the token."""

SENDING = 10.0
"""Seconds for a browser to send it."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""Nothing runs in the page, or is loaded by it, but what this server serves; nobody frames it,
and no cache keeps it."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
T = TypeVar("T")


class Console:
    """Answers under `/admin`, to whoever knows the token; reads, and changes nothing.

    `name` tells its cookie apart from that of another bot on this machine. `clock` gives seconds
    since 1970.
    """

    def __init__(
        self,
        *,
        token: str,
        name: str,
        now: Now,
        reader: Reader,
        deployment: Preset,
        limits: tuple[SpendingLimit, ...],
        troubles: Troubles,
        zone: ZoneInfo,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._entry = Entry(token, time.monotonic)
        self._cookie = f"parley_{name}"
        self._now = now
        self._reader = reader
        self._deployment = deployment
        self._limits = limits
        self._troubles = troubles
        self._zone = zone
        self._clock = clock
        self._templates = _templates(zone, clock)
        self._assets = {name: (FOLDER / "static" / name).read_bytes() for name in ASSETS}

    def routes(self) -> list[web.RouteDef]:
        """What is to be added to a server."""
        pages = {
            "": self._home,
            "/now": self._live,
            "/cost": self._cost,
            "/cost.csv": self._table,
            "/questions": self._questions,
            "/question": self._question,
            "/settings": self._settings,
            "/errors": self._errors,
            "/{rest:.*}": self._nothing,
        }
        return [
            web.get(f"{HOME}/login", self._guarded(self._ask_token)),
            web.post(f"{HOME}/login", self._guarded(self._log_in)),
            web.post(f"{HOME}/logout", self._guarded(self._log_out)),
            web.get(HOME + "/static/{name}", self._guarded(self._asset)),
            *(
                web.get(HOME + path, self._guarded(self._private(page)))
                for path, page in pages.items()
            ),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        """Add what every answer carries."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                response = await handler(request)
            except web.HTTPException as answer:
                response = web.Response(status=answer.status, text=answer.text)
            except StoreFailed as error:
                log.warning("the operator's page cannot read the records", error=str(error))
                response = await self._page(request, "failed", 503, why=str(error))
            response.headers.update(HEADERS)
            return response

        return guarded

    def _private(self, handler: Handler) -> Handler:
        """Let in who is logged in, or shows the token; others are asked for it."""

        async def private(request: web.Request) -> web.StreamResponse:
            if self._is_logged_in(request):
                return await handler(request)
            scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
            if scheme.lower() == "bearer":
                tried = self._entry.try_token(token.strip(), request.remote or "")
                return (
                    await handler(request)
                    if tried is Tried.RIGHT
                    else self._refused(request, tried)
                )
            if "text/html" in request.headers.get(hdrs.ACCEPT, ""):
                return _see_other(f"{HOME}/login?{urlencode({'next': request.path_qs})}")
            return self._refused(request, Tried.WRONG)

        return private

    def _refused(self, request: web.Request, tried: Tried) -> web.Response:
        if tried is Tried.TOO_OFTEN:
            return web.Response(
                status=429, text=self._too_often(request), headers=self._later(request)
            )
        return web.Response(
            status=401,
            text=f"Log in at {HOME}/login, or send ADMIN_TOKEN as a bearer token.",
            headers={hdrs.WWW_AUTHENTICATE: 'Bearer realm="Parley"'},
        )

    def _later(self, request: web.Request) -> dict[str, str]:
        return {hdrs.RETRY_AFTER: str(int(self._entry.wait(request.remote or "")) + 1)}

    def _too_often(self, request: web.Request) -> str:
        wait = figures.span(self._entry.wait(request.remote or "") + 1)
        return f"Too many wrong tokens came from this address. Try again in {wait}."

    def _is_logged_in(self, request: web.Request) -> bool:
        return self._entry.knows(request.cookies.get(self._cookie, ""))

    async def _ask_token(self, request: web.Request) -> web.StreamResponse:
        if self._is_logged_in(request):
            return _see_other(HOME)
        where = _inside(request.query.get("next", ""))
        return await self._page(request, "login", next=where, wrong="")

    async def _log_in(self, request: web.Request) -> web.StreamResponse:
        _refuse_other_sites(request)
        form = await _form(request)
        where = _inside(form.get("next", ""))
        tried = self._entry.try_token(form.get("token", "").strip(), request.remote or "")
        if tried is Tried.TOO_OFTEN:
            return await self._page(
                request,
                "login",
                429,
                next=where,
                wrong=self._too_often(request),
                headers=self._later(request),
            )
        if tried is Tried.WRONG:
            return await self._page(
                request, "login", 401, next=where, wrong="This is not the token."
            )
        response = _see_other(where)
        response.set_cookie(
            self._cookie,
            self._entry.begin(),
            max_age=int(LASTS),
            path=HOME,
            httponly=True,
            samesite="Strict",
            secure=request.secure or request.headers.get("X-Forwarded-Proto") == "https",
        )
        return response

    async def _log_out(self, request: web.Request) -> web.StreamResponse:
        _refuse_other_sites(request)
        self._entry.end(request.cookies.get(self._cookie, ""))
        response = _see_other(f"{HOME}/login")
        response.del_cookie(self._cookie, path=HOME)
        return response

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in ASSETS:
            raise web.HTTPNotFound
        return web.Response(body=self._assets[name], content_type=ASSETS[name], charset="utf-8")

    async def _nothing(self, request: web.Request) -> web.StreamResponse:
        if request.path == f"{HOME}/":
            return _see_other(HOME)
        return await self._page(request, "nothing", 404)

    async def _home(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, "now", now=await self._now.look())

    async def _live(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, "live", now=await self._now.look())

    async def _cost(self, request: web.Request) -> web.StreamResponse:
        bill = await self._look(self._bill, self._chosen(request))
        today = cost.today(self._clock(), self._zone)
        return await self._page(request, "cost", bill=bill, spans=cost.spans(today), by=BY)

    async def _table(self, request: web.Request) -> web.StreamResponse:
        """The same costs for a spreadsheet: every row, and exact."""
        choice = self._chosen(request)
        entries = await self._look(cost.entries, choice)
        bill = usage.Bill(choice.by, choice.span.since, choice.span.until, entries)
        name = f"parley-costs-{choice.by}-{choice.span.since}-{choice.span.until}.csv"
        return web.Response(
            text=await asyncio.to_thread(usage.as_csv, bill) + "\n",
            content_type="text/csv",
            headers={hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"'},
        )

    async def _questions(self, request: web.Request) -> web.StreamResponse:
        choice = questions.chosen(request.query)
        listing = await self._look(questions.listing, choice, self._clock(), self._zone)
        return await self._page(request, "questions", listing=listing, of=questions)

    async def _question(self, request: web.Request) -> web.StreamResponse:
        key = request.query.get("key", "")
        if (record := await self._look(questions.one, key)) is None:
            return await self._page(request, "nothing", 404, key=key)
        return await self._page(request, "question", record=record, of=questions)

    async def _settings(self, request: web.Request) -> web.StreamResponse:
        overview = await self._look(settings.overview, self._deployment)
        return await self._page(request, "settings", overview=overview)

    async def _errors(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, "errors", troubles=self._troubles.newest())

    def _chosen(self, request: web.Request) -> cost.Choice:
        return cost.chosen(request.query, cost.today(self._clock(), self._zone))

    def _bill(self, connection: Connection, choice: cost.Choice) -> cost.Bill:
        return cost.bill(connection, choice, self._limits, self._clock())

    async def _look(self, query: Callable[..., T], *given: Any) -> T:
        """Read from the records, in a thread."""
        return await self._reader.look(lambda connection: query(connection, *given))

    async def _page(
        self,
        request: web.Request,
        name: str,
        status: int = 200,
        *,
        headers: Mapping[str, str] | None = None,
        **shown: Any,
    ) -> web.Response:
        """A page, drawn in a thread: a long table takes longer than a reply should wait."""
        template = self._templates.get_template(f"{name}.html")
        html = await asyncio.to_thread(
            template.render,
            here=request.path,
            status=self._now.status,
            logged_in=name != "login",
            clock=self._clock(),
            **shown,
        )
        return web.Response(text=html, content_type="text/html", status=status, headers=headers)


async def _form(request: web.Request) -> Mapping[str, str]:
    """The fields of our form; whoever sends it is not known yet, so little is read of it.

    aiohttp reads any kind of form, megabytes of it, and fails for those that are none.
    """
    if request.content_type != FORM:
        raise web.HTTPUnsupportedMediaType
    body = b""
    try:
        async with asyncio.timeout(SENDING):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > LONGEST_FORM:
                    raise web.HTTPRequestEntityTooLarge(LONGEST_FORM, len(body))
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _see_other(where: str) -> web.Response:
    return web.Response(status=303, headers={hdrs.LOCATION: where})


def _inside(where: str) -> str:
    """Where to go after logging in: to a page of this server's, and to no other site."""
    try:
        parts = urlsplit(where)
    except ValueError:  # no address at all
        return HOME
    is_ours = not (parts.scheme or parts.netloc) and (
        parts.path == HOME or parts.path.startswith(f"{HOME}/")
    )
    ours = is_ours and "\\" not in where and where.isprintable()
    return where if ours and not parts.path.startswith(f"{HOME}/login") else HOME


def _refuse_other_sites(request: web.Request) -> None:
    """Browsers tell from which site a form was sent; one of another site's is not taken."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is None:
        origin = request.headers.get(hdrs.ORIGIN)
        is_ours = origin is None or origin.partition("://")[2] == request.host
    else:
        is_ours = site in ("same-origin", "none")
    if not is_ours:
        raise web.HTTPForbidden(text="This form was sent by another site.")


def _templates(zone: ZoneInfo, clock: Callable[[], float]) -> jinja2.Environment:
    """The pages; whatever is put into them is text, and never markup."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    versions = {
        name: hashlib.sha256((FOLDER / "static" / name).read_bytes()).hexdigest()[:12]
        for name in ASSETS
    }
    templates.globals.update(home=HOME, link=_link, versions=versions, zone=str(zone))
    templates.filters.update(
        {
            "money": figures.money,
            "exactly": figures.exactly,
            "count": figures.count,
            "short": figures.short,
            "seconds": figures.seconds,
            "span": figures.span,
            "day": figures.day,
            "words": settings.words,
            "moment": lambda at: figures.moment(at, zone, clock()),
            "iso": partial(figures.iso, zone=zone),
        }
    )
    return templates


def _link(path: str, query: Mapping[str, str] | None = None) -> str:
    """The address of a page, with what is wanted of it."""
    return f"{HOME}{path}?{urlencode(query, quote_via=quote)}" if query else f"{HOME}{path}"
