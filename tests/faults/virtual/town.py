"""Plays a schedule: people, the platform, the endpoint, and one or two processes of the bot."""

import asyncio
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import structlog

from core.errors import ShuttingDown, StoreFailed
from core.store import Store
from tests.faults.virtual.clockwork import Clockwork, seen_through
from tests.faults.virtual.endpoint import Endpoint
from tests.faults.virtual.inline import Broken, inline
from tests.faults.virtual.platform import Platform, Said
from tests.faults.virtual.process import Process, identity
from tests.faults.virtual.schedule import Act, End, Outage, Schedule
from tests.virtual import clock

REDELIVERED = (1.0, 60.0, 300.0)
"""Seconds after which an event is told again that nobody has taken."""

PATIENCE = 7200.0
"""Seconds in which everything must have come to its end."""

AFTERWARDS = 90.0
"""Seconds for what is kept in the background: leases that expire, reservations of the dead."""


@dataclass
class Town:
    """All that there was, for whoever looks at it afterwards."""

    schedule: Schedule
    platform: Platform
    endpoint: Endpoint
    folder: Path
    processes: list[Process] = field(default_factory=list)
    heard: set[str] = field(default_factory=set)
    edits: dict[str, int] = field(default_factory=dict)
    logged: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    numbered: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def met(self) -> Counter[str]:
        """The faults that were met, by kind."""
        return self.platform.met

    def says(self, line: str) -> None:
        """One line of what happened."""
        self.lines.append(f"{clock():8.3f} {line}")


@contextmanager
def played(schedule: Schedule) -> Iterator[Town]:
    """Play a schedule to its end; its database stands as long as this lasts."""
    folder = Path(tempfile.mkdtemp(prefix="parley-", dir=_memory()))
    try:
        shutil.copyfile(_template(), folder / "parley.db")
        broken = Broken()
        with inline(broken), _listening() as logged:
            loop = Clockwork()
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                town = runner.run(_play(schedule, folder, broken))
                town.logged = list(logged)
                try:
                    yield town
                finally:
                    town.lines = list(town.lines)
                    runner.run(loop.bury())
    finally:
        shutil.rmtree(folder)


async def _play(schedule: Schedule, folder: Path, broken: Broken) -> Town:
    lines: list[str] = []

    def says(line: str) -> None:
        lines.append(f"{clock():8.3f} {line}")

    town = Town(schedule, Platform(schedule, says), Endpoint(schedule, says), folder)
    town.lines = lines
    for number in range(schedule.processes):
        _start(town, number)
    async with asyncio.TaskGroup() as world:
        for act in schedule.acts:
            world.create_task(_does(town, act))
        for end in schedule.ends:
            world.create_task(_ends(town, end))
        for outage in schedule.outages:
            world.create_task(_breaks(town, outage, broken))
    await _settled(town)
    town.seconds = clock()
    for process in town.processes:
        if process.hears:
            await seen_through(process.life, process.close())
    return town


def _start(town: Town, number: int) -> None:
    before = [one for one in town.processes if one.life.name.startswith(f"p{number}.")]
    process = Process(f"p{number}.{len(town.processes)}", town.platform, town.endpoint, town.folder)
    ends = [one for one in town.schedule.ends if one.process == number and one.step]
    if len(before) < len(ends):
        end = ends[len(before)]
        process.life.mortal = end.step
        process.life.dying.append(lambda: _succeed(town, number, end))
    town.processes.append(process)
    process.start()
    town.says(f"{process.life.name} starts")


def _succeed(town: Town, number: int, end: End) -> None:
    """A process has died; another one takes its place in a while."""
    town.platform.met["killed"] += 1
    town.says(f"process {number} is killed")
    asyncio.get_running_loop().call_later(end.again, lambda: _start(town, number))


async def _ends(town: Town, end: End) -> None:
    if end.step:
        return
    await asyncio.sleep(end.at)
    process = _newest(town, end.process)
    if process is None or not process.hears:
        return
    if end.drains:
        town.says(f"{process.life.name} is told to end")
        town.platform.met["drained"] += 1
        began = clock()
        await seen_through(process.life, process.drain())
        if process.life.dead:
            return
        town.says(f"{process.life.name} has ended")
        # 8 s to drain, and as long as SQLite waits for a lock of others' to close the database.
        if clock() - began > 13:
            town.wrong.append(f"a drain took {clock() - began:.1f} s")
        await asyncio.sleep(end.again)
        _start(town, end.process)
        return
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Clockwork)
    loop.kill(process.life)
    _succeed(town, end.process, end)


def _newest(town: Town, number: int) -> Process | None:
    """The process of this number that was started last."""
    found = [one for one in town.processes if one.life.name.startswith(f"p{number}.")]
    return found[-1] if found else None


