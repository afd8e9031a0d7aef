"""Trigger ids: the leave to open a modal, which every command and click brings."""

import secrets
from collections import OrderedDict
from collections.abc import Callable

from sandbox.slack.errors import Refused

LIFETIME = 3.0
KEPT = 1000


class Triggers:
    """Trigger ids: each opens one modal, within three seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._given: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._used: OrderedDict[str, None] = OrderedDict()

    def issue(self, person: str) -> str:
        """A trigger id for what this person has just done."""
        trigger = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._given[trigger] = (person, self._clock())
        if len(self._given) > KEPT:
            self._given.popitem(last=False)
        return trigger

    def redeem(self, trigger: str) -> str:
        """Who pulled the trigger; `Refused` unless it is fresh and unused."""
        if trigger in self._used:
            raise Refused("exchanged_trigger_id")
        if trigger not in self._given:
            raise Refused("invalid_trigger_id")
        person, issued = self._given.pop(trigger)
        if self._clock() - issued > LIFETIME:
            raise Refused("expired_trigger_id")
        self._used[trigger] = None
        if len(self._used) > KEPT:
            self._used.popitem(last=False)
        return person
