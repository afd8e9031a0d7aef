"""The last warnings and errors of the log, for operators who look at them elsewhere."""

import json
import logging
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

KEPT = 200
"""Lines that are kept."""

LONGEST = 1000
"""Characters of one value that are kept."""

WORDS = frozenset({"said"})
"""Where people's words stand in a line (`core.log`): they are not kept, whatever the log does."""

HEADER = re.compile(r"Traceback \(most recent call last\):$|^ *\+[-+]+ \d+ -+$")
"""What a traceback begins with, and each of a group; the latter may have no frames."""

MARGIN = re.compile(r"^ *[|+] ")
"""What stands before each line of a group of exceptions."""

KIND = re.compile(r"([A-Za-z_][\w.]*)(?::|$)")
"""The name of an exception, in the first line below its frames."""

FRAME = re.compile(r'File "(?:.*/)?([^"/]+/[^"/]+)", line (\d+)')

OWN = frozenset({"message", "level", "timestamp", "exception", "exc_info", "stack_info"})
"""Fields that are no part of what a line tells of its event."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One line: when, in seconds since 1970, how bad, what happened, and to what.

    `error` is the kind of the exception that was logged with it, if one was, and where it was
    raised; what it says may quote people, and is in the log only.
    """

    number: int
    at: float
    level: str
    event: str
    fields: Mapping[str, Any]
    error: str = ""


class Troubles(logging.Handler):
    """Keeps the newest of them in memory. Its formatter makes JSON, without any secret."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines: deque[Trouble] = deque(maxlen=KEPT)
        self._number = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; one that cannot be formatted is none."""
        try:
            line = json.loads(self.format(record))
        except Exception:  # noqa: BLE001 - a log must never raise
            self.handleError(record)
            return
        self._number += 1
        self._lines.append(_trouble(self._number, line))

    def newest(self) -> list[Trouble]:
        """What is kept, newest first."""
        return list(self._lines)[::-1]

    @property
    def number(self) -> int:
        """How many there were, ever."""
        return self._number


def _trouble(number: int, line: Mapping[str, Any]) -> Trouble:
    fields = {
        name: _short(value) for name, value in line.items() if name not in OWN and name not in WORDS
    }
    return Trouble(
        number,
        datetime.fromisoformat(line["timestamp"]).timestamp(),
        str(line.get("level", "")),
        _short(line.get("message", "")),
        fields,
        _raised(str(line.get("exception", ""))),
    )


def _raised(traceback: str) -> str:
    """What the last exception of a traceback is, and where it comes from."""
    kind = place = ""
    is_within = True
    for written in traceback.split("\n"):
        line = MARGIN.sub("", written)
        if HEADER.search(line):
            is_within = True
        elif is_within and line.startswith(" "):
            if frame := FRAME.search(line):
                place = f"{frame[1]}:{frame[2]}"
        elif is_within:
            # What follows belongs to the words of the exception, which may have many lines.
            is_within = False
            kind = found[1] if (found := KIND.match(line)) else kind
    return ", ".join(filter(None, (kind, place)))


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [_short(one) for one in value[:20]]
    if isinstance(value, int | float | None):
        return value
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return words if len(words) <= LONGEST else f"{words[:LONGEST]} …"
