"""The workspaces in which the bot is installed, each with the token of its own, encrypted."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from core.store.database import Database
from core.store.schema import installations

INSTALLED = select(installations.c.workspace, installations.c.name, installations.c.token)
_SAVE = insert(installations)
_SAVE = _SAVE.on_conflict_do_update(
    index_elements=[installations.c.workspace],
    set_={name: _SAVE.excluded[name] for name in ("name", "token", "installed_at")},
)


@dataclass(frozen=True, slots=True)
class Installation:
    """One workspace, as platform/id; `token` is encrypted."""

    workspace: str
    name: str
    token: str


class Installations:
    """Keeps them; `clock` gives seconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def all(self) -> tuple[Installation, ...]:
        """Those that were installed first come first."""
        async with self._database.read() as connection:
            rows = await connection.execute(INSTALLED.order_by(installations.c.installed_at))
            return tuple(Installation(*row) for row in rows)

    async def get(self, workspace: str) -> Installation | None:
        """That of a workspace."""
        query = INSTALLED.where(installations.c.workspace == workspace)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else Installation(*row)

    async def save(self, installation: Installation) -> None:
        """Keep one, in place of an earlier one of the same workspace."""
        row = {
            "workspace": installation.workspace,
            "name": installation.name,
            "token": installation.token,
            "installed_at": self._clock(),
        }
        async with self._database.write() as connection:
            await connection.execute(_SAVE, row)

    async def reseal(self, workspace: str, before: str, after: str) -> None:
        """Keep the same token encrypted anew, unless there is another by now."""
        change = update(installations).where(_is(workspace, before)).values(token=after)
        async with self._database.write() as connection:
            await connection.execute(change)

    async def erase(self, installation: Installation) -> bool:
        """Forget a token that is void; False where there is another by now."""
        gone = delete(installations).where(_is(installation.workspace, installation.token))
        async with self._database.write() as connection:
            return (await connection.execute(gone)).rowcount == 1


def _is(workspace: str, token: str) -> ColumnElement[bool]:
    return (installations.c.workspace == workspace) & (installations.c.token == token)
