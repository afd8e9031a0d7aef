"""An upgrade of the records: what it would do, tried on a copy, and done."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import create_engine

from core.errors import StartError, StoreFailed
from core.store.backup import Contents, before_upgrade, contents, set_apart
from core.store.database import BUSY_TIMEOUT, prepare, translated
from core.store.entrance import entrance
from core.store.inspection import identify, inspect, refuse_what_is_read_only
from core.store.migrate import HEAD, Step, migrate, steps_after
from core.store.process import ProcessLock

log = structlog.get_logger()

PATIENCE = 5.0
"""Seconds to wait for a bot that is about to start; then it has started, and must be stopped."""


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What an upgrade did: its steps, in how many seconds, what is there now, and the backup."""

    steps: tuple[Step, ...]
    seconds: float
    after: Contents
    backup: Path | None = None


def pending(database: Path) -> tuple[Step, ...]:
    """The steps that an upgrade of a database would take; none if it is as this version has it."""
    found = identify(database)
    return () if found in (None, HEAD) else steps_after(found)


def rehearse(database: Path, clock: Callable[[], float]) -> Upgraded:
    """Upgrade a copy, look all of it through, and throw it away. Raises `StartError`."""
    with set_apart(database, f"{database.name}.rehearsal") as part, _explained(database):
        steps, begin = pending(part), clock()
        migrate_file(part)
        seconds = clock() - begin
        inspect(part, None, database)
        return Upgraded(steps, seconds, contents(part))


def upgrade(database: Path) -> Path | None:
    """Have a database as this version needs it; returns the backup from before, if it was older.

    Whoever calls it holds the entrance. Raises `StartError` or `StoreFailed`.
    """
    with translated():
        found = inspect(database)
        refuse_what_is_read_only(database)
        kept = None if found in (None, HEAD) else before_upgrade(database)
        migrate_file(database)
    if kept:
        log.info("database upgraded", revision=HEAD, before=found, backup=str(kept))
    return kept


def upgrade_alone(database: Path, clock: Callable[[], float] = time.monotonic) -> Upgraded:
    """The same from the command line, while no bot runs. Raises `StartError`."""
    with _explained(database), entrance(database, PATIENCE):
        if ProcessLock(database).has_company():
            raise StartError(f"A bot runs on {database}. Stop it, migrate, and start it again.")
        steps, begin = pending(database), clock()
        kept = upgrade(database)
        return Upgraded(steps, clock() - begin, contents(database), kept)


def migrate_file(path: Path) -> None:
    """Make the tables of this version in a file, or change those of an earlier one to them."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT})
    prepare(engine)
    try:
        migrate(engine)
    finally:
        engine.dispose()


@contextmanager
def _explained(database: Path) -> Iterator[None]:
    """What SQLite says against an upgrade, as a line that an operator can act upon."""
    try:
        with translated():
            yield
    except (StoreFailed, OSError) as error:
        raise StartError(
            f"{database} cannot be upgraded ({error}), and is as it was. See whether there is room "
            "on its disk, and whether another program holds it."
        ) from error
