"""Copies of a database: complete, checked, for their owner alone, and back again."""

import itertools
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import StartError
from core.store.entrance import entrance
from core.store.inspection import MAGIC, identify, inspect
from core.store.migrate import APPLICATION, HEAD
from core.store.process import ProcessLock

MODE = 0o600
"""Rights of a backup: what people wrote is in it."""

BUSY = 30.0
"""Seconds to wait for whoever holds the whole file, as no bot does."""

KEPT = 3
"""How many backups from before upgrades are kept beside a database."""

RESTORE_PATIENCE = 5.0
"""Seconds to wait for a bot that is about to start; then it has started, and must be stopped."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a copy holds: revision, bytes, questions on record, and when the last was asked."""

    path: Path
    revision: str
    bytes: int
    questions: int
    newest: float | None


def back_up(database: Path, target: Path, now: float) -> Contents:
    """Copy a database, also while bots write to it, to a file or into a folder.

    A backup that is there already is replaced once the new one is complete. `now` is in seconds
    since 1970. Raises `StartError`.
    """
    if target.is_dir():
        target /= f"{database.name}.backup-{stamp(now)}"
    _refuse_what_is_no_backup(target, database)
    with _explained(database, target):
        if identify(database) is None:
            raise StartError(f"{database} is empty: there is nothing to back up.")
        copy(database, target)
        return contents(target)


def before_upgrade(database: Path) -> Path:
    """Keep a database as it is before this version changes its tables, and only the newest few."""
    target = database.with_name(f"{database.name}.before-{HEAD}")
    with _explained(database, target):
        copy(database, target)
    kept = sorted(database.parent.glob(f"{database.name}.before-*"))
    for old in kept[:-KEPT]:
        old.unlink()
    return target


def restore(backup: Path, database: Path, now: float) -> tuple[Contents, Path | None]:
    """Put a backup in the place of a database that nobody uses.

    Returns what is in it, and where the former database is kept. Raises `StartError`.
    """
    if not backup.is_file():
        raise StartError(f"There is no backup at {backup.absolute()}.")
    if database.exists() and backup.samefile(database):
        raise StartError(f"{backup} is the database itself. Name a backup of it.")
    with _explained(backup, database):
        if inspect(backup, None) is None:
            raise StartError(f"{backup} is empty: there is nothing to restore.")
        database.parent.mkdir(parents=True, exist_ok=True)
        with entrance(database, RESTORE_PATIENCE):
            return _replaced(backup, database, now)


def _replaced(backup: Path, database: Path, now: float) -> tuple[Contents, Path | None]:
    if ProcessLock(database).has_company():
        raise StartError(f"A bot runs on {database}. Stop it, restore, and start it again.")
    with _copied(backup, database) as part:
        _end_what_is_open(part, now)
        found = contents(part)
        _be_as(database, part)
        kept = _set_aside(database, now)
        part.replace(database)
    _sync(database.parent)
    return found, kept


def copy(source: Path, target: Path) -> None:
    """A copy that is complete when it has its name, and as durable as the disk allows."""
    with _copied(source, target) as part:
        part.replace(target)
    _sync(target.parent)


@contextmanager
def set_apart(database: Path, name: str) -> Iterator[Path]:
    """A checked copy beside a database, gone afterwards. Raises `StartError`."""
    target = database.with_name(name)
    with _explained(database, target), _copied(database, target) as part:
        try:
            yield part
        finally:
            for suffix in ("-wal", "-shm"):
                part.with_name(f"{part.name}{suffix}").unlink(missing_ok=True)


def contents(path: Path) -> Contents:
    """What is in a copy."""
    with closing(_opened(path)) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        questions, newest = connection.execute(
            "SELECT count(*), max(claimed_at) FROM questions"
        ).fetchone()
    return Contents(path, revision, path.stat().st_size, questions, newest)


