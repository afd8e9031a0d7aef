"""The REST API as a web application: limits, faults and the record of what was asked."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import BodyPartReader, web

from sandbox.discord.buckets import FREE, Buckets, Verdict
from sandbox.discord.calls import Call, Created, Route, not_found
from sandbox.discord.files import Upload
from sandbox.discord.realm import Realm
from sandbox.discord.refusals import Code, Limited, Refused, Unauthorized
from sandbox.discord.requests import Request
from sandbox.faults import Fault, Faults
from sandbox.watchers import Watchers

PREFIX = "/api/v10"

LARGEST = 25 * 1024 * 1024
"""Bytes in one request (reference, "Uploading Files")."""

_VIA = "1.1 google"
"""Its absence would make clients believe that a 429 comes from Cloudflare."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; `status` 0 cuts the connection instead."""

    status: int
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def code(self) -> int:
        """Discord's error code in it."""
        return (
            int(self.data.get("code", 0))
            if isinstance(self.data, dict) and self.status >= 400
            else 0
        )

    def response(self, request: web.Request) -> web.Response:
        """As aiohttp sends it; clients insist on this very content type."""
        if self.status == 0:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        headers = {"Via": _VIA, **self.headers}
        if self.status == 204:
            return web.Response(status=204, headers=headers)
        headers["Content-Type"] = "application/json"
        return web.Response(status=self.status, body=orjson.dumps(self.data), headers=headers)


CUT = Answer(0)


class Rest:
    """Answers requests by a table of routes."""

    def __init__(
        self,
        realm: Realm,
        routes: Iterable[Route],
        faults: Faults,
        *,
        token: str,
        latency: float,
        limited: bool,
    ) -> None:
        self.requests: deque[Request] = deque(maxlen=10_000)
        self._realm = realm
        self._routes = list(routes)
        self._faults = faults
        self._authorization = f"Bot {token}"
        self._latency = latency
        self.answered = Watchers[Request]()
        self.buckets = Buckets() if limited else None

    def revoke(self) -> None:
        """Let nobody in with the token any more."""
        self._authorization = ""

    def add_to(self, app: web.Application) -> None:
        """Put the routes into a web application."""
        for route in self._routes:
            app.router.add_route(route.method, PREFIX + route.path, self._answering(route))
        nothing = Route("*", "/{tail:.*}", "nothing", not_found)
        app.router.add_route("*", nothing.path, self._answering(nothing))

    def _answering(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            return await self._serve(route, request)

        return answer

    async def _serve(self, route: Route, request: web.Request) -> web.Response:
        arrived = self._realm.seconds()
        await self._travel()
        payload, uploads, readable = await _read(request)
        call = Call(request.match_info, request.query, payload, uploads)
        if readable:
            answer = await self._with_faults(route, call, request)
        else:
            answer = _refusal(Refused(Code.INVALID_JSON))
        self._record(arrived, route, request, payload, answer)
        await self._travel()
        return answer.response(request)

    async def _travel(self) -> None:
        """One way over the network."""
        if self._latency:
            await asyncio.sleep(self._latency / 2)

    async def _with_faults(self, route: Route, call: Call, request: web.Request) -> Answer:
        about = {
            **call.path,
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "body": call.payload,
        }
        fault = self._faults.strike(route.name, about)
        if fault is None:
            return self._answer(route, call, request)
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        done = fault.kind in ("slow", "after", "reset_after")
        answer = self._answer(route, call, request) if done else CUT
        return _spoilt(fault, answer)

    def _answer(self, route: Route, call: Call, request: web.Request) -> Answer:
        now = self._realm.seconds()
        if self.buckets and self.buckets.banned(now):
            return Answer(429, {"message": "You are being blocked.", "code": 0})
        verdict = self._count(route, call, now)
        answer = self._judge(route, call, request, verdict)
        if self.buckets and answer.status in (401, 403, 429):
            self.buckets.invalid(now)
        return Answer(answer.status, answer.data, {**answer.headers, **verdict.headers})

    def _count(self, route: Route, call: Call, now: float) -> Verdict:
        if self.buckets is None:
            return FREE
        return self.buckets.take(route.name, call.major, now, counts_globally=not route.secret)

    def _judge(self, route: Route, call: Call, request: web.Request, verdict: Verdict) -> Answer:
        try:
            if not route.secret and request.headers.get("Authorization") != self._authorization:
                raise Unauthorized
            if verdict.wait:
                raise Limited(verdict.wait, everywhere=verdict.everywhere)
            data = route.handler(call)
        except Refused as refused:
            return _refusal(refused)
        if isinstance(data, Created):
            return Answer(201, data.data)
        return Answer(204) if data is None else Answer(200, data)

    def _record(
        self, at: float, route: Route, request: web.Request, payload: Any, answer: Answer
    ) -> None:
        path = request.path.removeprefix(PREFIX)
        answered = Request(
            at, request.method, path, route.name, payload, answer.status, answer.code
        )
        self.requests.append(answered)
        self.answered.tell(answered)


def _refusal(refused: Refused) -> Answer:
    headers = {"Retry-After": str(int(refused.seconds) + 1)} if isinstance(refused, Limited) else {}
    return Answer(refused.status, refused.body(), headers)


def _spoilt(fault: Fault, answer: Answer) -> Answer:
    """What a fault makes of an answer."""
    match fault.kind:
        case "status" | "after":
            return Answer(fault.status, {"message": f"{fault.status}: Fault", "code": 0})
        case "reset" | "reset_after":
            return CUT
        case "rate_limit":
            return _refusal(Limited(fault.seconds))
        case "code":
            return _made_up(int(fault.code))
        case _:
            return answer


def _made_up(code: int) -> Answer:
    """The platform's answer with this code; one that is not known here is a plain 400."""
    if code in set(Code):
        return _refusal(Refused(Code(code)))
    return Answer(400, {"message": "Fault", "code": code})


async def _read(request: web.Request) -> tuple[Any, tuple[Upload, ...], bool]:
    """The body's JSON, its files, and whether it could be read."""
    try:
        if request.content_type == "multipart/form-data":
            payload, uploads = await _read_multipart(request)
            return payload, uploads, True
        text = await request.read()
        return (json.loads(text) if text else None), (), True
    except ValueError:
        return None, (), False


async def _read_multipart(request: web.Request) -> tuple[Any, tuple[Upload, ...]]:
    payload: Any = {}
    uploads = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise ValueError  # noqa: TRY004  # like JSON that is none
        data = bytes(await part.read())
        if part.name == "payload_json":
            payload = json.loads(data)
        else:
            media_type = part.headers.get("Content-Type", "")
            uploads.append(Upload(part.filename or "file", media_type, data))
    return payload, tuple(uploads)
