"""What a request is answered with, piece by piece."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of the model's thinking, in `reasoning_content`."""

    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A piece of a refusal, in `refusal`."""

    text: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment line, as proxies send to keep a connection alive."""

    text: str = "keep-alive"


@dataclass(frozen=True, slots=True)
class NoChoices:
    """A chunk whose `choices` are empty."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes as they are; with an error status, the body of the response."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Fail:
    """An error event inside a response that began with 200; nothing follows it."""

    code: str = "server_error"


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection breaks here."""


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing any more, until the client goes away."""


Piece = str | None | Reasoning | Refusal | Pause | Comment | NoChoices | Raw | Fail | Cut | Stall
"""Text is a delta of the answer; None is a delta whose content is null."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response of the API.

    `finish` is the finish reason; None: the stream ends without one. `finish_text` is
    text in the chunk that carries it. `usage` and `done`: whether the usage (where the
    request asks for it) and the closing `[DONE]` are sent. `newline` ends the lines of
    the stream. A `status` other than 200 is an error response with `code`. `rate` is in
    pieces per second, `first_token` in seconds; None leaves them to the server.
    """

    pieces: tuple[Piece, ...] = ()
    finish: str | None = "stop"
    finish_text: str = ""
    usage: bool = True
    done: bool = True
    newline: str = "\n"
    status: int = 200
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    rate: float | None = None
    first_token: float | None = None

    @property
    def text(self) -> str:
        """The whole answer that a reader would see."""
        return "".join(p for p in self.pieces if isinstance(p, str)) + self.finish_text

    @property
    def reasoning(self) -> str:
        """The whole thinking before it."""
        return "".join(p.text for p in self.pieces if isinstance(p, Reasoning))

    @property
    def refusal(self) -> str:
        """The whole refusal."""
        return "".join(p.text for p in self.pieces if isinstance(p, Refusal))


def pieces_of(text: str) -> tuple[str, ...]:
    """A text in pieces of about a token each; joined, they are the text."""
    return tuple(re.findall(r"\s*\S{1,8}|\s+$", text))
