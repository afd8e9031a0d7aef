"""Stacked bars: where each part of them stands in a picture (pure)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STEPS = 4
"""Parts of the scale beside the bars."""

HEIGHT = 100.0
"""How high the picture is, in its own units; each bar is one unit wide, its gap included."""

WIDTH = 0.72
"""Of that, what the bar takes."""

ROUND = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10)
"""What a scale may end with, times a power of ten: a quarter of each is a short number."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one bar has of one name: its colour's number, and where it stands."""

    colour: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what stands below it (empty: nothing), and what a reader is told of it."""

    label: str
    title: str
    rows: Sequence[tuple[str, str, int]]
    parts: Sequence[Part]
    total: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The bars, the scale from the top down, and the names with their colours' numbers."""

    bars: Sequence[Bar]
    scale: Sequence[str]
    names: Sequence[tuple[str, int]]
    about: str

    @property
    def lines(self) -> Sequence[float]:
        """How high the lines of the scale stand."""
        return [HEIGHT * step / STEPS for step in range(STEPS + 1)]


@dataclass(frozen=True, slots=True)
class Column:
    """What a bar shows: amounts by name."""

    label: str
    title: str
    amounts: Mapping[str, int]


def top_of(greatest: float) -> float:
    """Where a scale ends that has room for this amount: a round number."""
    if greatest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(greatest))
    return next(power * one for one in ROUND if power * one >= greatest * (1 - 1e-9))


def greatest(columns: Sequence[Column]) -> int:
    """What the highest of these columns comes to."""
    return max((sum(one.amounts.values()) for one in columns), default=0)


def top_of_counts(greatest: int) -> float:
    """The same for what is counted: each step of the scale is a whole number."""
    step = math.ceil(greatest / STEPS)
    power = 10 ** (len(str(step)) - 1)
    return float(STEPS * power * math.ceil(step / power)) if step else float(STEPS)


def bar(number: int, column: Column, colours: Mapping[str, int], top: float) -> Sequence[Part]:
    """The parts of one bar, from the ground up."""
    parts: list[Part] = []
    ground = HEIGHT
    for name, colour in colours.items():
        if amount := column.amounts.get(name, 0):
            height = HEIGHT * amount / top
            ground -= height
            x = number + (1 - WIDTH) / 2
            parts.append(Part(colour, x, round(ground, 3), WIDTH, round(height, 3)))
    return parts
