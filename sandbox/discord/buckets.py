"""Rate limits as Discord counts and announces them (design.md, "Budgets"; topics/rate-limits)."""

import hashlib
import math
from collections import OrderedDict
from dataclasses import dataclass

from sandbox.limits import FixedWindow, Standing
from sandbox.watchers import Watchers


@dataclass(frozen=True, slots=True)
class Bucket:
    """At most `limit` requests in a window of `seconds`, counted apart for each major parameter."""

    name: str
    limit: int
    seconds: float

    @property
    def hash(self) -> str:
        """The bucket's public name; the major parameter is not in it."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:32]


_REACTIONS = Bucket("reactions", 1, 0.25)
_INTERACTION = Bucket("interaction", 5, 5.0)

BUCKETS = {
    "POST message": Bucket("send", 5, 5.0),
    "PATCH message": Bucket("edit", 5, 5.0),
    "DELETE message": Bucket("delete", 5, 1.0),
    "POST bulk-delete": Bucket("bulk-delete", 1, 1.0),
    "GET messages": Bucket("list", 5, 5.0),
    "GET message": Bucket("get", 5, 5.0),
    "POST typing": Bucket("typing", 5, 5.0),
    "PUT reaction": _REACTIONS,
    "DELETE reaction": _REACTIONS,
    "POST thread": Bucket("thread", 50, 300.0),
    "PATCH channel": Bucket("channel", 2, 600.0),
    "POST dm": Bucket("dm", 10, 10.0),
    "GET original": _INTERACTION,
    "PATCH original": _INTERACTION,
    "DELETE original": _INTERACTION,
    "POST followup": _INTERACTION,
    "GET followup": _INTERACTION,
    "PATCH followup": _INTERACTION,
    "DELETE followup": _INTERACTION,
}
"""Which requests share a bucket; routes that are not here have the global limit alone."""

KEPT = 4096
"""Windows that are remembered; the oldest have long closed by then."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass (`wait` is 0) and what its answer says about the limit."""

    wait: float
    headers: dict[str, str]
    everywhere: bool = False


FREE = Verdict(0.0, {})


class Buckets:
    """Counts the bot's requests."""

    def __init__(self) -> None:
        self.counted = Watchers[Standing]()
        self._global = FixedWindow(50, 1.0)
        self._invalid = FixedWindow(10_000, 600.0)
        self._banned_until = -math.inf
        self._windows: OrderedDict[tuple[str, str], FixedWindow] = OrderedDict()

    def take(self, route: str, major: str, now: float, *, counts_globally: bool) -> Verdict:
        """Count one request; one that the global limit refuses does not count for its bucket."""
        if counts_globally and (wait := self._take(self._global, now, "all together")):
            return Verdict(_upwards(wait), _refusal(wait, "global"), everywhere=True)
        bucket = BUCKETS.get(route)
        if bucket is None:
            return FREE
        window = self._window(bucket, major)
        wait = _upwards(self._take(window, now, bucket.name, major))
        headers = _standing(bucket, window, now)
        return Verdict(wait, headers | _refusal(wait, "user") if wait else headers)

    def invalid(self, now: float) -> None:
        """Count a 401, 403 or 429; too many of them close the door (10,000 in 10 minutes)."""
        if wait := self._invalid.take(now):
            self._banned_until = now + wait

    def banned(self, now: float) -> bool:
        """Whether the door is closed."""
        return now < self._banned_until

    def _take(self, window: FixedWindow, now: float, name: str, *about: str) -> float:
        wait, resets = window.take(now), window.reset_after(now)
        self.counted.tell(Standing(name, about, window.remaining, window.limit, resets=resets))
        return wait

    def _window(self, bucket: Bucket, major: str) -> FixedWindow:
        key = (bucket.name, major)
        window = self._windows.setdefault(key, FixedWindow(bucket.limit, bucket.seconds))
        self._windows.move_to_end(key)
        if len(self._windows) > KEPT:
            self._windows.popitem(last=False)
        return window


def _standing(bucket: Bucket, window: FixedWindow, now: float) -> dict[str, str]:
    after = min(bucket.seconds, _upwards(window.reset_after(now)))
    return {
        "X-RateLimit-Limit": str(bucket.limit),
        "X-RateLimit-Remaining": str(window.remaining),
        "X-RateLimit-Reset": f"{now + after:.3f}",
        "X-RateLimit-Reset-After": f"{after:.3f}",
        "X-RateLimit-Bucket": bucket.hash,
    }


def _refusal(wait: float, scope: str) -> dict[str, str]:
    everywhere = {"X-RateLimit-Global": "true"} if scope == "global" else {}
    return {
        "Retry-After": str(math.ceil(wait)),
        "X-RateLimit-Scope": scope,
        **everywhere,
    }


def _upwards(seconds: float) -> float:
    """To a later millisecond, so that whoever waits that long is not too early."""
    return math.ceil(seconds * 1000 + 0.1) / 1000 if seconds else 0.0