def stamp(now: float) -> str:
    """A moment in the name of a file."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))


@contextmanager
def _copied(source: Path, target: Path) -> Iterator[Path]:
    """A checked copy beside its later place, under a name of its own until it is moved there."""
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODE))
        with closing(_opened(source)) as read, closing(sqlite3.connect(part)) as written:
            # All in one step: what is written meanwhile would make it begin anew.
            read.backup(written, pages=-1, progress=_until(time.monotonic() + BUSY))
            # One file, with no log beside it.
            written.execute("PRAGMA journal_mode=DELETE")
        inspect(part, None, source)
        _sync(part)
        yield part
    finally:
        part.unlink(missing_ok=True)


def _until(deadline: float) -> Callable[[int, int, int], None]:
    """Python waits for ever for a source that is locked; this ends it."""

    def progress(status: int, _: int, __: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > deadline:
            raise sqlite3.OperationalError("database is locked")

    return progress


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY)


def _end_what_is_open(part: Path, now: float) -> None:
    """Nothing is asked again that was being answered when the backup was made, a while ago.

    Nor does a bot look back for what was said since then: it has answered that.
    """
    with closing(sqlite3.connect(part)) as connection, connection:
        connection.execute(
            "UPDATE questions SET state = 'settled', outcome = 'interrupted', settled_at = ?, "
            "body = '' WHERE state <> 'settled'",
            (now,),
        )
        connection.execute(
            "UPDATE replies SET ended_at = ?, outcome = 'interrupted' WHERE ended_at IS NULL",
            (now,),
        )
        connection.execute("DELETE FROM marks WHERE name LIKE 'heard/%'")


def _be_as(former: Path, part: Path) -> None:
    """Give a file the owner and the rights of the one whose place it takes."""
    was = (former if former.exists() else former.parent).stat()
    if former.exists():
        part.chmod(was.st_mode & 0o777)
    with suppress(PermissionError):  # only root gives files away, and only root need do so
        os.chown(part, was.st_uid, was.st_gid)


def _set_aside(database: Path, now: float) -> Path | None:
    """Keep a database under another name; it stays in its place, too, until that is taken.

    So does what SQLite left beside a damaged one, which it would apply to the next.
    """
    kept = _unused(database.with_name(f"{database.name}.replaced-{stamp(now)}"))
    if database.exists():
        _end_its_log(database)
        _link(database, kept)
    for suffix in ("-wal", "-journal"):
        left = database.with_name(f"{database.name}{suffix}")
        if left.exists():
            left.rename(kept.with_name(f"{kept.name}{suffix}"))
    database.with_name(f"{database.name}-shm").unlink(missing_ok=True)
    return kept if kept.exists() else None


def _unused(path: Path) -> Path:
    """A name that no file has."""
    names = itertools.chain(
        [path], (path.with_name(f"{path.name}-{n}") for n in itertools.count(2))
    )
    return next(one for one in names if not one.exists())


def _link(database: Path, kept: Path) -> None:
    try:
        os.link(database, kept)
    except OSError:  # not every file system has links
        shutil.copy2(database, kept)


def _end_its_log(database: Path) -> None:
    """Bring everything into the one file; which needs it alone, so that no program holds it.

    A damaged one stays as it is: with its log SQLite would write over what is left of it.
    """
    try:
        if inspect(database) is None:
            return
    except StartError:
        return
    try:
        with closing(sqlite3.connect(database, timeout=1.0)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        raise StartError(
            f"Another program holds {database} open. End it, and restore again."
        ) from error


def _refuse_what_is_no_backup(target: Path, database: Path) -> None:
    """A slip of the pen shall not cost anybody another file."""
    if not target.parent.is_dir():
        raise StartError(f"There is no folder {target.parent.absolute()} for a backup.")
    if not target.exists():
        return
    if database.exists() and target.samefile(database):
        raise StartError(f"{target} is the database itself. Name another file for its backup.")
    in_use = target.with_name(f"{target.name}-wal").exists() or ProcessLock(target).has_company()
    if in_use or not _may_be_ours(target):
        raise StartError(f"{target} is there already, and is no backup. Name another file.")


def _may_be_ours(file: Path) -> bool:
    """Whether a file begins as our databases do; those of old have no name in the header."""
    with file.open("rb") as opened:
        header = opened.read(72)
    application = int.from_bytes(header[68:72], "big")
    return not header or (header.startswith(MAGIC) and application in (0, APPLICATION))


@contextmanager
def _explained(source: Path, target: Path) -> Iterator[None]:
    """What a disk or SQLite says against a copy, as a line that an operator can act upon."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise StartError(
            f"{source} cannot be copied to {target} ({why}). See whether there is room, and "
            "whether this user may read the one and write beside the other."
        ) from error


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk itself."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
