"""Questions that a process has left open when it died: each is brought to an end, once.

Whoever finds one takes it over in the database: at once where its process is known to be dead,
else when its lease has expired. What was not begun is answered; what was begun is answered anew
in the same messages, or ends there with a word of what happened.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, repeat
from typing import Protocol, TypeVar

import structlog

from core.answering import reply_name
from core.changes import WISHES, WITHOUT, is_stop
from core.controls import Control
from core.errors import LeaseLost, PlatformFailed, StoreFailed
from core.leases import Leases
from core.messages import Conversation, Question
from core.notices import DIED_AGAIN, LEFT_OPEN, Ending
from core.queue import Revision
from core.removing import taken_away
from core.revising import REVISES, former_of, pressed, revision_of
from core.store import Known, Orphan, Store
from core.store.patience import loudness
from core.surface import Outcome, Surface

log = structlog.get_logger()

LOOK = 10.0
"""Seconds between two looks at what others have left open."""

MOST_DEATHS = 2
"""Processes that may die over an answer; after that nobody tries any more."""

DELAYS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds before a platform is asked again, the last for all further times."""

PATIENCE = 600.0
"""Seconds for which a platform is asked for a question, at least."""


T = TypeVar("T")


class Platform(Protocol):
    """Where questions come from, asked for those that were heard by an earlier process."""

    async def revive(
        self, question: Question, messages: Sequence[str]
    ) -> tuple[Question, Surface] | None:
        """A question as it stands now, and where it is answered; None when it is gone.

        `messages` are those in which its answer was begun. Raises `PlatformFailed`.
        """

    async def begun(
        self, question: Question, reply: str, recorded: Sequence[str]
    ) -> tuple[str, ...]:
        """The messages of an answer to a question that is gone, as `Surface.begun`."""

    async def unsay(self, conversation: Conversation, message: str) -> Outcome:
        """Take a message of an answer away."""


Take = Callable[[Sequence[tuple[Question, Surface]], Revision | None], Awaitable[None]]
"""Puts questions that are claimed in line, together."""


Look = Callable[[str, Sequence[str]], Awaitable[tuple[str, ...]]]
"""Looks for the messages of a reply, besides those that are recorded."""


@dataclass(frozen=True, slots=True)
class _Left:
    """Questions that were answered together, or one that was not begun; with their reply."""

    orphans: Sequence[Orphan]
    known: Known | None

    @property
    def keys(self) -> list[str]:
        return [one.key for one in self.orphans]

    @property
    def age(self) -> float:
        """Seconds since the last of them was asked."""
        return min(one.age for one in self.orphans)

    @property
    def attempts(self) -> int:
        """How many processes have died over it."""
        return max(one.attempts for one in self.orphans)


