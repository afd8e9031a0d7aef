"""What Prometheus is told: figures of the work as they come, and how all stands when it asks."""

import platform
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    exposition,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bots.console.questions import kind_of
from core.budget import Level
from core.chat import Chat
from core.composer import Composer
from core.errors import StoreFailed
from core.figures import Ended
from core.hearing import Hearing
from core.pace import Governor
from core.prices import NANO
from core.running import WHOLE
from core.spending import Spending, SpendingLimit
from core.store import Store
from core.store.calls import Call
from core.store.ledger import Unit
from core.troubles import Troubles

log = structlog.get_logger()

# When each series began would be half of all series; process_start_time_seconds is enough.
disable_created_metrics()  # type: ignore[no-untyped-call]

MOST = 50
"""Values of one label, at most: what comes later is counted as `other`."""

OTHER = "other"

FAILURES = ("failed", "interrupted", "undelivered", "refused")
"""Outcomes that are there from the start, for an alert sees a counter grow, not appear."""

QUICK = (0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300)
"""Upper bounds of what a reader waits for, in seconds."""

LONG = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900)
EDITS = (0, 1, 2, 3, 5, 8, 13, 20, 30, 50, 100)
TINY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 20)


class Names:
    """The values of a label: as many as there may be, and `other` for all that come after."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = set(known)

    def __call__(self, value: str) -> str:
        """The value to count it as."""
        if value in self._known:
            return value
        if len(self._known) >= MOST:
            return OTHER
        self._known.add(value)
        return value


class Metrics:
    """Counts what comes, in a registry of its own (`core.figures.Figures`)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._outcomes, self._reasons, self._models, self._ends = (Names() for _ in range(4))
        where, model = ["platform"], ["model"]
        self._questions = self._counter(
            "questions", "Questions that have come to an end.", [*where, "outcome", "kind"]
        )
        self._refused = self._counter(
            "refused_questions", "Questions that were not taken.", [*where, "reason"]
        )
        self._caught_up = self._counter(
            "caught_up_questions", "Questions found that were asked while nobody listened.", where
        )
        self._resumed = self._counter(
            "resumed_questions", "Questions taken over from a process that died.", where
        )
        self._calls = self._counter(
            "model_calls", "Calls of a model, by how they ended.", [*model, "purpose", "outcome"]
        )
        self._tokens = self._counter("tokens", "Tokens, by what they were.", [*model, "kind"])
        self._cost = self._counter("cost_usd", "What calls have cost, in dollars.", model)
        self._waited = self._histogram(
            "waited_seconds", "From question to turn in its conversation.", where, QUICK
        )
        self._sign = self._histogram(
            "first_sign_seconds", "From question to a first sign of work.", where, QUICK
        )
        self._text = self._histogram(
            "first_text_seconds", "From question to first text.", where, QUICK
        )
        self._whole = self._histogram(
            "reply_seconds", "From question to the last edit.", where, LONG
        )
        self._lag = self._histogram(
            "lag_seconds", "How old text was when shown, the oldest of a reply.", where, QUICK
        )
        self._after = self._histogram(
            "after_model_seconds", "From the model's end to the last edit.", where, QUICK
        )
        self._edits = self._histogram("edits", "Edits of a reply.", where, EDITS)
        self._calling = self._histogram(
            "model_call_seconds", "Calls of a model, from sent to ended.", model, LONG
        )
        self._store = self._histogram(
            "store_seconds", "Transactions of the database, with their wait.", ["operation"], TINY
        )
        self._loop = self._histogram(
            "event_loop_delay_seconds", "How late the event loop was.", [], TINY
        )

    def begin(self, platforms: Iterable[str]) -> None:
        """Have everything at nought that is counted for these platforms."""
        for one in platforms:
            for outcome in (*WHOLE, *FAILURES):
                self._questions.labels(one, self._outcomes(outcome), kind_of(outcome))
            self._caught_up.labels(one)
            self._resumed.labels(one)

    def ended(self, reply: Ended) -> None:
        """Questions have come to an end, with an answer or without."""
        outcome, where = self._outcomes(reply.outcome), reply.platform
        self._questions.labels(where, outcome, kind_of(reply.outcome)).inc(reply.questions)
        for histogram, value in (
            (self._waited, reply.waited),
            (self._sign, reply.first_sign),
            (self._text, reply.first_text),
            (self._whole, reply.seconds),
            (self._lag, reply.lag),
            (self._after, reply.after_model),
            (self._edits, reply.edits),
        ):
            if value is not None:
                histogram.labels(where).observe(value)

    def refused(self, platform: str, why: str) -> None:
        """A question was not taken."""
        self._refused.labels(platform, self._reasons(why)).inc()

    def called(self, call: Call) -> None:
        """A model was called, and it is known what that has cost."""
        model, usage = self._models(call.model), call.usage
        self._calls.labels(model, call.purpose, self._ends(call.outcome)).inc()
        self._calling.labels(model).observe(max(0.0, call.seconds))
        self._cost.labels(model).inc(call.cost / NANO)
        for kind, tokens in (
            ("prompt", usage.prompt),
            ("cached", usage.cached),
            ("completion", usage.completion),
            ("reasoning", usage.reasoning),
        ):
            self._tokens.labels(model, kind).inc(tokens)

    def caught_up(self, platform: str, questions: int) -> None:
        """So many questions were found that had been asked while nobody listened."""
        self._caught_up.labels(platform).inc(questions)

    def resumed(self, platform: str, questions: int) -> None:
        """So many questions of a process that died were taken over."""
        self._resumed.labels(platform).inc(questions)

    def timed(self, operation: str, seconds: float) -> None:
        """A transaction of the database is over (`core.store.database.Timed`)."""
        self._store.labels(operation).observe(seconds)

    def looped(self, late: float) -> None:
        """The event loop was so late (`bots.busy.Watch`)."""
        self._loop.observe(late)

    def _counter(self, name: str, means: str, labels: Sequence[str]) -> Counter:
        return Counter(f"parley_{name}", means, labels, registry=self.registry)

    def _histogram(
        self, name: str, means: str, labels: Sequence[str], buckets: Sequence[float]
    ) -> Histogram:
        return Histogram(f"parley_{name}", means, labels, buckets=buckets, registry=self.registry)


