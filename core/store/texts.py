"""Texts at rest: what is made from people's messages and kept for a while, in one place.

Each has a lifetime, and is erased with any of the messages that it was made from.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.store.database import Database
from core.store.schema import text_sources, texts

DAY = 86_400.0

ANYTHING = "*"
"""In place of a digest: whatever the message says, as long as it is there."""

BATCH = 500
"""Texts that are erased at once, at most, so that others need not wait long for the database."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A text, and the messages that it was made from, each with a digest of what it said."""

    id: int
    body: str
    sources: tuple[tuple[str, str], ...]


class Texts:
    """Texts by what they were made from.

    `lifetime` is in seconds, `clock` gives seconds since 1970. A `place` is where the
    sources stand: message ids are unique only within a channel.
    """

    def __init__(
        self, database: Database, clock: Callable[[], float], lifetime: float = DAY
    ) -> None:
        self._database = database
        self._clock = clock
        self._lifetime = lifetime

    async def keep(
        self,
        kind: str,
        place: str,
        body: str,
        sources: Iterable[tuple[str, str]],
        instead_of: int = 0,
    ) -> int:
        """Keep a text, in place of another one; returns its id."""
        row = {
            "kind": kind,
            "place": place,
            "body": body,
            "expires_at": self._clock() + self._lifetime,
        }
        async with self._database.write() as connection:
            await _erase(connection, [instead_of])
            made = await connection.execute(insert(texts).returning(texts.c.id), row)
            id_: int = made.scalar_one()
            rows = [
                {"text": id_, "number": number, "message": message, "digest": digest}
                for number, (message, digest) in enumerate(sources)
            ]
            if rows:
                await connection.execute(insert(text_sources), rows)
        return id_

    async def made_from(self, kind: str, place: str, messages: Collection[str]) -> list[Kept]:
        """The texts of a kind that were made from any of these messages, and have not expired."""
        any_of = select(text_sources.c.text).where(text_sources.c.message.in_(messages))
        found = (
            select(texts.c.id, texts.c.body)
            .where(texts.c.id.in_(any_of), texts.c.kind == kind, texts.c.place == place)
            .where(texts.c.expires_at > self._clock())
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(found)).all()
            return [Kept(row.id, row.body, await _sources(connection, row.id)) for row in rows]

    async def erase(self, ids: Collection[int]) -> None:
        """Erase texts."""
        async with self._database.write() as connection:
            await _erase(connection, ids)

    async def source_changed(self, place: str, message: str, digest: str | None) -> int:
        """Erase what was made from a message when it said something else, or is gone (None).

        Returns how many texts that were.
        """
        async with self._database.read() as connection:
            found = await connection.execute(_made_from(place, message, digest))
            ids: Sequence[int] = found.scalars().all()
        if ids:
            await self.erase(ids)
        return len(ids)

    async def sweep(self) -> int:
        """Erase texts whose time is up, a batch of them; returns how many."""
        expired = select(texts.c.id).where(texts.c.expires_at <= self._clock()).limit(BATCH)
        async with self._database.read() as connection:
            ids: Sequence[int] = (await connection.execute(expired)).scalars().all()
        if ids:
            await self.erase(ids)
        return len(ids)


def _made_from(place: str, message: str, digest: str | None) -> "Select[Any]":
    # What stands above an answer to a command is a part of the answer's message.
    parts = or_(text_sources.c.message == message, text_sources.c.message == f"{message}/asked")
    found = (
        select(texts.c.id)
        .join(text_sources, text_sources.c.text == texts.c.id)
        .where(texts.c.place == place, parts)
    )
    if digest is None:
        return found
    return found.where(text_sources.c.digest.not_in((digest, ANYTHING)))


async def _erase(connection: AsyncConnection, ids: Collection[int]) -> None:
    await connection.execute(delete(text_sources).where(text_sources.c.text.in_(ids)))
    await connection.execute(delete(texts).where(texts.c.id.in_(ids)))


async def _sources(connection: AsyncConnection, id_: int) -> tuple[tuple[str, str], ...]:
    rows = await connection.execute(
        select(text_sources.c.message, text_sources.c.digest)
        .where(text_sources.c.text == id_)
        .order_by(text_sources.c.number)
    )
    return tuple((row.message, row.digest) for row in rows)
