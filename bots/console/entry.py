"""Who may see the operator's page: whoever knows ADMIN_TOKEN, for some hours in one browser."""

import hashlib
import hmac
import ipaddress
import secrets
from collections import OrderedDict
from collections.abc import Callable
from enum import Enum, auto

import structlog

log = structlog.get_logger()

LASTS = 12 * 3600.0
"""Seconds for which a browser stays logged in."""

MOST_SESSIONS = 100
"""Browsers that are logged in at once; the one that logged in first goes."""

TRIES = 5
"""Wrong tokens that one address may try in a row."""

REFILL = 20.0
"""Seconds until it may try one more."""

MOST_ADDRESSES = 1000
"""Addresses of which wrong tries are remembered."""


class Tried(Enum):
    """What came of a token that somebody has shown."""

    RIGHT = auto()
    WRONG = auto()
    TOO_OFTEN = auto()


class Entry:
    """Checks the token and the sessions of browsers.

    A session has a random name, of which only a digest is kept here: neither it nor what is kept
    tells anything of the token. `clock` gives seconds that only ever grow.
    """

    def __init__(self, token: str, clock: Callable[[], float]) -> None:
        self._token = _digest(token)
        self._clock = clock
        self._sessions: OrderedDict[bytes, float] = OrderedDict()
        self._tries: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def try_token(self, token: str, address: str) -> Tried:
        """Whether a token is right; who has tried too many is not even told that."""
        source = _source(address)
        if self.wait(address) > 0:
            return Tried.TOO_OFTEN
        if hmac.compare_digest(_digest(token), self._token):
            return Tried.RIGHT
        now = self._clock()
        self._tries[source] = (self._spent(source, now) + 1, now)
        self._tries.move_to_end(source)
        while len(self._tries) > MOST_ADDRESSES:
            self._tries.popitem(last=False)
        log.warning("a wrong ADMIN_TOKEN was tried", address=address)
        return Tried.WRONG

    def wait(self, address: str) -> float:
        """Seconds until a token may be tried from an address; 0: now."""
        spent = self._spent(_source(address), self._clock())
        return max(0.0, (spent - TRIES + 1) * REFILL)

    def begin(self) -> str:
        """Log a browser in; the name of its session, which is nowhere else."""
        name = secrets.token_urlsafe(32)
        self._sessions[_digest(name)] = self._clock() + LASTS
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return name

    def knows(self, session: str) -> bool:
        """Whether a browser is logged in."""
        return self._sessions.get(_digest(session), 0.0) > self._clock()

    def end(self, session: str) -> None:
        """Log a browser out."""
        self._sessions.pop(_digest(session), None)

    def _spent(self, source: str, now: float) -> float:
        spent, at = self._tries.get(source, (0.0, now))
        return max(0.0, spent - (now - at) / REFILL)


def _digest(secret: str) -> bytes:
    """Of a fixed length, so that comparing takes as long for any two."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _source(address: str) -> str:
    """From where tries are counted together: one has as many addresses of IPv6 as one likes."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return address
