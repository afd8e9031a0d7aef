"""This process as others see it: alive as long as it holds its lock file.

An operating-system lock falls with its process, however that ends, so a lock file
that can be locked belongs to a process that is dead.
"""

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO


class ProcessLock:
    """The lock file of one process, beside the database."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._file: IO[str] | None = None
        self.owner = secrets.token_hex(6)

    def take(self) -> None:
        """Lock a file of our own, until `free` or the end of the process.

        It gets its name only when it is locked, so that nobody can take us for dead.
        """
        unnamed = self._path(f"{self.owner}.taking")
        self._file = unnamed.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unnamed.rename(self._path(self.owner))

    def free(self) -> None:
        """Give the lock up and take the file away."""
        if self._file is not None:
            with suppress(FileNotFoundError):
                self._path(self.owner).unlink()
            self._file.close()
            self._file = None

    def is_dead(self, owner: str) -> bool:
        """Whether the process of this name is known to have ended."""
        if owner == self.owner:
            return False
        try:
            with self._path(owner).open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return True
        except OSError:  # locked, or nothing can be said of it
            return False
        return True

    def has_company(self) -> bool:
        """Whether another process that lives uses the same database."""
        own = self._path(self.owner)
        return any(path != own and not self.is_dead(owner) for path, owner in self._others())

    def _others(self) -> Iterator[tuple[Path, str]]:
        prefix = f"{self._database.name}.process-"
        for path in self._database.parent.glob(f"{prefix}*"):
            if path.suffix != ".taking":
                yield path, path.name.removeprefix(prefix)

    def sweep(self) -> None:
        """Take away the lock files of dead processes."""
        for path, owner in self._others():
            if self.is_dead(owner):
                with suppress(FileNotFoundError):
                    path.unlink()

    def _path(self, owner: str) -> Path:
        return self._database.with_name(f"{self._database.name}.process-{owner}")
