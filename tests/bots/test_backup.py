"""`parley backup` and `parley restore`: what went in comes out, whatever happens meanwhile."""

import asyncio
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import pytest

from core.store import Store
from core.store.backup import back_up, restore
from core.store.migrate import HEAD
from tests.bots.test_cli import NOW, ROOT, parley, write
from tests.core.store.test_migrations import upgraded

THESE = "WHERE key LIKE '%/m%'"
"""Questions of the process that is busy."""

SETTLED = "SELECT key, outcome FROM questions WHERE state = 'settled' ORDER BY key"


@pytest.fixture
def database(tmp_path, monkeypatch):
    """A database with records that no bot has open."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/data/parley.db")
    asyncio.run(_written(os.environ["DATABASE_URL"]))
    return tmp_path / "data" / "parley.db"


async def _written(url):
    store = await write(url)
    await store.close()


def rows(path, query):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def count(path):
    """How many questions the process that is busy has asked so far."""
    return rows(path, f"SELECT count(*) FROM questions {THESE}")[0][0]


def everything(path):
    """All rows of all tables."""
    tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
    return {name: rows(path, f'SELECT * FROM "{name}"') for (name,) in rows(path, tables)}


BUSY = """
import asyncio, itertools, time
from dataclasses import replace
from core.store import Store
from core.store.backup import back_up, restore
from tests.core.house import ask
from tests.core.paper import THREAD
import os
async def main():
    store = await Store.open(os.environ["DATABASE_URL"], time.time)
    for n in itertools.count():
        asked = ask("why? " * 200, f"m{n:06}")
        await store.questions.claim(asked)
        await store.replies.begin(f"r{n}", str(THREAD), [asked.key])
        await store.replies.end(f"r{n}", [asked.key], "answered", seen=n)
        if not n:
            print("begun", flush=True)
asyncio.run(main())
"""


@contextmanager
def busy():
    """A process that asks and answers on the database as fast as it can, until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "begun\n"
        yield
    finally:
        process.kill()
        process.communicate()


def test_what_is_in_the_records_comes_out_again(database, tmp_path):
    code, said = parley("backup", str(tmp_path / "copy.db"))
    assert code == 0, said
    was = everything(tmp_path / "copy.db")
    assert was == everything(database)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM usage_days")

    code, said = parley("restore", str(tmp_path / "copy.db"))

    assert code == 0, said
    assert rows(database, "SELECT * FROM usage_days") == was["usage_days"]
    assert rows(database, "SELECT * FROM model_calls") == was["model_calls"]


def test_records_in_use_under_load_are_backed_up_whole_and_restored(
    database, tmp_path, monkeypatch
):
    copies = [tmp_path / f"copy-{n}.db" for n in range(3)]
    with busy():
        for copy in copies:
            before = count(database)
            code, said = parley("backup", str(copy))
            assert code == 0, said
            # Whatever was on record before is in it, and of the rest a beginning without gaps.
            held = sorted(key for (key,) in rows(copy, f"SELECT key FROM questions {THESE}"))
            assert before <= len(held) < count(database)
            assert held == [f"paper/W/C/m{n:06}#asked" for n in range(len(held))]
            assert rows(copy, "SELECT count(*) FROM questions WHERE state <> 'settled'")[0][0] <= 2
    settled = rows(copies[-1], SETTLED)

    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/elsewhere/parley.db")
    code, said = parley("restore", str(copies[-1]))

    assert code == 0, said
    restored = tmp_path / "elsewhere" / "parley.db"
    assert set(settled) <= set(rows(restored, SETTLED))
    asyncio.run(_opened())


async def _opened():
    store = await Store.open(os.environ["DATABASE_URL"], time.time)
    await store.close()


def test_a_backup_is_its_owners_alone_and_one_file(database, tmp_path):
    """Also where it takes the place of one that all may read, and of a daily one."""
    (tmp_path / "copies").mkdir()
    copy = tmp_path / "copies" / "copy.db"
    shutil.copy(database, copy)
    copy.chmod(0o644)

    back_up(database, copy, NOW)

    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [one.name for one in copy.parent.iterdir()] == ["copy.db"]


def test_a_backup_says_what_is_in_it(database, tmp_path):
    _, said = parley("backup", str(tmp_path / "copy.db"))

    assert said.startswith(f"Backed up to {tmp_path}/copy.db: 0.2 MB, 1 questions on record")
    assert "the newest of 2026-11-28 12:00:00 UTC" in said


