"""How often the app may call what (design.md, "Budgets that the sandbox enforces by default")."""

import math
from collections import OrderedDict
from dataclasses import dataclass

from sandbox.limits import Standing, TokenBucket
from sandbox.slack.arguments import Arguments
from sandbox.watchers import Watchers


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many calls a minute with such a burst, counted apart for each value of `per`."""

    per_minute: int
    burst: int
    per: tuple[str, ...] = ()


def _tier(per_minute: int, burst: int) -> tuple[Allowance, ...]:
    return (Allowance(per_minute, burst),)


ALLOWANCES: dict[str, tuple[Allowance, ...]] = {
    "chat.postMessage": (Allowance(60, 4, ("channel",)), Allowance(300, 100)),
    "chat.update": _tier(50, 10),
    "chat.startStream": _tier(20, 10),
    "chat.stopStream": _tier(20, 10),
    "chat.appendStream": _tier(100, 20),
    "assistant.threads.setStatus": (
        Allowance(60, 4, ("channel_id", "thread_ts")),
        Allowance(600, 100),
    ),
    "conversations.replies": _tier(50, 10),
    "conversations.history": _tier(50, 10),
    "reactions.add": _tier(50, 10),
    "users.info": _tier(100, 60),
    "files.info": _tier(100, 60),
    "chat.postEphemeral": _tier(100, 60),
    "reactions.remove": _tier(20, 10),
    "users.list": _tier(20, 10),
    "users.conversations": _tier(50, 10),
    "apps.connections.open": _tier(1, 10),
    "auth.test": _tier(600, 100),
    "chat.getPermalink": _tier(600, 100),
    "chat.delete": _tier(50, 10),
    "conversations.info": _tier(50, 10),
    "conversations.open": _tier(50, 10),
    "conversations.members": _tier(100, 60),
    "assistant.threads.setTitle": _tier(50, 10),
    "assistant.threads.setSuggestedPrompts": _tier(50, 10),
    "agents.sessions.setStatus": _tier(50, 10),
    "files.getUploadURLExternal": _tier(100, 60),
    "files.completeUploadExternal": _tier(100, 60),
    "files.delete": _tier(50, 10),
    "views.open": _tier(100, 60),
    "views.update": _tier(100, 60),
    "views.publish": _tier(100, 60),
    "bots.info": _tier(50, 10),
    "team.info": _tier(50, 10),
    "usergroups.list": _tier(20, 10),
    "usergroups.users.list": _tier(20, 10),
}

KEPT = 4096
"""Buckets that are remembered; one that was idle for so long is full again anyway."""


class Budgets:
    """Counts calls; each workspace, and there is one, has budgets of its own."""

    def __init__(self) -> None:
        self.counted = Watchers[Standing]()
        self._buckets: OrderedDict[tuple[str, ...], TokenBucket] = OrderedDict()

    def take(self, method: str, arguments: Arguments, now: float) -> int:
        """Count one call; 0 when it may pass, else the whole seconds of `Retry-After`.

        A call that one budget refuses still counts for those that were asked before.
        """
        for allowance in ALLOWANCES.get(method, ()):
            about = tuple(str(arguments.values.get(name, "")) for name in allowance.per)
            bucket = self._bucket(allowance, (method, *about))
            wait = bucket.take(now)
            self.counted.tell(Standing(method, about, bucket.left, bucket.burst, bucket.rate))
            if wait > 0:
                return max(1, math.ceil(wait))
        return 0

    def _bucket(self, allowance: Allowance, key: tuple[str, ...]) -> TokenBucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = TokenBucket(allowance.per_minute / 60, allowance.burst)
            self._buckets[key] = bucket
            if len(self._buckets) > KEPT:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        return bucket
