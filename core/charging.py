"""One call of a model and its bill: reserved before it, settled after it, however it ends."""

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from core.door import Transit
from core.errors import Misdirected, ModelFailed, TooSlow
from core.figures import Figures, Uncounted
from core.messages import Turn
from core.prices import NANO
from core.spending import Reservation, Spender, Spending
from core.store import Call
from core.tokens import Tokenizer
from core.wire import Finish, Parameters, Usage

log = structlog.get_logger()

UNBOUNDED = 128_000
"""Tokens of an answer whose length nothing bounds: the most that a model gives today."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What is asked at which address, for which reply, and who pays.

    `counted` is what the request comes to by our count, in tokens; `written` tells what came back
    so far. `aside` owns the book-keeping, for which no reader waits.
    """

    reply: str
    spender: Spender
    parameters: Parameters
    turns: Sequence[Turn]
    counted: int
    tokenizer: Tokenizer
    written: Callable[[], str]
    aside: Callable[[Coroutine[Any, Any, None]], object]
    purpose: str = "answer"
    base_url: str = ""


@dataclass(slots=True)
class Charged:
    """A call that may be made now, with these parameters; `finish` is to be set when it ends.

    `transit` is to be told whether it was sent, or stood in line only, which costs nothing.
    `cost`, in nano-dollars, is known afterwards, if the endpoint has counted.
    """

    parameters: Parameters
    transit: Transit = field(default_factory=Transit)
    finish: Finish | None = None
    cost: int | None = None


class Charging:
    """Charges calls; `clock` gives seconds that only grow, `wall_clock` seconds since 1970.

    `figures` counts them.
    """

    def __init__(
        self,
        spending: Spending,
        *,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        figures: Figures | None = None,
    ) -> None:
        self._figures = figures or Uncounted()
        self._spending = spending
        self._clock = clock
        self._wall_clock = wall_clock

    @asynccontextmanager
    async def call(self, bill: Bill) -> AsyncIterator[Charged]:
        """Make a call within the block. Raises `BudgetSpent` and `StoreFailed` before it."""
        call = Call(
            reply=bill.reply,
            model=bill.parameters.model,
            outcome="",
            begun_at=self._wall_clock(),
            seconds=0.0,
            prompt_tokens=bill.tokenizer.most(bill.turns, bill.counted),
            purpose=bill.purpose,
            person=bill.spender.name,
            place=bill.spender.place,
        )
        fixed = bill.parameters.fixed_answer_tokens
        wanted = fixed or bill.parameters.answer_tokens
        reservation = await self._spending.reserve(
            bill.spender,
            call,
            answer=wanted or UNBOUNDED,
            firm=fixed is not None,
            base_url=bill.base_url,
        )
        charged = Charged(_granted(bill.parameters, reservation))
        failed: ModelFailed | None = None
        begun = self._clock()
        try:
            yield charged
        except ModelFailed as error:
            failed = error
            raise
        finally:
            ended, waited = charged.finish or failed, charged.transit.waited
            done = replace(
                call,
                outcome=_outcome(ended),
                request_id=ended.request_id if ended else "",
                begun_at=call.begun_at + waited,
                seconds=self._clock() - begun - waited,
            )
            if charged.transit.sent:
                usage = ended.usage if ended else None
                if usage is None and _is_free(ended, charged.transit):
                    usage = Usage()
                if usage is not None:
                    done = self._spending.priced(
                        done.with_usage(usage, estimated=False), bill.base_url
                    )
                    charged.cost = done.cost
                written = bill.written() if usage is None else ""
                bill.aside(self._settle(reservation, done, bill, usage, written))
            else:
                bill.aside(self._spending.free(reservation))

    async def _settle(
        self, reservation: Reservation, call: Call, bill: Bill, usage: Usage | None, written: str
    ) -> None:
        """Settle it by what the endpoint has counted, else by what was sent and received."""
        if estimated := usage is None:
            await bill.tokenizer.prime([written])
            usage = Usage(prompt=bill.counted, completion=bill.tokenizer.count(written))
        call = self._spending.priced(call.with_usage(usage, estimated=estimated), bill.base_url)
        self._figures.called(call)
        log.debug(
            "model called",
            reply=call.reply,
            purpose=call.purpose,
            model=call.model,
            outcome=call.outcome,
            request_id=call.request_id,
            seconds=round(call.seconds, 2),
            prompt_tokens=call.prompt_tokens,
            completion_tokens=call.completion_tokens,
            usd=round(call.cost / NANO, 6),
        )
        await self._spending.settle(reservation, call)


def _granted(parameters: Parameters, reservation: Reservation) -> Parameters:
    """The parameters with an answer that is no longer than what was reserved."""
    if parameters.answer_tokens is None and reservation.held is None:
        return parameters
    return replace(parameters, answer_tokens=reservation.answer_tokens)


def _is_free(ended: Finish | ModelFailed | None, transit: Transit) -> bool:
    """Whether the endpoint has not taken the request, and so charges nothing.

    One that it was silent about until nobody waited any longer it may have taken.
    """
    if isinstance(ended, Misdirected):
        return True
    is_late = isinstance(ended, TooSlow) and ended.code != "connect"
    return isinstance(ended, ModelFailed) and not transit.accepted and not is_late


def _outcome(ended: Finish | ModelFailed | None) -> str:
    if ended is None:
        return "cancelled"
    return ended.reason if isinstance(ended, Finish) else ended.word
