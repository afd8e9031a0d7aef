"""One measurement at a time on a machine, since two would measure each other."""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = Path(tempfile.gettempdir()) / "parley-bench.lock"


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other measurement runs."""
    with LOCK.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
