"""Server-sent events out of bytes that arrive in pieces.

The rules are those of the HTML standard (section 9.2.6, "Interpreting an event
stream"), without `id` and `retry`: nobody can take a chat completion up again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `event` is "message" where the server did not name it."""

    event: str
    data: str


class Decoder:
    """Takes bytes as they come, split anywhere, and gives the events that are complete.

    Line ends are LF, CRLF or CR, also mixed. The cost is linear in the bytes, however
    they are split: an unfinished line is kept in pieces until its end arrives.
    """

    def __init__(self) -> None:
        self._unfinished: list[bytes] = []
        self._after_cr = False
        self._at_start = True
        self._event = ""
        self._data: list[str] = []

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete, oldest first."""
        return list(self._events(self._lines(data)))

    def flush(self) -> list[Event]:
        """The event that the end of the stream leaves without its blank line, if any.

        The standard drops it. Some servers end that way, so it is given out; if the
        stream was cut inside a line, its data is cut, too.
        """
        rest = b"".join(self._unfinished)
        self._unfinished.clear()
        return list(self._events([rest, b""]))

    def _lines(self, data: bytes) -> list[bytes]:
        if self._after_cr and data:
            data = data.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = data.split(b"\n")
        rest = lines.pop()
        if lines and self._unfinished:
            lines[0] = b"".join((*self._unfinished, lines[0]))
            self._unfinished.clear()
        if rest:
            self._unfinished.append(rest)
        return lines

    def _events(self, lines: list[bytes]) -> Iterator[Event]:
        for raw in lines:
            line = raw.decode("utf-8", "replace")
            if self._at_start:
                line = line.removeprefix(BYTE_ORDER_MARK)
                self._at_start = False
            if line:
                self._field(line)
                continue
            if self._data:
                yield Event(self._event or "message", "\n".join(self._data))
            self._event = ""
            self._data = []

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))
        elif name == "event":
            self._event = value.removeprefix(" ")
