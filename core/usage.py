"""What was used of the models: the figures of a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Whose(StrEnum):
    """Whose figures a report has."""

    PERSON = "person"
    CHANNEL = "channel"
    WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody, some channel, some workspace.

    `id` is platform/id, platform/workspace/channel, or platform/workspace.
    """

    whose: Whose
    id: str


@dataclass(frozen=True, slots=True)
class Used:
    """The tokens that a model has read, from its cache or not, and written.

    `cost` is in nano-dollars. `estimated`: some of them are our own count.
    """

    model: str
    read: int
    cached: int
    written: int
    cost: int
    estimated: bool


@dataclass(frozen=True, slots=True)
class Period:
    """What was used since some moment: questions, and tokens by model, the dearest first.

    `good` and `bad` are how many liked an answer since then, and how many did not.
    """

    questions: int
    models: tuple[Used, ...]
    good: int = 0
    bad: int = 0

    @property
    def cost(self) -> int:
        """What all of it cost, in nano-dollars."""
        return sum(used.cost for used in self.models)

    @property
    def estimated(self) -> bool:
        """Whether some of it is our own count."""
        return any(used.estimated for used in self.models)


@dataclass(frozen=True, slots=True)
class Use:
    """What was used today and this month."""

    today: Period
    month: Period


@dataclass(frozen=True, slots=True)
class Amount:
    """What a day took: nano-dollars, and tokens read and written."""

    cost: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Days:
    """What each of several days took, as 2026-11-28, oldest first, by person or by model."""

    days: tuple[str, ...]
    amounts: Mapping[str, Mapping[str, Amount]] = field(default_factory=dict)

    def costs(self) -> dict[str, Sequence[int]]:
        """What each day cost, by name."""
        return {name: [self._of(name, day).cost for day in self.days] for name in self.amounts}

    def tokens(self) -> dict[str, Sequence[int]]:
        """How many tokens each day took, by name."""
        return {name: [self._of(name, day).tokens for day in self.days] for name in self.amounts}

    def _of(self, name: str, day: str) -> Amount:
        return self.amounts[name].get(day, Amount(0, 0))
