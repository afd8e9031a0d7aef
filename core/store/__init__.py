"""Everything durable, a module per noun; the only place where SQL is written."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy.engine import make_url

from core.errors import StartError, StoreBusy, StoreFailed, StoreUnwritable
from core.store.calls import Call, Calls
from core.store.channel_settings import Change, ChannelSettings
from core.store.database import Database, Timed, untimed
from core.store.entrance import entrance
from core.store.exchanges import Exchanges
from core.store.guilds import Guild, Guilds
from core.store.installations import Installation, Installations
from core.store.introductions import Introductions
from core.store.ledger import Ledger
from core.store.marks import Marks
from core.store.mounts import network_file_system
from core.store.pauses import Pauses
from core.store.people import People
from core.store.process import ProcessLock
from core.store.questions import LEASE, RENEWAL, Orphan, Questions
from core.store.ratings import Ratings
from core.store.replies import Known, Replies
from core.store.texts import DAY, Texts
from core.store.threads import Threads
from core.store.upgrade import upgrade
from core.store.usage import Usage

__all__ = [
    "LEASE",
    "RENEWAL",
    "Call",
    "Change",
    "ChannelSettings",
    "Guild",
    "Installation",
    "Installations",
    "Known",
    "Orphan",
    "Replies",
    "Store",
]

log = structlog.get_logger()


class Store:
    """The database and what is kept in it, for one process."""

    def __init__(
        self,
        url: str,
        process: ProcessLock,
        clock: Callable[[], float],
        text_lifetime: float,
        timed: Timed = untimed,
    ) -> None:
        self._process = process
        self._database = Database(url, clock, timed)
        self.questions = Questions(self._database, process.owner, process.is_dead, clock)
        self.replies = Replies(self._database, process.owner, clock)
        self.calls = Calls(self._database)
        self.ledger = Ledger(self._database, process.owner, process.is_dead)
        self.ratings = Ratings(self._database, clock)
        self.threads = Threads(self._database)
        self.exchanges = Exchanges(self._database)
        self.pauses = Pauses(self._database, clock)
        self.guilds = Guilds(self._database, clock)
        self.installations = Installations(self._database, clock)
        self.introductions = Introductions(self._database, clock)
        self.marks = Marks(self._database)
        self.usage = Usage(self._database)
        self.people = People(self._database)
        self.texts = Texts(self._database, clock, text_lifetime)
        self.channel_settings = ChannelSettings(self._database, clock)

    @classmethod
    async def open(
        cls,
        url: str,
        clock: Callable[[], float],
        text_lifetime: float = DAY,
        timed: Timed = untimed,
    ) -> "Store":
        """Open the database, make or upgrade its tables; `StartError` says why it cannot.

        `clock` gives seconds since 1970; texts at rest are kept for `text_lifetime` seconds.
        `timed` as for `Database`.
        """
        path = Path(make_url(url).database or "")
        process = ProcessLock(path)
        await asyncio.to_thread(_prepare, path, process)
        return cls(url, process, clock, text_lifetime, timed)

    @property
    def is_writable(self) -> bool:
        """Whether nothing is known against the next write."""
        return self._database.condition.well

    async def watch(self) -> None:
        """Find out when the database can be written again, as often as it cannot."""
        await self._database.watch()

    async def has_company(self) -> bool:
        """Whether another living process uses this database."""
        return await asyncio.to_thread(self._process.has_company)

    async def close(self) -> None:
        """Close the database and let others know that this process has ended."""
        await self._database.close()
        self._process.free()


def _prepare(path: Path, process: ProcessLock) -> None:
    """Be known as a process on this database, and have it as this version needs it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with entrance(path):
            process.take()
            process.sweep()
            upgrade(path)
    except OSError as error:
        raise StartError(
            f"DATABASE_URL: the folder of {path} cannot be written ({error.strerror}). Give this "
            "user the right to write there, or name another folder."
        ) from error
    except StoreFailed as error:
        process.free()
        raise StartError(f"DATABASE_URL: {_refusal(path, error)}") from error
    except StartError as error:
        process.free()
        raise StartError(f"DATABASE_URL: {error}") from error
    if kind := network_file_system(path):
        log.warning(
            "the database is on a network file system, where SQLite is neither safe nor fast; "
            "keep it on a disk of this machine",
            path=str(path),
            kind=kind,
        )


def _refusal(path: Path, error: StoreFailed) -> str:
    match error:
        case StoreBusy():
            return f"{path} is locked ({error}). Another program holds it: end that one."
        case StoreUnwritable():
            return (
                f"{path} cannot be written ({error}). See whether its disk is full, and whether "
                "this user may write the file and its folder."
            )
    return f"{path} cannot be used ({error}). If it is no database of Parley's, name another file."
