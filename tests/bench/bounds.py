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
from itertools import accumulate

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


def discord(replies: Sequence[Growing], *, others: int, latency: float = 0.04) -> float:
    """The mean lag in Discord, where each reply has a channel or thread of its own.

    A lone reply has its channel's limit: an update a second, 0.5 s behind, and the latency's
    share: 0.52 s. More than fifty at once share the bot's 50 requests a second, and n of them
    have an update every n/50 s. Of the 50, all `others` are taken off, which were sent and show
    no text (typing, threads): those for which there is no room before the first token
    count as sent either when a reply is asked for or spread over the time in which the limit
    is short, whichever costs readers less.

    A request shows one message at most. Where messages fill up faster than their turns come,
    each turn shows a full one, and what exceeds that waits until it has been worked off. The
    last message of a reply, seldom full, takes a whole turn when the reply ends.
    """
    alive, page = _alive(replies), _page_seconds(replies)
    spread = _spread(alive, others - DISCORD_ALL * (1 + FIRST_TOKEN))
    at_once = _at_once(replies, len(alive), others / len(replies))
    unfilled = _unfilled(replies, len(alive))
    return latency / 2 + min(
        _lag(alive, page, [a + b for a, b in zip(taken, unfilled, strict=True)])
        for taken in (spread, at_once)
    )


def _alive(replies: Sequence[Growing]) -> list[int]:
    """How many grow, at each step from the first begin to the last end."""
    begin = min(reply.begin for reply in replies)
    steps = math.ceil((max(reply.end for reply in replies) - begin) / STEP) + 1
    change = [0] * (steps + 1)
    for reply in replies:
        change[round((reply.begin - begin) / STEP)] += 1
        change[round((reply.end - begin) / STEP)] -= 1
    return list(accumulate(change[:steps]))


def _page_seconds(replies: Sequence[Growing]) -> float:
    """Seconds that the model needs for a full message."""
    return sum(reply.seconds for reply in replies) / sum(reply.pages for reply in replies)


def _spread(alive: Sequence[int], requests: float) -> list[float]:
    """So many requests, a second: evenly, while more grow than could have an update a second."""
    busy = STEP * sum(count * DISCORD_EACH > DISCORD_ALL for count in alive)
    return [max(0.0, requests) / busy if busy else 0.0] * len(alive)


def _at_once(replies: Sequence[Growing], steps: int, others: float) -> list[float]:
    """So many requests of each reply, a second: as soon as it grows, half of all at most."""
    begin = min(reply.begin for reply in replies)
    come = [0.0] * steps
    for reply in replies:
        come[round((reply.begin - begin) / STEP)] += others
    taken, waiting = [], -DISCORD_ALL * FIRST_TOKEN
    for new in come:
        waiting += new
        taken.append(min(DISCORD_ALL / 2, max(0.0, waiting) / STEP))
        waiting -= taken[-1] * STEP
    return taken


def _unfilled(replies: Sequence[Growing], steps: int) -> list[float]:
    """What the last of several messages takes more than it shows, in the second after its end."""
    begin, length = min(reply.begin for reply in replies), round(1 / STEP)
    taken = [0.0] * (steps + length)
    for reply in replies:
        if reply.pages > 1:
            at = round((reply.end - begin) / STEP)
            for step in range(at, at + length):
                taken[step] += math.ceil(reply.pages) - reply.pages
    return [min(DISCORD_ALL / 2 - 1, each) for each in taken[:steps]]


def _lag(alive: Sequence[int], page: float, taken: Sequence[float]) -> float:
    """The mean over all that is written, with what is left of 50 requests a second.

    By Little's law: all that is unseen at any time, over all that is written. Unseen is half of
    what is written from one turn to the next, or whatever all turns so far could not carry.
    """
    waiting = total = 0.0
    for count, gone in zip(alive, taken, strict=True):
        each = DISCORD_ALL - gone
        gap = min(max(DISCORD_EACH, count / each), max(page, DISCORD_EACH))
        waiting = max(0.0, waiting + (count - each * page) * STEP)
        total += max(waiting, count * gap / 2)
    return total / sum(alive)


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
