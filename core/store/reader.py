"""Reading for operators: beside the bot, of which nothing waits for it."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from core.errors import StoreFailed
from core.store.database import BUSY_TIMEOUT, translated

__all__ = ["Connection", "Reader", "connected"]

PATIENCE = 10.0
"""Seconds for one look at the database, after which it is broken off."""

STEPS = 20_000
"""Steps of SQLite's between two looks at the clock: some milliseconds."""

STOPPING = "the bot is stopping, and reads nothing more"

T = TypeVar("T")


class Reader:
    """Looks at a database that it cannot change, in a thread, one look after the other.

    The bot's own connections stay free for it.
    """

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        self._path = path
        self._patience = patience
        self._turn = asyncio.Lock()
        self._closed = False

    async def look(self, query: Callable[[Connection], T]) -> T:
        """What a query finds. Raises `StoreFailed`, also where it takes too long."""
        async with self._turn:
            if self._closed:
                raise StoreFailed(STOPPING)
            return await asyncio.to_thread(self._look, query)

    def close(self) -> None:
        """Break off what is read: a process that stops would wait for the thread."""
        self._closed = True

    def _look(self, query: Callable[[Connection], T]) -> T:
        deadline = time.monotonic() + self._patience
        try:
            with connected(
                self._path, lambda: self._closed or time.monotonic() > deadline
            ) as connection:
                return query(connection)
        except StoreFailed as error:
            if self._closed:
                raise StoreFailed(STOPPING) from error
            if time.monotonic() < deadline:
                raise
            raise StoreFailed(
                f"reading this took more than {self._patience:.0f} s and was broken off; choose a "
                "shorter span"
            ) from error


@contextmanager
def connected(path: Path, enough: Callable[[], bool] | None = None) -> Iterator[Connection]:
    """A connection that can only read, until `enough` says so. Raises `StoreFailed`."""
    address = f"{path.absolute().as_uri()}?mode=ro"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT)
        connection.set_progress_handler(enough, STEPS)
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    with translated(), engine.connect() as connection:
        yield connection
