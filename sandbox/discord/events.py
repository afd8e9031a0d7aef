"""One gateway event, and what of it which session may hear."""

from dataclasses import dataclass
from functools import cached_property

import orjson

from sandbox.discord.intents import NOTHING, Intent
from sandbox.discord.realm import Json


@dataclass(frozen=True)
class Event:
    """Something to dispatch.

    `intents`: a session hears it that has asked for any of these; every session when
    there are none. `veiled` is what a session without the message content intent gets.
    """

    name: str
    data: Json
    intents: Intent = NOTHING
    veiled: Json | None = None

    def is_for(self, intents: Intent) -> bool:
        """Whether a session with these intents hears it."""
        return not self.intents or bool(self.intents & intents)

    def frame(self, sequence: int, intents: Intent) -> str:
        """The text that is sent as the session's event number `sequence`."""
        body = self._open if Intent.MESSAGE_CONTENT in intents else self._veiled
        return f'{{"t":"{self.name}","s":{sequence},"op":0,"d":{body}}}'

    @cached_property
    def _open(self) -> str:
        return orjson.dumps(self.data).decode()

    @cached_property
    def _veiled(self) -> str:
        return self._open if self.veiled is None else orjson.dumps(self.veiled).decode()
