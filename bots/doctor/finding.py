"""What was found: well, worth a remark, or wrong; and what to do about it."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

NAME = r"\b[A-Z][A-Z0-9_]{2,}\b"
"""What names of settings look like."""


class State(StrEnum):
    """How something stands. Only what is wrong stops the bot."""

    OK = "ok"
    REMARK = "remark"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what it is about, how it stands, what to do, and the setting to change."""

    area: str
    state: State
    what: str
    do: str = ""
    setting: str = ""


def well(area: str, what: str) -> Finding:
    """It is as it has to be."""
    return Finding(area, State.OK, what)


def remark(area: str, what: str, do: str = "", setting: str = "") -> Finding:
    """Not known, not done yet, or unwise."""
    return Finding(area, State.REMARK, what, do, setting)


def wrong(area: str, what: str, do: str, setting: str) -> Finding:
    """It stops the bot, or what the bot is for."""
    return Finding(area, State.WRONG, what, do, setting)


def refused(area: str, words: object, setting: str, known: Collection[str] = ()) -> Finding:
    """Wrong, in a sentence that says what happened, and others that say what to do.

    The setting is the first of the `known` ones that they name, else the name that they begin
    with, else `setting`.
    """
    line = " ".join(str(words).split())
    if line.startswith("DATABASE_URL: "):
        line = line.removeprefix("DATABASE_URL: ")
    what, _, do = line.partition(". ")
    named = [one for one in re.findall(NAME, line) if one in known]
    if known and not named and (first := re.match(NAME, line)):
        named = [first[0]]
    return wrong(area, what.removesuffix("."), do, named[0] if named else setting)


def lines(area: str, error: Exception, setting: str, known: Collection[str]) -> Iterator[Finding]:
    """The same for an error that has every problem in a line."""
    for line in str(error).splitlines():
        yield refused(area, line, setting, known)