@dataclass(frozen=True, slots=True)
class Sources:
    """What is looked at when somebody asks how all stands."""

    chat: Chat
    composer: Composer
    governor: Governor
    store: Store
    spending: Spending
    troubles: Troubles
    hearings: Mapping[str, Hearing]
    checks: Mapping[str, Callable[[], bool]]
    version: str


class Standing(Collector):
    """How all stands at this moment; what has to be read for it is read by `read` before."""

    def __init__(self, sources: Sources) -> None:
        self._of = sources
        self._left: Sequence[tuple[SpendingLimit, int]] = ()

    async def read(self) -> None:
        """Read what is left of the budgets of money; what cannot be read is left out."""
        try:
            self._left = await self._of.spending.left()
        except StoreFailed as error:
            log.debug("budgets not read", error=str(error))
            self._left = ()

    def collect(self) -> Iterator[Metric]:
        """All of it."""
        yield from self._process()
        yield from self._questions()
        yield from self._platforms()
        yield from self._paces()
        yield from self._money()

    def _process(self) -> Iterator[Metric]:
        build = {"version": self._of.version, "python": platform.python_version()}
        yield _gauge("build_info", "Which version it is.", {tuple(build.values()): 1}, *build)
        ready = {(name,): holds() for name, holds in self._of.checks.items()}
        yield _gauge("ready", "Whether it is ready, by what that takes.", ready, "check")
        well = {(): self._of.store.is_writable}
        yield _gauge("store_writable", "Whether the database takes what is written.", well)
        yield _counter(
            "troubles", "Warnings and errors in the log.", {(): self._of.troubles.number}
        )

    def _questions(self) -> Iterator[Metric]:
        chat, flights = self._of.chat, self._of.chat.flights
        yield _gauge("open_questions", "Questions without an end yet.", {(): chat.open})
        yield _gauge(
            "oldest_question_seconds", "How long the oldest of them is open.", {(): chat.oldest}
        )
        many = Tally({(name,): 0 for name in self._of.hearings})
        many.update((one.conversation.platform,) for one in flights)
        yield _gauge("replies_in_flight", "Replies that are being written.", many, "platform")
        unseen = sum(one.progress.written - one.progress.seen for one in flights)
        yield _gauge("unseen_characters", "Of these, text not shown yet.", {(): max(0, unseen)})
        lines = {
            ("conversation",): chat.waiting,
            ("at_once",): chat.held_up,
            ("model",): self._of.composer.standing_in_line,
            ("platform",): self._of.governor.standing_in_line,
        }
        yield _gauge("waiting", "Who waits, by the line in which they stand.", lines, "line")

    def _platforms(self) -> Iterator[Metric]:
        hearings = self._of.hearings.items()
        heard = {(name,): one.since is not None for name, one in hearings}
        yield _gauge("connected", "Whether events of a platform arrive.", heard, "platform")
        lost = {(name,): one.interruptions for name, one in hearings}
        yield _counter("reconnects", "Connections lost, and dialled anew.", lost, "platform")

    def _paces(self) -> Iterator[Metric]:
        governor, labels = self._of.governor, ("platform", "method")
        sent = _by_method(governor.let_go)
        refused = {**dict.fromkeys(sent, 0), **_by_method(governor.refusals)}
        yield _counter("requests", "Requests that were let go, by budget.", sent, *labels)
        yield _counter("refused_requests", "Of these, refused with 429.", refused, *labels)
        kinds = {_split(kind): levels for kind, levels in governor.kinds().items()}
        for name, means, of in (
            ("pace_left_ratio", "What is left of the emptiest budget, of 1.", _least_left),
            ("pace_share_ratio", "What a budget was cut to after 429s, of 1.", _least_share),
            ("pace_closed_seconds", "For how long a budget is closed yet.", _longest_closed),
        ):
            # One that is not used is full, and not kept.
            rested = 0.0 if of is _longest_closed else 1.0
            values = {**dict.fromkeys(refused, rested), **{at: of(ls) for at, ls in kinds.items()}}
            yield _gauge(name, means, values, *labels)

    def _money(self) -> Iterator[Metric]:
        labels = ("budget", "period", "unit")
        left = {_budget(one): _amount(one, rest) for one, rest in self._left}
        limits = {_budget(one): _amount(one, one.amount) for one, _ in self._left}
        yield _gauge("budget_left", "What is left of a budget of money or tokens.", left, *labels)
        yield _gauge("budget_limit", "How much it allows in its period.", limits, *labels)


