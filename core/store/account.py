"""The ledger as an operator's tools read it, without a word to the bot that writes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlalchemy.engine import make_url

from core.errors import StartError, StoreFailed
from core.store.guilds import Guild
from core.store.installations import INSTALLED, Installation
from core.store.reader import connected
from core.store.schema import guilds as known_guilds
from core.store.schema import usage_days

GROUPS = {
    "person": usage_days.c.person,
    "channel": usage_days.c.place,
    "model": usage_days.c.model,
    "day": usage_days.c.day,
}
"""By what the ledger can be added up."""

SUMS = ("calls", "prompt", "cached", "written", "completion", "reasoning", "cost", "estimated")


@dataclass(frozen=True, slots=True)
class Entry:
    """What was used by, in, or on one: calls, tokens, and nano-dollars.

    `estimated` is how many of the calls have figures that are the bot's own count.
    """

    name: str
    calls: int
    prompt: int
    cached: int
    written: int
    completion: int
    reasoning: int
    cost: int
    estimated: int


def entries(database_url: str, by: str, since: str, until: str) -> list[Entry]:
    """The ledger from one day to another, both included; days in order, others dearest first.

    The database is opened to be read only. Raises `StartError` where there is none.
    """
    name = GROUPS[by]
    sums = [func.sum(usage_days.c[one]).label(one) for one in SUMS]
    query = (
        select(name.label("name"), *sums)
        .where(usage_days.c.day >= since, usage_days.c.day <= until)
        .group_by(name)
        .order_by(*([name] if by == "day" else [func.sum(usage_days.c.cost).desc(), name]))
    )
    with _reading(existing(database_url)) as connection:
        return [Entry(**row) for row in connection.execute(query).mappings()]


def guilds(database_url: str) -> tuple[Guild, ...]:
    """The servers of Discord's that are known. Raises `StartError` where they cannot be read."""
    with _reading(existing(database_url)) as connection:
        rows = connection.execute(select(known_guilds)).mappings()
        return tuple(Guild(row["id"], row["name"], bool(row["allowed"])) for row in rows)


def installations(database_url: str) -> tuple[Installation, ...]:
    """The workspaces that have installed the bot. Raises `StartError` where they cannot be read."""
    with _reading(existing(database_url)) as connection:
        return tuple(Installation(*row) for row in connection.execute(INSTALLED))


def existing(database_url: str) -> Path:
    """Where the database is. Raises `StartError` where there is none."""
    path = file_of(database_url)
    if not path.is_file():
        raise StartError(
            f"DATABASE_URL: there is no database at {path.absolute()}. Run this where the bot "
            "runs, with the same settings, after its first start."
        )
    return path


def file_of(database_url: str) -> Path:
    """Where the database is, or would be."""
    return Path(make_url(database_url).database or "")


@contextmanager
def _reading(path: Path) -> Iterator[Connection]:
    try:
        with connected(path) as connection:
            yield connection
    except StoreFailed as error:
        raise StartError(
            f"DATABASE_URL: {path.absolute()} cannot be read ({error}). It must be a database of "
            "Parley's that this user may read; after an upgrade, start the bot once."
        ) from error
