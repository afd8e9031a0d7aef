"""Plays many schedules and says what was wrong."""

import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.faults.virtual.law import violations
from tests.faults.virtual.schedule import Schedule, drawn
from tests.faults.virtual.shrink import shrunk
from tests.faults.virtual.town import Town, played

NAMES = re.compile(r"\b[0-9a-f]{16}\b|\d+|['\[{(].*")
"""What differs between two breaches of the same promise."""


@dataclass
class Figures:
    """What many schedules have come to."""

    schedules: int = 0
    questions: int = 0
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    wrong: dict[tuple[str, int], list[str]] = field(default_factory=dict)


def looked_at(schedule: Schedule) -> tuple[Town, list[str]]:
    """What a schedule has come to, and what is wrong with it."""
    with played(schedule) as town:
        return town, violations(town)


def all_of(kind: str, seeds: Iterable[int], figures: Figures | None = None) -> Figures:
    """Play these seeds."""
    figures = figures or Figures()
    began = time.monotonic()
    for seed in seeds:
        town, wrong = looked_at(drawn(seed, kind))
        figures.schedules += 1
        figures.questions += len(town.heard)
        figures.faults += town.met
        figures.faults.update(
            f"model: {call.script.end}" for call in town.endpoint.calls if call.script.end != "stop"
        )
        if wrong:
            figures.wrong[kind, seed] = wrong
    figures.seconds += time.monotonic() - began
    return figures


def smallest(schedule: Schedule) -> Schedule:
    """As little of a schedule as breaks a promise that it breaks."""
    broken = _kinds(looked_at(schedule)[1])
    return shrunk(schedule, lambda one: not broken.isdisjoint(_kinds(looked_at(one)[1])))


def _kinds(wrong: Iterable[str]) -> set[str]:
    """What is wrong, whichever reply, message and question it is about."""
    return {NAMES.sub("", one) for one in wrong}
