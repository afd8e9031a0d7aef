"""Draws a chart: what it is to show comes as JSON on the input, a PNG goes to the output.

It is run as a program of its own (`core/chart.py`) and imports nothing of Parley's, so that
neither the time nor the memory that it takes is the bot's. Besides `core/pictures.py` the only
module that imports Pillow.
"""

import io
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

FONT = Path(__file__).parent / "data" / "DejaVuSans.ttf"
"""Latin, Greek, Cyrillic, Hebrew, Arabic and more; Pillow's own font has not even umlauts."""

WIDTH, HEIGHT = 1200, 640
LEFT, TOP, RIGHT, BOTTOM = 116, 112, 340, 60
"""Pixels around the bars: for the amounts, the title, the legend and the days."""

# A card of its own, so that it reads the same on Slack's and Discord's light and dark pages.
PAPER, INK, FAINT, LINE, EDGE = "#fcfcfa", "#22262b", "#5b626b", "#dfe1e4", "#8f959d"

COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#b0539b",
    "#c28a00",
    "#3b3f97",
    "#3fa3d1",
    "#8a5a44",
)
"""Told apart by people who see no red or no green, too (after Okabe and Ito), and on the card."""

REST = "#8a9099"
"""The colour of all others together."""

GAP = 2
"""Pixels of the card between two parts of a bar."""

NAME, SMALL, TITLE = 22, 19, 28
LONGEST = RIGHT - 86
"""Pixels of a name in the legend."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of those who share each bar; `note` is what they have in all, `rest`: several.

    `id` stands for a name that the font has no letters for.
    """

    name: str
    id: str
    note: str
    values: Sequence[float]
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of parts above their labels; an empty label leaves its bar without one.

    `unit` stands before each amount on the scale.
    """

    title: str
    subtitle: str
    labels: Sequence[str]
    parts: Sequence[Part]
    unit: str

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "Chart":
        """What stands in the JSON."""
        return cls(**{**found, "parts": [Part(**part) for part in found["parts"]]})

    def highest(self) -> float:
        """The amount of the highest bar."""
        return max(
            (sum(bar) for bar in zip(*(p.values for p in self.parts), strict=True)), default=0
        )

    def colour(self, number: int) -> str:
        """That of a part."""
        return REST if self.parts[number].rest else COLOURS[number % len(COLOURS)]


class Drawing:
    """A chart on its way to a picture."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self._image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
        self._draw = ImageDraw.Draw(self._image)
        self._step, self._top = scale(chart.highest())

    def png(self) -> bytes:
        """All of it."""
        self._words((24, 26), self._chart.title, TITLE)
        self._words((24, 66), self._chart.subtitle, SMALL, FAINT)
        self._scale()
        self._bars()
        self._legend()
        self._draw.rectangle((0, 0, WIDTH - 1, HEIGHT - 1), outline=EDGE)
        file = io.BytesIO()
        self._image.save(file, "PNG", optimize=True)
        return file.getvalue()

    def _scale(self) -> None:
        for number in range(round(self._top / self._step) + 1):
            amount = number * self._step
            y = self._height(amount)
            self._draw.line((LEFT, y, WIDTH - RIGHT, y), fill=INK if not number else LINE)
            words = f"{self._chart.unit}{shown(amount, self._step)}" if number else "0"
            self._words((LEFT - 12, y), words, SMALL, FAINT, "rm")

    def _bars(self) -> None:
        chart, many = self._chart, len(self._chart.labels)
        room = (WIDTH - RIGHT - LEFT) / max(1, many)
        for day, label in enumerate(chart.labels):
            left = LEFT + day * room + room * 0.14
            right = LEFT + (day + 1) * room - room * 0.14
            self._bar(round(left), round(right), [part.values[day] for part in chart.parts])
            if label:
                middle = ((left + right) / 2, HEIGHT - BOTTOM + 12)
                self._words(middle, label, SMALL, FAINT, "ma")

    def _bar(self, left: int, right: int, amounts: Sequence[float]) -> None:
        below = 0.0
        for number, amount in enumerate(amounts):
            if amount <= 0:
                continue
            bottom, top = self._height(below), self._height(below + amount)
            # What cost something is seen, however little it is.
            top = min(top, bottom - 1)
            gap = GAP if below and bottom - top > 2 * GAP else 0
            box = (left, top, right, bottom - 1 - gap)
            self._draw.rectangle(box, fill=self._chart.colour(number))
            below += amount

    def _legend(self) -> None:
        x, y = WIDTH - RIGHT + 30, TOP - 4
        for number, part in enumerate(self._chart.parts):
            self._draw.rectangle((x, y, x + 20, y + 20), fill=self._chart.colour(number))
            self._words((x + 32, y - 3), self._fitting(drawable(part.name) or part.id), NAME)
            self._words((x + 32, y + 24), part.note, SMALL, FAINT)
            y += 56

    def _fitting(self, name: str) -> str:
        """A name within the room that it has."""
        shown, font = name, _font(NAME)
        while font.getlength(shown) > LONGEST and len(name) > 1:
            name = name[:-1]
            shown = f"{name.rstrip()}…"
        return shown

    def _height(self, amount: float) -> int:
        """Where an amount stands, in pixels from above."""
        return round(HEIGHT - BOTTOM - amount / self._top * (HEIGHT - BOTTOM - TOP))

    def _words(
        self, at: tuple[float, float], words: str, size: int, colour: str = INK, anchor: str = "la"
    ) -> None:
        self._draw.text(at, words, colour, _font(size), anchor)


def scale(highest: float) -> tuple[float, float]:
    """The steps of a scale for amounts up to this one, and where it ends (pure)."""
    if highest <= 0:
        return 1.0, 1.0
    least = highest / 5
    power = 10.0 ** math.floor(math.log10(least))
    step = next(one * power for one in (1, 2, 5, 10) if one * power >= least * 0.999)
    return step, step * math.ceil(highest / step * 0.999)


def shown(amount: float, step: float) -> str:
    """An amount beside the scale, with as many digits as its steps need (pure)."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if step * 5 >= size:
            return f"{amount / size:g}{letter}" if amount else "0"
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{amount:.{max(digits, 2 if digits else 0)}f}"


def drawable(text: str) -> str:
    """The text without what the font has no picture of; empty where nothing is left."""
    return "".join(_drawable(text)).strip()


def _drawable(text: str) -> Iterator[str]:
    missing = _glyph("\uffff")
    for letter in text:
        if letter.isspace() or (letter.isprintable() and _glyph(letter) != missing):
            yield letter


def _glyph(letter: str) -> bytes:
    return bytes(_font(NAME).getmask(letter))


_fonts: dict[int, ImageFont.FreeTypeFont] = {}


def _font(size: int) -> ImageFont.FreeTypeFont:
    if size not in _fonts:
        _fonts[size] = ImageFont.truetype(FONT, size)
    return _fonts[size]


def main() -> None:
    """Draw one chart."""
    chart = Chart.read(json.load(sys.stdin))
    sys.stdout.buffer.write(Drawing(chart).png())


if __name__ == "__main__":
    main()
