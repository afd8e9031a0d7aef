"""One at a time may open, upgrade or replace a database: whoever holds its lock file.

An operating-system lock falls with its process. The file stays, since a lock on one that somebody
takes away holds nobody.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import StartError

PATIENCE = 60.0
"""Seconds to wait for another process, which may upgrade a large database."""

LOOKS = 0.05
"""Seconds between two looks; to wait for a lock itself has no deadline."""


@contextmanager
def entrance(database: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Be the only one who opens it. Raises `OSError`, and `StartError` after `patience` seconds."""
    # To read is enough for a lock, so that whoever made the file keeps nobody out.
    file = os.open(database.with_name(f"{database.name}.lock"), os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        _lock(file, database, time.monotonic() + patience)
        yield
    finally:
        os.close(file)


def _lock(file: int, database: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise StartError(
                    f"DATABASE_URL: another process opens or replaces {database} and does not "
                    "come to an end. See what it does, or end it; then start again."
                ) from error
            time.sleep(LOOKS)
        else:
            return
