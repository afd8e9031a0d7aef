"""The connection to the database, and the one place where its errors become ours."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from threading import Thread
from typing import Any

from sqlalchemy import (
    AdaptedConnection,
    Connection,
    Engine,
    bindparam,
    delete,
    event,
    insert,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core.errors import StoreBusy, StoreFailed, StoreUnwritable
from core.store import driver
from core.store.condition import Condition
from core.store.schema import marks

BUSY_TIMEOUT = 5.0
"""Seconds to wait while another process writes."""

TURN_TIMEOUT = 20.0
"""Seconds to wait while others in this process write."""

PROBING = 2.0
"""Seconds between two tries whether a database that could not be written can be again."""

PROBE = 32_768
"""Bytes that such a try writes: more than a question takes, so that there is room for one."""

UNWRITABLE = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOTADB,
    }
)
"""What SQLite says of a file with which nothing can be done until somebody acts."""

LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

CLOSE_TIMEOUT = BUSY_TIMEOUT + 1.0
"""Seconds for work that was cancelled to end in the driver's threads, before they are left."""

_PROBE = insert(marks).prefix_with("OR REPLACE")
_TAKE_AWAY = delete(marks).where(marks.c.name == bindparam("probe"))


Timed = Callable[[str, float], None]
"""Is told what was done, `read` or `write`, and in how many seconds."""


def untimed(_: str, __: float) -> None:
    """Nobody wants to know."""


class Database:
    """Short transactions on one SQLite file, shared with other processes.

    Write-ahead logging lets readers and one writer work at once. `synchronous=NORMAL`
    survives a crash of the process whole; a power cut can cost the last moments, never
    the file (https://sqlite.org/pragma.html#pragma_synchronous). `timed` is told of each
    transaction how long it took, with the wait for its turn.
    """

    def __init__(self, url: str, clock: Callable[[], float], timed: Timed = untimed) -> None:
        self._timed = timed
        self.condition = Condition(clock)
        self._connections: list[driver.Connection] = []
        connect_args = {"timeout": BUSY_TIMEOUT, "async_creator_fn": self._connect}
        self._engine: AsyncEngine = create_async_engine(
            url,
            connect_args=connect_args,
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,  # people's text is among them
        )
        prepare(self._engine.sync_engine)
        # Of its own: to switch a connection to reading and back takes three ways to the
        # driver's thread, and what only reads has nothing to roll back.
        self._reading = create_async_engine(
            url,
            connect_args=connect_args,
            pool_size=2,
            max_overflow=0,
            pool_reset_on_return=None,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            hide_parameters=True,
        )
        event.listen(self._reading.sync_engine, "connect", _connected)
        # SQLite's own waiting is by sleeps and in no order; within a process, in order of arrival.
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction that writes: committed at the end, rolled back on any error."""
        began = time.monotonic()
        try:
            with translated():
                async with asyncio.timeout(TURN_TIMEOUT):
                    await self._turn.acquire()
                try:
                    async with self._engine.begin() as connection:
                        yield connection
                finally:
                    self._turn.release()
        except (StoreBusy, StoreUnwritable) as error:
            self.condition.failed(error)
            raise
        finally:
            self._timed("write", time.monotonic() - began)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection to read with; each statement sees the newest commit."""
        began = time.monotonic()
        try:
            with translated():
                async with self._reading.connect() as connection:
                    yield connection
        finally:
            self._timed("read", time.monotonic() - began)

    async def watch(self) -> None:
        """After a write has failed, try until one succeeds; until cancelled.

        No event tells of room on a disk.
        """
        while True:
            await self.condition.failing.wait()
            await asyncio.sleep(PROBING)
            with suppress(StoreFailed):
                await self._probe()
                self.condition.recovered()

    async def _probe(self) -> None:
        """Write something in earnest, and take it away again."""
        async with self.write() as connection:
            await connection.execute(_PROBE, {"name": "probe", "value": "-" * PROBE})
        async with self.write() as connection:
            await connection.execute(_TAKE_AWAY, {"probe": "probe"})

    async def wipe(self) -> None:
        """Let nothing that was deleted stand in the log beside the file, as far as others let us.

        Whoever reads an old state at the moment keeps it there; the next wipe takes it away.
        """
        async with self.read() as connection:
            await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

    async def close(self) -> None:
        """Close all connections.

        One whose work was cancelled may be left open, or is closed by its thread when that gets
        to it; that is waited for, since such a thread fails once its event loop is gone.
        """
        await self._reading.dispose()
        await self._engine.dispose()
        left = [one for one in self._connections if _thread(one).is_alive()]
        for connection in left:
            connection.stop()
        await asyncio.to_thread(_join, [_thread(one) for one in left])

    def _connect(self, *args: Any, **options: Any) -> driver.Connection:
        """A connection that is about to be made."""
        connection = driver.Connection(*args, **options)
        kept = (one for one in self._connections if not _has_ended(_thread(one)))
        self._connections = [*kept, connection]
        return connection


def _thread(connection: driver.Connection) -> Thread:
    """The driver's thread of a connection; SQLAlchemy takes it like this, too."""
    return connection._thread  # noqa: SLF001 - there is no other way


def _has_ended(thread: Thread) -> bool:
    return thread.ident is not None and not thread.is_alive()


def _join(threads: Sequence[Thread]) -> None:
    deadline = time.monotonic() + CLOSE_TIMEOUT
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database's errors into `StoreFailed`, of the kind that they are of."""
    try:
        yield
    except TimeoutError as error:
        raise StoreBusy(f"no turn within {TURN_TIMEOUT:.0f} s") from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise _failure(getattr(error, "orig", None) or error) from error


def _failure(error: BaseException) -> StoreFailed:
    # SQLite's kinds are in the lowest byte, what they are in particular above.
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    particular = getattr(error, "sqlite_errorname", type(error).__name__)
    words = f"{error} ({particular})"
    if kind in UNWRITABLE:
        return StoreUnwritable(words)
    return StoreBusy(words) if kind in LOCKED else StoreFailed(words)


def prepare(engine: Engine) -> None:
    """Set an SQLite engine up as described above, for every connection that it opens."""
    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _begin)


def _connected(connection: Any, _: Any) -> None:
    # Transactions are begun by `_begin`, not by the driver's guess at the first write.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is deleted is overwritten, and not left in the file until its room is needed.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    adapted = connection.connection.dbapi_connection
    if isinstance(adapted, AdaptedConnection):
        adapted.driver_connection.begin()
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
