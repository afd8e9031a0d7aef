"""The one door through which every call of a model goes, in the order that is fair to people.

How much may go is `core.quota`'s arithmetic, who goes next `core.line`'s; the waiting is one
timer for each model. Whoever waits learns how it stands, by the status of their question.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from core.complaint import Complaint
from core.errors import ModelFailed, RateLimited
from core.line import Line
from core.model import Model
from core.nap import Nap
from core.notices import THINKING, in_line
from core.quota import Charge, Quota
from core.status import Status
from core.wire import Event, Parameters, Request

log = structlog.get_logger()

TELL_PLACE = 2.0
"""Seconds of waiting after which somebody is told their place in the line."""

TELL_TIME = 10.0
"""Seconds after which they are told, too, how long it will probably take."""

LOOK = 1.0
"""Seconds between two looks at what those who wait are told."""

LONGEST = 600.0
"""Seconds that somebody is let wait; if it takes longer, they are told so at once."""

STEP = 10
"""Seconds in which a time is told, so that it does not change all the time."""

TOO_LONG = "line"
"""The code of a `RateLimited` that never reached the endpoint."""

MODELS = 100
"""Models of which it is kept what they take."""


@dataclass(slots=True)
class Transit:
    """What became of a call: how long it stood in line, and whether it was sent after that.

    `accepted`: the endpoint has begun to answer it.
    """

    waited: float = 0.0
    sent: bool = False
    accepted: bool = False


class Passage:
    """One call of a model on its way through the door, from standing in line to its answer."""

    __slots__ = (
        "_gate",
        "_granted",
        "_words",
        "charge",
        "entered",
        "meanwhile",
        "patience",
        "person",
        "status",
        "tokens",
        "transit",
    )

    def __init__(
        self,
        gate: "Gate",
        person: str,
        tokens: int,
        *,
        status: Status | None,
        meanwhile: str,
        patience: float,
        transit: Transit,
    ) -> None:
        self._gate = gate
        self.person = person
        self.tokens = tokens
        self.status = status
        self.meanwhile = meanwhile
        self.patience = patience
        self.transit = transit
        self.entered = gate.clock()
        self.charge: Charge | None = None
        self._granted: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._words = ""

    @property
    def waits(self) -> bool:
        """Whether the turn has not come yet."""
        return not self._granted.done()

    async def granted(self) -> None:
        """Wait for the turn. Raises `RateLimited` when that would take too long."""
        too_long = await self._granted
        self.transit.waited = self._gate.clock() - self.entered
        if self._words and self.status:
            self.status.say(self.meanwhile)
        if too_long:
            raise RateLimited(code=TOO_LONG, retry_after=too_long)

    def grant(self, charge: Charge) -> None:
        """The turn has come."""
        self.charge = charge
        self._granted.set_result(0.0)

    def turn_away(self, seconds: float) -> None:
        """It would take too long."""
        self._granted.set_result(seconds)

    def tell(self, position: int, seconds: float) -> None:
        """Let whoever waits see how it stands, once they have waited for a moment."""
        waited = self._gate.clock() - self.entered
        if self.status is None or waited < TELL_PLACE:
            return
        words = in_line(position, rounded(seconds) if waited >= TELL_TIME else None)
        if words != self._words:
            self._words = words
            self.status.say(words, waits=True, place=True)

    def sent(self) -> None:
        """The request is sent; if it is sent again in other words, that counts as well."""
        if self.transit.sent:
            self.charge = self._gate.quota.take(self._gate.clock(), self.tokens)
        self.transit.sent = True

    def answered(self, limits: Mapping[str, str]) -> None:
        """The endpoint has begun to answer, with these limits."""
        self.transit.accepted = True
        self._heard(limits)

    def _heard(self, limits: Mapping[str, str]) -> None:
        if self.charge:
            self._gate.quota.answered(self.charge, self._gate.clock(), limits)
            self._gate.share_out()

    def refused(self, said: Complaint, limits: Mapping[str, str]) -> None:
        """The endpoint has refused the request; it may have been one too many."""
        error = said.error()
        if isinstance(error, RateLimited):
            self.held(error, limits)
        else:
            self._heard(limits)

    def held(self, error: RateLimited, limits: Mapping[str, str]) -> None:
        """There were too many requests: everybody waits, and this one has not had its turn."""
        if self.charge:
            now = self._gate.clock()
            self._gate.quota.refused(self.charge, now, limits, error.retry_after)
            self._gate.line.come_back(self)
            self.charge = None
            self._gate.share_out()

    def over(self) -> None:
        """The call has ended, or was given up wherever it was."""
        self._gate.line.remove(self)
        if self.charge and self.transit.sent:
            self._gate.quota.failed(self.charge, self._gate.clock())
        elif self.charge:
            self._gate.quota.give_back(self.charge)
            self._gate.line.come_back(self)
        self._gate.share_out()


class Gate:
    """What waits for one model."""

    def __init__(self, quota: Quota, clock: Callable[[], float]) -> None:
        self.quota = quota
        self.clock = clock
        self.line: Line[Passage] = Line()
        self._timer: asyncio.TimerHandle | None = None
        self._look_at = -math.inf

    @property
    def idle(self) -> bool:
        """Whether nobody waits here."""
        return not self.line

    def enter(self, passage: Passage) -> None:
        """Stand in line."""
        self.line.add(passage)
        self.share_out()

    def share_out(self) -> None:
        """Let go whoever may go now, and wake up when there is more to do."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self.line:
            return
        now = self.clock()
        wait = self._let_go(now)
        if now >= self._look_at:
            self._look_at = now + LOOK
            self._look(now)
        if self.line:
            self._wake_in(min(wait, self._look_at - now))

    def _let_go(self, now: float) -> float:
        """Let go whoever may go now; returns the seconds until the next one may."""
        for passage in self.line.in_order(now):
            if not passage.waits:  # cancelled; its owner has not woken up yet
                self.line.remove(passage)
            elif wait := self.quota.wait(now, passage.tokens):
                return wait
            else:
                self.line.go(passage, now)
                passage.grant(self.quota.take(now, passage.tokens))
        return math.inf

    def _look(self, now: float) -> None:
        """Tell those who wait how it stands, or that it would take too long."""
        tokens = 0
        for position, passage in enumerate(self.line.in_order(now), 1):
            tokens += passage.tokens
            seconds = self.quota.expected(now, position, tokens)
            if seconds <= passage.patience:
                passage.tell(position, seconds)
            elif passage.waits:  # else it was cancelled, too
                log.warning("not asked: the endpoint's limits", seconds=round(seconds))
                self.line.remove(passage)
                passage.turn_away(seconds)

    def _wake_in(self, seconds: float) -> None:
        # A thousandth more, so that rounding never wakes us just too early.
        self._timer = asyncio.get_running_loop().call_later(seconds + 0.001, self.share_out)


