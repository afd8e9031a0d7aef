"""The data folder and the database in it, as they lie there: nothing is made or changed."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from bots.doctor.finding import Finding, refused, remark, well, wrong
from core.errors import StartError, StoreFailed
from core.store.account import file_of
from core.store.database import translated
from core.store.inspection import backups, inspect, refuse_what_is_read_only
from core.store.migrate import HEAD
from core.store.mounts import network_file_system
from core.store.process import ProcessLock

DATA = "data folder"
DATABASE = "database"
SETTING = "DATABASE_URL"

LITTLE = 200_000_000
"""Bytes on the disk below which it is worth a remark."""

TOO_LITTLE = 2_000_000
"""Bytes without which nothing can be written for long."""


def company(database_url: str) -> bool:
    """Whether a bot that lives uses this database."""
    path = file_of(database_url)
    return path.parent.is_dir() and ProcessLock(path).has_company()


def folder(database_url: str) -> Iterator[Finding]:
    """Whether the records have a place."""
    place = file_of(database_url).absolute().parent
    found = _existing(place)
    if not found.is_dir():
        yield wrong(DATA, f"{found} is no folder", f"Name another place in {SETTING}.", SETTING)
        return
    if not os.access(found, os.W_OK | os.X_OK):
        yield wrong(
            DATA,
            f"{found} cannot be written by this user",
            f"Give it the right to write there, or name another folder in {SETTING}.",
            SETTING,
        )
        return
    yield from _room(found)
    if found == place:
        yield well(DATA, f"{place} is there and can be written.")
    else:
        yield well(DATA, f"{place} is not there yet; the bot makes it.")
    if kind := network_file_system(found):
        yield remark(
            DATA,
            f"{place} is on a network file system ({kind}), where SQLite is neither safe nor fast.",
            "Keep the database on a disk of this machine.",
            SETTING,
        )


def _existing(place: Path) -> Path:
    """The innermost part of a path that is there."""
    return next((one for one in (place, *place.parents) if one.exists()), place)


def _room(place: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(place).free
    words = f"{free / 1_000_000:,.0f} MB are free on the disk of {place}"
    if free < TOO_LITTLE:
        do = f"Make room, or name a folder on another disk in {SETTING}."
        yield wrong(DATA, f"Only {words}", do, SETTING)
    elif free < LITTLE:
        yield remark(DATA, f"Only {words}.", "Make room before it is full.")


def database(database_url: str) -> Iterator[Finding]:
    """Whether the database is whole and of this version."""
    path = file_of(database_url)
    try:
        with translated():
            revision = inspect(path)
            refuse_what_is_read_only(path)
    except (StartError, StoreFailed, OSError) as error:
        yield refused(DATABASE, error, SETTING)
        return
    if revision is None:
        yield remark(DATABASE, f"There is no database at {path} yet; the first start makes it.")
    elif revision != HEAD:
        yield remark(
            DATABASE,
            f"{path} has revision {revision}, and this version {HEAD}: the next start upgrades "
            "it, after a backup.",
        )
    else:
        size = path.stat().st_size / 1_000_000
        yield well(DATABASE, f"{path} is whole, of revision {revision}, {size:,.1f} MB.")
    if revision is not None and not backups(path):
        yield remark(
            DATABASE,
            "There is no backup beside it.",
            "`parley backup` makes one (docs/operating.md).",
        )
    if company(database_url):
        yield well(DATABASE, "A bot that runs uses it.")
