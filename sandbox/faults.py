"""Faults that can be switched on, keyed to what a server is about to do."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.watchers import Watchers

About = dict[str, Any]


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
    only_if: Callable[[About], bool] | None = None


@dataclass(slots=True)
class Moment:
    """Something that is done when an event comes, which goes on as if nothing were.

    `act` must not wait. `skip` events are let pass first.
    """

    on: str
    act: Callable[[], object]
    skip: int = 0
    only_if: Callable[[About], bool] | None = None


@dataclass(slots=True)
class Faults:
    """The faults and the moments that are waiting for their event.

    `struck` counts the faults that have struck, by event and kind; `strikes` tells of each.
    """

    waiting: list[Fault] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    struck: Counter[tuple[str, str]] = field(default_factory=Counter)
    strikes: Watchers[Fault] = field(default_factory=Watchers)

    def add(self, fault: Fault) -> Fault:
        """Switch a fault on."""
        self.waiting.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Switch it off; one that has struck for the last time is off already."""
        self.waiting = [one for one in self.waiting if one is not fault]

    def at(self, moment: Moment) -> Moment:
        """Do something once, when an event comes."""
        self.moments.append(moment)
        return moment

    def clear(self) -> None:
        """Switch all faults off, and wait for no moment any more."""
        self.waiting.clear()
        self.moments.clear()

    def strike(self, event: str, about: About | None = None) -> Fault | None:
        """The fault that hits this event, if any; it is used up by this call."""
        self._pass(event, about or {})
        for fault in self.waiting:
            if not _concerns(fault, event, about or {}):
                continue
            if fault.times > 0:
                fault.times -= 1
                if fault.times == 0:
                    self.remove(fault)
            self.struck[event, fault.kind] += 1
            self.strikes.tell(fault)
            return fault
        return None

    def _pass(self, event: str, about: About) -> None:
        """What waits for this moment is done."""
        due = [moment for moment in self.moments if _concerns(moment, event, about)]
        for moment in due:
            self.moments.remove(moment)
            moment.act()


def _concerns(one: Fault | Moment, event: str, about: About) -> bool:
    """Whether its turn has come; an event that it lets pass is counted."""
    if one.on != event or (one.only_if and not one.only_if(about)):
        return False
    if one.skip > 0:
        one.skip -= 1
        return False
    return True
