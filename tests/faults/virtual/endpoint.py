"""An endpoint by the contract of `core.model.Model`: events, or one of the ways to fail."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field

from core.errors import (
    BadRequest,
    ContextExceeded,
    EmptyAnswer,
    Interrupted,
    KeyRejected,
    ModelFailed,
    ModelGone,
    NotReached,
    QuotaSpent,
    RateLimited,
    ServerFailed,
    TooSlow,
)
from core.messages import Role, Text
from core.nap import Nap
from core.wire import Event, Finish, Reasoning, Request, Usage
from tests.faults.virtual.clockwork import Life, alive, living
from tests.faults.virtual.platform import within
from tests.faults.virtual.schedule import Schedule, Script

IDLE = 60.0
"""Seconds for which the stream may be silent."""


@dataclass(eq=False)
class Call:
    """One call as the endpoint has seen it. `marks` are the questions in its last turns."""

    number: int
    life: Life | None
    marks: tuple[str, ...]
    continues: bool
    script: Script
    prompt: int
    written: int = 0
    ended: str = ""
    usage: Usage | None = None
    hung_up: bool = False

    def word(self, number: int) -> str:
        """A word that is like no other."""
        return f"c{self.number:03}w{number:04}"


@dataclass
class Endpoint:
    """What was asked of all models, by whichever process."""

    schedule: Schedule
    trace: Callable[[str], None]
    calls: list[Call] = field(default_factory=list)

    def asked(self, request: Request) -> Call:
        """One more call."""
        number = len(self.calls) + 1
        turns = list(request.turns)
        marks: list[str] = []
        continues = bool(turns) and "cut off at its length limit" in turns[-1].text
        for turn in reversed(turns):
            if turn.role is not Role.USER:
                break
            marks[:0] = [word for word in turn.text.split() if word.startswith("Q")]
        script = self.schedule.scripts.get(number, Script())
        if self._down():
            script = Script(end="unreached")
        prompt = sum(len(turn.text) for turn in turns) // 4 + 10
        call = Call(number, living(), tuple(marks), continues, script, prompt)
        self.calls.append(call)
        self.trace(f"model call {number}: {' '.join(marks)}")
        return call

    def _down(self) -> bool:
        now = asyncio.get_running_loop().time()
        return any(one.what == "endpoint" and within(one, now) for one in self.schedule.outages)


class StubModel:
    """What one process has of it."""

    base_url = "http://127.0.0.1/v1"

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def open(self) -> None:
        """There is nothing to load."""

    async def close(self) -> None:
        """Nor to close."""

    def pictures(self, model: str) -> int | None:
        """It takes as many as there are."""
        del model

    async def names(self) -> tuple[str, ...]:
        """What it offers."""
        return ("gpt-4o-mini",)

    async def stream(
        self, request: Request, passage: object = None, nap: Nap | None = None
    ) -> AsyncGenerator[tuple[Event, ...], None]:
        """As `Model.stream`."""
        await alive()
        if passage:
            passage.sent()  # type: ignore[attr-defined]
        call = self._endpoint.asked(request)
        try:
            await asyncio.sleep(0.05)
            if error := _refusal(call.script):
                await asyncio.sleep(call.script.seconds if call.script.end == "slow" else 0)
                raise error
            if passage:
                passage.answered({})  # type: ignore[attr-defined]
            async for events in self._written(call, nap):
                yield events
        except ModelFailed as error:
            call.ended = error.word
            raise
        finally:
            call.hung_up = not call.ended
            self._endpoint.trace(f"model call {call.number} ends: {call.ended or 'hung up'}")

    async def _written(
        self, call: Call, nap: Nap | None
    ) -> AsyncGenerator[tuple[Event, ...], None]:
        script = call.script
        if script.thinks:
            yield (Reasoning("hm"),)
            await asyncio.sleep(script.gap)
        if script.end == "blank":
            yield (Text(" \n "),)
        many = 0 if script.end in ("empty", "blank") else script.words
        for start in range(0, many, script.piece):
            numbers = range(start, min(start + script.piece, many))
            call.written = numbers[-1] + 1
            yield (Text("".join(piece(call, number) for number in numbers)),)
            if nap:
                await nap.sleep(script.gap)
            else:
                await asyncio.sleep(script.gap)
        if script.end == "broken":
            raise Interrupted("it broke")
        if script.end == "silent":
            await asyncio.sleep(IDLE)
            raise TooSlow(code="idle")
        if script.end in ("empty", "blank"):
            raise EmptyAnswer(code="stop")
        call.usage = Usage(prompt=call.prompt, completion=2 * call.written)
        call.ended = script.end
        yield (Finish(script.end, call.usage if script.reports else None, f"r{call.number}"),)


def piece(call: Call, number: int) -> str:
    """A word with what stands around it; sometimes it is code."""
    word = call.word(number)
    if call.script.code and number % 40 == 10:
        return f"\n```py\n{word}\n"
    if call.script.code and number % 40 == 30:
        return f"{word}\n```\n"
    return f"{word}\n" if number % 9 == 8 else f"{word} "


def _refusal(script: Script) -> ModelFailed | None:
    refusals: Mapping[str, ModelFailed] = {
        "refused_key": KeyRejected(status=401),
        "spent": QuotaSpent(status=429),
        "limited": RateLimited(status=429, retry_after=script.seconds),
        "limited_long": RateLimited(status=429, retry_after=3600.0),
        "failed": ServerFailed(status=500),
        "unreached": NotReached(),
        "slow": TooSlow(code="first_token"),
        "too_large": ContextExceeded(status=400),
        "bad": BadRequest(status=400),
        "gone": ModelGone(status=404),
    }
    return refusals.get(script.end)
