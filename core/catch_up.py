"""What was said while nobody listened: since when, how far one looks back, and what is found.

Until when everything was heard is a mark in the store, for each platform or workspace. It moves
with what is heard, so that it goes by the platform's own clock, and stays where it is as long as
something before may have been missed. How to look back is the platform's business; what is found
goes through the same door as what is heard.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from core.errors import PlatformFailed, ShuttingDown, StoreFailed
from core.figures import Figures, Uncounted
from core.messages import Conversation
from core.store.marks import Marks

log = structlog.get_logger()

PREFIX = "heard/"

OVERLAP = 10.0
"""Seconds by which messages may come out of order: so much before the newest is looked at, too."""

KEPT = 500
"""Messages of that time whose names are kept, at most."""

EVERY = 10.0
"""Seconds, at least, between two writes of the mark; without news there is none."""

LOOKS_BACK = 30 * 86_400.0
"""Seconds since when something was asked where one looks first."""

PLACES = 200
"""Channels, threads and direct messages that are read in one look back, at most."""

QUESTIONS = 100
"""Questions that are asked later than they were written, of one look back, at most."""

LONGEST = 900.0
"""Seconds for one look back, at most."""

PAUSES = (2.0, 10.0, 60.0)
"""Seconds before one looks again when the database could not tell, or take, something."""


@dataclass(frozen=True, slots=True)
class Late:
    """A message that nobody may have heard, and that may be for the bot.

    `name` is the platform's for it, `question` the key under which it would be claimed, `at` when
    it was written, in seconds since 1970. `hear` takes it through the door, and returns whether it
    was a question; it raises as `Chat.accept` does.
    """

    name: str
    question: str
    at: float
    hear: Callable[[], Awaitable[bool]]


Look = Callable[[str, "Backlog"], Awaitable[None]]
"""Looks back at a place. Raises what `Backlog.take` raises."""


class Asked(Protocol):
    """What is on record of questions."""

    async def known(self, keys: Iterable[str]) -> set[str]:
        """Which of these were asked before."""

    async def places(self, within: str, *, seconds: float, most: int) -> list[Conversation]:
        """Where something was asked lately, newest first."""


class CatchUp:
    """Keeps the mark of one platform or workspace, and has one look back where it must.

    `within` is how many seconds one looks back at most (0: never); `clock` gives seconds since
    1970. `figures` counts what is found.
    """

    def __init__(
        self,
        marks: Marks,
        asked: Asked,
        within: float,
        clock: Callable[[], float],
        figures: Figures | None = None,
    ) -> None:
        self._figures = figures or Uncounted()
        self._marks = marks
        self._asked = asked
        self._within = within
        self._clock = clock
        self._name = ""
        self._newest = self._first = 0.0
        self._names: dict[str, float] = {}
        self._untaken: dict[str, float] = {}
        self._away: dict[str, float] = {}
        self._due: dict[str, None] = {}
        self._called = asyncio.Event()
        self._moved = asyncio.Event()

    async def begin(self, name: str) -> bool:
        """Read the mark of this name; False: there is none, and listening begins now.

        Raises `StoreFailed`.
        """
        self._name = name
        mark = _read(await self._marks.get(PREFIX + name)) if self._within else None
        if mark is None:
            self._newest = self._first = self._clock()
            self._moved.set()
            return False
        self._newest, self._names = mark
        return True

    def heard(self, message: str, at: float) -> None:
        """A message came, and has been taken or was not for the bot."""
        self._untaken.pop(message, None)
        self._newest = max(self._newest, at)
        self._names.pop(message, None)
        self._names[message] = at
        if len(self._names) > KEPT:
            del self._names[next(iter(self._names))]
        self._moved.set()

    def untaken(self, message: str, at: float) -> None:
        """A message came that could not be taken; whoever starts next looks for it."""
        oldest = self._oldest
        self._untaken = {one: time for one, time in self._untaken.items() if time > oldest}
        self._untaken[message] = at

    def missed(self, place: str = "") -> None:
        """What is said there now may be missed; `due` comes when it is not any more."""
        self._away.setdefault(place, self._position)

    def due(self, place: str = "") -> None:
        """What was said there since it was `missed` can be looked for."""
        if self._within:
            self.missed(place)
            self._due[place] = None
            self._called.set()

    async def run(self, look: Look) -> None:
        """Write the mark, and have `look` look back at one place after the other that is due."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep())
            with suppress(ShuttingDown):
                while True:
                    await self._called.wait()
                    self._called.clear()
                    await self._catch_up(look)

    async def close(self) -> None:
        """Write the mark for the last time."""
        if self._moved.is_set():
            await self._write()

    async def places(self, within: str) -> list[Conversation]:
        """Where something was asked lately, newest first. Raises `StoreFailed`."""
        return await self._asked.places(within, seconds=LOOKS_BACK, most=PLACES)

    async def unasked(self, late: Iterable[Late]) -> list[Late]:
        """Those that nobody has heard as far as is known, oldest first. Raises `StoreFailed`."""
        new = [one for one in late if one.name not in self._names]
        known = await self._asked.known(one.question for one in new)
        return sorted((one for one in new if one.question not in known), key=lambda one: one.at)

    def since(self, place: str) -> float:
        """From when on one looks back there."""
        heard_until = self._away.get(place, self._position)
        return max(heard_until - OVERLAP, self._first, self._oldest)

    def now(self) -> float:
        """The time, in seconds since 1970."""
        return self._clock()

    @property
    def _oldest(self) -> float:
        """What was said before is too old to be looked for."""
        return self._clock() - self._within

    @property
    def _position(self) -> float:
        """Until when everything was heard; what is too old to be looked for counts as heard."""
        oldest, missed = self._oldest, (*self._away.values(), *self._untaken.values())
        return min((at for at in (self._newest, *missed) if at > oldest), default=self._newest)

    async def _catch_up(self, look: Look) -> None:
        """Look back at every place that is due. Raises `ShuttingDown`."""
        backlog = Backlog(self)
        while self._due:
            place = next(iter(self._due))
            del self._due[place]
            if await self._look_back(place, backlog, look) and place not in self._due:
                self._away.pop(place, None)
                self._moved.set()
        backlog.report(self._name)
        self._figures.caught_up(self._name.partition("/")[0], backlog.asked)

    async def _look_back(self, place: str, backlog: "Backlog", look: Look) -> bool:
        """Look back at a place, again where the database fails; False: the next start has to."""
        for pause in (*PAUSES, None):
            try:
                backlog.begin(place)
                async with asyncio.timeout(LONGEST):
                    await look(place, backlog)
            except TimeoutError:
                backlog.out_of_time = True
            except StoreFailed as error:
                log.error("not caught up with what was said", place=place, error=str(error))
                if pause is not None:
                    await asyncio.sleep(pause)
                    continue
                return False
            except ShuttingDown:
                raise
            except Exception:
                log.exception("unexpected", place=place)
                return False
            return True
        raise AssertionError("the last try returns or raises")

    async def _keep(self) -> None:
        while True:
            await self._moved.wait()
            await self._write()
            await asyncio.sleep(EVERY)

    async def _write(self) -> None:
        if not self._within:
            return
        self._moved.clear()
        at, is_written = self._position, False
        names = {name: time for name, time in self._names.items() if time > at - OVERLAP}
        try:
            await self._marks.set(PREFIX + self._name, json.dumps({"at": at, "names": names}))
            is_written = True
        except StoreFailed as error:
            log.warning("not kept until when everything was heard", error=str(error))
        finally:
            if not is_written:
                self._moved.set()


