"""Other programs: bots, apps and webhooks, which are answered only where the operator lists them.

Two programs that mention each other would never end. So a program must call the bot each time, is
told nothing when it is refused, and gets a number of answers between two questions of people: in a
conversation, and in its channel with all threads, since each mention there can begin a new one.
"""

from dataclasses import dataclass

from core.limits import ProgramsTable


@dataclass(frozen=True, slots=True)
class Programs:
    """Those that are answered, named as in LIMITS_FILE, and with how many `exchanges`."""

    answered: frozenset[str] = frozenset()
    exchanges: int = 0

    @classmethod
    def of(cls, table: ProgramsTable | None) -> "Programs":
        """Those of `[other_programs]` in LIMITS_FILE."""
        return cls(frozenset(table.answered), table.exchanges) if table else cls()

    def admits(self, *names: str) -> bool:
        """Whether a program that goes by these names is answered."""
        return not self.answered.isdisjoint(names)


NO_PROGRAMS = Programs()
"""None is answered."""
