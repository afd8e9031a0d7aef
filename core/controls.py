"""What people can press below an answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Control(StrEnum):
    """One control; its value is what a platform hands back when somebody presses it."""

    STOP = "stop"
    RETRY = "retry"
    CONTINUE = "continue"
    RESTORE = "restore"
    GOOD = "good"
    BAD = "bad"
    WHY = "why"
    AFRESH = "afresh"


@dataclass(frozen=True, slots=True)
class Controls:
    """The controls below one message, and the name of the reply that they are for.

    `labels` are what stands on them, in the language of their readers.
    """

    reply: str
    offered: tuple[Control, ...]
    labels: tuple[str, ...]

    def __iter__(self) -> Iterator[tuple[Control, str]]:
        return zip(self.offered, self.labels, strict=True)


SEPARATOR = ":"
PREFIX = "parley"


def mark(control: Control, reply: str) -> str:
    """The name by which a pressed control is known again, whatever its age."""
    return SEPARATOR.join((PREFIX, control, reply))


def read(mark: str) -> tuple[Control, str] | None:
    """The control and its reply; None for what is none of ours."""
    match mark.split(SEPARATOR):
        case [prefix, control, reply] if prefix == PREFIX and control in set(Control) and reply:
            return Control(control), reply
    return None
