"""Plays schedules of faults: `python -m tests.faults --seeds 5000`, or one with its trace."""

import argparse
import sys

from tests import figures as table
from tests.faults.virtual.running import Figures, all_of, looked_at, smallest
from tests.faults.virtual.schedule import drawn

KINDS = ("faults", "company", "drains", "crashes")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="so many, of all kinds together")
    parser.add_argument("--kind", choices=KINDS, help="this kind alone")
    parser.add_argument("--seed", type=int, help="this one, with what happened")
    parser.add_argument("--shrink", action="store_true", help="and as little of it as fails")
    given = parser.parse_args()
    if given.seed is not None:
        return _one(given.kind or KINDS[0], given.seed, shrink=given.shrink)
    kinds, figures = (given.kind,) if given.kind else KINDS, Figures()
    for kind in kinds:
        all_of(kind, range(given.seeds // len(kinds)), figures)
    table.keep("virtual", {"core, schedules of faults on a virtual clock": _row(figures)})
    return _print(figures)


def _row(figures: Figures) -> dict[str, object]:
    return {
        "schedules": figures.schedules,
        "questions": figures.questions,
        "faults": dict(figures.faults),
        table.BREACHES: len(figures.wrong),
        "seconds": figures.seconds,
    }


def _one(kind: str, seed: int, *, shrink: bool) -> int:
    schedule = drawn(seed, kind)
    if shrink:
        schedule = smallest(schedule)
    town, wrong = looked_at(schedule)
    print(f"{schedule.flavour}, seed {seed} of {kind}")
    for _, part in schedule.parts:
        print(f"  {schedule.scripts[part] if isinstance(part, int) else part}")
    print(*town.lines, sep="\n")
    for message in town.platform.messages.values():
        print(f"{message.id}: {message.page.text[-60:]!r} {message.page.notice}")
    print(*(wrong or ["every promise was kept"]), sep="\n")
    return bool(wrong)


def _print(figures: Figures) -> int:
    per_minute = 60 * figures.schedules / figures.seconds
    print(f"{figures.schedules} schedules in {figures.seconds:.0f} s ({per_minute:.0f} a minute)")
    print(f"{figures.questions} questions")
    for kind, count in figures.faults.most_common():
        print(f"  {count:6} {kind}")
    for (kind, seed), wrong in figures.wrong.items():
        print(f"--kind {kind} --seed {seed}: {'; '.join(wrong[:3])}")
    print(f"{len(figures.wrong)} schedules in which a promise was broken")
    return bool(figures.wrong)


if __name__ == "__main__":
    sys.exit(main())