async def _breaks(town: Town, outage: Outage, broken: Broken) -> None:
    await asyncio.sleep(outage.at)
    if outage.what == "full":
        broken.until = clock() + outage.seconds
    if outage.what == "locked":
        other = sqlite3.connect(town.folder / "parley.db", isolation_level=None, timeout=0)
        try:
            while True:
                try:
                    other.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    await asyncio.sleep(0.001)
                else:
                    break
            await asyncio.sleep(outage.seconds)
        finally:
            other.close()
    town.platform.met[f"no {outage.what}"] += 1


async def _does(town: Town, act: Act) -> None:
    """Somebody does something, and the platform tells of it."""
    await asyncio.sleep(act.at)
    said = _done(town, act)
    if said is None:
        return
    town.says(f"{act} ({said.id})")
    await asyncio.sleep(act.late)
    if town.schedule.processes > 1 and town.schedule.flavour == "discord":
        # Each process has a connection of its own, on which it is told.
        await asyncio.gather(*(_told(town, act, said, (number,)) for number in range(2)))
    else:
        await _told(town, act, said, tuple(range(town.schedule.processes)))
    if act.twice:
        await asyncio.sleep(act.twice)
        await _told(town, act, said, (0,))


def _done(town: Town, act: Act) -> Said | None:
    """What stands on the platform after it; None when there is nothing to do it to."""
    platform = town.platform
    if act.kind in ("asks", "says stop", "says nothing"):
        words = {"says stop": "stop", "says nothing": " "}.get(act.kind, f"Q{act.question}v0 ?")
        said = Said(platform.new_id(), act.who, act.place, words, clock())
        platform.said[said.id] = said
        town.numbered[act.question] = said.id
        return said
    said = platform.said.get(town.numbered.get(act.question, ""))
    if said is None or said.gone:
        return None
    if act.kind in ("edits", "deletes") and act.who != said.who:
        return None
    if act.kind == "edits":
        said.version += 1
        said.words = f"Q{act.question}v{said.version} ?"
    if act.kind == "deletes":
        said.gone = True
    return said


async def _told(town: Town, act: Act, said: Said, numbers: tuple[int, ...]) -> None:
    """Tell a process, and again if nobody has taken it."""
    words, version = said.words, said.version
    for pause in (*REDELIVERED, 0.0):
        for number in numbers:
            process = _newest(town, number)
            if process is not None and process.hears:
                as_it_was = Said(
                    said.id, said.who, said.place, words, said.at, version, gone=said.gone
                )
                if await _heard(town, process, act, as_it_was):
                    return
        await asyncio.sleep(pause)
    town.says(f"nobody was told: {act}")


async def _heard(town: Town, process: Process, act: Act, said: Said) -> bool:
    """Whether a process has taken an event; what it was telling when it died is not taken."""

    async def hear() -> object:
        try:
            return await process.hear(act.kind, said, act.who)
        except (StoreFailed, ShuttingDown) as error:
            return error
        except Exception as error:  # noqa: BLE001 - nothing else may come out of there
            town.wrong.append(f"{act.kind}: {type(error).__name__}: {error}")
            return None

    result = await seen_through(process.life, hear())
    if process.life.dead:
        return False
    town.says(f"{process.life.name} heard that {act.who} {act.kind} {said.id}: {result}")
    if isinstance(result, Exception):
        return False
    if act.kind in ("asks", "says stop", "says nothing"):
        town.heard.add(identity(said, town.schedule.flavour))
    elif act.kind == "edits" and result is True:
        key = identity(said, town.schedule.flavour)
        town.edits[key] = max(said.version, town.edits.get(key, 0))
    return True


async def _settled(town: Town) -> None:
    """Wait until nobody has anything to do, and what is kept aside has been looked at."""
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                for process in town.processes:
                    if process.hears and process.chat:
                        await seen_through(process.life, process.chat.idle())
                await asyncio.sleep(AFTERWARDS)
                if not _is_busy(town):
                    break
    except TimeoutError:
        town.wrong.append(f"not everything had ended after {PATIENCE:.0f} s")
    for process in town.processes:
        if process.hears and process.running.done():
            town.wrong.append(f"{process.life.name} has ended by itself: {process.running}")


def _is_busy(town: Town) -> bool:
    """Whether anybody has anything to do, or will have when somebody comes back."""
    with sqlite3.connect(town.folder / "parley.db") as database:
        (open_,) = database.execute(
            "SELECT count(*) FROM questions WHERE state != 'settled'"
        ).fetchone()
    database.close()
    return open_ > 0 or any(one.hears and one.chat._busy for one in town.processes if one.chat)


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


@cache
def _template() -> Path:
    """An empty database, made once."""
    folder = Path(tempfile.mkdtemp(prefix="parley-", dir=_memory()))
    url = f"sqlite+aiosqlite:///{folder}/parley.db"

    async def make() -> None:
        store = await Store.open(url, lambda: 0.0)
        await store.close()

    asyncio.run(make())
    return folder / "parley.db"


@contextmanager
def _listening() -> Iterator[list[dict[str, Any]]]:
    """Keep what is logged instead of writing it."""
    with structlog.testing.capture_logs((structlog.processors.format_exc_info,)) as logged:
        yield logged
