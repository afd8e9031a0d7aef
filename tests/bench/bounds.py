"""How far behind the model a reader must be, because of the platforms' limits alone (pure).

A character waits for the next request that shows it, half of the gap between two requests on
average, and then for half of the request's latency. So whoever could see the future would
spread the requests evenly, and

    mean lag = gap / 2 + latency / 2,

where the gap follows from how many requests are left for showing text. Everything else that
the bot sends under the same limit is taken off first. Seconds throughout. What a bot can reach
is a little more: it does not know when an answer will end.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

STEP = 0.05
FIRST_TOKEN = 0.3

DISCORD_EACH = 1.0
"""Seconds between two edits in one channel: 5 in 5 s."""

DISCORD_ALL = 50.0
"""Requests a second of the whole bot."""


@dataclass(frozen=True, slots=True)
class Growing:
    """An answer: from when to when the model writes it, and how many messages it fills."""

    begin: float
    end: float
    pages: float = 1.0

    @property
    def seconds(self) -> float:
        """How long the model writes."""
        return self.end - self.begin


def discord(replies: Sequence[Growing], *, own_threads: bool, latency: float = 0.04) -> float:
    """The mean lag in Discord, where each reply has a channel or thread of its own.

    A lone reply has its channel's limit: an update a second, 0.5 s behind, and the latency's
    share: 0.52 s. More than fifty at once share the bot's 50 requests a second, and n of them
    have an update every n/50 s. Of the 50, each reply takes one for its typing, one for its
    thread if it opens one, and the last message a share, as it is seldom full; what fits
    into the first window and the time before the first token costs nobody anything.

    A request shows one message at most. Where a message is full before its turn comes,
    all turns are needed for showing full messages; the gap is then the time that the model
    needs for one, and what exceeds the limit waits in addition, until it has been worked off.
    """
    shown = _Shown(_alive(replies), page=_page_seconds(replies))
    shown.each = DISCORD_ALL - _taken(replies, own_threads=own_threads) / (shown.busy or 1)
    return shown.lag() + latency / 2


def _taken(replies: Sequence[Growing], *, own_threads: bool) -> float:
    """Requests that show no text, less those for which there is room before the first token."""
    others = len(replies) * (2 if own_threads else 1)
    unfilled = sum(math.ceil(reply.pages) - reply.pages for reply in replies if reply.pages > 1)
    return max(0.0, others + unfilled - DISCORD_ALL * (1 + FIRST_TOKEN))


def _page_seconds(replies: Sequence[Growing]) -> float:
    """Seconds that the model needs for a full message."""
    return sum(reply.seconds for reply in replies) / sum(reply.pages for reply in replies)


def _alive(replies: Sequence[Growing]) -> list[int]:
    """How many grow, at each step from the first begin to the last end."""
    begin = min(reply.begin for reply in replies)
    steps = math.ceil((max(reply.end for reply in replies) - begin) / STEP) + 1
    change = [0] * (steps + 1)
    for reply in replies:
        change[round((reply.begin - begin) / STEP)] += 1
        change[round((reply.end - begin) / STEP)] -= 1
    alive, now = [], 0
    for step in change[:steps]:
        now += step
        alive.append(now)
    return alive


class _Shown:
    """The lag of what is written at each step, and what waits for its turn."""

    def __init__(self, alive: list[int], page: float) -> None:
        self._alive = alive
        self._page = page
        self.each = DISCORD_ALL

    @property
    def busy(self) -> float:
        """Seconds in which more replies grow than could have an update a second."""
        return STEP * sum(count * DISCORD_EACH > DISCORD_ALL for count in self._alive)

    def lag(self) -> float:
        """The mean over all that is written."""
        waiting = total = 0.0
        for count in self._alive:
            carried = self.each * self._page
            gap = max(DISCORD_EACH, count / self.each)
            waiting = max(0.0, waiting + (count - carried) * STEP)
            total += count * (min(gap, max(self._page, DISCORD_EACH)) / 2 + waiting / carried)
        return total / sum(self._alive)


@dataclass(frozen=True, slots=True)
class Tier:
    """One of Slack's limits: at most `burst + rate * t` in any t seconds."""

    per_minute: float
    burst: float

    def within(self, seconds: float) -> float:
        """How many requests fit."""
        return self.burst + self.per_minute / 60 * seconds


UPDATE = Tier(50, 10)
START = Tier(20, 10)
APPEND = Tier(100, 20)
STOP = Tier(20, 10)


def slack(replies: Sequence[Growing], *, mode: str, latency: float = 0.06) -> float:
    """The mean lag in Slack, whose limits are the workspace's; `mode` is that of the setting.

    By edits: each reply has its first post, and all together share `burst + rate * t` of
    chat.update, t being the time in which any of them grows. So each is shown k = 1 + share
    times, the last time at its end: mean lag = its length / 2k. Natively: a start, a stop
    that brings the last text, and a share of chat.appendStream, for as many as may start and
    stop; the others are posted whole. In auto mode there is all of this, shared evenly.
    """
    seconds = max(reply.end for reply in replies) - min(reply.begin for reply in replies)
    count = len(replies)
    native = min(count, START.within(seconds), STOP.within(seconds)) if mode != "edit" else 0.0
    updates = UPDATE.within(seconds) if mode != "native" else 0.0
    appends = APPEND.within(seconds) if native else 0.0
    length = sum(reply.seconds for reply in replies) / count
    shows = (count + native + updates + appends) / count
    return _mean_lag(length, shows) + latency / 2


def _mean_lag(length: float, shows: float) -> float:
    """Some replies are shown once more than the others, as nobody is shown half a time."""
    few = math.floor(shows)
    more = shows - few
    return length / 2 * ((1 - more) / few + more / (few + 1))
