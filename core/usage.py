"""What was used of the models: the figures of a report."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Used:
    """The tokens that a model has read, from its cache or not, and written.

    `estimated`: some of them are our own count.
    """

    model: str
    read: int
    cached: int
    written: int
    estimated: bool


@dataclass(frozen=True, slots=True)
class Period:
    """What was used since some moment: questions, and tokens by model, the busiest first.

    `good` and `bad` are how many liked an answer since then, and how many did not.
    """

    questions: int
    models: tuple[Used, ...]
    good: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True)
class Use:
    """What was used today and this month; both begin at midnight UTC."""

    today: Period
    month: Period
