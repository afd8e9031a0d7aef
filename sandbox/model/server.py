"""The chat-completions API on loopback, for the real openai client to run against."""

import asyncio
import itertools
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import orjson
from aiohttp import web

from sandbox.faults import Faults
from sandbox.listener import Listener, Tls
from sandbox.model.allowance import Allowance
from sandbox.model.answer import Answer, Cut, Piece, Raw
from sandbox.model.checks import check
from sandbox.model.chunks import Chunks, completion
from sandbox.model.errors import Refused
from sandbox.model.record import Recorded, Sent
from sandbox.model.sending import Broken, Ended, Meter, Pace, Sending
from sandbox.model.standin import StandIn
from sandbox.model.tokens import Count, count, count_prompt
from sandbox.watchers import Watchers

MODELS = ("gpt-6-luna", "gpt-6-sol", "gpt-4o-mini")
WINDOW = 922_000
BORN = 1_788_000_000
LARGEST = 64 * 2**20

REQUEST_ID = web.RequestKey("REQUEST_ID", str)
MODEL = web.RequestKey("MODEL", str)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Script = Callable[[dict[str, Any]], Answer]
"""The answer to the body of a request."""


class ModelServer:
    """An OpenAI-compatible API that checks like OpenAI's and answers from a script.

    `rate` is in tokens per second, `first_token` in seconds; `window` is the context
    of every model, in tokens. Faults strike at "chat.completions", "models" and
    "chunk" (see `Sending`). Without a script the stand-in answers. `count` tells the tokens of
    a text. `sent` tells what is streamed.

    `streams`, `listed` and `told_window` can be set as other servers are: some answer in one piece
    whatever is asked, list other models than they have, or tell the size of their context.
    """

    def __init__(
        self,
        *,
        key: str = "sk-sandbox",
        models: Sequence[str] = MODELS,
        rate: float = 40.0,
        first_token: float = 0.3,
        window: int = WINDOW,
        allowance: Allowance | None = None,
        faults: Faults | None = None,
        script: Script | None = None,
        count: Count = count,
        tls: Tls | None = None,
    ) -> None:
        self.key = key
        self.models = tuple(models)
        self.rate = rate
        self.first_token = first_token
        self.window = window
        self.allowance = allowance or Allowance()
        self.faults = faults or Faults()
        self.script = script or StandIn()
        self.count = count
        self.streams = True
        self.listed: tuple[str, ...] | None = None
        self.told_window: int | None = None
        self.requests: deque[Recorded] = deque(maxlen=10_000)
        self.sent = Watchers[Sent]()
        self._queue: deque[Answer] = deque()
        self._ids = itertools.count(1)
        self._listener = Listener(
            self._app(), tls=tls, handler_cancellation=True, shutdown_timeout=0.1
        )

    @property
    def base_url(self) -> str:
        """The address for `OPENAI_BASE_URL`."""
        return f"{self._listener.address}/v1"

    async def start(self, port: int = 0) -> None:
        """Listen on loopback; `OSError` when the port is taken."""
        await self._listener.start(port)

    async def stop(self) -> None:
        """Stop listening; requests in flight are cut."""
        await self._listener.stop()

    def enqueue(self, *pieces: Piece | Answer) -> None:
        """Answer the next request with exactly this: an `Answer`, or one of these pieces.

        Several answers are for as many requests. Nothing is waited for but their own
        pauses and paces.
        """
        answers = [piece for piece in pieces if isinstance(piece, Answer)]
        rest = tuple(piece for piece in pieces if not isinstance(piece, Answer))
        for answer in answers if not rest else [*answers, Answer(rest)]:
            self._queue.append(
                replace(
                    answer,
                    rate=math.inf if answer.rate is None else answer.rate,
                    first_token=answer.first_token or 0.0,
                )
            )

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST, middlewares=[self._answer_errors])
        app.router.add_post("/v1/chat/completions", self._completions)
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_get("/v1/models/{id:.+}", self._show_model)
        return app

    @web.middleware
    async def _answer_errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every refusal in the API's shape, with a request id."""
        request[REQUEST_ID] = f"req_sandbox{next(self._ids):06d}"
        try:
            self._authorize(request)
            return await handler(request)
        except Refused as refused:
            return self._refusal(request, refused)
        except Broken:
            _cut(request)
            return web.Response()
        except web.HTTPException as error:
            message = f"Invalid URL ({request.method} {request.path})"
            return self._refusal(request, Refused(None, message, status=error.status))

    def _refusal(self, request: web.Request, refused: Refused) -> web.Response:
        headers = self._headers(request) | refused.headers
        return web.json_response(refused.as_json(), status=refused.status, headers=headers)

    def _headers(self, request: web.Request, answer: Answer | None = None) -> dict[str, str]:
        limits = self.allowance.headers(model, _now()) if (model := request.get(MODEL)) else {}
        own = {"x-request-id": request[REQUEST_ID], **limits}
        return own | dict(answer.headers if answer else {})

    def _authorize(self, request: web.Request) -> None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise Refused(None, "You didn't provide an API key.", status=401)
        if key.strip() != self.key:
            raise Refused("invalid_api_key")

    async def _list_models(self, request: web.Request) -> web.StreamResponse:
        await self._strike("models")
        told = {} if self.told_window is None else {"max_model_len": self.told_window}
        names = self.models if self.listed is None else self.listed
        models = [_model(name) | told for name in names]
        body = {"object": "list", "data": models}
        return web.json_response(body, headers=self._headers(request))

    async def _show_model(self, request: web.Request) -> web.StreamResponse:
        await self._strike("models")
        name = request.match_info["id"]
        if name not in self.models:
            raise Refused("model_not_found", f"The model '{name}' does not exist")
        return web.json_response(_model(name), headers=self._headers(request))

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        recorded = Recorded({}, request.headers, request[REQUEST_ID], _now())
        self.requests.append(recorded)
        gone = False
        try:
            recorded.body = _parse(await request.read())
            return await self._complete(request, recorded)
        except (asyncio.CancelledError, ConnectionError):
            gone = True
            raise
        except Refused as refused:
            recorded.status = refused.status
            raise
        finally:
            recorded.end(_now(), cancelled=gone)

    async def _complete(self, request: web.Request, recorded: Recorded) -> web.StreamResponse:
        body = check(recorded.body, self.models, self.window)
        request[MODEL] = body["model"]
        cut_at_end = await self._strike("chat.completions", body)
        self._take(body)
        answer = self._queue.popleft() if self._queue else self.script(body)
        if answer.status != 200:
            return self._failure(request, recorded, answer)
        if cut_at_end:
            answer = replace(answer, pieces=(*answer.pieces, Cut()))
        sending = self._sending(answer, recorded)
        send = self._stream if body.get("stream") and self.streams else self._whole
        try:
            return await send(request, recorded, sending)
        finally:
            recorded.usage = sending.meter.usage

    def _sending(self, answer: Answer, recorded: Recorded) -> Sending:
        pace = Pace(
            rate=self.rate if answer.rate is None else answer.rate,
            first=self.first_token if answer.first_token is None else answer.first_token,
        )
        body = recorded.body
        meter = Meter(count_prompt(body["messages"], self.count), self.count)
        told = partial(self._tell, recorded)
        return Sending(answer, pace, meter, self.faults, body, told)

    def _tell(self, recorded: Recorded, text: str) -> None:
        self.sent.tell(Sent(recorded, text, _now()))

    async def _stream(
        self, request: web.Request, recorded: Recorded, sending: Sending
    ) -> web.StreamResponse:
        headers = {"content-type": "text/event-stream; charset=utf-8"}
        response = web.StreamResponse(headers=headers | self._headers(request, sending.answer))
        await response.prepare(request)
        recorded.status = 200
        # An error event ends the stream by itself; only a cut needs the connection's end.
        whole = False
        try:
            with suppress(Ended):
                await sending.stream(response, self._chunks(request, recorded.body, sending.answer))
                whole = True
        finally:
            self.sent.tell(Sent(recorded, "", _now(), over=True, whole=whole))
        return response

    async def _whole(
        self, request: web.Request, recorded: Recorded, sending: Sending
    ) -> web.StreamResponse:
        await sending.whole()
        recorded.status = 200
        body = completion(
            _completion_id(request),
            recorded.body["model"],
            int(time.time()),
            sending.answer,
            sending.meter.usage,
        )
        return web.json_response(body, headers=self._headers(request, sending.answer))

    def _chunks(self, request: web.Request, body: dict[str, Any], answer: Answer) -> Chunks:
        options = body.get("stream_options") or {}
        return Chunks(
            _completion_id(request),
            body["model"],
            int(time.time()),
            answer.newline,
            bool(options.get("include_usage")),
        )

    def _failure(
        self, request: web.Request, recorded: Recorded, answer: Answer
    ) -> web.StreamResponse:
        """An answer that is an error response, of the API or of a proxy before it."""
        recorded.status = answer.status
        raw = b"".join(piece.data for piece in answer.pieces if isinstance(piece, Raw))
        headers = self._headers(request, answer)
        if raw:
            return web.Response(body=raw, status=answer.status, headers=headers)
        refused = Refused(answer.code or None, answer.text, status=answer.status)
        return web.json_response(refused.as_json(), status=answer.status, headers=headers)

    def _take(self, body: dict[str, Any]) -> None:
        wanted = body.get("max_completion_tokens") or body.get("max_tokens") or 0
        tokens = count_prompt(body["messages"]) + wanted
        if exceeded := self.allowance.take(body["model"], tokens, _now()):
            raise Refused(
                "rate_limit_exceeded",
                exceeded.message(body["model"]),
                kind=exceeded.kind,
                headers={} if exceeded.wait is None else _retry_after(exceeded.wait),
            )

    async def _strike(self, event: str, about: dict[str, Any] | None = None) -> bool:
        """Carry out a fault; True when the connection is to be cut after the answer.

        An answer has no effect besides itself, so that `after` is as `status`.
        """
        fault = self.faults.strike(event, about)
        if fault is None:
            return False
        match fault.kind:
            case "slow":
                await asyncio.sleep(fault.seconds)
            case "reset":
                raise Broken
            case "rate_limit":
                raise Refused("rate_limit_exceeded", headers=_retry_after(fault.seconds))
            case "code":
                raise Refused(fault.code)
            case "status" | "after":
                code = "server_error" if fault.status >= 500 else None
                raise Refused(fault.code or code, status=fault.status)
        return fault.kind == "reset_after"


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused(None, "We could not parse the JSON body of your request.") from error


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": BORN, "owned_by": "sandbox"}


def _completion_id(request: web.Request) -> str:
    return request[REQUEST_ID].replace("req_", "chatcmpl-")


def _retry_after(seconds: float) -> dict[str, str]:
    return {"retry-after": str(math.ceil(seconds)), "retry-after-ms": str(round(seconds * 1000))}


def _now() -> float:
    return asyncio.get_running_loop().time()


def _cut(request: web.Request) -> None:
    """Break the connection without a word; what is still unsent is lost."""
    if request.transport is not None:
        request.transport.abort()
