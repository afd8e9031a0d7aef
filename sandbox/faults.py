"""Faults that can be switched on, keyed to what a server is about to do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Fault:
    """Something that goes wrong.

    `kind` is for the server that carries it out: `status` (answer `status` without
    doing it), `after` (do it, then answer `status`), `reset` (cut the connection
    without doing it), `reset_after` (do it, then cut), `slow` (wait `seconds`
    first), `rate_limit` (a 429 with `seconds`), `code` (the platform's own error
    `code`). `on` names the event ("chat.update", "PATCH message", "chunk"); it
    strikes `times` times (-1: for ever) after letting `skip` pass.
    """

    on: str
    kind: str
    status: int = 500
    seconds: float = 0.0
    code: str = ""
    times: int = 1
    skip: int = 0
    only_if: Callable[[dict[str, Any]], bool] | None = None


@dataclass(slots=True)
class Faults:
    """The faults that are waiting for their event."""

    waiting: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> Fault:
        """Switch a fault on."""
        self.waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Switch all faults off."""
        self.waiting.clear()

    def strike(self, event: str, about: dict[str, Any] | None = None) -> Fault | None:
        """The fault that hits this event, if any; it is used up by this call."""
        for fault in self.waiting:
            if fault.on != event or (fault.only_if and not fault.only_if(about or {})):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.times > 0:
                fault.times -= 1
                if fault.times == 0:
                    self.waiting.remove(fault)
            return fault
        return None
