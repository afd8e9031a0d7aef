"""The model: a request goes in, the events of its answer come out."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

from core.complaint import Refused
from core.dialect import Dialect, dialect_at
from core.errors import NotReached, TooSlow
from core.messages import Image
from core.nap import Nap
from core.reading import NONE, Pause, Reading
from core.thinking import Thinking
from core.wire import Event, Finish, Request

if TYPE_CHECKING:
    from core.door import Passage
    from core.endpoint import Endpoint, Response

log = structlog.get_logger()

LISTING = 20.0
"""Seconds for the list of models to come."""

READS = 1000
"""Reads a second, at most, of all answers together."""

FEW = 4
"""Answers at once, below which each token is read as it comes."""

SOME = 25
"""Answers at once, up to which the end of each is noticed when it comes. What comes before is
read when an edit is due, or after `read_pause`: waking up costs more than reading."""

TICK = 0.04
"""Seconds between the moments at which answers are read, if there are more: all that are due at
once, since looking at the network costs as much."""

DIALECTS = 100
"""Models of which it is remembered what they accept."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, to the first event of an answer, from one event to the next."""

    connect: float = 5.0
    first_token: float = 120.0
    idle: float = 60.0


class Model:
    """An OpenAI-compatible endpoint, for the life of the process.

    With an empty `api_key` none is sent. `read_pause` is the longest pause between two
    reads of an answer, in seconds: with many answers at once, what came in between is
    read together, at less than half the cost.
    """

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        extra_headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
        read_pause: float = 0.2,
    ) -> None:
        self._api_key = api_key
        self.base_url = base_url
        self._extra_headers = extra_headers or {}
        self._timeouts = timeouts or Timeouts()
        self._read_pause = read_pause
        self._streams = 0
        self._responses: set[Response] = set()
        self._first = dialect_at(urlsplit(base_url).hostname or "")
        self._dialects: dict[str, Dialect] = {}
        self._unopened: set[str] = set()
        self._loading = asyncio.Lock()
        self._loaded: Endpoint | None = None

    async def open(self) -> None:
        """Load the SDK, which takes a second; whoever asks first would wait for it."""
        await self._endpoint()

    async def stream(
        self, request: Request, passage: "Passage | None" = None, nap: Nap | None = None
    ) -> AsyncGenerator[tuple[Event, ...], None]:
        """Ask, and give the events as they arrive, those that came together in one tuple.

        The last is `Finish`. It hangs up at once when it is cancelled or closed; use
        `contextlib.aclosing` where the loop may be left early. Raises `ModelFailed`:
        before any text, tool call or refusal the class that fits what happened, after
        that `TooSlow` or `Interrupted`. Parameters that the model refuses are left
        out without a word to the caller, and remembered; so are pictures, see `pictures`.
        Nothing is retried. `passage` learns of each request and of what the endpoint tells of
        its limits. Between two reads it sleeps in `nap`, and reads at once when woken.
        """
        first_by = asyncio.get_running_loop().time() + self._timeouts.first_token
        response = await self._accepted(request, first_by, passage)
        thinking = Thinking(inside=request.parameters.model in self._unopened)
        self._streams += 1
        self._responses.add(response)
        try:
            reading = Reading(
                response,
                first_by=first_by,
                idle=self._timeouts.idle,
                pause=self._pause,
                nap=nap,
                thinking=thinking,
            )
            async with aclosing(reading.events()) as answer:
                async for events in answer:
                    if isinstance(finish := events[-1], Finish):
                        self._learn_thinking(request.parameters.model, thinking, finish)
                    yield events
        finally:
            self._streams -= 1
            self._responses.discard(response)
            await response.close()

    def pictures(self, model: str) -> int | None:
        """How many pictures a model takes in one request; None as far as it has refused none."""
        return self._dialects.get(model, self._first).pictures

    async def names(self) -> tuple[str, ...]:
        """The names of the models that the endpoint offers. Raises `ModelFailed`."""
        return tuple(await self.listing())

    async def listing(self) -> dict[str, int | None]:
        """The same, with the size of each one's context where the endpoint tells it, in tokens."""
        endpoint = await self._endpoint()
        try:
            async with asyncio.timeout(LISTING):
                return await endpoint.listing()
        except Refused as refused:
            raise refused.complaint.error() from refused
        except TimeoutError as error:
            raise TooSlow(code="models") from error

    async def close(self) -> None:
        """Close all connections; answers that are being read are interrupted."""
        # Whoever waits for the next bytes would not notice that the connections are closed.
        for response in tuple(self._responses):
            await response.close()
        if self._loaded is not None:
            await self._loaded.close()

    async def _accepted(
        self, request: Request, first_by: float, passage: "Passage | None"
    ) -> "Response":
        """The response to the request in the first dialect that the server accepts."""
        model = request.parameters.model
        dialect = self._dialects.get(model, self._first)
        while True:
            try:
                response = await self._asked(await _body(dialect, request), first_by, passage)
            except Refused as refused:
                if passage:
                    passage.refused(refused.complaint, refused.limits)
                narrower = dialect.without_refused(refused.complaint, request)
                if narrower is None:
                    raise refused.complaint.error() from refused
                dialect = narrower
            else:
                if passage:
                    passage.answered(response.limits)
                self._learn(model, dialect, request)
                return response

    async def _asked(self, body: bytes, first_by: float, passage: "Passage | None") -> "Response":
        endpoint = await self._endpoint()
        if passage:
            passage.sent()
        try:
            async with asyncio.timeout_at(first_by):
                return await endpoint.ask(body)
        except TimeoutError as error:
            raise TooSlow(code="first_token") from error

    def _learn(self, model: str, dialect: Dialect, request: Request) -> None:
        sighted = dialect.sighted or (dialect.pictures != 0 and _has_pictures(request))
        proven = replace(dialect, proven=True, sighted=sighted)
        before = self._dialects.get(model, self._first)
        if before == proven:
            return
        if proven.pictures != before.pictures:
            log.warning("the model does not accept all pictures", model=model, most=proven.pictures)
        if (proven.left_out, proven.renamed) != (before.left_out, before.renamed):
            left_out = sorted(proven.left_out)
            log.warning(
                "the model does not accept all parameters",
                model=model,
                left_out=left_out,
                token_limit=proven.token_limit,
            )
        if len(self._dialects) >= DIALECTS:
            self._dialects.pop(next(iter(self._dialects)))
        self._dialects[model] = proven

    def _learn_thinking(self, model: str, thinking: Thinking, finish: Finish) -> None:
        if thinking.unopened:
            self._unopened.add(model)
        elif finish.reason != "length":  # then it may have been cut off before the tag
            self._unopened.discard(model)

    def _pause(self) -> Pause:
        if self._streams < FEW:
            return NONE
        if self._streams <= SOME:
            return Pause(self._read_pause, notices_end=True)
        pause = min(self._read_pause, max(TICK, self._streams / READS))
        now = asyncio.get_running_loop().time()
        return Pause(max(0.0, (now + pause) // TICK * TICK - now))

    async def _endpoint(self) -> "Endpoint":
        async with self._loading:
            if self._loaded is None:
                self._loaded = await asyncio.to_thread(self._load)
            return self._loaded

    def _load(self) -> "Endpoint":
        from core.endpoint import Endpoint  # noqa: PLC0415  # takes a second

        try:
            return Endpoint(
                api_key=self._api_key,
                base_url=self.base_url,
                extra_headers=self._extra_headers,
                connect=self._timeouts.connect,
            )
        except OSError as error:
            raise NotReached(f"The certificates cannot be read: {error}") from error


async def _body(dialect: Dialect, request: Request) -> bytes:
    # Pictures are megabytes to encode, during which nobody else would be served.
    if _has_pictures(request):
        return await asyncio.to_thread(dialect.body, request)
    return dialect.body(request)


def _has_pictures(request: Request) -> bool:
    return any(isinstance(part, Image) for turn in request.turns for part in turn.parts)
