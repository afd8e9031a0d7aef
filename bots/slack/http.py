"""Slack over HTTP: events, commands and clicks, as requests that Slack signs.

Source: docs.slack.dev/apis/events-api/using-http-request-urls.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import structlog
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from bots.listening import listen
from bots.slack.dispatch import ANSWERED, COMMAND, EVENT, INTERACTION, dispatched
from bots.slack.door import AGAIN
from bots.slack.payload import decoded, string
from bots.slack.signature import Signatures
from core.errors import PlatformFailed, StoreFailed

log = structlog.get_logger()

PATH = "/slack/events"

LARGEST = 2 * 1024 * 1024
"""Bytes of a request's body; of Slack's own, a tenth of that is much."""

READING = 10.0
"""Seconds for a body to arrive."""

LAST_ANSWERS = 1.0
"""Seconds in which what has been heard may still be answered, when the bot stops."""

Find = Callable[[dict[str, Any]], Awaitable[AsyncApp | None]]
"""Which workspace's app a payload is for; None for a workspace that is none of ours.

Raises `PlatformFailed` and `StoreFailed` where that cannot be told now.
"""


@dataclass(frozen=True, slots=True)
class _Sent:
    """A request of Slack's, as Socket Mode would bring it."""

    kind: str
    payload: dict[str, Any]


class Receiver:
    """Listens on `HTTP_PORT`; what is not signed as Slack does is refused, and nothing else.

    `clock` gives seconds since 1970.
    """

    def __init__(
        self,
        host: str,
        port: int,
        signing_secret: str,
        find: Find,
        *,
        routes: Sequence[web.RouteDef] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._host = host
        self._port = port
        self._signatures = Signatures(signing_secret, clock)
        self._find = find
        self._over = asyncio.Event()
        self._listening = False
        application = web.Application(client_max_size=LARGEST)
        application.add_routes([web.post(PATH, self._receive), *routes])
        self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=LAST_ANSWERS, handle_signals=False
        )

    @property
    def open(self) -> bool:
        """Whether events can arrive, as far as this machine can tell."""
        return self._listening

    async def start(self) -> None:
        """Listen; `StartError` when the port is taken."""
        await listen(self._runner, self._host, self._port, "HTTP")
        self._listening = True
        log.info("slack is heard over HTTP", host=self._host, port=self._port, path=PATH)

    async def run(self) -> None:
        """Return when `stop` was called."""
        await self._over.wait()

    async def stop(self) -> None:
        """Take no more requests; returns when those that came have been answered."""
        self._listening = False
        await self._runner.cleanup()
        self._over.set()

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        if not self._signatures.plausible(request):
            return web.Response(status=401)
        try:
            async with asyncio.timeout(READING):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408)
        if not self._signatures.good(request, body):
            log.warning("request not signed by Slack; see whether SLACK_SIGNING_SECRET is right")
            return web.Response(status=401)
        sent = _read(request.content_type, body.decode())
        if sent is None:
            return web.Response(status=400)
        if (answer := _beside(sent.payload)) is not None:
            return answer
        answered = asyncio.Event()
        try:
            response = _response(await self._answer(request, sent, answered))
            await response.prepare(request)
            await response.write_eof()
            return response
        finally:
            answered.set()

    async def _answer(
        self, request: web.Request, sent: _Sent, answered: asyncio.Event
    ) -> BoltResponse:
        try:
            app = await self._find(sent.payload)
        except (PlatformFailed, StoreFailed) as error:
            log.warning("request not taken", kind=sent.kind, reason=str(error))
            return BoltResponse(status=AGAIN)
        if app is None:
            log.info("request of a workspace in which the bot is not installed", kind=sent.kind)
            return BoltResponse(status=200)
        return await dispatched(app, sent.kind, sent.payload, _retry(request), {ANSWERED: answered})


def _read(content_type: str, text: str) -> _Sent | None:
    """What a body says; None for what Slack does not send."""
    if content_type == "application/json":
        payload = decoded(text)
        return _Sent(EVENT, payload) if payload else None
    if content_type != "application/x-www-form-urlencoded":
        return None
    try:
        fields: dict[str, Any] = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=1000))
    except ValueError:
        return None
    if "payload" in fields:
        payload = decoded(fields["payload"])
        return _Sent(INTERACTION, payload) if payload else None
    return _Sent(COMMAND, fields) if fields else None


def _beside(payload: dict[str, Any]) -> web.Response | None:
    """The answer to what Slack asks of the address, and not of a workspace."""
    match string(payload, "type"):
        case "url_verification":
            return web.json_response({"challenge": string(payload, "challenge")})
        case "app_rate_limited":
            log.warning("slack holds events back: more than 30,000 an hour in a workspace")
            return web.Response()
    return web.Response() if payload.get("ssl_check") == "1" else None


def _retry(request: web.Request) -> dict[str, str]:
    """How often an event was delivered in vain; unlike the body, nobody has signed that."""
    attempt = request.headers.get("X-Slack-Retry-Num", "")
    return {"x-slack-retry-num": attempt} if attempt in ("1", "2", "3") else {}


def _response(answer: BoltResponse) -> web.Response:
    kind = answer.first_headers().get("content-type", "text/plain").partition(";")[0]
    return web.Response(status=answer.status, text=answer.body or "", content_type=kind)