@pytest.mark.parametrize("folder", ["", "copies"])
def test_without_a_name_a_backup_is_named_after_the_moment(database, tmp_path, folder):
    where = tmp_path / folder if folder else database.parent
    where.mkdir(exist_ok=True)
    code, said = parley("backup", *([str(where)] if folder else []))

    (made,) = where.glob("parley.db.backup-*Z")
    assert (code, str(made) in said) == (0, True)


def test_a_damaged_database_makes_no_backup_and_leaves_the_former_one(database, tmp_path):
    copy = tmp_path / "copy.db"
    back_up(database, copy, NOW)
    before = copy.read_bytes()
    with database.open("rb+") as file:
        file.seek(5 * 4096)
        file.write(b"\xff" * 4096 * 3)

    code, said = parley("backup", str(copy))

    assert code == 3
    assert f"parley: {database} is damaged" in said
    assert copy.read_bytes() == before
    assert not [one for one in tmp_path.iterdir() if ".part" in one.name]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("data/parley.db", "is the database itself"),
        ("notes.txt", "is there already, and is no backup"),
        ("nowhere/copy.db", "There is no folder"),
    ],
)
def test_a_slip_of_the_pen_costs_nobody_a_file(database, tmp_path, target, said):
    (tmp_path / "notes.txt").write_text("mine\n" * 100)
    before = database.read_bytes()
    code, words = parley("backup", target)

    assert code == 3
    assert said in words
    assert database.read_bytes() == before
    assert (tmp_path / "notes.txt").read_text() == "mine\n" * 100


def test_where_a_bot_runs_nothing_is_restored(database, tmp_path):
    back_up(database, tmp_path / "copy.db", NOW)
    with busy():
        code, said = parley("restore", str(tmp_path / "copy.db"))

        assert code == 3
        assert said == f"parley: A bot runs on {database}. Stop it, restore, and start it again."
    assert not list(database.parent.glob("*.replaced-*"))


def test_where_another_program_holds_the_database_nothing_is_restored(database, tmp_path):
    back_up(database, tmp_path / "copy.db", NOW)
    with closing(sqlite3.connect(database)) as other:
        other.execute("SELECT * FROM marks").fetchall()
        code, said = parley("restore", str(tmp_path / "copy.db"))

    assert code == 3
    assert said.startswith(f"parley: Another program holds {database} open.")


@pytest.mark.parametrize("fault", ["missing", "noise", "damaged", "empty", "newer"])
def test_what_is_no_good_backup_replaces_nothing(database, tmp_path, fault):
    copy, before = tmp_path / "copy.db", everything(database)
    back_up(database, copy, NOW)
    match fault:
        case "missing":
            copy.unlink()
        case "noise":
            copy.write_text("no backup " * 1000)
        case "damaged":
            with copy.open("rb+") as file:
                file.seek(4096 * 4)
                file.write(b"\xff" * 9000)
        case "empty":
            copy.write_bytes(b"")
        case "newer":
            with closing(sqlite3.connect(copy)) as connection, connection:
                connection.execute("UPDATE alembic_version SET version_num = '9998'")
    code, said = parley("restore", str(copy))

    assert code == 3
    assert str(copy) in said
    assert len(said.splitlines()) == 1
    assert everything(database) == before
    assert not list(database.parent.glob("*.replaced-*"))


def test_the_former_database_is_kept_and_can_be_brought_back(database, tmp_path):
    back_up(database, tmp_path / "copy.db", NOW)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO marks VALUES ('since', 'the backup')")
    _, said = parley("restore", str(tmp_path / "copy.db"))
    (kept,) = database.parent.glob("parley.db.replaced-*")
    assert str(kept) in said
    assert rows(database, "SELECT * FROM marks") == []

    restore(kept, database, NOW)

    assert rows(database, "SELECT * FROM marks") == [("since", "the backup")]


def test_a_damaged_database_is_replaced_and_kept_with_its_log(database, tmp_path):
    """SQLite would apply the log to whatever stands in the place of its database."""
    back_up(database, tmp_path / "copy.db", NOW)
    with busy():
        pass
    log = database.with_name("parley.db-wal")
    noise, last = b"noise" * 2000, log.read_bytes()
    assert last
    database.write_bytes(noise)
    code, said = parley("restore", str(tmp_path / "copy.db"))

    assert code == 0, said
    (kept,) = database.parent.glob("parley.db.replaced-*Z")
    assert kept.read_bytes() == noise
    assert kept.with_name(f"{kept.name}-wal").read_bytes() == last
    assert not log.exists()
    assert rows(database, "PRAGMA integrity_check") == [("ok",)]
    assert rows(database, "SELECT count(*) FROM questions") == [(1,)]