class Page:
    """What `/metrics` answers."""

    def __init__(self, metrics: Metrics, standing: Standing) -> None:
        self._metrics = metrics
        self._standing = standing
        metrics.registry.register(standing)

    async def text(self) -> bytes:
        """All figures, in Prometheus' text format."""
        await self._standing.read()
        return exposition.generate_latest(self._metrics.registry)


At = TypeVar("At", bound=tuple[str, ...])
"""The values of labels, in their order."""


def _gauge(name: str, means: str, values: Mapping[At, float], *labels: str) -> Metric:
    family = GaugeMetricFamily(f"parley_{name}", means, labels=labels)
    for at, value in values.items():
        family.add_metric(at, value)
    return family


def _counter(name: str, means: str, values: Mapping[At, float], *labels: str) -> Metric:
    family = CounterMetricFamily(f"parley_{name}", means, labels=labels)
    for at, value in values.items():
        family.add_metric(at, value)
    return family


def _split(kind: str) -> tuple[str, str]:
    """Platform and method of a kind of budget."""
    platform, _, method = kind.partition("/")
    return platform or OTHER, method or OTHER


def _by_method(counted: Mapping[str, int]) -> dict[tuple[str, str], int]:
    return {_split(kind): many for kind, many in counted.items()}


def _least_left(levels: Sequence[Level]) -> float:
    return min(0.0 if one.closed else one.left / one.size for one in levels)


def _least_share(levels: Sequence[Level]) -> float:
    return min(one.share for one in levels)


def _longest_closed(levels: Sequence[Level]) -> float:
    return max(one.closed for one in levels)


def _budget(limit: SpendingLimit) -> tuple[str, str, str]:
    return f"{limit.kind} {limit.id}".strip(), limit.period, limit.unit


def _amount(limit: SpendingLimit, amount: int) -> float:
    return amount / NANO if limit.unit is Unit.USD else amount