class Resuming:
    """Takes over what others have left, within `within` seconds after it was asked.

    What is older is closed with a word. `take` lets questions wait for their turn.
    """

    def __init__(
        self,
        store: Store,
        leases: Leases,
        take: Take,
        platforms: Mapping[str, Platform],
        *,
        within: float,
    ) -> None:
        self._store = store
        self._leases = leases
        self._take = take
        self._platforms = platforms
        self._within = within

    async def run(self) -> None:
        """Look, now and from time to time, until cancelled: the death of a process is no event."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    for talk in (await self._left()).values():
                        tasks.create_task(self._in_order(talk))
                except StoreFailed as error:
                    log.log(loudness(error), "questions of others not read", error=str(error))
                await asyncio.sleep(LOOK)

    async def _left(self) -> dict[Conversation, list[_Left]]:
        """What is ours from now on, in the order in which it was asked."""
        groups: dict[str, list[Orphan]] = {}
        for one in await self._store.questions.orphans():
            if one.question.conversation.platform in self._platforms:
                # What was answered together belongs together; what was not begun stands alone.
                groups.setdefault(one.reply or one.key, []).append(one)
        ours: dict[Conversation, list[_Left]] = {}
        for orphans in groups.values():
            if left := await self._adopted(orphans):
                ours.setdefault(orphans[0].question.conversation, []).append(left)
        return ours

    async def _adopted(self, orphans: Sequence[Orphan]) -> _Left | None:
        """Take these over, together; None: they are not free, or are looked at again later."""
        keys, reply = [one.key for one in orphans], orphans[0].reply
        try:
            known = await self._store.replies.known(reply) if reply else None
            if not await self._store.questions.adopt(keys):
                return None
        except StoreFailed as error:
            log.log(loudness(error), "not taken over", questions=keys, error=str(error))
            return None
        self._leases.hold(keys)
        log.info(
            "taken over",
            reply=reply or None,
            conversation=str(orphans[0].question.conversation),
            questions=keys,
            attempts=orphans[0].attempts,
        )
        return _Left(orphans, known)

    async def _in_order(self, talk: Sequence[_Left]) -> None:
        """What waited in one conversation waits in the same order again."""
        for left in talk:
            await self._guarded(left)

    async def _guarded(self, left: _Left) -> None:
        try:
            await self._resume(left)
        except LeaseLost as lost:
            log.warning("taken over by another process", error=str(lost))
        except (StoreFailed, PlatformFailed) as failed:
            log.error("not resumed", questions=left.keys, error=str(failed))
            await self._give_up(left, "undelivered")
        except Exception:
            log.exception("unexpected", questions=left.keys)
            await self._give_up(left, "failed")

    async def _give_up(self, left: _Left, outcome: str) -> None:
        """Close the record of whatever of it is still ours; that ends nothing else."""
        try:
            await self._settle(left, self._ours(left), outcome)
        except LeaseLost as lost:
            log.warning("taken over by another process", error=str(lost))

    def _ours(self, left: _Left) -> list[Orphan]:
        return [one for one in left.orphans if one.key in self._leases]

    async def _resume(self, left: _Left) -> None:
        gone = [one for one in left.orphans if _is_withdrawn(one, left.known)]
        there = [one for one in left.orphans if one not in gone]
        asked = [one for one in there if await self._is_asked(one, left.known)]
        await self._settle(left, [one for one in there if one not in asked], "superseded")
        found = [one for orphan in asked if (one := await self._revived(orphan, left))]
        revived = {question.key for question, _ in found}
        gone += [one for one in asked if one.key not in revived]
        if gone and left.known and not found and not gone[0].question.is_command:
            await self._unsay(left, left.known, gone[0])
        await self._settle(left, gone, "withdrawn")
        if found:
            await self._take(found, await self._revision(left, *found[-1]))

    async def _unsay(self, left: _Left, known: Known, orphan: Orphan) -> None:
        """Nobody asks it any more: what was shown of an answer goes with its question."""
        platform, question = self._platform(orphan), orphan.question
        for message in await self._begun(left, known, partial(platform.begun, question)):
            await taken_away(partial(platform.unsay, known.conversation, message), message)

    async def _is_asked(self, orphan: Orphan, known: Known | None) -> bool:
        """Whether it is still what somebody wants to know, and not "stop" or an older wording."""
        question = orphan.question
        if not known and is_stop(question.text):
            return False
        if known and known.wish == "supersede":
            return False
        return await self._store.questions.newest(question.identity) == question.key

    async def _revived(self, orphan: Orphan, left: _Left) -> tuple[Question, Surface] | None:
        """A question as it stands now; None when it is gone."""
        messages = left.known.messages if left.known else ()
        platform = self._platform(orphan)
        return await self._patiently(left, lambda: platform.revive(orphan.question, messages))

    def _platform(self, orphan: Orphan) -> Platform:
        return self._platforms[orphan.question.conversation.platform]

    async def _revision(self, left: _Left, question: Question, surface: Surface) -> Revision | None:
        """In whose place it is answered: its own, an earlier answer's, or none yet."""
        ending = self._ending(left, question)
        if left.known:
            ours = await self._begun(left, left.known, surface.begun)
            name, replaces = left.known.name, left.known.replaces
            return Revision(name, ours, attempts=left.attempts, ending=ending, replaces=replaces)
        if ending:
            return Revision(reply_name(question), attempts=left.attempts, ending=ending)
        return await self._caused(left, question, surface)

    async def _begun(self, left: _Left, known: Known, look: Look) -> tuple[str, ...]:
        """The messages of a reply, those included that nobody could record any more."""
        found = await self._patiently(left, lambda: look(known.name, known.messages))
        others = await self._store.replies.of_others(known.name, found)
        return tuple(one for one in found if one not in others)

    def _ending(self, left: _Left, question: Question) -> Ending | None:
        """How it ends as it stands; None: it is answered."""
        if left.known and (asked_for := WISHES.get(left.known.wish)):
            return asked_for
        if left.known and question.cause.startswith(f"{Control.CONTINUE}:"):
            # How much of it was the earlier answer's cannot be told; from here it can go on.
            return Ending("cut_off", LEFT_OPEN)
        if left.age > self._within or (question.is_command and not question.stands_alone):
            return Ending("interrupted", LEFT_OPEN)
        if left.known and left.attempts >= MOST_DEATHS:
            return Ending("interrupted", DIED_AGAIN)
        return None

    async def _caused(self, left: _Left, question: Question, surface: Surface) -> Revision | None:
        """What a press or an edit was to bring about that nobody has begun to do."""
        cause, _, of = question.cause.partition(":")
        if cause == "edit":
            known = await self._store.replies.latest(question.identity)
            if known and not known.about:
                known = replace(known, messages=await self._begun(left, known, surface.begun))
            return revision_of(known, surface) if known else None
        if cause not in REVISES or (known := await self._store.replies.known(of)) is None:
            return None
        return pressed(Control(cause), known, surface, await former_of(self._store.texts, known))

    async def _patiently(self, left: _Left, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask a platform until it answers, or it is too late for that; then `PlatformFailed`."""
        now = asyncio.get_running_loop().time
        until = now() + max(PATIENCE, self._within - left.age)
        for delay in chain(DELAYS, repeat(DELAYS[-1])):
            try:
                return await ask()
            except PlatformFailed as failed:
                if now() + delay > until:
                    raise
                log.warning("not resumed yet", questions=left.keys, reason=str(failed))
            await asyncio.sleep(delay)
        raise AssertionError("it returns or raises")

    async def _settle(self, left: _Left, orphans: Sequence[Orphan], outcome: str) -> None:
        """Close the record of questions, and of their reply where it is to no others."""
        if not orphans:
            return
        ended = [one.key for one in orphans]
        write = partial(self._store.questions.settle, ended, outcome)
        if left.known and len(orphans) == len(self._ours(left)):
            write = partial(self._store.replies.end, left.known.name, ended, outcome)
        await self._leases.close(ended, write)
        for key in ended:
            self._leases.let_go(key)


def _is_withdrawn(orphan: Orphan, known: Known | None) -> bool:
    """Whether a question was deleted while another process was answering it."""
    return known is not None and known.wish == f"{WITHOUT}{orphan.question.identity}"
