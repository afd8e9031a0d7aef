"""What one reply was like for its reader, and one run for all of them (pure).

Seconds, unless said otherwise. A lag is counted for each letter: when it could be read, less
when the model was due to write it.
"""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.bench.texts import script
from tests.bench.watch import Reply


@dataclass(frozen=True, slots=True)
class Seen:
    """One reply; `late` is from the model's end to the complete text, inf when there was none."""

    tokens: int
    sign: float
    first_text: float
    lag: float
    lag_p95: float
    lag_max: float
    late: float
    broken: int
    updates: int

    @property
    def complete(self) -> bool:
        """Whether all of it could be read in the end."""
        return math.isfinite(self.late)


def seen(reply: Reply, begun: float, rate: float) -> Seen:
    """The figures of a reply whose first token was due at `begun`."""
    lags = sorted(_lags(reply, begun, rate))
    first = reply.shown[0][0] if reply.shown else math.inf
    end = begun + (len(script(reply.text, reply.tokens).pieces) - 1) / rate
    return Seen(
        tokens=reply.tokens,
        sign=min(reply.sign or math.inf, first) - reply.asked,
        first_text=first - reply.asked,
        lag=statistics.fmean(lags) if lags else math.inf,
        lag_p95=percentile(lags, 0.95),
        lag_max=percentile(lags, 1),
        late=(reply.complete or math.inf) - end,
        broken=reply.broken,
        updates=len(reply.shown),
    )


def _lags(reply: Reply, begun: float, rate: float) -> Iterable[float]:
    token_of = script(reply.text, reply.tokens).token_of
    before = 0
    for time, now in reply.shown:
        for token in token_of[before:now]:
            # What is there before its time is of a fence that looks like text, or rounding.
            yield max(0.0, time - begun - token / rate)
        before = max(before, now)


def percentile(values: Sequence[float], part: float) -> float:
    """Of ordered values, the one below which such a part of them lies; nan of none."""
    if not values:
        return math.nan
    return values[max(0, math.ceil(len(values) * part) - 1)]


@dataclass(frozen=True, slots=True)
class Figures:
    """One run, or the medians of several; what is asked goes by these names.

    sign          worst, from the question to a status, typing, a reaction or text
    first_text    median, from the question; first_worst: the worst
    lag           mean over all replies; lag_worst: the reply that was the worst in the mean
    lag_p95       of the letters of a reply, mean over the replies; lag_max: the worst letter
    bound, ratio  what the limits alone impose (`bounds`), and lag / bound
    late          median, from the model's end to the complete text; late_p95, late_worst
    missing       replies that were not complete
    requests      for each reply; refused: answers 429 in all
    broken        states of a message with a code block that was not closed
    cpu           seconds for 1,000 tokens
    cpu_excess    milliseconds for a reply, beyond 0.04 s for 1,000 tokens
    core          CPU seconds a second, from the first question to the last answer
    idle, peak    MiB: before the first question (tokenizer loaded), and at most
    memory_each   KiB for each of the replies that were in flight at once
    stalls        event-loop stalls over 50 ms; longest_stall (`Scenario.look`: where that is
                  not asked for, the first 50 ms of a stall may go unseen)
    model_late    95th percentile of how late the model's server was, town_late: the
                  platform's event loop: what is not the bot's fault
    """

    sign: float
    first_text: float
    first_worst: float
    lag: float
    lag_worst: float
    lag_p95: float
    lag_max: float
    bound: float
    ratio: float
    late: float
    late_p95: float
    late_worst: float
    missing: float
    requests: float
    refused: float
    broken: float
    cpu: float
    cpu_excess: float
    core: float
    idle: float
    peak: float
    memory_each: float
    stalls: float
    longest_stall: float
    model_late: float
    town_late: float


def medians(runs: Sequence[Figures]) -> dict[str, float]:
    """The median of each figure; of what must never be, the worst."""
    never = ("late_worst", "missing", "refused", "broken")
    return {
        name: (max if name in never else statistics.median)(getattr(run, name) for run in runs)
        for name in Figures.__slots__
    }
