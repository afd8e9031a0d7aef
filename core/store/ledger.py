"""The ledger: every call with what it cost, what that adds up to, and what is reserved."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from sqlalchemy import bindparam, case, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.store.calls import Call
from core.store.database import Database
from core.store.schema import model_calls, reservations, spending, usage_days, usage_sums


class Unit(StrEnum):
    """What a counter counts: nano-dollars or tokens."""

    USD = "usd"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Line:
    """One counter and its limit; `ends` is when its period does, in seconds since 1970."""

    key: str
    unit: Unit
    amount: int
    ends: float


@dataclass(frozen=True, slots=True)
class Taken:
    """What a call takes at most: nano-dollars and tokens, and of these its answer."""

    answer_tokens: int
    usd: int
    tokens: int

    def of(self, unit: Unit) -> int:
        """How much of it a counter counts."""
        return self.usd if unit is Unit.USD else self.tokens


@dataclass(frozen=True, slots=True)
class Held:
    """A reservation as it stands in the database, and the counters in which it is."""

    id: int
    taken: Taken
    keys: tuple[str, ...]


Grant = Callable[[Sequence[tuple[Line, int]]], Taken | Line]
"""Given what is left in each counter: what is taken of it, or the counter with too little."""

# Built once: to build a statement takes longer than to run it.
_CALL, _RESERVATION, _NEW = insert(model_calls), insert(reservations), upsert(spending)
_OPEN = _NEW.on_conflict_do_update(
    index_elements=[spending.c.key], set_={"amount": _NEW.excluded.amount}
)
_THESE = spending.c.key.in_(bindparam("keys", expanding=True))
_READ = select(spending.c.key, (spending.c.spent + spending.c.reserved).label("used")).where(_THESE)
_SPENT = select(spending.c.key, spending.c.spent).where(_THESE)
_TAKES = case((spending.c.unit == Unit.USD, bindparam("usd")), else_=bindparam("tokens"))
_TAKE = (
    update(spending)
    .where(_THESE, spending.c.spent + spending.c.reserved + _TAKES <= spending.c.amount)
    .values(reserved=spending.c.reserved + _TAKES)
)
_FREE = update(spending).where(_THESE).values(reserved=spending.c.reserved - _TAKES)
_SPEND = update(spending).where(_THESE).values(spent=spending.c.spent + _TAKES)
_DROP = delete(reservations).where(reservations.c.id == bindparam("held"))
_LEVELS = select(spending).where(_THESE)
_TOLD = (
    update(spending)
    .where(spending.c.key == bindparam("counter"), spending.c.told < bindparam("level"))
    .values(told=bindparam("level"))
)
_DAY = upsert(usage_days)
_SUMS = ("calls", "prompt", "cached", "written", "completion", "reasoning", "cost", "estimated")
ADD_DAY = _DAY.on_conflict_do_update(
    index_elements=list(usage_days.primary_key.columns),
    set_={name: usage_days.c[name] + _DAY.excluded[name] for name in _SUMS},
)
"""Adds to what is written of a day."""

_SUM = upsert(usage_sums)
_SUMMED = ("prompt", "cached", "completion", "cost", "estimated")
ADD_SUMS = _SUM.on_conflict_do_update(
    index_elements=list(usage_sums.primary_key.columns),
    set_={name: usage_sums.c[name] + _SUM.excluded[name] for name in _SUMMED},
)
"""Adds to what is written of a day in a channel or workspace."""


class Ledger:
    """Writes down what calls cost, and keeps account of limits between all processes.

    `owner` names this process; `is_dead(owner)` tells whether another is known to have ended.
    """

    def __init__(self, database: Database, owner: str, is_dead: Callable[[str], bool]) -> None:
        self._database = database
        self._owner = owner
        self._is_dead = is_dead

    async def left(self, lines: Sequence[Line]) -> list[tuple[Line, int]]:
        """What is not spent in each counter; what is reserved of that may come back."""
        async with self._database.read() as connection:
            rows = await connection.execute(_SPENT, {"keys": [line.key for line in lines]})
            spent = {row.key: row.spent for row in rows}
        return [(line, line.amount - spent.get(line.key, 0)) for line in lines]

    async def reserve(self, lines: Sequence[Line], call: Call, grant: Grant) -> Held | Line:
        """Take from all counters what `grant` says, or from none; then the short one is returned.

        All processes on the database take their turn, so that nothing is promised twice.
        """
        keys = [line.key for line in lines]
        async with self._database.write() as connection:
            await connection.execute(_OPEN, [_opened(line) for line in lines])
            used = await _used(connection, lines)
            taken = grant([(line, line.amount - used[line.key]) for line in lines])
            if isinstance(taken, Line):
                return taken
            amounts = {"usd": taken.usd, "tokens": taken.tokens}
            done = await connection.execute(_TAKE, {"keys": keys, **amounts})
            if done.rowcount < len(keys):
                raise AssertionError("more was granted than was left")
            row = {"owner": self._owner, "body": _written(call, taken, keys)}
            result = await connection.execute(_RESERVATION, row)
            (held,) = result.inserted_primary_key or (0,)
        return Held(held, taken, tuple(keys))

    async def settle(
        self, call: Call, day: str, held: Held | None, levels: Sequence[int]
    ) -> list[tuple[str, int]]:
        """Write a call down, and what it cost in the place of what it had reserved.

        Returns which counters have reached which of these levels, in per cent, for the first time.
        """
        async with self._database.write() as connection:
            if held is not None:
                await _free(connection, held)
                await _spend(connection, held, call)
            await _add(connection, call, day)
            return await _reached(connection, held, levels) if held else []

    async def bury(self, call: Call, day: str, held: Held) -> None:
        """Settle a call whose process has died; of several that try, one does."""
        async with self._database.write() as connection:
            if await _free(connection, held):
                await _spend(connection, held, call)
                await _add(connection, call, day)

    async def free(self, held: Held) -> None:
        """Nothing was done with a reservation."""
        async with self._database.write() as connection:
            await _free(connection, held)

    async def orphans(self) -> list[tuple[Held, Call]]:
        """The reservations of processes that have died, and the calls that they were for."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(reservations))).all()
        dead = {owner for owner in {row.owner for row in rows} if self._is_dead(owner)}
        return [_read(row.id, row.body) for row in rows if row.owner in dead]

    async def reached(self, key: str, level: int) -> bool:
        """A counter has reached a level; False when that is known already."""
        async with self._database.write() as connection:
            done = await connection.execute(_TOLD, {"counter": key, "level": level})
            return done.rowcount == 1

    async def forget(self, before: float) -> None:
        """Forget the counters whose time ended before this moment."""
        async with self._database.write() as connection:
            await connection.execute(delete(spending).where(spending.c.ends < before))


