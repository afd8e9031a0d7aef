"""Bring a database to the tables of this version."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

HEAD = "0010"
"""The newest revision; a test holds it against the files in `migrations/versions`."""

REVISION = r"\d{4}"
"""What names of revisions look like; that of a newer version comes later in the alphabet."""

APPLICATION = 0x5041524C
"""What the header of our databases says whose they are: "PARL"."""


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


def _upgrade(connection: Connection) -> None:
    # Alembic is only needed on the first start of a new version.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
