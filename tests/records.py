"""What is on record, as a report tells it, and forgetting as the bot does it."""

import itertools
import time
from zoneinfo import ZoneInfo

from bots.direct import PLACES
from core.chart import Charts
from core.forgetting import Forgetting
from core.reports import Reports
from core.usage import Subject, Whose

UTC = ZoneInfo("UTC")


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


def somebody(id_):
    return Subject(Whose.PERSON, id_)


def channel(id_):
    return Subject(Whose.CHANNEL, id_)


def workspace(id_):
    return Subject(Whose.WORKSPACE, id_)


async def used(store, subject, clock=time.time, zone=UTC):
    """What a subject has used, today and this month."""
    return (await make_reports(store, clock, zone).of(subject)).use
