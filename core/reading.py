"""From the bytes of one response to the events of one answer, in time or not at all."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from core.errors import (
    EmptyAnswer,
    Interrupted,
    Misdirected,
    ModelFailed,
    NotReached,
    ServerFailed,
    TooSlow,
)
from core.nap import Nap
from core.sse import Decoder
from core.sse import Event as ServerEvent
from core.thinking import Thinking
from core.wire import Answer, Event, Finish

LINGER = 2.0
"""Seconds after the finish reason in which the usage must have come."""

DRAIN = 0.1
"""Seconds after an answer's end for the connection to end it, too, and be used again."""

BEGINNINGS = (b"data:", b"event:", b":")
"""How a stream of events begins, and no JSON does."""

SNIFFED = 16
"""Reads in which that beginning must have come."""

FAILED = ("abort", "error", "insufficient_system_resource")
"""Finish reasons by which some servers say that they failed."""

MAY_BE_EMPTY = ("length", "content_filter")
"""Finish reasons that explain why there is no text."""


class Source(Protocol):
    """Where the bytes come from: a response of the endpoint, or one on paper."""

    @property
    def request_id(self) -> str:
        """What the endpoint's operators ask for."""

    @property
    def limits(self) -> dict[str, str]:
        """What it told of its rate limits."""

    @property
    def media_type(self) -> str:
        """The kind of the body."""

    async def read(self) -> bytes:
        """All bytes that have arrived, b"" after the last; `NotReached` if cut."""

    async def rest(self, seconds: float, nap: Nap) -> None:
        """Let bytes accumulate while that nap lasts."""

    async def gather(self, seconds: float, nap: Nap) -> None:
        """The same while they come in; the end of the answer ends the nap."""


@dataclass(frozen=True, slots=True)
class Pause:
    """So many seconds between two reads, of which the end of the answer is noticed or not.

    Where it is noticed, each piece is taken from the network as it comes.
    """

    seconds: float
    notices_end: bool = False


NONE = Pause(0.0)


class Reading:
    """Reads one answer to its end.

    The first event must be there at `first_by` (the loop's time), every other within
    `idle` seconds after the one before. An event is something of the answer, reasoning
    included: comments and empty chunks are no sign of life, since proxies send them
    whether the model lives or not. `pause` says what to leave between two reads, so
    that more is read at once, and `nap` is where it is slept. `thinking` tells
    apart the reasoning that stands in the text.
    """

    def __init__(
        self,
        source: Source,
        *,
        first_by: float,
        idle: float,
        pause: Callable[[], Pause],
        nap: Nap | None = None,
        thinking: Thinking | None = None,
    ) -> None:
        self._source = source
        self._idle = idle
        self._pause = pause
        self._nap = nap or Nap()
        self._deadline = first_by
        self._begun = False
        self._ended = False
        self._broken: NotReached | None = None
        self._answer = Answer(thinking)
        is_stream = source.media_type != "application/json"
        self._decoder: Decoder | _Whole = Decoder() if is_stream else _Whole()

    async def events(self) -> AsyncGenerator[tuple[Event, ...], None]:
        """All events, those that arrived together in one tuple; the last is `Finish`.

        Raises what `core.model.Model.stream` says, after what arrived before.
        """
        while not self._ended and not self._answer.over:
            reason = self._answer.reason
            events = self._decoded(await self._data())
            if events:
                yield events
            if events or self._answer.reason != reason:
                self._renew()
            if events and not self._answer.reason:
                await self._rest()
        if rest := self._answer.flush():
            yield rest
        yield (self._end(),)
        await self._drain()

    async def _data(self) -> bytes:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._source.read()
        except NotReached as error:
            self._broken = error
            return b""
        except TimeoutError as error:
            if self._answer.reason:
                return b""
            code = "idle" if self._begun else "first_token"
            raise TooSlow(code=code, request_id=self._source.request_id) from error

    def _decoded(self, data: bytes) -> tuple[Event, ...]:
        self._ended = not data
        events = self._decoder.feed(data) if data else self._decoder.flush()
        return self._answer.read(event.data for event in events)

    def _renew(self) -> None:
        # Counted from when the reader asks for more: its own pauses are not the server's.
        self._begun = True
        limit = LINGER if self._answer.reason else self._idle
        self._deadline = asyncio.get_running_loop().time() + limit

    async def _rest(self) -> None:
        pause = self._pause()
        if pause.seconds:
            wait = self._source.gather if pause.notices_end else self._source.rest
            await wait(pause.seconds, self._nap)

    def _end(self) -> Finish:
        try:
            return self._finish()
        except ModelFailed as error:
            error.usage = self._answer.usage  # what was counted is billed all the same
            raise

    def _finish(self) -> Finish:
        answer, source = self._answer, self._source
        if not answer.reason:
            raise self._failure() from self._broken
        if not answer.held and answer.reason.lower() in FAILED:
            raise ServerFailed(code=answer.reason, request_id=source.request_id)
        if not answer.held and answer.reason not in MAY_BE_EMPTY:
            raise EmptyAnswer(code=answer.reason, request_id=source.request_id)
        at_once = isinstance(self._decoder, _Whole) and not self._decoder.is_stream
        return Finish(answer.reason, answer.usage, source.request_id, source.limits, at_once)

    def _failure(self) -> ModelFailed:
        """Why it ended early; once there is something of an answer, it was interrupted."""
        cause = self._cause()
        if not self._answer.held:
            return cause
        return Interrupted(cause.detail, code=cause.code, request_id=self._source.request_id)

    def _cause(self) -> ModelFailed:
        said, request_id = self._answer.complaint, self._source.request_id
        if said:
            return replace(said, request_id=request_id).error()
        if self._source.media_type == "text/html":  # the page of a proxy, a portal, a web site
            return Misdirected("a web page", code="web_page", request_id=request_id)
        detail = str(self._broken or f"{self._source.media_type} without a finish reason")
        code = "cut" if self._broken else "no_finish_reason"
        return NotReached(detail, code=code, request_id=request_id)

    async def _drain(self) -> None:
        if self._ended:
            return
        with suppress(TimeoutError, NotReached):  # the answer is complete, whatever comes
            async with asyncio.timeout(DRAIN):
                while await self._source.read():
                    pass


class _Whole:
    """For servers that do not stream: the body is one event, known at its end.

    Some stream all the same and call it JSON; their body tells.
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._stream: Decoder | None = None

    @property
    def is_stream(self) -> bool:
        """Whether it has turned out to be one."""
        return self._stream is not None

    def feed(self, data: bytes) -> list[ServerEvent]:
        if self._stream:
            return self._stream.feed(data)
        self._pieces.append(data)
        if len(self._pieces) > SNIFFED or not self._body.lstrip(b"\r\n").startswith(BEGINNINGS):
            return []
        self._stream = Decoder()
        return self._stream.feed(self._body)

    def flush(self) -> list[ServerEvent]:
        if self._stream:
            return self._stream.flush()
        return [ServerEvent("message", self._body.decode("utf-8", "replace"))]

    @property
    def _body(self) -> bytes:
        return b"".join(self._pieces)