async def _used(connection: AsyncConnection, lines: Sequence[Line]) -> dict[str, int]:
    rows = await connection.execute(_READ, {"keys": [line.key for line in lines]})
    return {row.key: row.used for row in rows}


async def _free(connection: AsyncConnection, held: Held) -> bool:
    """Free a reservation; False when somebody has done it, who took its process for dead."""
    if not (await connection.execute(_DROP, {"held": held.id})).rowcount:
        return False
    amounts = {"usd": held.taken.usd, "tokens": held.taken.tokens}
    await connection.execute(_FREE, {"keys": list(held.keys), **amounts})
    return True


async def _spend(connection: AsyncConnection, held: Held, call: Call) -> None:
    tokens = call.prompt_tokens + call.completion_tokens
    amounts = {"usd": call.cost, "tokens": tokens}
    await connection.execute(_SPEND, {"keys": list(held.keys), **amounts})


async def _add(connection: AsyncConnection, call: Call, day: str) -> None:
    await connection.execute(_CALL, asdict(call))
    day_ = _summed(call, day)
    await connection.execute(ADD_DAY, day_)
    if call.place:
        await connection.execute(ADD_SUMS, sums(day_))


async def _reached(
    connection: AsyncConnection, held: Held, levels: Sequence[int]
) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for row in await connection.execute(_LEVELS, {"keys": list(held.keys)}):
        reached = [one for one in levels if row.spent * 100 >= row.amount * one and one > row.told]
        if reached and row.amount:
            found.append((row.key, max(reached)))
    for key, level in found:
        await connection.execute(_TOLD, {"counter": key, "level": level})
    return found


def _opened(line: Line) -> Mapping[str, object]:
    return {"key": line.key, "unit": line.unit, "amount": line.amount, "ends": line.ends}


def sums(day: Mapping[str, object]) -> list[Mapping[str, object]]:
    """What a row of a day adds to those of its channel and its workspace."""
    amounts = {name: day[name] for name in _SUMMED}
    place = str(day["place"])
    return [
        {"scope": scope, "kind": kind, "day": day["day"], "name": day[kind], **amounts}
        for scope in (place, place.rpartition("/")[0])
        for kind in ("person", "model")
    ]


def _summed(call: Call, day: str) -> Mapping[str, object]:
    return {
        "day": day,
        "person": call.person,
        "place": call.place,
        "model": call.model,
        "calls": 1,
        "prompt": call.prompt_tokens,
        "cached": call.cached_tokens,
        "written": call.written_tokens,
        "completion": call.completion_tokens,
        "reasoning": call.reasoning_tokens,
        "cost": call.cost,
        "estimated": int(call.estimated),
    }


def _written(call: Call, taken: Taken, keys: Sequence[str]) -> str:
    return json.dumps({"call": asdict(call), "taken": asdict(taken), "keys": list(keys)})


def _read(id_: int, body: str) -> tuple[Held, Call]:
    found = json.loads(body)
    return Held(id_, Taken(**found["taken"]), tuple(found["keys"])), Call(**found["call"])
