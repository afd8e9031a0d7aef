"""What the records cost: a report out of 1,000,000 calls, and letting one question in.

A question is let in by admission, claim and reservation, each in a database with those calls in
it; one after the other, and then so many at once, where each waits for those before it. The
machine's disk is a part of these figures.
"""

import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import uvloop

from core.access import Access
from core.admission import Admission
from core.chart import Charts
from core.limits import Rates
from core.messages import Author, Conversation, Question
from core.overrides import Overrides
from core.presets import Preset
from core.prices import Price, Prices
from core.rates import QuestionRates
from core.reports import Reports
from core.spending import Spender, Spending, limits_of
from core.store import Call, Store
from core.usage import Subject, Whose
from core.wire import Parameters
from tests.bench.alone import alone
from tests.core.paper import Paper

CALLS = 1_000_000
CALLS_OF_A_REPLY = 1.2
RATED = 0.05
PEOPLE, CHANNELS = 1_000, 100
MODELS = ("gpt-4o-mini", "gpt-4o", "gpt-5-nano")
SPANS = (90, 28)
"""Days over which the calls are spread: as long as names are kept, and a month of a large team."""

REPORTS, QUESTIONS = 30, 1_000
AT_ONCE = (1, 20)

BATCH = 50_000
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Line:
    """How long something took, in milliseconds."""

    what: str
    median: float
    p95: float
    worst: float


def measure() -> dict[str, list[dict]]:
    """Print a table for each span of time."""
    found = {}
    for days in SPANS:
        with alone(), tempfile.TemporaryDirectory() as folder:
            lines = uvloop.run(_measured(Path(folder), days))
        title = f"{CALLS:,} calls in {days} days"
        found[title] = [asdict(line) for line in lines]
        print(f"\n{title:44}{'median ms':>10}{'p95':>8}{'worst':>8}{'asked':>8}")
        for line in lines:
            asked = 200 if line.what.startswith("/parley") else 12
            asked_for = f"{asked:>8}" if "at once" not in line.what else ""
            print(f"{line.what:44}{line.median:10.1f}{line.p95:8.1f}{line.worst:8.1f}{asked_for}")
    return found


async def _measured(folder: Path, days: int) -> list[Line]:
    url = f"sqlite+aiosqlite:///{folder}/parley.db"
    store = await Store.open(url, time.time)
    try:
        await asyncio.to_thread(_fill, folder / "parley.db", days)
        return [line async for line in _lines(store)]
    finally:
        await store.close()


async def _lines(store: Store) -> AsyncIterator[Line]:
    reports = Reports(store.usage, Charts(), time.time, ZoneInfo("UTC"))
    for subject in (
        Subject(Whose.PERSON, "slack/U00007"),
        Subject(Whose.CHANNEL, "slack/T1/C007"),
        Subject(Whose.WORKSPACE, "slack/T1"),
    ):
        took = [await _took(partial(reports.of, subject)) for _ in range(REPORTS)]
        yield _line(f"/parley usage of a {subject.whose}", took)
    for crowd in AT_ONCE:
        door = _Door(store)
        took = []
        for first in range(0, QUESTIONS, crowd):
            numbers = range(first, first + crowd)
            names = [f"{crowd}-{number}" for number in numbers]
            took += await asyncio.gather(*(_took(partial(door.let_in, name)) for name in names))
        steps = f", {crowd} at once" if crowd > 1 else ""
        yield _line(f"admission, claim and reservation{steps}", took)


class _Door:
    """What stands between a question and the model, as `Chat` goes through it."""

    def __init__(self, store: Store) -> None:
        price = Price(Decimal("0.15"), Decimal("0.075"), Decimal("0.15"), Decimal("0.60"))
        self._store = store
        self._spending = Spending(
            store.ledger,
            Prices("http://127.0.0.1/v1", {MODELS[0]: price}),
            limits_of((), 1_000_000, 1_000_000),
            clock=time.time,
            zone=ZoneInfo("UTC"),
        )
        overrides = Overrides(store.channel_settings, Preset(Parameters(MODELS[0]), "Be kind."))
        rates = QuestionRates(
            Rates(),
            by_person=store.questions.asked_by,
            in_channel=store.questions.asked_in,
            clock=time.monotonic,
        )
        self._admission = Admission(Access(), overrides, rates, self._spending, time.monotonic)

    async def let_in(self, name: str) -> None:
        """One question, up to where its call may begin."""
        person = f"U{hash(name) % PEOPLE:05}"
        question = Question(
            conversation=Conversation("slack", "T1", f"C{hash(name) % CHANNELS:03}", name),
            message=name,
            asker=Author(person, "Ada"),
            text="What is a lease? " * 20,
            asked_at=datetime.now(UTC),
            place="#general",
        )
        assert await self._admission.refusal(question, Paper()) is None
        assert await self._store.questions.claim(question)
        spender = Spender.of(question)
        call = Call(name, MODELS[0], "", time.time(), 0.0, prompt_tokens=800)
        call = replace(call, person=spender.name, place=spender.place)
        await self._spending.reserve(spender, call, answer=4096)


