"""aiosqlite without its threads: each call is done on the event loop, in the order of asking.

The database is a real SQLite file (in memory where there is /dev/shm), the driver the real one but
for its thread; what that would do happens a moment later on the loop, so that others come between
two statements. Where another connection holds the lock, SQLite's own waiting would stop the very
loop on which that one goes on; so it asks again in virtual time, for as long as SQLite would.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import aiosqlite
from sqlalchemy import event
from sqlalchemy.pool import Pool, _ConnectionRecord

from core.store import driver
from tests.faults.virtual.clockwork import living

MOMENT = 0.0003
"""Seconds for the way to the driver's thread."""

AGAIN = 0.02
"""Seconds between two tries to get a lock."""

Work = tuple["asyncio.Future[Any] | None", Callable[[], Any]]


class Broken:
    """What is wrong with the disk: `until` when statements that write fail."""

    def __init__(self) -> None:
        self.until = float("-inf")


class _NoThread:
    """Stands for the thread of a connection; it has always ended."""

    daemon = True
    ident = 1

    def start(self) -> None:
        pass

    def is_alive(self) -> bool:
        return False

    def join(self, timeout: float | None = None) -> None:
        del timeout


class _Line:
    """Where the driver puts what its thread is to do."""

    def __init__(self, patience: float, broken: Broken) -> None:
        self._patience = patience
        self._broken = broken
        self._waiting: deque[Work] = deque()
        self._busy = False

    def put_nowait(self, work: Work) -> None:
        self._waiting.append(work)
        if not self._busy:
            self._busy = True
            asyncio.get_running_loop().call_later(MOMENT, self._next)

    def _next(self) -> None:
        loop = asyncio.get_running_loop()
        self._try(*self._waiting.popleft(), loop.time() + self._patience)

    def _try(
        self, future: "asyncio.Future[Any] | None", do: Callable[[], Any], until: float
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            result = self._done(do, loop.time())
        except sqlite3.OperationalError as error:
            if "locked" in str(error) and loop.time() < until:
                loop.call_later(AGAIN, self._try, future, do, until)
                return
            if future is not None and not future.done():
                future.set_exception(error)
        except Exception as error:  # noqa: BLE001 - it is the caller's
            if future is not None and not future.done():
                future.set_exception(error)
        else:
            if future is not None and not future.done():
                future.set_result(result)
        self._busy = bool(self._waiting)
        if self._busy:
            loop.call_later(MOMENT, self._next)

    def _done(self, do: Callable[[], Any], now: float) -> Any:
        begins = getattr(do, "args", ())[-1:] == (True,)
        if begins and now < self._broken.until:
            full = sqlite3.OperationalError("database or disk is full")
            full.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise full
        return do()


@contextmanager
def inline(broken: Broken) -> Iterator[None]:
    """Let connections to a database work like this."""

    begin = driver.Connection.__init__

    def made(self: driver.Connection, *args: Any, timeout: float, **options: Any) -> None:
        begin(self, *args, timeout=0, **options)
        life = living()
        self._thread = _NoThread()  # type: ignore[assignment]
        self._tx = _Line(timeout, broken)  # type: ignore[assignment]
        if life is not None:
            life.dying.append(lambda: _cut(self))

    event.listen(Pool, "connect", _pooled)
    try:
        with mock.patch.object(driver.Connection, "__init__", made):
            yield
    finally:
        event.remove(Pool, "connect", _pooled)


def _pooled(connection: object, record: _ConnectionRecord) -> None:
    """What a process has lent itself of a pool when it dies, nobody waits to have back."""
    del connection
    if life := living():
        life.dying.append(lambda: setattr(record, "fairy_ref", None))


def _cut(connection: aiosqlite.Connection) -> None:
    """The process of a connection is dead: the operating system lets its locks go."""
    if connection._connection is not None:
        connection._connection.close()
        connection._connection = None
