"""Sends an answer piece by piece, at its pace, with the faults that are switched on."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.faults import Faults
from sandbox.model.answer import Answer, Cut, Fail, Pause, Piece, Reasoning, Stall
from sandbox.model.chunks import Chunks
from sandbox.model.errors import Refused
from sandbox.model.tokens import Count, Usage, count


class Broken(Exception):
    """The connection is to be cut, now and without a word."""


class Ended(Exception):
    """The response ends here, before its time."""


@dataclass(slots=True)
class Pace:
    """So many pieces a second; a late piece is sent at once."""

    rate: float
    first: float
    _due: float = 0.0

    async def begin(self) -> None:
        """Wait for the first piece."""
        await asyncio.sleep(self.first)
        self._due = asyncio.get_running_loop().time()

    async def next(self) -> None:
        """Wait for the next one."""
        self._due += 1 / self.rate if math.isfinite(self.rate) else 0
        await asyncio.sleep(max(0.0, self._due - asyncio.get_running_loop().time()))

    async def pause(self, seconds: float) -> None:
        """Wait on top of the pace."""
        await asyncio.sleep(seconds)
        self._due += seconds


@dataclass(slots=True)
class Meter:
    """What has really been sent."""

    prompt: int
    count: Count = count
    completion: int = 0
    reasoning: int = 0

    def add(self, piece: Piece) -> None:
        """Count a piece."""
        if isinstance(piece, str):
            self.completion += self.count(piece)
        elif isinstance(piece, Reasoning):
            self.completion += self.count(piece.text)
            self.reasoning += self.count(piece.text)

    @property
    def usage(self) -> Usage:
        """As the API reports it."""
        return Usage(self.prompt, self.completion, self.reasoning)


@dataclass(slots=True)
class Sending:
    """One answer on its way, to the request of this `body`.

    Raises `Broken` where the answer or a fault cuts it, `Ended` after an error event.
    A fault at a `chunk` (told with its number in the answer, from 1, and the body) is as at any
    request, or `stall` (nothing any more, until the client goes away) or `end` (the stream ends
    in order, with no reason). `told` gets each text of the answer once it is on its way.
    """

    answer: Answer
    pace: Pace
    meter: Meter
    faults: Faults = field(default_factory=Faults)
    body: dict[str, Any] = field(default_factory=dict)
    told: Callable[[str], object] = lambda _: None

    async def stream(self, response: web.StreamResponse, chunks: Chunks) -> None:
        """Write the whole stream."""
        await self.pace.begin()
        await response.write(chunks.begin())
        for number, piece in enumerate(self.answer.pieces, 1):
            await self._wait(piece)
            await self._strike(response, chunks, number)
            await self._write(response, chunks, piece)
        await self._end(response, chunks)

    async def whole(self) -> None:
        """Take the time that the answer takes, for a request that does not stream."""
        await self.pace.begin()
        for piece in self.answer.pieces:
            await self._wait(piece)
            if isinstance(piece, Fail):
                raise Refused(piece.code)
            self.meter.add(piece)
        self.meter.add(self.answer.finish_text)

    async def _wait(self, piece: Piece) -> None:
        match piece:
            case Pause(seconds):
                await self.pace.pause(seconds)
            case Stall():
                await asyncio.Event().wait()  # until the client goes away
            case Cut():
                raise Broken
            case _:
                await self.pace.next()

    async def _strike(self, response: web.StreamResponse, chunks: Chunks, number: int) -> None:
        fault = self.faults.strike("chunk", {"number": number, "body": self.body})
        if fault is None:
            return
        match fault.kind:
            case "slow":
                await self.pace.pause(fault.seconds)
            case "stall":
                await self._wait(Stall())
            case "end":
                raise Ended
            case "reset" | "reset_after":
                raise Broken
            case kind:
                code = fault.code or ("rate_limit_exceeded" if kind == "rate_limit" else "")
                await self._write(response, chunks, Fail(code or "server_error"))

    async def _write(self, response: web.StreamResponse, chunks: Chunks, piece: Piece) -> None:
        if data := chunks.piece(piece):
            await response.write(data)
            self.meter.add(piece)
        if isinstance(piece, str):
            self.told(piece)
        if isinstance(piece, Fail):
            raise Ended

    async def _end(self, response: web.StreamResponse, chunks: Chunks) -> None:
        if self.answer.finish is not None:
            await response.write(chunks.finish(self.answer.finish, self.answer.finish_text))
            self.meter.add(self.answer.finish_text)
            self.told(self.answer.finish_text)
        if self.answer.usage and chunks.with_usage:
            await response.write(chunks.usage(self.meter.usage))
        if self.answer.done:
            await response.write(chunks.done())