class Backlog:
    """What one look back has found, within its bounds."""

    def __init__(self, catch_up: CatchUp) -> None:
        self.since = 0.0
        self.back_at = catch_up.now()
        self.out_of_time = False
        self._catch_up = catch_up
        self.asked = 0
        self._read = 0
        self._unread = 0
        self._unasked = 0
        self._refused = 0

    def begin(self, place: str) -> None:
        """One looks at a place."""
        self.since = self._catch_up.since(place)

    async def places(self, within: str) -> list[Conversation]:
        """Where something was asked lately, newest first. Raises `StoreFailed`."""
        return await self._catch_up.places(within)

    def admits(self) -> bool:
        """Whether one more channel, thread or direct message is read; it then counts as read."""
        if self._read < PLACES:
            self._read += 1
            return True
        self._unread += 1
        return False

    def refused(self, place: str, why: object) -> None:
        """The platform did not show a place that was to be read."""
        self._refused += 1
        log.warning("not read what was said", place=place, outcome=str(why))

    async def take(self, late: Sequence[Late]) -> None:
        """Take messages of one place through the door, oldest first.

        Raises `StoreFailed` and `ShuttingDown`.
        """
        newer = (one for one in late if one.at > self.since)
        for one in await self._catch_up.unasked(newer):
            if self.asked >= QUESTIONS:
                self._unasked += 1
                continue
            await self._hear(one)

    async def _hear(self, one: Late) -> None:
        try:
            self.asked += await one.hear()
        except (StoreFailed, ShuttingDown):
            raise
        except PlatformFailed as failed:
            log.warning("question not taken", message=one.name, error=str(failed))
        except Exception:
            # One message that nobody can make sense of keeps no other from being heard.
            log.exception("unexpected", message=one.name)
        self._catch_up.heard(one.name, one.at)

    def report(self, name: str) -> None:
        """Say in the log what came of it, if there was anything to read."""
        figures: dict[str, Any] = {"read": self._read, "questions": self.asked}
        if self._unread:
            figures["not_read"] = self._unread
        if self._refused:
            figures["not_shown"] = self._refused
        if self._unasked:
            figures["too_many"] = self._unasked
        if self.out_of_time:
            figures["out_of_time"] = True
        if self._read or self._refused:
            log.info("caught up with what was said", where=name, **figures)


def _read(mark: str | None) -> tuple[float, dict[str, float]] | None:
    """Until when everything was heard, and the newest messages; None for no mark."""
    if mark is None:
        return None
    read = json.loads(mark)
    return read["at"], read["names"]
