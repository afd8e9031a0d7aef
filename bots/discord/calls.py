"""One request to Discord through discord.py, decided by its first response.

discord.py sleeps inside the call that takes the last token of a rate limit, and sends a
refused request again by itself, with a text that is old by then. So each call runs in a
task of its own, an aiohttp trace tells of its response as soon as it is there, and
whether to try again is left to the writer of the reply, who has the newest text.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import discord

from bots.discord.budgets import ALL
from core.budget import Budgets
from core.doubt import Doubt
from core.errors import PlatformFailed
from core.pace import Governor, Urgency
from core.surface import Delivered, Outcome, RefusedForGood, RefusedForNow, Unknown
from core.tasks import Tasks

T = TypeVar("T")
Request = Callable[[], Coroutine[Any, Any, T]]

DEADLINE = 30.0
"""Seconds for one call, with the time for which discord.py may hold it back."""

TURN_TIMEOUT = 180.0
"""Seconds for which a call waits until its budgets allow it."""

UNAUTHORIZED = 401
TOO_MANY = 429
OLD_MESSAGE = 30046
"""Code of the separate, unpublished limit on editing messages older than an hour."""

UNKNOWN_MESSAGE = "10008"

_FAILURES = (OSError, aiohttp.ClientError, TimeoutError, discord.DiscordException)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a request: a status (0: nothing came) and the body, if it is JSON.

    `reason` says why nothing came; `retry_after` is in seconds.
    """

    status: int
    body: Any = None
    retry_after: float = 0.0
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether Discord did it."""
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """Discord's own code for why not, else the status."""
        code = self.body.get("code") if isinstance(self.body, dict) else 0
        return str(code or self.status)

    @property
    def is_global(self) -> bool:
        """Whether it is a refusal of everything that the bot may ask."""
        if self.status != TOO_MANY:
            return False
        # A refusal that is not JSON comes from the wall in front of Discord, for the address.
        return not isinstance(self.body, dict) or bool(self.body.get("global"))

    @property
    def outcome(self) -> Outcome:
        """How the request ended."""
        if self.ok:
            found = self.body.get("id") if isinstance(self.body, dict) else None
            return Delivered(str(found or ""))
        if self.status == TOO_MANY and self.code != str(OLD_MESSAGE):
            return RefusedForNow(self.retry_after)
        if self.status == 0 or self.status >= 500:
            return Unknown(self.reason or str(self.status))
        return RefusedForGood(self.code, gone=self.code == UNKNOWN_MESSAGE)


STOPPED = Answer(0, reason="stopped")
TOO_LATE = Answer(0, reason="deadline")
NO_TURN = Answer(TOO_MANY, {}, retry_after=5.0, reason="no turn")
"""What is not sent because its budgets did not allow it in time; it may be in a while."""


class NotRead(PlatformFailed):
    """A read that Discord did not answer as wished."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


class Calls:
    """Sends requests; the client's `http_trace` must be `trace`."""

    def __init__(self, governor: Governor) -> None:
        self._governor = governor
        self._tasks = Tasks(*_FAILURES)
        self._unanswered: set[asyncio.Future[Answer]] = set()
        self._closed = False
        self.doubt = Doubt()
        self.trace = aiohttp.TraceConfig()
        self.trace.on_request_end.append(_headers_came)
        self.trace.on_response_chunk_received.append(_body_came)

    async def turn(self, budgets: Budgets, urgency: Urgency, patience: float | None = None) -> bool:
        """Wait until one request is allowed; False when that takes longer than one waits."""
        try:
            async with asyncio.timeout(TURN_TIMEOUT if patience is None else patience):
                await self._governor.turn(budgets, urgency)
        except TimeoutError:
            return False
        return True

    async def in_turn(self, budgets: Budgets, urgency: Urgency, request: Request[object]) -> Answer:
        """Wait until the request is allowed, then send it."""
        if not await self.turn(budgets, urgency):
            return NO_TURN
        return await self.ask(budgets, request)

    async def ask(self, budgets: Budgets, request: Request[object]) -> Answer:
        """Send a request that the governor has let pass, and return its first response.

        A caller that is cancelled leaves the request on its way: discord.py's count of its
        rate limit must not be cut short.
        """
        if self._closed:
            return STOPPED
        exchange, call = self._send(budgets, request)
        return await self._first(exchange, call)

    async def read(self, budgets: Budgets, request: Request[T]) -> T:
        """Send a request that the governor has let pass, for what discord.py makes of it.

        Raises `NotRead` when Discord does not answer with success.
        """
        if self._closed:
            raise NotRead(STOPPED.outcome)
        exchange, call = self._send(budgets, request)
        answer = await self._first(exchange, call)
        if not answer.ok:
            raise NotRead(answer.outcome)
        done, _ = await asyncio.wait({call}, timeout=DEADLINE)
        if not done:
            raise NotRead(TOO_LATE.outcome)
        if call.cancelled():
            raise NotRead(STOPPED.outcome)
        if isinstance(error := call.exception(), _FAILURES):
            raise NotRead(RefusedForGood(type(error).__name__)) from error
        return call.result()

    async def close(self, patience: float) -> None:
        """Send nothing more, and give what is on its way so many seconds."""
        self._closed = True
        if self._unanswered:
            await asyncio.wait(self._unanswered, timeout=patience)
        # What is answered and not done is discord.py asleep.
        await self._tasks.close(0)

    def _send(self, budgets: Budgets, request: Request[T]) -> "tuple[_Exchange, asyncio.Task[T]]":
        exchange = _Exchange(budgets, self._governor)
        call = self._tasks.start(exchange.carry(request), "request to Discord")
        self._unanswered.add(exchange.answer)
        exchange.answer.add_done_callback(self._unanswered.discard)
        call.add_done_callback(exchange.ended)
        return exchange, call

    async def _first(self, exchange: "_Exchange", call: "asyncio.Task[T]") -> Answer:
        await asyncio.wait({exchange.answer}, timeout=DEADLINE)
        answer = exchange.answer.result() if exchange.answer.done() else TOO_LATE
        if answer.status == UNAUTHORIZED:  # the token of an interaction may be meant as well
            self.doubt.rise()
        if not answer.ok and not exchange.holds_all:
            _give_up(call, answer)
        return answer


