"""What happens to an answer when its asker wants it stopped, asks otherwise, or not at all."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from core.errors import LeaseLost, StoreFailed
from core.leases import Leases
from core.messages import Conversation
from core.notices import COMPLETE, NOT_YOURS, NOTHING_TO_STOP, RESTARTING, STOPPED, Ending
from core.queue import Asked, Queue, keys
from core.removing import taken_away
from core.reply import DELIVERY_TIMEOUT
from core.revising import revision_of
from core.running import WITHDRAWN
from core.store import LEASE, Known, Store
from core.surface import Outcome
from core.underway import Underway

log = structlog.get_logger()

STOP_WORDS = frozenset({"stop", "stopp", "halt"})
"""What stops the answer when it stands alone in a message."""

LOOKS = 0.5
"""Seconds between two looks at what other processes ask of this one."""

HANDOVER = DELIVERY_TIMEOUT + LEASE
"""Seconds for another process to leave an answer: one that is complete is shown first."""

LAST_EDITS = 2.5
"""Seconds for an answer that is complete to be shown and recorded as such."""

WISHES = {"stop": Ending("stopped", STOPPED), "supersede": Ending("superseded")}
"""What one process can ask of another that is writing an answer, and how that ends it."""

WITHOUT = "without "
"""Another wish: to leave the question out that it names."""

FindAll = Callable[[Known], Awaitable[Sequence[Asked]]]
"""Reads the questions of a reply anew. Raises `PlatformFailed`."""

MayManage = Callable[[], Awaitable[bool]]
"""Whether a person may do it though they have not asked."""


class Changes:
    """Changes answers that are written here or, through the database, by another process.

    `put` lets questions wait for their turn, `aside` owns a task. With `delete_with_question`,
    a complete answer goes when its question goes.
    """

    def __init__(
        self,
        *,
        store: Store,
        queue: Queue,
        underway: Underway,
        leases: Leases,
        put: Callable[[Sequence[Asked]], bool],
        aside: Callable[[Coroutine[Any, Any, None]], None],
        delete_with_question: bool,
    ) -> None:
        self._store = store
        self._queue = queue
        self._underway = underway
        self._leases = leases
        self._put = put
        self._aside = aside
        self._delete_with_question = delete_with_question
        self._awaiting: dict[str, Asked] = {}
        """By the identities of questions, the edits that wait for another process's answer."""

    async def stop(self, name: str, person: str, may_manage: MayManage) -> str:
        """Stop an answer; what the person who wants it is told, empty when it shows by itself."""
        asked = self._underway.get(name) or await self._store.replies.known(name)
        if asked is None:
            return COMPLETE
        if person not in asked.askers and not await may_manage():
            return NOT_YOURS
        if isinstance(asked, Known):
            return await self._stop_elsewhere(asked)
        return "" if asked.end(WISHES["stop"]) else COMPLETE

    async def _stop_elsewhere(self, known: Known) -> str:
        if not await self._store.replies.wish(known.name, "stop"):
            return COMPLETE
        return RESTARTING if await self._store.questions.abandoned(known.keys) else ""

    async def stop_in(self, conversation: Conversation, person: str, may_manage: MayManage) -> str:
        """Stop whatever is answered in a conversation, as `stop`."""
        name = await self.written_in(conversation)
        return await self.stop(name, person, may_manage) if name else NOTHING_TO_STOP

    async def written_in(self, conversation: Conversation) -> str:
        """The reply that is being written in a conversation, by whichever process; or empty."""
        if running := self._underway.within(conversation):
            return running.name
        if not await self._store.has_company():
            return ""
        return await self._store.replies.written_in(str(conversation))

    async def knows(self, identity: str) -> bool | None:
        """Whether a message has asked something here; None: perhaps in another process."""
        if self._underway.asked_in(identity) or self._queue.find(identity):
            return True
        if await self._store.replies.latest(identity):
            return True
        return None if await self._store.has_company() else False

    async def edited(self, asked: Asked, find: FindAll) -> bool:
        """A question was edited: answer what it asks now, in the place of what it asked.

        `find` gives all questions of a reply as they stand now. False: it was none of ours, or this
        edit or a later one was seen before. Raises `StoreFailed` and `PlatformFailed`.
        """
        identity = asked.question.identity
        if running := self._underway.asked_in(identity):
            await self._underway.settled(running.name, LAST_EDITS)
        known = await self._store.replies.latest(identity)
        is_here = self._underway.asked_in(identity) or self._queue.find(identity)
        together: Sequence[Asked] = [asked]
        elsewhere = ""
        if known and not is_here:
            together = await _together(asked, known, find)
        elif not is_here:
            if not await self._store.has_company():
                return False
            elsewhere = identity
        # The edited one first, which decides who has it: all others may be claimed by chance.
        questions = sorted(
            (one.question for one in together), key=lambda one: one.identity != identity
        )
        if not await self._store.questions.claim(*questions, instead_of=elsewhere):
            return False
        self._leases.hold(keys(together))
        for one in together:
            self._aside(one.status.run())
        if known and not known.ended and not is_here:
            self._awaiting |= {one.question.identity: one for one in together}
            self._aside(self._put_once_left(together, known))
        else:
            for one in together:
                self._awaiting.pop(one.question.identity, None)
            self._put_in_place(asked, together, known)
        return True

    def _put_in_place(self, asked: Asked, together: Sequence[Asked], known: Known | None) -> None:
        """Answer an edited question where the former one stands: in line, on its way, or done.

        So are those that are asked `together` with it, which were claimed like it.
        """
        identity = asked.question.identity
        if running := self._underway.asked_in(identity):
            news = {one.question.identity: one for one in together}
            current = [
                _in_place_of(old, news.pop(old.question.identity, old)) for old in running.current
            ]
            rest = [_in_place_of(current[-1], one) for one in news.values()]
            if running.start_over([*current, *rest]):
                return
        if waiting := self._queue.find(identity):
            for one in together:
                if old := self._queue.find(one.question.identity):
                    self._queue.swap(old, _in_place_of(old, one))
                    self._aside(self._superseded(old))
                else:
                    self._put([_in_place_of(waiting, one)])
            return
        revision = revision_of(known, asked.surface) if known else None
        self._put([replace(one, revision=revision) for one in together])

    async def _put_once_left(self, together: Sequence[Asked], known: Known) -> None:
        """Answer in place of what another process is writing, once it has left that to us.

        Whatever was edited once more or deleted meanwhile is not asked any more.
        """
        latest: Known | None = known
        outdated: set[str] = set()
        try:
            latest = await self._left(known)
            outdated = await self._store.questions.outdated(one.question for one in together)
        except StoreFailed as error:
            log.warning("not known what another process has written", error=str(error))
        asked = []
        for one in together:
            identity = one.question.identity
            is_newest = self._awaiting.get(identity) is one
            if is_newest:
                del self._awaiting[identity]
            if is_newest and one.question.key not in outdated:
                asked.append(one)
            else:
                self._aside(self._superseded(one))
        if asked:
            self._put_in_place(asked[0], asked, latest)

    async def _left(self, known: Known) -> Known | None:
        """What another process has written in the end."""
        replies, questions = self._store.replies, self._store.questions
        if await replies.wish(known.name, "supersede"):
            with suppress(TimeoutError):
                async with asyncio.timeout(HANDOVER):
                    while await replies.is_written(known.name):
                        if await questions.abandoned(known.keys):
                            break
                        await asyncio.sleep(LOOKS)
        return await replies.known(known.name)

    async def _superseded(self, asked: Asked) -> None:
        """A question that waited is not asked any more."""
        settle = partial(self._store.questions.settle, keys((asked,)), "superseded")
        try:
            await self._leases.close(keys((asked,)), settle)
        except LeaseLost:
            log.info("another process has closed it, too", question=asked.question.key)
        finally:
            asked.status.clear()
            self._leases.let_go(asked.question.key)

    async def deleted(self, question: str, remove: Callable[[str], Awaitable[Outcome]]) -> None:
        """A question was deleted: stop answering it, and take away what was shown of that.

        A complete answer stays, unless the settings say otherwise; `remove` takes one of its
        messages away. `question` is the identity of the question.
        """
        self._awaiting.pop(question, None)
        if waiting := self._queue.drop(identity=question):
            await self._superseded(waiting)
        elif not self._leave_out(question) and (
            known := await self._store.replies.latest(question)
        ):
            await self._gone(question, known, remove)
        # There it may wait for its turn, or an edit of it for the end of an answer.
        if await self._store.has_company():
            await self._store.questions.withdraw(question)

    def _leave_out(self, question: str) -> bool:
        """Answer the other questions of a reply that is being written; False: there is none."""
        running = self._underway.asked_in(question)
        if running is None:
            return False
        rest = [one for one in running.current if one.question.identity != question]
        return running.start_over(rest) if rest else running.end(WITHDRAWN)

    async def _gone(
        self, question: str, known: Known, remove: Callable[[str], Awaitable[Outcome]]
    ) -> None:
        if await self._store.replies.wish(known.name, f"{WITHOUT}{question}"):
            return
        if not self._delete_with_question:
            return
        await self._store.questions.deleted(question)
        if not known.still_asked(question):
            for message in (*known.messages, *known.below):
                self._aside(taken_away(partial(remove, message), message))

    async def obey(self) -> None:
        """Do what other processes ask of this one, until cancelled.

        A database cannot call us, so it is looked at; while nobody else uses it, never.
        """
        while True:
            await asyncio.sleep(LOOKS)
            if not self._underway or not await self._store.has_company():
                continue
            try:
                wishes = await self._store.replies.wishes(self._underway.names)
            except StoreFailed as error:
                log.error("wishes not read", error=str(error))
                continue
            for name, wish in wishes.items():
                self._obey(name, wish)

    def _obey(self, name: str, wish: str) -> None:
        if wish.startswith(WITHOUT):
            self._leave_out(wish.removeprefix(WITHOUT))
        elif running := self._underway.get(name):
            running.end(WISHES[wish])


def _in_place_of(old: Asked, new: Asked) -> Asked:
    return replace(new, revision=old.revision)


async def _together(asked: Asked, known: Known, find: FindAll) -> Sequence[Asked]:
    """An edited question, with those that were answered together with it."""
    if len(known.questions) == 1:
        return [asked]
    found = await find(known)
    return found if asked.question.key in keys(found) else [asked]


def is_stop(text: str) -> bool:
    """Whether a message says nothing but that the answer is to stop."""
    return text.strip().strip(".!").strip().lower() in STOP_WORDS
