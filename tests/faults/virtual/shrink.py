"""Makes a schedule that breaks a promise smaller, as long as it still breaks one."""

from collections.abc import Callable
from dataclasses import replace

from tests.faults.virtual.schedule import Schedule


def shrunk(schedule: Schedule, breaks: Callable[[Schedule], bool]) -> Schedule:
    """The schedule without all that it can do without, one part after the other."""
    smaller = True
    while smaller:
        smaller = False
        for kind, part in schedule.parts:
            without = _without(schedule, kind, part)
            if breaks(without):
                schedule, smaller = without, True
    return schedule


def _without(schedule: Schedule, kind: str, part: object) -> Schedule:
    kept = getattr(schedule, kind)
    if kind == "scripts":
        return replace(schedule, scripts={n: one for n, one in kept.items() if n != part})
    return replace(schedule, **{kind: tuple(one for one in kept if one != part)})
