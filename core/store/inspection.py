"""What a file is before anything is done with it: a database of ours, whole, and not too new.

Nothing is written here, so that whatever is left of a damaged file stays as it is.
"""

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import structlog

from core.errors import StartError
from core.store.migrate import APPLICATION, HEAD, REVISION

log = structlog.get_logger()

MAGIC = b"SQLite format 3\0"
"""How a database begins: https://sqlite.org/fileformat2.html#the_database_header."""

CHECKING = 3.0
"""Seconds for which a start looks for damage; what it has not come to by then is not looked at."""

STEPS = 10_000
"""Steps of SQLite's machine between two looks at the time: about a millisecond."""

BUSY = 5.0
"""Seconds to wait for whoever holds the whole file."""


class Damage(Exception):
    """What SQLite found wrong with a file."""


def inspect(path: Path, within: float | None = CHECKING, called: Path | None = None) -> str | None:
    """The revision of a database that is whole; None where there is nothing in it yet.

    Raises `StartError` where it must not be used, with what to do. `within` are the seconds in
    which damage is looked for; None: until the end. `called` is what the file is a copy of.
    """
    found = identify(path)
    if found is not None:
        with _damage_told(called or path), closing(_reading(path)) as connection:
            _look_for_damage(connection, path, within)
    return found


def identify(path: Path) -> str | None:
    """The same without a look for damage."""
    if not path.exists() or path.stat().st_size == 0:
        _refuse_a_log_alone(path)
        return None
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise StartError(
                f"{path} is damaged, or no database: it does not begin as one. It was left as it "
                f"is. If it was Parley's, {_cure(path)}; else name another file."
            )
    with _damage_told(path), closing(_reading(path)) as connection:
        return _revision(connection, path)


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    try:
        yield
    except (Damage, sqlite3.DatabaseError) as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
        why = " ".join(str(error).split())
        raise StartError(
            f"{path} is damaged ({why}). It was left as it is; {_cure(path)}."
        ) from error


def refuse_what_is_read_only(path: Path) -> None:
    """SQLite opens what may not be written all the same, and fails at the first change."""
    if path.exists() and not os.access(path, os.W_OK):
        raise StartError(
            f"{path} cannot be written by this user. Give it the right to write the file and its "
            "folder, or see why the disk is read-only."
        )


def backups(path: Path, *more: str) -> list[Path]:
    """The backups that lie beside a database, newest first; and copies of `more` kinds."""
    kinds = ("backup", "before", *more)
    found = [one for kind in kinds for one in path.parent.glob(f"{path.name}.{kind}-*")]
    return sorted(found, key=lambda one: one.stat().st_mtime, reverse=True)


def _cure(path: Path) -> str:
    """What to do about a database that cannot be used, with the newest backup that is there."""
    if found := backups(path):
        return f"`parley restore {found[0]}` brings the newest backup beside it back"
    return "`parley restore FILE` brings a backup back"


def _refuse_a_log_alone(path: Path) -> None:
    """SQLite throws a log away that it finds without its database, and what stands in it."""
    left = path.with_name(f"{path.name}-wal")
    if left.exists() and left.stat().st_size > 0:
        what = "is empty" if path.exists() else "is missing"
        raise StartError(
            f"{path} {what}, but its last changes are in {left}. Nothing was touched. Put the "
            f"database back beside them, or begin anew without {left.name}; {_cure(path)}."
        )


def _reading(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, unless a crash has left a change half done."""
    journal = path.with_name(f"{path.name}-journal")
    half_done = journal.exists() and journal.stat().st_size > 0
    address = f"{path.absolute().as_uri()}?mode={'rw' if half_done else 'ro'}"
    return sqlite3.connect(address, uri=True, timeout=BUSY, isolation_level=None)


def _revision(connection: sqlite3.Connection, path: Path) -> str | None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if application not in (0, APPLICATION):
        raise StartError(
            f"{path} is the database of another program (its application id is "
            f"{application:#010x}). Name another file."
        )
    if not tables:
        return None
    found = _written(connection) if "alembic_version" in tables else ""
    if not ({"questions", "alembic_version"} <= tables and re.fullmatch(REVISION, found)):
        some = ", ".join(sorted(tables)[:3])
        raise StartError(f"{path} is no database of Parley's: it holds {some}. Name another file.")
    if found > HEAD:
        raise StartError(
            f"{path} was written by a newer version of Parley (revision {found}; this one knows "
            f"{HEAD}). Start that version, or restore a backup from before its upgrade."
        )
    return found


def _written(connection: sqlite3.Connection) -> str:
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""


def _look_for_damage(connection: sqlite3.Connection, path: Path, within: float | None) -> None:
    """Raise `Damage` for the first thing that is wrong with the file."""
    check = "integrity_check" if within is None else "quick_check"
    try:
        with _interrupted(connection, within):
            found = connection.execute(f"PRAGMA {check}(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        log.info("database not looked through to its end", path=str(path), seconds=within)
        return
    if found != ("ok",):
        raise Damage(found[0])


@contextmanager
def _interrupted(connection: sqlite3.Connection, within: float | None) -> Iterator[None]:
    """Whatever is done with a connection ends after so many seconds."""
    if within is not None:
        deadline = time.monotonic() + within
        connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)
