"""Usage: how many questions were asked, and what the models have counted for them."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, func, select, true

from core.store.database import Database
from core.store.schema import model_calls, questions, ratings
from core.usage import Period, Use, Used


class Usage:
    """Adds up what is on record; `clock` gives seconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def of_all(self) -> Use:
        """What everybody has used."""
        return await self._use(true(), true(), true())

    async def of(self, platform: str, asker: str) -> Use:
        """What one person of a platform has used."""
        theirs = (questions.c.asker == asker) & questions.c.conversation.startswith(f"{platform}/")
        replies = select(questions.c.reply).where(theirs, questions.c.reply.is_not(None))
        return await self._use(
            theirs, model_calls.c.reply.in_(replies), ratings.c.reply.in_(replies)
        )

    async def _use(
        self, asked: ColumnElement[bool], called: ColumnElement[bool], rated: ColumnElement[bool]
    ) -> Use:
        now = datetime.fromtimestamp(self._clock(), UTC)
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return Use(
            await self._period(today.timestamp(), asked, called, rated),
            await self._period(today.replace(day=1).timestamp(), asked, called, rated),
        )

    async def _period(
        self,
        since: float,
        asked: ColumnElement[bool],
        called: ColumnElement[bool],
        rated: ColumnElement[bool],
    ) -> Period:
        count = (
            select(func.count())
            .select_from(questions)
            .where(questions.c.claimed_at >= since, asked)
        )
        votes = select(ratings.c.good).where(ratings.c.rated_at >= since, rated)
        async with self._database.read() as connection:
            liked = list((await connection.execute(votes)).scalars())
            number = (await connection.execute(count)).scalar_one()
            rows = await connection.execute(_tokens(since, called))
            models = tuple(
                Used(row.model, row.read, row.cached, row.written, bool(row.estimated))
                for row in rows
            )
        return Period(number, models, sum(liked), len(liked) - sum(liked))


def _tokens(since: float, called: ColumnElement[bool]) -> "Select[tuple[str, int, int, int, int]]":
    read = func.sum(model_calls.c.prompt_tokens)
    return (
        select(
            model_calls.c.model,
            read.label("read"),
            func.sum(model_calls.c.cached_tokens).label("cached"),
            func.sum(model_calls.c.completion_tokens).label("written"),
            func.max(model_calls.c.estimated).label("estimated"),
        )
        .where(model_calls.c.begun_at >= since, called)
        .group_by(model_calls.c.model)
        .order_by(read.desc(), model_calls.c.model)
    )
