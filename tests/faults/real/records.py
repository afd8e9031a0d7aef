"""What the bot has on record, read from its database as another program reads it."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Claim:
    """A row of a question."""

    key: str
    state: str
    outcome: str
    reply: str

    @property
    def message(self) -> str:
        """The id of the message, or of the command, that asked."""
        return self.key.partition("#")[0].rpartition("/")[2]

    @property
    def channel(self) -> str:
        """Where it was asked."""
        return self.key.split("/")[2]


@dataclass(frozen=True)
class Called:
    """A call of the model as the ledger has it."""

    request: str
    outcome: str
    prompt: int
    completion: int
    estimated: bool


@dataclass(frozen=True)
class Records:
    """All of it at one moment."""

    claims: tuple[Claim, ...]
    open_replies: tuple[str, ...]
    messages: dict[str, str]
    calls: tuple[Called, ...]
    reserved: int

    @classmethod
    def read(cls, database: Path) -> "Records":
        """Read them; a database that is not there yet holds nothing."""
        if not database.exists():
            return cls((), (), {}, (), 0)
        with closing(sqlite3.connect(database, timeout=10)) as connection:
            ask = connection.execute
            claims = ask("SELECT key, state, outcome, coalesce(reply, '') FROM questions")
            begun = ask("SELECT id FROM replies WHERE ended_at IS NULL")
            shown = ask("SELECT message, reply FROM reply_messages")
            calls = ask(
                "SELECT request_id, outcome, prompt_tokens, completion_tokens, estimated"
                " FROM model_calls"
            )
            reserved = ask(
                "SELECT (SELECT count(*) FROM reservations)"
                " + (SELECT count(*) FROM spending WHERE reserved != 0)"
            )
            return cls(
                tuple(Claim(*row) for row in claims),
                tuple(name for (name,) in begun),
                dict(shown.fetchall()),
                tuple(Called(*row[:4], bool(row[4])) for row in calls),
                reserved.fetchone()[0],
            )
