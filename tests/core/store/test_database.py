"""A transaction is whole or has never been, whatever happens to whoever makes it."""

import asyncio
import time

import pytest
from sqlalchemy import text

from core.errors import StoreFailed
from core.store.database import Database
from tests.core.house import locked

MAKE = text("CREATE TABLE words (word TEXT UNIQUE, number INTEGER)")
ADD = text("INSERT INTO words VALUES (:word, :number)")
ALL = text("SELECT word, number FROM words ORDER BY number")


@pytest.fixture
async def database(tmp_path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/parley.db", time.time)
    async with database.write() as connection:
        await connection.execute(MAKE)
    yield database
    await database.close()


@pytest.fixture
async def other(database, tmp_path):
    """Another process's, on the same file."""
    other = Database(f"sqlite+aiosqlite:///{tmp_path}/parley.db", time.time)
    yield other
    await other.close()


async def words(database):
    async with database.read() as connection:
        return [row.word for row in await connection.execute(ALL)]


async def test_nothing_is_left_of_a_transaction_that_failed(database):
    with pytest.raises(StoreFailed, match="UNIQUE"):
        async with database.write() as connection:
            await connection.execute(ADD, {"word": "a", "number": 1})
            await connection.execute(ADD, {"word": "a", "number": 2})

    assert await words(database) == []


async def test_a_transaction_that_failed_at_once_is_in_nobodys_way(database, other):
    with pytest.raises(StoreFailed, match="no such column"):
        async with database.write() as connection:
            await connection.execute(text("UPDATE words SET number = missing"))

    for place, number in ((database, 1), (other, 2)):
        async with place.write() as connection:
            await connection.execute(ADD, {"word": f"{number}", "number": number})

    assert await words(database) == ["1", "2"]


async def test_nobody_sees_a_transaction_before_its_end(database):
    async with database.write() as connection:
        await connection.execute(ADD, {"word": "a", "number": 1})
        assert await words(database) == []

    assert await words(database) == ["a"]


async def test_a_transaction_without_a_statement_is_none(database):
    async with database.write():
        pass
    async with database.write() as connection:
        await connection.execute(ADD, {"word": "a", "number": 1})

    assert await words(database) == ["a"]


@pytest.mark.parametrize("turns", range(12))
async def test_nothing_is_left_of_a_transaction_that_was_cancelled(database, turns):
    """Wherever that happens, and whoever comes next writes at once."""
    begun = asyncio.Event()

    async def never_ends():
        async with database.write() as connection:
            await connection.execute(ADD, {"word": "a", "number": 1})
            begun.set()
            await connection.execute(ADD, {"word": "b", "number": 2})
            await asyncio.Event().wait()

    work = asyncio.create_task(never_ends())
    await begun.wait()
    for _ in range(turns):
        await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    async with database.write() as connection:
        await connection.execute(ADD, {"word": "c", "number": 3})

    assert await words(database) == ["c"]


async def test_whoever_found_the_database_busy_writes_when_it_is_free(
    database, tmp_path, monkeypatch
):
    async with database.write() as connection:
        await connection.execute(text("PRAGMA busy_timeout = 1"))
    with locked(tmp_path), pytest.raises(StoreFailed, match="locked"):
        async with database.write() as connection:
            await connection.execute(ADD, {"word": "a", "number": 1})

    async with database.write() as connection:
        await connection.execute(ADD, {"word": "b", "number": 2})

    assert await words(database) == ["b"]


async def test_what_was_read_is_still_true_when_it_is_written(database, other):
    """Of two that read first and then write, the second one waits until the first has ended."""
    count = text("SELECT count(*) FROM words")

    async def add(place, word):
        async with place.write() as connection:
            number = (await connection.execute(count)).scalar_one()
            await asyncio.sleep(0)
            await connection.execute(ADD, {"word": word, "number": number})

    await asyncio.gather(*map(add, [database, other] * 3, "abcdef"))

    async with database.read() as connection:
        assert [row.number for row in await connection.execute(ALL)] == list(range(6))


async def test_the_rows_of_a_statement_that_writes_are_all_there(database):
    async with database.write() as connection:
        rows = [{"word": f"{n}", "number": n} for n in range(200)]
        assert (await connection.execute(ADD, rows)).rowcount == 200
        changed = await connection.execute(
            text("UPDATE words SET number = -number WHERE number > 50 RETURNING word")
        )
        assert len(changed.scalars().all()) == 149
