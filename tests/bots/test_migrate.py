"""`parley migrate`: an operator sees what an upgrade does before it is done."""

import importlib.metadata
import sqlite3
import stat
from contextlib import closing

import pytest
from alembic.script import ScriptDirectory

from core.store.migrate import HEAD
from core.store.process import ProcessLock
from tests.bots.test_cli import folder, parley
from tests.core.store.test_migrations import REVISIONS, VERSIONS, upgraded

__all__ = ["folder"]

EARLIER = [one for one in REVISIONS if one != HEAD]


def revision(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]


def marks(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM marks").fetchall()


@pytest.fixture
def old(folder):
    """Records of an earlier version, with something in them."""

    def make(at):
        path = folder / "parley.db"
        upgraded(path, at)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("INSERT INTO marks VALUES ('of old', 'remembered')")
        return path

    return make


def test_a_dry_run_says_each_step_and_how_it_went_and_changes_nothing(old):
    path = old("0007")
    before = path.read_bytes()

    code, said = parley("migrate", "--dry-run")

    docs = [ScriptDirectory(VERSIONS).get_revision(one).doc for one in EARLIER if one > "0007"]
    assert code == 0
    for doc in docs:
        assert doc in said
    assert f"A copy was brought to revision {HEAD} in " in said
    assert "0 questions on record" in said
    assert said.endswith(
        "Nothing was changed. `parley migrate` does it, or the next start of the bot."
    )
    assert path.read_bytes() == before
    assert {one.name for one in path.parent.iterdir()} == {"parley.db"}


@pytest.mark.parametrize("at", [EARLIER[0], EARLIER[-1]])
def test_records_of_an_earlier_version_are_brought_to_this_one_after_a_backup(old, at):
    path = old(at)

    code, said = parley("migrate")

    kept = path.with_name(f"parley.db.before-{HEAD}")
    assert code == 0
    assert f"Before, it was copied to {kept}" in said
    assert (revision(path), marks(path)) == (HEAD, [("of old", "remembered")])
    assert (revision(kept), marks(kept)) == (at, [("of old", "remembered")])
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


@pytest.mark.parametrize("how", [(), ("--dry-run",)])
def test_where_there_is_nothing_to_do_it_says_so(old, how):
    path = old(HEAD)

    assert parley("migrate", *how) == (
        0,
        f"{path} is at revision {HEAD}, as this version needs it.",
    )


def test_without_records_there_is_nothing_to_migrate(folder):
    code, said = parley("migrate", "--dry-run")

    assert code == 3
    assert str(folder / "parley.db") in said


def test_while_a_bot_runs_nothing_is_migrated_but_a_copy_may_be(old):
    path = old("0007")
    bot = ProcessLock(path)
    bot.take()
    try:
        code, said = parley("migrate")
        tried, _ = parley("migrate", "--dry-run")
    finally:
        bot.free()

    assert (code, tried) == (3, 0)
    assert said.endswith(f"A bot runs on {path}. Stop it, migrate, and start it again.")
    assert revision(path) == "0007"


def test_an_upgrade_that_would_fail_is_seen_in_the_dry_run(old):
    """Somebody has made a table by hand whose name an upgrade wants."""
    path = old("0007")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE guilds (mine TEXT)")

    code, said = parley("migrate", "--dry-run")

    assert code == 3
    assert f"{path} cannot be upgraded" in said
    assert revision(path) == "0007"
    assert {one.name for one in path.parent.iterdir()} == {"parley.db"}


def test_the_version_says_which_records_it_needs(folder):
    version = importlib.metadata.version("parley")

    assert parley("--version") == (0, f"parley {version} (records at revision {HEAD})")
