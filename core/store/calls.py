"""Model calls: what was asked of the endpoint, and what it counted."""

from dataclasses import dataclass, fields, replace

from sqlalchemy import select

from core.store.database import Database
from core.store.schema import model_calls
from core.wire import Usage


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the model. `outcome` is its finish reason or the name of its error.

    Tokens as the endpoint reported them; `estimated` when it did not and they are our
    own count. `begun_at` in seconds since 1970. `purpose` is what it was for: answer or summary.
    `person` and `place` are who asked, as platform/id, and the channel, as
    platform/workspace/id; `cost` is in nano-dollars.
    """

    reply: str
    model: str
    outcome: str
    begun_at: float
    seconds: float
    request_id: str = ""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    written_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False
    purpose: str = "answer"
    person: str = ""
    place: str = ""
    cost: int = 0

    @property
    def usage(self) -> Usage:
        """What was counted for it."""
        return Usage(
            prompt=self.prompt_tokens,
            cached=self.cached_tokens,
            cache_written=self.written_tokens,
            completion=self.completion_tokens,
            reasoning=self.reasoning_tokens,
        )

    def with_usage(self, usage: Usage, *, estimated: bool) -> "Call":
        """The same call with what was counted for it."""
        return replace(
            self,
            prompt_tokens=usage.prompt,
            cached_tokens=usage.cached,
            written_tokens=usage.cache_written,
            completion_tokens=usage.completion,
            reasoning_tokens=usage.reasoning,
            estimated=estimated,
        )


class Calls:
    """The record of all model calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, reply: str) -> list[Call]:
        """The calls that were made for a reply, in order."""
        columns = [model_calls.c[field.name] for field in fields(Call)]
        query = select(*columns).where(model_calls.c.reply == reply).order_by(model_calls.c.id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings()
            return [Call(**{**row, "estimated": bool(row["estimated"])}) for row in rows]
