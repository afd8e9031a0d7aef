"""Bring a database to the tables of this version."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0011"
"""The newest revision; a test holds it against the files in `migrations/versions`."""

REVISION = r"\d{4}"
"""What names of revisions look like; that of a newer version comes later in the alphabet."""

APPLICATION = 0x5041524C
"""What the header of our databases says whose they are: "PARL"."""


@dataclass(frozen=True, slots=True)
class Step:
    """One revision, and what it is for."""

    revision: str
    about: str


def migrate(engine: Engine) -> None:
    """Upgrade to `HEAD` in one transaction; other processes wait for it meanwhile."""
    with engine.begin() as connection:
        if revision(connection) != HEAD:
            _upgrade(connection)
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")


def revision(connection: Connection) -> str | None:
    """The revision that the database is at; None when it has no tables of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def steps_after(revision: str) -> tuple[Step, ...]:
    """The revisions that follow this one, oldest first."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory.from_config(_config())
    found = [Step(one.revision, one.doc) for one in scripts.iterate_revisions("head", revision)]
    return tuple(reversed(found))


def _upgrade(connection: Connection) -> None:
    # Alembic is only needed on the first start of a new version.
    from alembic import command  # noqa: PLC0415

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
