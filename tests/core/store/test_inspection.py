"""What lies where the database should be: named, left as it is, and what to do is said."""

import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import StartError
from core.store import Store, inspection
from core.store.migrate import APPLICATION, HEAD
from core.store.mounts import network_file_system


async def opened(path):
    return await Store.open(f"sqlite+aiosqlite:///{path}", lambda: 1000.0)


@pytest.fixture
async def path(tmp_path):
    """A database with some hundred rows, which nobody has open."""
    path = tmp_path / "parley.db"
    store = await opened(path)
    for n in range(300):
        await store.marks.set(f"mark {n}", "what is remembered " * 20)
    await store.close()
    return path


def fingerprints(folder):
    """Every file and what is in it; but locks are empty, and an index of the log holds nothing."""
    files = (one for one in folder.iterdir() if one.stat().st_size and one.suffix != ".db-shm")
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in files}


async def refusal(path):
    """What an operator reads of a start; nothing was written by it."""
    before = fingerprints(path.parent)
    with pytest.raises(StartError) as refused:
        await opened(path)
    assert fingerprints(path.parent) == before
    assert not list(path.parent.glob("*process-*"))
    words = str(refused.value)
    assert words.startswith(f"DATABASE_URL: {path} "), words
    assert "\n" not in words
    return words


async def test_a_truncated_database_is_named_and_left_alone(path):
    with path.open("rb+") as file:
        file.truncate(path.stat().st_size // 2)

    words = await refusal(path)

    assert "is damaged" in words
    assert "`parley restore FILE`" in words


async def test_a_database_whose_beginning_is_noise_is_named_and_left_alone(path):
    with path.open("rb+") as file:
        file.write(random.Random(1).randbytes(100))

    assert "is damaged, or no database" in await refusal(path)


async def test_a_database_whose_header_is_noise_behind_its_first_words_is_named(path):
    with path.open("rb+") as file:
        file.seek(16)
        file.write(random.Random(2).randbytes(84))

    words = await refusal(path)

    assert "is damaged" in words or "is the database of another program" in words


@pytest.mark.parametrize("seed", range(12))
async def test_a_page_of_noise_in_the_midst_of_a_database_is_found(path, seed):
    chance = random.Random(seed)
    pages = path.stat().st_size // 4096
    with path.open("rb+") as file:
        file.seek(4096 * chance.randrange(1, pages))
        file.write(chance.randbytes(4096))

    assert "is damaged" in await refusal(path)


@contextmanager
def read_only(path):
    """A file that nobody may write; root minds only what is immutable."""
    if os.geteuid():
        path.chmod(0o444)
        yield
        return
    made = subprocess.run(["chattr", "+i", path], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("root may write every file on this file system")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


async def test_a_database_that_may_not_be_written_is_named_at_start(path):
    """And not at the first question."""
    with read_only(path):
        assert "cannot be written by this user" in await refusal(path)


async def test_the_newest_backup_beside_a_damaged_database_is_named(path):
    for n, name in enumerate(("parley.db.before-0002", "parley.db.backup-20261101T000000Z")):
        shutil.copy(path, path.with_name(name))
        os.utime(path.with_name(name), (n, n))
    path.write_bytes(b"\0" * 8192)

    assert f"`parley restore {path}.backup-20261101T000000Z`" in await refusal(path)


async def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path):
    path = tmp_path / "parley.db"
    path.write_text("my diary, not a database\n" * 100)

    assert "no database" in await refusal(path)


async def test_an_empty_database_of_another_program_is_named_and_left_alone(tmp_path):
    path = tmp_path / "parley.db"
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA application_id = 252006673")
        other.execute("PRAGMA user_version = 1")
    other.close()

    assert "is the database of another program" in await refusal(path)


@pytest.mark.parametrize("table", ["photos", "alembic_version"])
async def test_a_database_of_another_program_is_known_by_its_tables(tmp_path, table):
    """Others use Alembic, too."""
    path = tmp_path / "parley.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE questions (id)")
        other.execute(f"CREATE TABLE {table} (version_num)")
        other.execute(f"INSERT INTO {table} VALUES ('a1b2c3d4')")
    other.close()

    assert "is no database of Parley's" in await refusal(path)


async def test_a_database_of_a_newer_version_is_left_alone(path):
    with sqlite3.connect(path) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.close()

    words = await refusal(path)

    assert "was written by a newer version of Parley (revision 9999" in words
    assert HEAD in words


def crashed(path):
    """A process writes to the database and is killed, so that its last changes are in the log."""
    program = f"""
import asyncio, os, signal
from core.store import Store
async def main():
    store = await Store.open("sqlite+aiosqlite:///{path}", lambda: 1000.0)
    await store.marks.set("last", "word")
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", program], timeout=30, check=False)
    assert path.with_name("parley.db-wal").stat().st_size


async def test_a_damaged_database_is_left_alone_with_its_log(path):
    """SQLite would write the log over what is left of it."""
    crashed(path)
    with path.open("rb+") as file:
        file.seek(4096 * 30)
        file.write(random.Random(3).randbytes(4096))

    assert "is damaged" in await refusal(path)


@pytest.mark.parametrize("how", ["missing", "empty"])
async def test_a_log_without_its_database_is_not_thrown_away(path, how):
    crashed(path)
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(b"")

    words = await refusal(path)

    assert f"is {how}, but its last changes are in {path}-wal" in words


async def test_what_a_killed_process_wrote_last_is_there_after_the_next_start(path):
    crashed(path)
    store = await opened(path)

    assert await store.marks.get("last") == "word"
    await store.close()


async def test_a_large_database_is_not_looked_through_for_longer_than_a_start_may_take(
    path, monkeypatch
):
    monkeypatch.setattr(inspection, "STEPS", 1)
    monkeypatch.setattr(inspection, "CHECKING", 0.0)

    assert inspection.inspect(path, 0.0) == HEAD
    store = await opened(path)
    await store.close()


async def test_a_database_says_in_its_header_whose_it_is(path):
    assert int.from_bytes(path.read_bytes()[68:72], "big") == APPLICATION


MOUNTS = r"""
22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/root rw
60 22 0:50 / /srv rw,relatime shared:3 - nfs4 files:/export rw,vers=4.2
61 60 0:51 / /srv/local\040disk rw,relatime - xfs /dev/sdb1 rw
62 22 0:52 / /mnt/c rw - 9p drvfs rw
63 22 0:53 / /home/ada rw - fuse.sshfs ada@host:/ rw
64 22 0:54 / /pool rw - fuse.mergerfs /a:/b rw
""".strip()


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("/var/lib/parley/parley.db", ""),
        ("/srv/parley/parley.db", "nfs4"),
        ("/srv/local disk/parley.db", ""),
        ("/srvother/parley.db", ""),
        ("/mnt/c/parley.db", "9p"),
        ("/home/ada/parley.db", "fuse.sshfs"),
        ("/pool/parley.db", ""),
    ],
)
def test_a_database_on_another_machine_is_told_by_its_mount(tmp_path, where, kind):
    (tmp_path / "mountinfo").write_text(MOUNTS)

    assert network_file_system(Path(where), tmp_path / "mountinfo") == kind


def test_where_the_machine_does_not_tell_nothing_is_said(tmp_path):
    assert network_file_system(tmp_path / "parley.db", tmp_path / "nothing") == ""
