"""Settings of channels and workspaces, and every change of them: who, when, before and after."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.store.database import Database
from core.store.schema import channel_settings, setting_changes

# Built once: to build a statement takes longer than to run it.
_SET = upsert(channel_settings)
_PUT = _SET.on_conflict_do_update(
    index_elements=[channel_settings.c.scope, channel_settings.c.name],
    set_={name: _SET.excluded[name] for name in ("value", "changed_by", "changed_at")},
)
_TAKE_AWAY = delete(channel_settings).where(
    channel_settings.c.scope == bindparam("in_scope"), channel_settings.c.name == bindparam("named")
)


@dataclass(frozen=True, slots=True)
class Change:
    """One value that somebody changed; None: nothing is set there. `at` is seconds since 1970."""

    scope: str
    name: str
    before: Any
    after: Any
    who: str
    at: float


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that is set, by whom and when, in seconds since 1970."""

    scope: str
    name: str
    value: Any
    who: str
    at: float


class ChannelSettings:
    """What is set where, by scope and name; values are whatever JSON can hold."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def all(self) -> dict[str, dict[str, Any]]:
        """Everything that is set, by scope."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(channel_settings))
            found: dict[str, dict[str, Any]] = {}
            for row in rows:
                found.setdefault(row.scope, {})[row.name] = json.loads(row.value)
            return found

    async def at(self, scope: str) -> dict[str, Any]:
        """What is set in one scope."""
        async with self._database.read() as connection:
            return await _values(connection, scope)

    async def change(self, scope: str, values: Mapping[str, Any], who: str) -> tuple[Change, ...]:
        """Set values, or take away those that are None; returns what has changed by that."""
        now = self._clock()
        async with self._database.write() as connection:
            before = await _values(connection, scope)
            changes = tuple(
                Change(scope, name, before.get(name), value, who, now)
                for name, value in values.items()
                if before.get(name) != value
            )
            for change in changes:
                await _apply(connection, change)
        return changes

    async def history(self, scope: str) -> tuple[Change, ...]:
        """Every change in a scope, oldest first."""
        query = (
            select(setting_changes)
            .where(setting_changes.c.scope == scope)
            .order_by(setting_changes.c.id)
        )
        async with self._database.read() as connection:
            return tuple(_change(row) for row in await connection.execute(query))

    async def newest(self) -> int:
        """The number of the newest change of all; 0 when there is none."""
        async with self._database.read() as connection:
            found = await connection.execute(select(func.max(setting_changes.c.id)))
            return found.scalar() or 0


def current(connection: Connection, most: int) -> list[Setting]:
    """What is set everywhere, for operators; so many values at most."""
    query = select(channel_settings).order_by(channel_settings.c.scope, channel_settings.c.name)
    return [
        Setting(row.scope, row.name, json.loads(row.value), row.changed_by, row.changed_at)
        for row in connection.execute(query.limit(most))
    ]


def changes(connection: Connection, most: int) -> list[Change]:
    """The newest changes of all, newest first."""
    query = select(setting_changes).order_by(setting_changes.c.id.desc()).limit(most)
    return [_change(row) for row in connection.execute(query)]


async def _values(connection: AsyncConnection, scope: str) -> dict[str, Any]:
    rows = await connection.execute(
        select(channel_settings.c.name, channel_settings.c.value).where(
            channel_settings.c.scope == scope
        )
    )
    return {row.name: json.loads(row.value) for row in rows}


async def _apply(connection: AsyncConnection, change: Change) -> None:
    by: dict[str, Any] = {
        "scope": change.scope,
        "name": change.name,
        "changed_by": change.who,
        "changed_at": change.at,
    }
    if change.after is None:
        await connection.execute(_TAKE_AWAY, {"in_scope": change.scope, "named": change.name})
    else:
        await connection.execute(_PUT, by | {"value": json.dumps(change.after)})
    both = {"before": _text(change.before), "after": _text(change.after)}
    await connection.execute(insert(setting_changes), by | both)


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def _change(row: Row[Any]) -> Change:
    before, after = (None if text is None else json.loads(text) for text in (row.before, row.after))
    return Change(row.scope, row.name, before, after, row.changed_by, row.changed_at)
