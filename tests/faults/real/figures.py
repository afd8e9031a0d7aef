"""What all of it came to, in one table and in build/soak.json."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.faults.real.games import ROOT
from tests.faults.real.killed import Killed
from tests.faults.real.load import Loaded
from tests.faults.real.played import Played

OUTPUT = ROOT / "build" / "soak.json"
OURS, BREACHES = "real", "breaches"
"""What stands there by these names is written here; others may add rows under theirs."""


@dataclass
class Figures:
    """Rows of the table by name, and every breach of the law."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)

    @property
    def broken(self) -> bool:
        """Whether the law was broken anywhere."""
        return bool(self.breaches)

    def add_schedule(self, done: Played) -> None:
        """One schedule was played."""
        name = f"{done.schedule.platform}, schedules of faults"
        row = self.rows.setdefault(
            name,
            {"schedules": 0, "questions": 0, "faults": Counter(), "breaches": 0, "seconds": 0.0},
        )
        row["schedules"] += 1
        row["questions"] += done.questions
        row["faults"] += done.faults
        row["breaches"] += len(done.breaches)
        row["seconds"] += done.seconds
        self.breaches += [
            f"{done.schedule.platform} {done.schedule.seed}: {one}" for one in done.breaches
        ]

    def add_kills(self, done: Killed) -> None:
        """A platform's bots were killed."""
        self.rows[f"{done.platform}, kill -9"] = {
            "kills": done.kills,
            **done.ends,
            "breaches": len(done.breaches),
            "seconds": done.seconds,
        }
        self.breaches += done.breaches

    def add_load(self, done: Loaded) -> None:
        """The bot was under load for a while."""
        self.rows["both platforms, under load"] = done.figures()
        self.breaches += done.breaches

    def table(self) -> str:
        """For people; with what other runs have left, each as rows under a name of its own."""
        rows = {name: row for of in _of_others().values() for name, row in of.items()} | self.rows
        lines = [""]
        for name, row in rows.items():
            lines.append(name)
            for what, value in row.items():
                lines += _lines(what, value)
        lines += ["", *(f"BREACH {one}" for one in self.breaches)]
        return "\n".join([*lines, f"{len(self.breaches)} breaches of the law"])

    def write(self) -> None:
        """For programs; what other runs have left stays."""
        OUTPUT.parent.mkdir(exist_ok=True)
        known = _of_others() | {OURS: self.rows}
        OUTPUT.write_text(json.dumps(known | {BREACHES: self.breaches}, indent=1))


def _of_others() -> dict[str, dict[str, dict[str, Any]]]:
    """What `make soak` and `make fuzz` have found with other programs than this one."""
    known = json.loads(OUTPUT.read_text()) if OUTPUT.exists() else {}
    return {name: rows for name, rows in known.items() if name not in (OURS, BREACHES)}


def _lines(what: str, value: Any) -> list[str]:
    if isinstance(value, dict):
        total = f"    {what:28}{sum(value.values()):>10,}"
        return [total, *(f"        {kind:40}{n:>6,}" for kind, n in sorted(value.items()))]
    if isinstance(value, float):
        return [f"    {what:28}{value:>10,.1f}"]
    return [f"    {what:28}{value:>10,}" if isinstance(value, int) else f"    {what:28}{value}"]
