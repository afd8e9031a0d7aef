"""Model calls: what was asked of the endpoint, and what it counted."""

from dataclasses import asdict, dataclass, fields

from sqlalchemy import insert, select

from core.store.database import Database
from core.store.schema import model_calls

_ADD = insert(model_calls)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the model. `outcome` is its finish reason or the name of its error.

    Tokens as the endpoint reported them; `estimated` when it did not and they are our
    own count. `begun_at` in seconds since 1970.
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


class Calls:
    """The record of all model calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, call: Call) -> None:
        """Write one call down."""
        async with self._database.write() as connection:
            await connection.execute(_ADD, asdict(call))

    async def of(self, reply: str) -> list[Call]:
        """The calls that were made for a reply, in order."""
        columns = [model_calls.c[field.name] for field in fields(Call)]
        query = select(*columns).where(model_calls.c.reply == reply).order_by(model_calls.c.id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings()
            return [Call(**{**row, "estimated": bool(row["estimated"])}) for row in rows]