class Door:
    """Lets calls of an endpoint's models go as its limits allow, for all people together.

    `requests` and `tokens` are what each model takes in a minute at most; None: what the
    endpoint itself tells. `clock` gives seconds that only ever grow.
    """

    def __init__(
        self,
        model: Model,
        clock: Callable[[], float],
        *,
        requests: int | None = None,
        tokens: int | None = None,
    ) -> None:
        self._model = model
        self._clock = clock
        self._requests = requests
        self._tokens = tokens
        self._gates: dict[str, Gate] = {}

    async def stream(
        self,
        request: Request,
        tokens: int,
        status: Status | None = None,
        *,
        meanwhile: str = THINKING,
        patience: float = LONGEST,
        transit: Transit | None = None,
        nap: Nap | None = None,
    ) -> AsyncGenerator[tuple[Event, ...], None]:
        """As `Model.stream`, once the request and its tokens have room in the limits.

        `tokens` are those of the prompt. While it waits, `status` says how it stands in the
        line, and `meanwhile` after that. Raises `RateLimited`, too, when the wait would be
        longer than `patience`; every `ModelFailed` knows how long was waited. `transit` tells
        afterwards what became of the call, however it ended.
        """
        gate = self._gate(request.parameters.model)
        most = tokens + answer_limit(request.parameters)
        transit = transit or Transit()
        passage = Passage(
            gate,
            request.person,
            most,
            status=status,
            meanwhile=meanwhile,
            patience=patience,
            transit=transit,
        )
        try:
            gate.enter(passage)
            await passage.granted()
            async with aclosing(self._model.stream(request, passage, nap)) as answer:
                async for events in answer:
                    yield events
        except ModelFailed as error:
            error.waited = transit.waited
            if isinstance(error, RateLimited) and error.code != TOO_LONG:
                error.held = True
                passage.held(error, {})
            raise
        finally:
            passage.over()

    @property
    def waiting(self) -> int:
        """How many calls stand in line."""
        return sum(len(gate.line) for gate in self._gates.values())

    def _gate(self, model: str) -> Gate:
        gate = self._gates.get(model)
        if gate is None:
            if len(self._gates) >= MODELS:
                self._gates = {name: one for name, one in self._gates.items() if not one.idle}
            gate = Gate(Quota(self._requests, self._tokens), self._clock)
            self._gates[model] = gate
        return gate


class Doors:
    """The doors of all endpoints; one that nobody has set up opens when it is first needed."""

    def __init__(
        self, clock: Callable[[], float], doors: Mapping[Model, Door] | None = None
    ) -> None:
        self._clock = clock
        self._doors = dict(doors or {})

    @property
    def waiting(self) -> int:
        """How many calls stand in line, at all of them."""
        return sum(door.waiting for door in self._doors.values())

    def of(self, model: Model) -> Door:
        """The door of an endpoint."""
        if model not in self._doors:
            self._doors[model] = Door(model, self._clock)
        return self._doors[model]


def answer_limit(parameters: Parameters) -> int:
    """The tokens that an answer may have, as the endpoint is told."""
    body = parameters.extra_body
    given = (body.get("max_completion_tokens"), body.get("max_tokens"), parameters.answer_tokens)
    return next((one for one in given if isinstance(one, int)), 0)


def rounded(seconds: float) -> int:
    """A time as it is told: in steps below a minute, in whole minutes above it."""
    step = STEP if seconds <= 60 else 60
    return max(step, math.ceil(seconds / step) * step)
