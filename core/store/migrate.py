"""Bring a database to the tables of this version."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from core.errors import StoreFailed

HEAD = "0009"
"""The newest revision; a test holds it against the files in `migrations/versions`."""


def migrate(engine: Engine) -> None:
    """Upgrade to `HEAD` in one transaction; other processes wait for it meanwhile."""
    with engine.begin() as connection:
        found = revision(connection)
        if found is not None and found > HEAD:
            raise StoreFailed(f"a newer version of Parley wrote it, revision {found}")
        if found != HEAD:
            _upgrade(connection)


def revision(connection: Connection) -> str | None:
    """The revision that the database is at; None when it has no tables of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _upgrade(connection: Connection) -> None:
    # Alembic is only needed on the first start of a new version.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