RESTORING = """
import sys, time
from pathlib import Path
from core.store.backup import restore
database, *copies = map(Path, sys.argv[1:])
print("begun", flush=True)
while True:
    for copy in copies:
        restore(copy, database, time.time())
"""


@pytest.mark.parametrize("moment", [0.01, 0.05, 0.1, 0.2])
def test_a_restore_that_is_killed_leaves_the_one_database_or_the_other(database, tmp_path, moment):
    copies = {}
    for name in ("one", "two"):
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("INSERT OR REPLACE INTO marks VALUES ('name', ?)", (name,))
        back_up(database, tmp_path / name, NOW)
        copies[name] = everything(tmp_path / name)["marks"]
    process = subprocess.Popen(
        [sys.executable, "-c", RESTORING, database, *(tmp_path / name for name in copies)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    process.stdout.readline()
    time.sleep(moment)  # whichever instant that comes to
    process.kill()
    process.communicate()

    assert rows(database, "SELECT * FROM marks") in copies.values()
    restore(tmp_path / "one", database, NOW)
    asyncio.run(_opened())


def test_no_former_database_takes_the_place_of_another(database, tmp_path):
    back_up(database, tmp_path / "copy.db", NOW)
    for _ in range(3):
        restore(tmp_path / "copy.db", database, NOW)

    assert len(list(database.parent.glob("*.replaced-*"))) == 3


def test_a_database_keeps_its_rights_when_it_is_restored(database, tmp_path):
    back_up(database, tmp_path / "copy.db", NOW)
    database.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(database, 65534, 65534)
    was = database.stat()

    restore(tmp_path / "copy.db", database, NOW)

    now = database.stat()
    assert (now.st_mode, now.st_uid, now.st_gid) == (was.st_mode, was.st_uid, was.st_gid)


def test_what_was_being_answered_at_the_time_of_the_backup_is_not_answered_again(
    database, tmp_path
):
    """It was answered since; and so was whatever was said since, so that nobody looks for that."""
    with closing(sqlite3.connect(database)) as connection, connection:
        assert connection.execute("SELECT state FROM questions").fetchall() == [("answering",)]
        connection.execute("INSERT INTO marks VALUES ('heard/slack/T1', '{}')")
    back_up(database, tmp_path / "copy.db", NOW)
    restore(tmp_path / "copy.db", database, NOW)

    assert rows(database, "SELECT state, outcome, body FROM questions") == [
        ("settled", "interrupted", "")
    ]
    assert rows(database, "SELECT outcome FROM replies") == [("interrupted",)]
    assert rows(database, "SELECT * FROM marks") == []


def test_a_backup_of_an_earlier_version_is_upgraded_when_the_bot_starts(database, tmp_path):
    upgraded(tmp_path / "old.db", "0002")

    restore(tmp_path / "old.db", database, NOW)
    asyncio.run(_opened())

    assert rows(database, "SELECT version_num FROM alembic_version") == [(HEAD,)]


@pytest.mark.parametrize("word", ["backup", "restore"])
def test_a_database_in_postgresql_has_programs_of_its_own_for_that(tmp_path, monkeypatch, word):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://parley:sesame@db/parley")
    code, said = parley(word, "copy.db")

    assert code == 2
    assert "pg_dump" in said
    assert "pg_restore" in said
    assert "sesame" not in said


@pytest.mark.parametrize("damage", [b"\xff" * 4096 * 4, b""])
def test_a_start_on_a_damaged_database_ends_as_other_refusals_do(database, monkeypatch, damage):
    monkeypatch.setenv("DISCORD_TOKEN", "a-token")
    monkeypatch.setenv("OPENAI_API_KEY", "a-key")
    with database.open("rb+") as file:
        file.seek(8192)
        file.write(damage)
        if not damage:
            file.truncate()
    before = database.read_bytes()
    code, said = parley("run")

    assert code == 3
    assert said.startswith(f"parley: DATABASE_URL: {database} is damaged")
    assert "parley restore" in said
    assert "Traceback" not in said
    assert database.read_bytes() == before
