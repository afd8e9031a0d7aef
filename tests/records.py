"""What goes on record, what a report tells of it, and forgetting as the bot does it."""

import itertools
import time
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bots.direct import PLACES
from core.catch_up import CatchUp
from core.chart import Charts
from core.forgetting import Forgetting
from core.messages import Author, Conversation, Question
from core.reports import Reports
from core.store import Call
from core.usage import Subject, Whose

UTC = ZoneInfo("UTC")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()
ADA, BEN = Author("U1ADA", "Ada"), Author("U2BEN", "Ben")
CHANNEL = Conversation("slack", "T1", "C1", "1.0")


@dataclass
class Clock:
    """Seconds, which a test moves."""

    now: float = NOW

    def __call__(self):
        return self.now


def question(message, asker=ADA, talk=CHANNEL, words="Why?"):
    return Question(talk, message, asker, words, datetime.fromtimestamp(NOW, UTC), "#general")


async def asked(store, name, asker=ADA, talk=CHANNEL, words="Why?"):
    """Somebody has asked something, and the reply of this name answers it."""
    one = question(name, asker, talk, words)
    assert await store.questions.claim(one)
    await store.replies.begin(name, str(talk), [one.key])
    return one


def call(reply, person="slack/U1ADA", place="slack/T1/C1", **more):
    """What a reply has cost."""
    given = {
        "model": "gpt-4o-mini",
        "outcome": "stop",
        "begun_at": NOW,
        "seconds": 1.0,
        "prompt_tokens": 100,
        "completion_tokens": 10,
        "cost": 1000,
    }
    return Call(reply, person=person, place=place, **(given | more))


def make_reports(store, clock=time.time, zone=UTC):
    return Reports(store.usage, Charts(), clock, zone)


def make_forgetting(people=None, clock=time.time, **more):
    """Pseudonyms are erased-1, erased-2 and so on."""
    numbers = itertools.count(1)
    return Forgetting(
        people,
        direct=PLACES,
        clock=clock,
        zone=UTC,
        pseudonym=lambda: str(next(numbers)),
        **more,
    )


class Marks(dict[str, str]):
    """Facts that outlive the bot within a test."""

    async def get(self, name):  # type: ignore[override]
        return super().get(name)

    async def set(self, name, value):
        self[name] = value


class Taken:
    """What is on record of questions, where whoever takes them keeps their keys and threads."""

    def __init__(self, keys, threads):
        self._keys = keys
        self._threads = threads

    async def known(self, keys):
        return set(keys) & set(self._keys())

    async def places(self, within, *, seconds, most):
        here = [one for one in self._threads if str(one).startswith(f"{within}/")]
        return here[::-1][:most]


def looking_back_never():
    """For a platform on which nothing is said while nobody listens."""
    return CatchUp(None, None, 0, time.time)


def somebody(id_):
    return Subject(Whose.PERSON, id_)


def channel(id_):
    return Subject(Whose.CHANNEL, id_)


def workspace(id_):
    return Subject(Whose.WORKSPACE, id_)


async def used(store, subject, clock=time.time, zone=UTC):
    """What a subject has used, today and this month."""
    return (await make_reports(store, clock, zone).of(subject)).use
