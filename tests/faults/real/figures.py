"""What all of it came to, in one table and in build/soak.json."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests import figures
from tests.faults.real.killed import Killed
from tests.faults.real.load import Loaded
from tests.faults.real.played import Played

OURS = "real"
"""The name of these rows among those of other programs."""


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
        """For people; with what other programs have left."""
        lines = [figures.table(figures.kept() | {OURS: self.rows}), ""]
        return "\n".join([*lines, *(f"BREACH {one}" for one in self.breaches)])

    def write(self) -> None:
        """For programs; what others have left stays."""
        figures.keep(OURS, self.rows)
