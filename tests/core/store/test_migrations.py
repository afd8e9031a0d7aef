"""Databases of every earlier version become ones of this version, and nothing of them is lost."""

import asyncio
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Float, Integer, MetaData, create_engine, text

from core.errors import StartError
from core.store import Store
from core.store.migrate import HEAD
from core.store.schema import metadata
from core.store.upgrade import migrate_file
from tests.records import channel, workspace

VERSIONS = str(Path(__file__).parents[3] / "core/store/migrations")
SCRIPTS = ScriptDirectory(VERSIONS)
REVISIONS = [one.revision for one in SCRIPTS.walk_revisions()][::-1]


def upgraded(path, revision):
    """Bring a database to an earlier revision, as the version of that time did."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", VERSIONS)
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


async def opened(path):
    return await Store.open(f"sqlite+aiosqlite:///{path}", lambda: 1000.0)


@pytest.fixture
def old(tmp_path):
    """A database of the first version, with something in it."""
    path = tmp_path / "parley.db"
    upgraded(path, "0001")
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO marks VALUES ('of old', 'remembered')")
    connection.close()
    return path


def said(path, query):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_the_migrations_make_exactly_the_tables_of_the_schema(tmp_path):
    migrate_file(tmp_path / "parley.db")
    engine = create_engine(f"sqlite:///{tmp_path}/parley.db")
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()

    assert differences == []
    assert SCRIPTS.get_current_head() == HEAD


async def test_a_database_is_kept_as_it_was_before_an_upgrade(old):
    store = await opened(old)
    assert await store.marks.get("of old") == "remembered"
    await store.close()

    (kept,) = old.parent.glob("*before*")
    assert kept.name == f"parley.db.before-{HEAD}"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert said(kept, "SELECT version_num FROM alembic_version") == [("0001",)]
    assert said(kept, "SELECT * FROM marks") == [("of old", "remembered")]


async def test_where_there_is_nothing_to_upgrade_nothing_is_kept(tmp_path):
    for _ in range(2):
        store = await opened(tmp_path / "parley.db")
        await store.close()

    assert not list(tmp_path.glob("*before*"))


async def test_of_the_databases_before_upgrades_the_newest_three_are_kept(old):
    for revision in ("0001", "0002", "0003", "0004"):
        shutil.copy(old, old.with_name(f"parley.db.before-{revision}"))
    store = await opened(old)
    await store.close()

    kept = sorted(one.name for one in old.parent.glob("*before*"))
    assert kept == [f"parley.db.before-{one}" for one in ("0003", "0004", HEAD)]


async def test_what_cannot_be_kept_is_not_upgraded(old):
    old.with_name(f"parley.db.before-{HEAD}").mkdir()

    with pytest.raises(StartError, match=r"DATABASE_URL: .*cannot be copied to .*before-"):
        await opened(old)

    assert said(old, "SELECT version_num FROM alembic_version") == [("0001",)]
    assert not list(old.parent.glob(".*part*"))


async def test_on_a_full_disk_an_upgrade_is_refused_and_changes_nothing(old):
    program = f"""
import asyncio, resource
from core.store import Store
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
asyncio.run(Store.open("sqlite+aiosqlite:///{old}", lambda: 0.0))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=40, check=False
    )

    assert "cannot be copied to" in done.stderr.splitlines()[-1]
    assert "See whether there is room" in done.stderr.splitlines()[-1]
    assert said(old, "SELECT version_num FROM alembic_version") == [("0001",)]
    store = await opened(old)
    await store.close()


OPEN = """
import asyncio, sys
from core.store import Store
async def main():
    sys.stdin.readline()
    store = await Store.open(sys.argv[1], lambda: 1000.0)
    await store.marks.set(sys.argv[2], "was here")
    print(await store.marks.get("of old"))
    await store.close()
asyncio.run(main())
"""


