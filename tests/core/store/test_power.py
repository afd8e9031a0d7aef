"""What a power cut can cost: the last moments, in order; never the file, and nothing before."""

import asyncio
import random
import shutil
import sqlite3
from contextlib import closing

import pytest

from core.store import Store

WRITTEN = 120


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A database as it lies on the disk while a bot writes to it: the file, and its log."""
    folder = tmp_path_factory.mktemp("running")
    asyncio.run(_written(folder))
    return folder / "seen"


async def _written(folder):
    store = await Store.open(f"sqlite+aiosqlite:///{folder}/parley.db", lambda: 1000.0)
    for n in range(WRITTEN):
        await store.marks.set(f"{n:04}", "what was promised " * 20)
    (folder / "seen").mkdir()
    for name in ("parley.db", "parley.db-wal"):
        shutil.copy(folder / name, folder / "seen" / name)
    await store.close()


async def survivors(path):
    """What a bot finds that starts on what is left."""
    store = await Store.open(f"sqlite+aiosqlite:///{path}", lambda: 1000.0)
    await store.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [name for (name,) in connection.execute("SELECT name FROM marks ORDER BY name")]


@pytest.mark.parametrize("lost", ["cut off", "never written", "noise"])
@pytest.mark.parametrize("seed", range(4))
async def test_the_last_moments_may_be_lost_and_nothing_before_them(running, tmp_path, seed, lost):
    """Anything behind the last sync may be missing from the log, or may be something else."""
    path = tmp_path / "parley.db"
    for one in running.iterdir():
        shutil.copy(one, tmp_path / one.name)
    log, chance = tmp_path / "parley.db-wal", random.Random(seed)
    size = log.stat().st_size
    begins = chance.randrange(size)
    rest = {"cut off": b"", "never written": bytes(size - begins)}
    with log.open("rb+") as file:
        file.seek(begins)
        file.write(rest.get(lost, chance.randbytes(size - begins)))
        file.truncate()

    left = await survivors(path)

    assert left == [f"{n:04}" for n in range(len(left))]
    assert len(left) < WRITTEN


async def test_a_log_that_reached_the_disk_whole_loses_nothing(running, tmp_path):
    for one in running.iterdir():
        shutil.copy(one, tmp_path / one.name)

    assert len(await survivors(tmp_path / "parley.db")) == WRITTEN
