"""The figures as a person reads them: a row for each scenario, below it what was asked."""

import math
from collections.abc import Iterable, Mapping

from tests.bench.scenarios import Scenario

WIDTH = 8
COLUMNS = (
    ("sign", "sign", 2),
    ("first_text", "1st text", 2),
    ("lag", "lag", 3),
    ("bound", "bound", 3),
    ("ratio", "ratio", 2),
    ("lag_worst", "worst", 2),
    ("lag_p95", "lag p95", 2),
    ("late", "late", 2),
    ("late_p95", "late p95", 2),
    ("late_worst", "late max", 2),
    ("missing", "missing", 0),
    ("requests", "req/rply", 1),
    ("refused", "429", 0),
    ("broken", "broken", 0),
    ("cpu", "CPU/1000", 3),
    ("cpu_excess", "+ms/rply", 1),
    ("core", "core", 2),
    ("idle", "idle MiB", 0),
    ("peak", "peak MiB", 0),
    ("memory_each", "KiB/rply", 0),
    ("stalls", "stalls", 0),
    ("longest_stall", "longest", 3),
    ("model_late", "(model)", 3),
    ("town_late", "(town)", 3),
)
"""Figure, heading, digits after the point."""

FEW = frozenset({"memory_each", "cpu_excess"})
"""Figures of a reply that say nothing when there are only a few."""


def heading() -> str:
    """The first line."""
    return " " * 4 + "".join(f"{title:>{WIDTH + 1}}" for _, title, _ in COLUMNS)


def row(scenario: Scenario, figures: Mapping[str, float], runs: int) -> str:
    """Name, figures, and what was asked: kept (✓) or missed (✗)."""
    values = (
        _number(figures[name], digits) if scenario.replies >= 20 or name not in FEW else "-"
        for name, _, digits in COLUMNS
    )
    asked = (_asked(scenario.limits, figures, name, digits) for name, _, digits in COLUMNS)
    times = f"{runs} run{'s' if runs > 1 else ''}"
    return "\n".join(
        (f"{scenario.name} ({scenario}; {times})", " " * 4 + _cells(values), "   ≤" + _cells(asked))
    )


def _cells(values: Iterable[str]) -> str:
    return "".join(f"{value:>{WIDTH + 1}}" for value in values)


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "never"


def _asked(
    limits: Mapping[str, float], figures: Mapping[str, float], name: str, digits: int
) -> str:
    if name not in limits:
        return ""
    return f"{limits[name]:.{digits}f} {'✓' if figures[name] <= limits[name] else '✗'}"


def missed(limits: Mapping[str, float], figures: Mapping[str, float]) -> list[str]:
    """The names of what is not as it was asked."""
    return [name for name, most in limits.items() if not figures[name] <= most]