async def test_processes_that_start_at_once_upgrade_once_and_all_start(old):
    """They are all there and wait for a word, then go for the database together."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            OPEN,
            f"sqlite+aiosqlite:///{old}",
            f"process {n}",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for n in range(4)
    ]
    async with asyncio.timeout(50):
        ends = await asyncio.gather(*(one.communicate(b"go\n") for one in processes))

    logs = b"".join(out for out, _ in ends)
    assert [one.returncode for one in processes] == [0] * 4, ends
    assert logs.count(b"remembered") == 4
    assert logs.count(b"database upgraded") == 1
    assert len(said(old, "SELECT * FROM marks WHERE value = 'was here'")) == 4
    assert [one.name for one in old.parent.glob("*before*")] == [f"parley.db.before-{HEAD}"]


@pytest.mark.parametrize("moment", [0.0, 0.02, 0.05, 0.1, 0.2, 0.3])
@pytest.mark.parametrize("begins", ["anew", "with an upgrade"])
async def test_a_start_that_is_killed_at_any_instant_keeps_nobody_from_starting(
    tmp_path, begins, moment
):
    path = tmp_path / "parley.db"
    if begins != "anew":
        upgraded(path, "0001")
    process = subprocess.Popen(
        [sys.executable, "-c", OPEN, f"sqlite+aiosqlite:///{path}", "it"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    process.stdin.write("go\n")
    process.stdin.flush()
    async with asyncio.timeout(30):
        while not path.with_name("parley.db.lock").exists():
            await asyncio.sleep(0.005)
    await asyncio.sleep(moment)  # whichever instant that comes to
    process.kill()
    process.communicate()

    store = await opened(path)
    await store.marks.set("all", "well")
    await store.close()
    assert said(path, "SELECT version_num FROM alembic_version") == [(HEAD,)]


async def test_what_was_used_before_an_upgrade_is_in_the_reports_after_it(tmp_path):
    path = tmp_path / "parley.db"
    upgraded(path, "0007")
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        for day, who, place, cost in (
            ("2026-11-28", "slack/U1", "slack/T1/C1", 5),
            ("2026-11-28", "slack/U2", "slack/T1/C2", 7),
            ("2026-11-28", "slack/U2", "slack/T10/C2", 100),
        ):
            connection.execute(
                text(
                    "INSERT INTO usage_days VALUES (:day, :who, :place, 'm', 1, 1, 1, 1, 1, 1, "
                    ":cost, 0)"
                ),
                {"day": day, "who": who, "place": place, "cost": cost},
            )
    engine.dispose()

    store = await opened(path)
    days = ["2026-11-28"]
    in_all = await store.usage.by_day(workspace("slack/T1"), days, 9)
    in_one = await store.usage.by_day(channel("slack/T1/C2"), days, 9)
    await store.close()
    assert [(share.name, share.cost) for share in in_all.shares] == [
        ("slack/U2", 7),
        ("slack/U1", 5),
    ]
    assert in_one.cost == 7


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """An empty database of each revision."""
    folder = tmp_path_factory.mktemp("revisions")
    for revision in REVISIONS:
        upgraded(folder / revision, revision)
    return folder


WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
"""What stands in texts: anything that people and platforms write, apostrophes and emojis too."""

PLACES = st.from_regex(r"((slack|discord)/[A-Z0-9]{1,9}/[A-Z0-9]{1,9})?", fullmatch=True)
"""Where a call was made: platform/workspace/channel; unknown in the first versions."""


def values(column, parents):
    """What may stand in a column; where it names rows of another table, one of those."""
    if column.foreign_keys:
        (key,) = column.foreign_keys
        known = [row[key.column.name] for row in parents[key.column.table.name]]
        found = st.sampled_from(known) if known else st.nothing()
    elif isinstance(column.type, Float):
        found = st.floats(0, 2e9)
    elif isinstance(column.type, Integer):
        found = st.integers(0, 10**12)
    else:
        found = PLACES if column.name == "place" else WORDS
    return found | st.none() if column.nullable else found


def rows_of(table, parents):
    """Some rows of a table, no two of which have the same name."""
    columns = {one.name: values(one, parents) for one in table.columns}
    needed = [one for one in table.columns if one.foreign_keys and not one.nullable]
    if any(columns[one.name].is_empty for one in needed):
        return st.just([])
    keys = [one.name for one in table.primary_key.columns]
    return st.lists(
        st.fixed_dictionaries(columns),
        max_size=4,
        unique_by=lambda row: tuple(row[key] for key in keys),
    )


def filled(path, data):
    """Put rows into every table of a database, as that of the time has them."""
    engine = create_engine(f"sqlite:///{path}")
    tables, written = MetaData(), {}
    tables.reflect(engine)
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            if table.name == "alembic_version":
                continue
            rows = written[table.name] = data.draw(rows_of(table, written), label=table.name)
            if rows:
                connection.execute(table.insert(), rows)
    engine.dispose()
    return written


def found(path, table, rows):
    """The rows of a table with the columns that these have, as they are now."""
    columns = ", ".join(f'"{name}"' for name in sorted(rows[0]))
    return sorted(map(repr, said(path, f'SELECT {columns} FROM "{table}"')))


def expected(rows):
    return sorted(repr(tuple(row[name] for name in sorted(row))) for row in rows)


@pytest.mark.parametrize("revision", REVISIONS)
@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.generate],  # an upgrade takes too long for a search of the smallest example
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_was_in_an_earlier_database_is_in_it_after_the_upgrade(
    empty, tmp_path, revision, data
):
    path = tmp_path / "parley.db"
    shutil.copy(empty / revision, path)
    written = filled(path, data)

    migrate_file(path)

    for table, rows in written.items():
        if rows:
            assert found(path, table, rows) == expected(rows)
    assert said(path, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    assert said(path, "PRAGMA integrity_check") == [("ok",)]
    assert said(path, "PRAGMA foreign_key_check") == []
    for one in path.parent.glob("parley.db*"):
        one.unlink()