async def _took(work: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await work()
    return (time.perf_counter() - begun) * 1000


def _line(what: str, took: list[float]) -> Line:
    took.sort()
    return Line(what, took[len(took) // 2], took[int(len(took) * 0.95)], took[-1])


def _fill(path: Path, days: int) -> None:
    """So many calls with their questions, replies, ratings and sums, as years of use leave them."""
    chance = random.Random(1)
    replies = int(CALLS / CALLS_OF_A_REPLY)
    now = time.time()
    made = sorted(now - chance.random() ** 1.3 * days * DAY for _ in range(replies))
    with closing(sqlite3.connect(path)) as records:
        records.execute("PRAGMA synchronous=OFF")
        for first in range(0, replies, BATCH):
            _add(records, chance, made, range(first, min(first + BATCH, replies)))
            records.commit()
        _add_calls(records, chance, made)
        records.execute("INSERT INTO usage_days SELECT " + _SUMS)
        for scope in ("place", "substr(place, 1, 8)"):
            for kind in ("person", "model"):
                records.execute(_ADDED.format(scope=scope, kind=kind))
        records.commit()
        records.execute("PRAGMA wal_checkpoint(TRUNCATE)")


_SUMS = """
    strftime('%Y-%m-%d', begun_at, 'unixepoch'), person, place, model, count(*),
    sum(prompt_tokens), sum(cached_tokens), sum(written_tokens), sum(completion_tokens),
    sum(reasoning_tokens), sum(cost), sum(estimated)
    FROM model_calls GROUP BY 1, 2, 3, 4
"""


_ADDED = """
    INSERT INTO usage_sums SELECT {scope}, '{kind}', day, {kind},
    sum(prompt), sum(cached), sum(completion), sum(cost), sum(estimated)
    FROM usage_days GROUP BY 1, 2, 3, 4
"""
"""The workspace is the only one: slack/T1."""


def _who(chance: random.Random) -> tuple[int, int]:
    """Somebody and a channel; few of either do most."""
    return int(chance.random() ** 2 * PEOPLE), int(chance.random() ** 2 * CHANNELS)


def _add(
    records: sqlite3.Connection, chance: random.Random, made: list[float], numbers: range
) -> None:
    asked, answered, rated = [], [], []
    for number in numbers:
        person, channel = _who(chance)
        at, name = made[number], f"{number:016x}"
        talk = f"slack/T1/C{channel:03}/{at:.6f}"
        answered.append((name, talk, at, at + 5, "answered", 900, '{"messages_seen": 4}'))
        key = f"slack/T1/C{channel:03}/{at:.6f}-{number}#asked"
        asked.append((key, talk, f"U{person:05}", "settled", "answered", "x", at, at, at, name))
        if chance.random() < RATED:
            rated.append((name, f"U{person:05}", int(chance.random() < 0.8), at + 60))
    records.executemany(
        "INSERT INTO replies (id, conversation, begun_at, ended_at, outcome, seen, about) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        answered,
    )
    records.executemany(
        "INSERT INTO questions (key, conversation, asker, state, outcome, owner, lease_until, "
        "claimed_at, settled_at, reply) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        asked,
    )
    records.executemany("INSERT INTO ratings VALUES (?, ?, ?, ?)", rated)


def _add_calls(records: sqlite3.Connection, chance: random.Random, made: list[float]) -> None:
    rows = records.execute("SELECT reply, asker, conversation FROM questions").fetchall()
    for first in range(0, CALLS, BATCH):
        calls = []
        for number in range(first, min(first + BATCH, CALLS)):
            reply, asker, talk = rows[number % len(rows)]
            model = chance.choice(MODELS)
            place = talk.rpartition("/")[0]
            at = made[int(reply, 16)]
            tokens = (chance.randrange(200, 4000), chance.randrange(20, 900))
            cost = tokens[0] * 150 + tokens[1] * 600
            calls.append((reply, model, "stop", at, 3.0, *tokens, f"slack/{asker}", place, cost))
        records.executemany(
            "INSERT INTO model_calls (reply, model, outcome, begun_at, seconds, prompt_tokens, "
            "completion_tokens, person, place, cost) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            calls,
        )
        records.commit()
