"""What was used of the models: the figures of a report."""

from dataclasses import dataclass
from enum import StrEnum
from functools import reduce


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

    cost: int = 0
    tokens: int = 0


NOTHING = Amount()


@dataclass(frozen=True, slots=True)
class Share:
    """A part of what several days took, day by day; that of `others` together, if they are many."""

    name: str
    amounts: tuple[Amount, ...]
    others: int = 0

    @property
    def cost(self) -> int:
        """What all days cost."""
        return sum(amount.cost for amount in self.amounts)

    @property
    def tokens(self) -> int:
        """What all days took."""
        return sum(amount.tokens for amount in self.amounts)

    def and_(self, other: "Share") -> "Share":
        """Both together, as others of whom nobody is named."""
        both = zip(self.amounts, other.amounts, strict=True)
        amounts = tuple(Amount(a.cost + b.cost, a.tokens + b.tokens) for a, b in both)
        return Share("", amounts, max(1, self.others) + max(1, other.others))


@dataclass(frozen=True, slots=True)
class Days:
    """What several days took, as 2026-11-28, oldest first, by person or by model.

    The dearest share comes first; the last may be that of all others.
    """

    days: tuple[str, ...]
    shares: tuple[Share, ...] = ()

    def at_most(self, number: int) -> tuple[Share, ...]:
        """The shares, of which the last ones are together where there are more than so many."""
        if len(self.shares) <= number:
            return self.shares
        return (*self.shares[: number - 1], reduce(Share.and_, self.shares[number - 1 :]))

    @property
    def cost(self) -> int:
        """What all of it cost."""
        return sum(share.cost for share in self.shares)

    @property
    def tokens(self) -> int:
        """What all of it took."""
        return sum(share.tokens for share in self.shares)
