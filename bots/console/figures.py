"""Figures as operators read them on the page (pure)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bots.usage import exact
from core.prices import NANO, dollars

MINUTE, HOUR, DAY = 60, 3600, 86_400

HUNDREDTH = NANO // 10_000
"""Nano-dollars in a hundredth of a cent."""

UNKNOWN = "\N{EN DASH}"
"""Stands where there is nothing to tell."""


def money(nano: int) -> str:
    """An amount as people read it: of a small one, four digits behind the point."""
    shown = -(-nano // HUNDREDTH) * HUNDREDTH if HUNDREDTH <= nano < NANO else nano
    return f"${dollars(shown)}"


def exactly(nano: int) -> str:
    """The same, to the last digit."""
    return f"{exact(nano)} USD"


def count(number: int) -> str:
    """A number with its thousands apart."""
    return f"{number:,}"


def short(number: float) -> str:
    """A large number, briefly: 1.2M."""
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.3g}{letter}"
    return f"{number:.3g}"


def seconds(number: float | None) -> str:
    """A while, as precise as it matters; nothing where it is not known."""
    if number is None:
        return UNKNOWN
    if number < 1:
        return f"{number:.2f} s"
    if number < MINUTE:
        return f"{number:.1f} s"
    return span(number)


def span(number: float) -> str:
    """A long while in its two greatest units."""
    whole = max(0, round(number))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return _two(whole, MINUTE, 1, "min", "s")
    if whole < DAY:
        return _two(whole, HOUR, MINUTE, "h", "min")
    return _two(whole, DAY, HOUR, "d", "h")


def _two(whole: int, large: int, small: int, name: str, smaller: str) -> str:
    first, rest = divmod(whole, large)
    second = rest // small
    return f"{first} {name} {second} {smaller}" if second else f"{first} {name}"


def moment(at: float | None, zone: ZoneInfo, now: float) -> str:
    """When something was, in a time zone; a year that is over is told instead of the time."""
    if at is None:
        return UNKNOWN
    then = datetime.fromtimestamp(at, zone)
    this_year = then.year == datetime.fromtimestamp(now, zone).year
    return f"{then:%-d %b %H:%M:%S}" if this_year else f"{then:%-d %b %Y}"


def iso(at: float, zone: ZoneInfo) -> str:
    """The same, for machines and for whoever wants to know exactly."""
    return datetime.fromtimestamp(at, zone).isoformat(timespec="seconds")


def day(name: str) -> str:
    """A day of the ledger, 2026-11-28, as people read it."""
    return f"{datetime.fromisoformat(name):%a %-d %b %Y}"
