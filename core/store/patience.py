"""What must be written in the end, however long the database cannot."""

import asyncio
import itertools
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import structlog

from core.errors import LeaseLost, StoreFailed, StoreUnwritable

log = structlog.get_logger()

DELAYS = (0.5, 1.0, 2.0, 4.0)
"""Seconds before the first tries; all later ones come `LONGEST` apart."""

LONGEST = 10.0

T = TypeVar("T")


async def write_in_the_end(write: Callable[[], Coroutine[Any, Any, T]], **what: object) -> T:
    """Try until it is written. Raises `LeaseLost`, after which there is no use in it.

    `what` is how the log names it.
    """
    for delay in itertools.chain((0.0,), DELAYS, itertools.repeat(LONGEST)):
        await asyncio.sleep(delay)
        try:
            return await write()
        except LeaseLost:
            raise
        except StoreFailed as error:
            log.log(loudness(error), "not recorded, trying again", error=str(error), **what)
    raise AssertionError("the tries never end")


def loudness(error: Exception) -> int:
    """How loud the log is about one write: of a database that takes none, it has told once."""
    return logging.DEBUG if isinstance(error, StoreUnwritable) else logging.ERROR