def _give_up(call: "asyncio.Task[Any]", answer: Answer) -> None:
    """Keep discord.py from trying again; other ends are its own, and left to it."""
    if answer.status in (0, TOO_MANY) or answer.status >= 500:
        call.cancel()


class _Exchange:
    """One call on its way: what the trace has seen of its response."""

    def __init__(self, budgets: Budgets, governor: Governor) -> None:
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.holds_all = False
        self._budgets = budgets
        self._governor = governor
        self._landed: Callable[[], None] | None = governor.sent(budgets)
        self._status = 0
        self._retry_after = 0.0

    async def carry(self, request: Request[T]) -> T:
        """Run the call so that its responses are told to this exchange."""
        _current.set(self)
        return await request()

    def headers_came(self, response: aiohttp.ClientResponse) -> None:
        """A response begins: learn how its rate limit stands."""
        self._lands()
        self._status = response.status
        self._retry_after = _number(response.headers, "Retry-After")
        if response.status == TOO_MANY or "X-RateLimit-Remaining" not in response.headers:
            return
        for budget in self._budgets[:1]:
            self._governor.learn(
                budget,
                limit=int(_number(response.headers, "X-RateLimit-Limit")),
                remaining=int(_number(response.headers, "X-RateLimit-Remaining")),
                reset_after=_number(response.headers, "X-RateLimit-Reset-After"),
            )

    def _lands(self) -> None:
        if self._landed:
            self._landed()
            self._landed = None

    def body_came(self, body: bytes) -> None:
        """The response is complete; the first one decides, unless everything is refused."""
        answer = _answer(self._status, self._retry_after, body)
        if answer.status == TOO_MANY:
            held = (*self._budgets, ALL) if answer.is_global else self._budgets[:1]
            self._governor.refused(held, answer.retry_after)
        # discord.py holds all requests back until this very call has slept through a
        # global refusal: nobody else may end it.
        self.holds_all = answer.is_global and isinstance(answer.body, dict)
        if not self.holds_all and not self.answer.done():
            self.answer.set_result(answer)

    def ended(self, call: "asyncio.Task[Any]") -> None:
        """The call is over; without a response, its error says why."""
        self._lands()
        if not self.answer.done():
            reason = "stopped" if call.cancelled() else type(call.exception()).__name__
            self.answer.set_result(Answer(0, reason=reason))


def _answer(status: int, retry_after: float, body: bytes) -> Answer:
    try:
        parsed = json.loads(body) if body else None
    except ValueError:
        parsed = None
    if isinstance(parsed, dict) and isinstance(parsed.get("retry_after"), int | float):
        retry_after = float(parsed["retry_after"])
    return Answer(status, parsed, retry_after)


def _number(headers: Any, name: str) -> float:
    try:
        return float(headers.get(name, 0))
    except ValueError:
        return 0.0


_current: ContextVar[_Exchange | None] = ContextVar("exchange", default=None)


async def _headers_came(_: object, __: object, end: aiohttp.TraceRequestEndParams) -> None:
    if exchange := _current.get():
        exchange.headers_came(end.response)


async def _body_came(
    _: object, __: object, chunk: aiohttp.TraceResponseChunkReceivedParams
) -> None:
    if exchange := _current.get():
        exchange.body_came(chunk.chunk)
