"""SQLite's driver: a statement and all its rows in one way to the driver's thread and back.

aiosqlite's own cursors take four (to be made, to execute, to fetch, to be closed), and each of
them, which wakes a thread and then the event loop, costs more than most statements do.
"""

import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, Self

import aiosqlite

ROWS_AT_ONCE = 64
"""What aiosqlite asks for, and nothing here uses: rows are fetched all together."""


class Connection(aiosqlite.Connection):
    """A connection in a thread of its own, that outlives no process; its cursors hold their rows.

    To be awaited once, which connects.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(partial(sqlite3.connect, *args, **options), ROWS_AT_ONCE)
        self._thread.daemon = True
        self._begins = self._is_open = False

    def begin(self) -> None:
        """Let the next statement begin a transaction."""
        self._begins = True

    def cursor(self) -> "Cursor":  # type: ignore[override]
        """For one statement; nothing happens yet."""
        return Cursor(self)

    async def commit(self) -> None:
        """End the transaction, if a statement has begun it."""
        await self._end(super().commit)

    async def rollback(self) -> None:
        """End the transaction without its changes, if a statement has begun it."""
        await self._end(super().rollback)

    async def _end(self, how: Callable[[], Awaitable[None]]) -> None:
        self._begins = False
        if self._is_open:
            await how()
            self._is_open = False

    async def run(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Have something done in the driver's thread, within the transaction if there is one."""
        begins, self._begins = self._begins, False
        # From here on it may be open, also when this is cancelled.
        self._is_open = self._is_open or begins
        await self._execute(self._run, work, begins)  # type: ignore[no-untyped-call]

    def _run(self, work: Callable[[sqlite3.Connection], None], begins: bool) -> None:
        if begins:
            # IMMEDIATE waits for its turn; a deferred one that reads first fails when it writes.
            self._conn.execute("BEGIN IMMEDIATE")
        work(self._conn)


class Cursor:
    """One statement and what came of it, as SQLAlchemy asks for it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: Sequence[Any] = ()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        """Execute a statement."""
        await self._connection.run(lambda bare: self._keep(bare.execute(sql, parameters)))
        return self

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Self:
        """Execute a statement for each of these rows."""
        await self._connection.run(lambda bare: self._keep(bare.executemany(sql, parameters)))
        return self

    async def fetchall(self) -> Sequence[Any]:
        """All rows."""
        return self._rows

    async def close(self) -> None:
        """Nothing is held open."""

    def _keep(self, done: sqlite3.Cursor) -> None:
        self._rows = done.fetchall()
        self.description, self.lastrowid = done.description, done.lastrowid
        self.rowcount = done.rowcount  # known once all rows are fetched
        done.close()
