"""People: every row that names somebody, and how their name goes.

`docs/privacy.md` says table by table what is kept and why. Everything here is done in small
transactions, so that nobody waits long for the database, and may be done again.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Table, and_, delete, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.store.database import Database
from core.store.ledger import ADD_DAY, ADD_SUMS
from core.store.schema import (
    channel_settings,
    erasures,
    model_calls,
    pauses,
    questions,
    ratings,
    replies,
    reply_messages,
    reservations,
    setting_changes,
    spending,
    text_sources,
    texts,
    threads,
    usage_days,
    usage_sums,
)

BATCH = 200
"""Rows that are changed in one transaction, at most."""

AGAIN = 3600.0
"""Seconds for which a platform may deliver a question again: so long its key is kept."""

ABOUT_ANYBODY = ("summary", "answer")
"""Kinds of texts that may be about anybody: of whom is not written down."""

ERASED = "erased-"
"""How a pseudonym begins, after its platform."""

T = TypeVar("T")

_Asked = Row[Any, Any, Any, Any]
"""The key, state and time of a question, and the reply to it."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """Somebody who is forgotten, as platform/id, and the name under which they still count.

    `at` is when they asked for it, in seconds since 1970.
    """

    person: str
    pseudonym: str
    at: float

    @property
    def platform(self) -> str:
        """Where they are."""
        return self.person.partition("/")[0]

    @property
    def id(self) -> str:
        """Their id on the platform."""
        return self.person.partition("/")[2]

    @property
    def alias(self) -> str:
        """What stands in the place of their id where the platform stands elsewhere."""
        return self.pseudonym.partition("/")[2]


class People:
    """Takes names away. `direct` are patterns of places that are somebody's direct messages."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._expired = ""

    async def begin(self, erasure: Erasure) -> None:
        """Let every process know that somebody is forgotten."""
        row = {
            "pseudonym": erasure.pseudonym,
            "person": erasure.person,
            "erased_at": erasure.at,
        }
        async with self._database.write() as connection:
            await connection.execute(insert(erasures).on_conflict_do_nothing(), row)

    async def recent(self) -> list[Erasure]:
        """Those who were forgotten a short while ago."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(erasures).order_by(erasures.c.erased_at))
            return [Erasure(row.person, row.pseudonym, row.erased_at) for row in rows]

    async def erase(self, erasure: Erasure, direct: Sequence[str], since: float = 0.0) -> None:
        """Take away all that names somebody, and all text of and perhaps about them.

        What they have used stays, under the pseudonym. A question whose event may come once
        more keeps its key until `finish`. Done again, `since` bounds what is looked through.
        """
        asked = await self._asked(erasure, since)
        talks = await self._direct_places(erasure, asked, direct)
        await self._erase_texts(erasure, asked, talks, about_anybody=not since)
        await self._erase_questions(erasure, asked)
        await self._delete(model_calls, model_calls.c.id, _calls(erasure, since))
        await self._erase_names(erasure, talks)
        theirs = usage_days.c.person == erasure.person
        while await self._rename_usage(theirs, direct, lambda _: erasure.pseudonym):
            pass
        theirs = usage_sums.c.name == erasure.person
        while await self._rename_sums(theirs, direct, lambda _: erasure.pseudonym):
            pass
        if not since:
            await self._database.wipe()

    async def finish(self, erasure: Erasure) -> None:
        """Take away the last that was kept, which nothing needs any more."""
        query = select(questions.c.key).where(
            questions.c.asker == erasure.alias, _on(erasure.platform, questions.c.conversation)
        )
        async with self._database.read() as connection:
            keys = (await connection.execute(query)).scalars().all()
        await self._remove(keys)
        async with self._database.write() as connection:
            gone = delete(erasures).where(erasures.c.pseudonym == erasure.pseudonym)
            await connection.execute(gone)
        await self._database.wipe()

    async def expire(
        self, before: float, day: str, direct: Sequence[str], alias: Callable[[], str]
    ) -> bool:
        """Take away a few names from before a moment, and from before that day in the ledger.

        False: there are none left. `alias` gives a new name for somebody.
        """
        names: dict[str, str] = {}

        def renamed(person: str) -> str:
            platform = person.partition("/")[0]
            return names.setdefault(person, f"{platform}/{alias()}")

        def old(of: Any, person: Any) -> ColumnElement[bool]:
            named = person.not_like(f"%/{ERASED}%")
            return and_(of.day >= self._expired, of.day < day, named)

        steps = (
            await self._remove(await self._first(questions.c.key, questions.c.claimed_at < before)),
            await self._delete_some(model_calls.c.id, model_calls.c.begun_at < before),
            await self._expire_ratings(before),
            await self._rename_usage(old(usage_days.c, usage_days.c.person), direct, renamed),
            await self._rename_sums(old(usage_sums.c, usage_sums.c.name), direct, renamed),
            await self._expire_changes(before, alias()),
            await self._expire_threads(before, direct),
        )
        if not (steps[3] or steps[4]):
            self._expired = day
        return any(steps)

    async def _asked(self, erasure: Erasure, since: float) -> Sequence[_Asked]:
        query = select(
            questions.c.key, questions.c.state, questions.c.claimed_at, questions.c.reply
        ).where(
            questions.c.asker == erasure.id,
            questions.c.claimed_at >= since,
            questions.c.claimed_at <= erasure.at,
            _on(erasure.platform, questions.c.conversation),
        )
        async with self._database.read() as connection:
            return (await connection.execute(query)).all()

    async def _erase_texts(
        self,
        erasure: Erasure,
        asked: Sequence[_Asked],
        talks: Collection[str],
        *,
        about_anybody: bool,
    ) -> None:
        messages = {row.key.partition("#")[0].rpartition("/")[2] for row in asked}
        sources = sorted({*messages, *(row.reply for row in asked if row.reply)} - {""})
        here = _on(erasure.platform, texts.c.place)
        summaries = select(texts.c.id).where(here, texts.c.kind.in_(ABOUT_ANYBODY))
        about = [summaries] if about_anybody else []
        about += [
            select(texts.c.id)
            .join(text_sources, text_sources.c.text == texts.c.id)
            .where(here, text_sources.c.message.in_(some))
            for some in _batches(sources)
        ]
        about.append(select(texts.c.id).where(texts.c.place.in_(talks)))
        for query in about:
            async with self._database.read() as connection:
                ids = (await connection.execute(query)).scalars().all()
            for some in _batches(ids):
                async with self._database.write() as connection:
                    await connection.execute(
                        delete(text_sources).where(text_sources.c.text.in_(some))
                    )
                    await connection.execute(delete(texts).where(texts.c.id.in_(some)))

    async def _direct_places(
        self, erasure: Erasure, asked: Sequence[_Asked], direct: Sequence[str]
    ) -> set[str]:
        """Where somebody has written to the bot directly."""
        query = select(usage_days.c.place).distinct().where(usage_days.c.person == erasure.person)
        async with self._database.read() as connection:
            places = (await connection.execute(query)).scalars().all()
        where = (row.key.partition("#")[0].rpartition("/")[0] for row in asked)
        return {place for place in (*places, *where) if _is_direct(place, direct)}

    async def _erase_questions(self, erasure: Erasure, asked: Sequence[_Asked]) -> None:
        """Remove what has ended for good; of the rest, who asked and what."""
        old = [
            row.key
            for row in asked
            if row.state == "settled" and row.claimed_at < erasure.at - AGAIN
        ]
        await self._remove(old)
        rest = [row for row in asked if row.key not in set(old)]
        for some in _batches(rest):
            keys, names = [row.key for row in some], [row.reply for row in some if row.reply]
            async with self._database.write() as connection:
                await connection.execute(
                    update(questions)
                    .where(questions.c.key.in_(keys))
                    .values(asker=erasure.alias, body="")
                )
                await connection.execute(
                    update(replies).where(replies.c.id.in_(names)).values(about="{}")
                )

    async def _erase_names(self, erasure: Erasure, talks: Collection[str]) -> None:
        """Take the name away wherever else it stands."""
        async with self._database.write() as connection:
            for column, place in (
                (pauses.c.paused_by, pauses.c.channel),
                (channel_settings.c.changed_by, channel_settings.c.scope),
                (setting_changes.c.changed_by, setting_changes.c.scope),
            ):
                await connection.execute(
                    update(column.table)
                    .where(column == erasure.id, _on(erasure.platform, place))
                    .values({column.name: erasure.alias})
                )
            rated = select(replies.c.id).where(_on(erasure.platform, replies.c.conversation))
            await connection.execute(
                delete(ratings).where(
                    ratings.c.person == erasure.id,
                    ratings.c.rated_at <= erasure.at,
                    ratings.c.reply.in_(rated),
                )
            )
            await connection.execute(
                delete(spending).where(
                    spending.c.key.endswith(f"|person|{erasure.person}", autoescape=True),
                    spending.c.ends <= erasure.at,
                )
            )
            for talk in talks:
                await connection.execute(delete(threads).where(_in(talk, threads.c.conversation)))
            await _erase_from_threads(connection, erasure)
            await _erase_from_changes(connection, erasure)
            await _erase_from_reservations(connection, erasure)

    async def _rename_usage(
        self, which: ColumnElement[bool], direct: Sequence[str], renamed: Callable[[str], str]
    ) -> bool:
        """Count some days under another name; False: there were none."""
        if not await self._first(usage_days.c.day, which):
            return False  # found out without keeping others from writing
        async with self._database.write() as connection:
            found = await connection.execute(select(usage_days).where(which).limit(BATCH))
            rows = [dict(row) for row in found.mappings()]
            for row in rows:
                await connection.execute(delete(usage_days).where(_same(usage_days, row)))
                person, place = renamed(row["person"]), row["place"]
                if _is_direct(place, direct):
                    # The channel of somebody's direct messages is as good as their name.
                    place = f"{place.rpartition('/')[0]}/{person.partition('/')[2]}"
                await connection.execute(ADD_DAY, row | {"person": person, "place": place})
        return bool(rows)

    async def _rename_sums(
        self, which: ColumnElement[bool], direct: Sequence[str], renamed: Callable[[str], str]
    ) -> bool:
        """The same for the days of channels and workspaces; of direct messages there are none."""
        which = and_(usage_sums.c.kind == "person", which)
        if not await self._first(usage_sums.c.day, which):
            return False
        async with self._database.write() as connection:
            found = await connection.execute(select(usage_sums).where(which).limit(BATCH))
            rows = [dict(row) for row in found.mappings()]
            for row in rows:
                await connection.execute(delete(usage_sums).where(_same(usage_sums, row)))
                if _is_direct(row["scope"], direct):
                    here = usage_sums.c.scope == row["scope"], usage_sums.c.day == row["day"]
                    await connection.execute(delete(usage_sums).where(*here))
                else:
                    await connection.execute(ADD_SUMS, row | {"name": renamed(row["name"])})
        return bool(rows)

    async def _remove(self, keys: Collection[str]) -> bool:
        """Remove questions with all that is known of the replies to them."""
        for some in _batches(keys):
            async with self._database.write() as connection:
                await _remove(connection, some)
        return bool(keys)

    async def _first(self, column: Any, which: ColumnElement[bool]) -> Sequence[Any]:
        async with self._database.read() as connection:
            return (
                (await connection.execute(select(column).where(which).limit(BATCH))).scalars().all()
            )

    async def _delete_some(self, column: Any, which: ColumnElement[bool]) -> bool:
        found = await self._first(column, which)
        if found:
            async with self._database.write() as connection:
                await connection.execute(delete(column.table).where(column.in_(found)))
        return bool(found)

    async def _delete(self, table: Any, column: Any, which: ColumnElement[bool]) -> None:
        async with self._database.read() as connection:
            found = (await connection.execute(select(column).where(which))).scalars().all()
        for some in _batches(found):
            async with self._database.write() as connection:
                await connection.execute(delete(table).where(column.in_(some)))

    async def _expire_ratings(self, before: float) -> bool:
        async with self._database.write() as connection:
            old = select(ratings.c.reply).where(ratings.c.rated_at < before).limit(BATCH)
            which = and_(ratings.c.reply.in_(old), ratings.c.rated_at < before)
            return (await connection.execute(delete(ratings).where(which))).rowcount > 0

    async def _expire_changes(self, before: float, alias: str) -> bool:
        """Forget who set what; the newest change stays, by which others see that there are any."""
        newest = select(func.max(setting_changes.c.id)).scalar_subquery()
        old = and_(setting_changes.c.changed_at < before, setting_changes.c.id < newest)
        gone = await self._delete_some(setting_changes.c.id, old)
        async with self._database.write() as connection:
            for column, at in (
                (pauses.c.paused_by, pauses.c.paused_at),
                (channel_settings.c.changed_by, channel_settings.c.changed_at),
                (setting_changes.c.changed_by, setting_changes.c.changed_at),
            ):
                await connection.execute(
                    update(column.table)
                    .where(at < before, column.not_like(f"{ERASED}%"))
                    .values({column.name: alias})
                )
            await connection.execute(
                update(setting_changes)
                .where(setting_changes.c.changed_at < before, setting_changes.c.name == "audience")
                .values(before=None, after=None)
            )
        return gone

    async def _expire_threads(self, before: float, direct: Sequence[str]) -> bool:
        ended = and_(
            or_(*(threads.c.conversation.op("GLOB")(pattern) for pattern in direct)),
            threads.c.joined_at < before,
        )
        spoke = and_(threads.c.run != "", threads.c.stands_since < before)
        gone = await self._delete_some(threads.c.conversation, ended) if direct else False
        quiet = await self._first(threads.c.conversation, spoke)
        if quiet:
            async with self._database.write() as connection:
                await connection.execute(
                    update(threads).where(threads.c.conversation.in_(quiet)).values(run="")
                )
        return gone or bool(quiet)


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = list(items)
    for at in range(0, len(rest), BATCH):
        yield rest[at : at + BATCH]


def _on(platform: str, column: Any) -> ColumnElement[bool]:
    """Whether something is on a platform; a range of names, which an index finds."""
    return and_(column > f"{platform}/", column < f"{platform}0")


def _in(place: str, column: Any) -> ColumnElement[bool]:
    return or_(column == place, and_(column >= f"{place}/", column < f"{place}0"))


def _is_direct(place: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(place, pattern) for pattern in patterns)


def _calls(erasure: Erasure, since: float) -> ColumnElement[bool]:
    begun = model_calls.c.begun_at
    return and_(model_calls.c.person == erasure.person, begun >= since, begun <= erasure.at)


def _same(table: Table, row: dict[str, Any]) -> ColumnElement[bool]:
    return and_(*(column == row[column.name] for column in table.primary_key.columns))


async def _remove(connection: AsyncConnection, keys: Collection[str]) -> None:
    which = questions.c.key.in_(keys)
    query = select(questions.c.reply).distinct().where(which, questions.c.reply.is_not(None))
    names = set((await connection.execute(query)).scalars())
    await connection.execute(delete(questions).where(which))
    still = select(questions.c.reply).where(questions.c.reply.in_(names))
    names -= set((await connection.execute(still)).scalars())
    for column in (ratings.c.reply, reply_messages.c.reply, model_calls.c.reply, replies.c.id):
        await connection.execute(delete(column.table).where(column.in_(names)))


async def _erase_from_threads(connection: AsyncConnection, erasure: Erasure) -> None:
    query = select(threads.c.conversation, threads.c.run).where(
        _on(erasure.platform, threads.c.conversation),
        threads.c.run.contains(erasure.id, autoescape=True),
    )
    for row in (await connection.execute(query)).all():
        run = " ".join(one for one in row.run.split() if one != erasure.id)
        here = threads.c.conversation == row.conversation
        await connection.execute(update(threads).where(here).values(run=run))


async def _erase_from_changes(connection: AsyncConnection, erasure: Erasure) -> None:
    """The history of a channel's list of people who may use the bot; the list itself stays."""
    quoted = json.dumps(erasure.id)
    changes = setting_changes
    query = select(changes.c.id, changes.c.before, changes.c.after).where(
        _on(erasure.platform, changes.c.scope),
        or_(
            changes.c.before.contains(quoted, autoescape=True),
            changes.c.after.contains(quoted, autoescape=True),
        ),
    )
    for row in (await connection.execute(query)).all():
        both = {
            name: text and text.replace(quoted, json.dumps(erasure.alias))
            for name, text in (("before", row.before), ("after", row.after))
        }
        await connection.execute(update(changes).where(changes.c.id == row.id).values(both))


async def _erase_from_reservations(connection: AsyncConnection, erasure: Erasure) -> None:
    """What is reserved for a call is settled under the name that stands here if a process dies."""
    quoted = json.dumps(erasure.person)
    query = select(reservations).where(reservations.c.body.contains(quoted, autoescape=True))
    for row in (await connection.execute(query)).all():
        body = json.loads(row.body)
        if body["call"]["person"] == erasure.person:
            body["call"]["person"] = erasure.pseudonym
            here = reservations.c.id == row.id
            await connection.execute(update(reservations).where(here).values(body=json.dumps(body)))
