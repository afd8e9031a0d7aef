"""Gateway sessions: what each was sent, so that it can be resumed, and how many may start."""

import asyncio
import secrets
from collections import deque
from collections.abc import Iterator
from typing import Protocol

from sandbox.discord.events import Event
from sandbox.discord.intents import Intent
from sandbox.discord.realm import Json
from sandbox.limits import FixedWindow

BUFFER = 2000
"""Events that a session keeps for a RESUME; one that falls further behind is lost."""

FORGOTTEN_AFTER = 300.0
"""Seconds without a connection after which a session cannot be resumed any more."""


class Wire(Protocol):
    """The connection of a session, as far as the session knows it."""

    def cut(self) -> None:
        """Break it without a word."""


class Session:
    """What one identified client hears, numbered from 1; it outlives its connections."""

    def __init__(self, intents: Intent, shard: int) -> None:
        self.id = secrets.token_hex(16)
        self.intents = intents
        self.shard = shard
        self.sequence = 0
        self.news = asyncio.Event()
        self._left: float | None = None
        self._wire: Wire | None = None
        self._frames: deque[tuple[int, str]] = deque(maxlen=BUFFER)

    @property
    def is_connected(self) -> bool:
        """Whether there is somebody to hear it."""
        return self._wire is not None

    def attach(self, wire: Wire) -> None:
        """Have a new connection; an older one is cut."""
        if self._wire is not None:
            self._wire.cut()
        self._wire, self._left = wire, None

    def detach(self, wire: Wire, now: float) -> bool:
        """Lose a connection; False when a newer one has taken over."""
        if self._wire is not wire:
            return False
        self._wire, self._left = None, now
        return True

    def is_forgotten(self, now: float) -> bool:
        """Whether its client has been away for too long."""
        return self._left is not None and now - self._left > FORGOTTEN_AFTER

    def add(self, event: Event) -> None:
        """Number an event and keep it, if the session has asked for its kind."""
        if not event.is_for(self.intents):
            return
        self.sequence += 1
        self._frames.append((self.sequence, event.frame(self.sequence, self.intents)))
        self.news.set()

    def after(self, sequence: int) -> Iterator[tuple[int, str]]:
        """The events after one that the client has, oldest first."""
        behind = self.sequence - sequence
        return iter(tuple(self._frames)[max(0, len(self._frames) - behind) :])

    def has_all_after(self, sequence: int) -> bool:
        """Whether nothing that the client misses was dropped from the buffer."""
        return self.sequence - sequence <= len(self._frames)


class Sessions:
    """The sessions that are alive, connected or not; one guild lives on shard 0."""

    def __init__(self) -> None:
        self._alive: dict[str, Session] = {}

    @property
    def connected(self) -> int:
        """How many have a connection."""
        return sum(session.is_connected for session in self._alive.values())

    def start(self, intents: Intent, shard: int) -> Session:
        """A new session."""
        session = Session(intents, shard)
        self._alive[session.id] = session
        return session

    def get(self, id: str, now: float) -> Session | None:
        """A session that can still be resumed."""
        self._sweep(now)
        return self._alive.get(id)

    def end(self, session: Session) -> None:
        """Forget a session; it cannot be resumed."""
        self._alive.pop(session.id, None)

    def end_all(self) -> None:
        """Forget all sessions."""
        self._alive.clear()

    def dispatch(self, event: Event, now: float) -> None:
        """Tell all who listen, and keep it for those who may come back."""
        self._sweep(now)
        for session in self._alive.values():
            if session.shard == 0:
                session.add(event)

    def _sweep(self, now: float) -> None:
        for session in tuple(self._alive.values()):
            if session.is_forgotten(now):
                self.end(session)


class Starts:
    """How many sessions may start: 1,000 a day, and one in 5 seconds (events/gateway)."""

    TOTAL = 1000

    def __init__(self, *, limited: bool) -> None:
        self._limited = limited
        self._day = FixedWindow(self.TOTAL, 86_400.0)
        self._at_once = FixedWindow(1, 5.0)

    def spent(self, now: float) -> bool:
        """Count one start of today; whether it is one too many."""
        return self._day.take(now) > 0

    def too_fast(self, now: float) -> bool:
        """Whether another session has started less than 5 seconds ago."""
        return self._limited and self._at_once.take(now) > 0

    def standing(self, now: float) -> Json:
        """The `session_start_limit` that a client is shown."""
        open_for = self._day.reset_after(now)
        return {
            "total": self.TOTAL,
            "remaining": self._day.remaining if open_for else self.TOTAL,
            "reset_after": int(open_for * 1000),
            "max_concurrency": 1,
        }
