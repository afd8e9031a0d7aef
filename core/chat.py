"""The product: a question comes in, an answer grows in front of whoever asked it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import structlog
from structlog.contextvars import bind_contextvars

from core.access import Access, Caller
from core.admission import Admission
from core.answer_cache import AnswerCache
from core.answering import Answering, reply_name
from core.at_once import AtOnce
from core.attention import Attention
from core.changes import LAST_EDITS, Changes, MayManage, is_stop
from core.composer import Composer
from core.errors import (
    LeaseLost,
    NotAdmitted,
    ParleyError,
    PlatformFailed,
    ShuttingDown,
    StoreFailed,
    StoreUnwritable,
)
from core.etiquette import Saying
from core.figures import Ended, Figures, Uncounted, earliest
from core.flight import Flight
from core.fresh import FreshStarts
from core.introductions import Introductions
from core.leases import Leases, Work
from core.limits import Limits
from core.messages import Conversation, Question
from core.notices import (
    EMPTY_QUESTION,
    NOT_DELIVERED,
    PAUSED,
    RESTARTING,
    THINKING,
    WAITING_ITS_TURN,
    Ending,
)
from core.outsiders import Mode, Outsiders
from core.overrides import Overrides
from core.pace import Governor
from core.pauses import Pauses
from core.presets import Scope
from core.programs import Programs
from core.queue import Asked, Queue, Revision, keys
from core.rates import QuestionRates
from core.resuming import Platform, Resuming
from core.running import Running
from core.spending import Spending
from core.status import Status
from core.store import Known, Store
from core.surface import Outcome, Surface, refuse
from core.underway import Underway
from core.words import Notice, told

log = structlog.get_logger()

REFUSAL_TIMEOUT = 300.0
"""Seconds for a refusal to be told."""

T = TypeVar("T")

Found = Sequence[tuple[Question, Surface]]
"""Questions of a reply, read anew, each with the surface on which it is answered."""

Find = Callable[[Known, str], Awaitable[Found]]
"""Reads the questions of a reply anew, as questions of the given cause; those that are gone are
left out. Raises `PlatformFailed`."""

IN_TIME = 0.95
"""The part of a drain's time that is used; the rest is for closing connections."""


class Chat:
    """Takes questions from the platforms and answers each exactly once.

    `clock` gives seconds that only ever grow. With `delete_with_question`, an answer goes when
    its question goes. With `code_files`, long code is put below an answer as files, too.
    `first_contact` stands below the first answer in each channel; empty: nothing does.
    `access` says who may use it, `outsiders` what becomes of what others write; `limits` are what
    stands in LIMITS_FILE. `figures` counts what becomes of questions.
    """

    def __init__(
        self,
        *,
        store: Store,
        composer: Composer,
        spending: Spending,
        cache: AnswerCache,
        governor: Governor,
        overrides: Overrides,
        clock: Callable[[], float],
        access: Access | None = None,
        outsiders: Mode = Mode.QUOTED,
        delete_with_question: bool = False,
        code_files: bool = True,
        first_contact: str = "",
        limits: Limits | None = None,
        figures: Figures | None = None,
    ) -> None:
        limits = limits or Limits()
        self._figures = figures or Uncounted()
        self._clock = clock
        self.pauses = Pauses(store.pauses, clock)
        self._store = store
        self._overrides = overrides
        rates = QuestionRates(
            limits.rates,
            by_person=store.questions.asked_by,
            in_channel=store.questions.asked_in,
            clock=clock,
            contact=limits.contact,
        )
        self._admission = Admission(access or Access(), overrides, rates, spending, clock)
        self._exchanges = Programs.of(limits.other_programs).exchanges
        self.outsiders = Outsiders(self._admission, outsiders)
        self._attention = Attention(store.threads)
        self._introductions = Introductions(store.introductions, first_contact)
        self._fresh = FreshStarts(store.marks)
        self._queue = Queue()
        self._underway = Underway()
        self._leases = Leases(store.questions, self._aside)
        self._at_once = AtOnce(limits.rates, clock)
        self._answering = Answering(
            store=store,
            composer=composer,
            spending=spending,
            governor=governor,
            overrides=overrides,
            leases=self._leases,
            queue=self._queue,
            introductions=self._introductions,
            fresh=self._fresh,
            cache=cache,
            outsiders=self.outsiders,
            at_once=self._at_once,
            figures=self._figures,
            aside=self._aside,
            clock=clock,
            code_files=code_files,
        )
        self._changes = Changes(
            store=store,
            queue=self._queue,
            underway=self._underway,
            leases=self._leases,
            put=self._put,
            aside=self._aside,
            delete_with_question=delete_with_question,
        )
        self._claiming: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._busy: set[asyncio.Task[Any]] = set()
        self._tasks: asyncio.TaskGroup | None = None
        self._draining = False

    async def accept(self, question: Question, surface: Surface) -> bool:
        """Claim a question and start to answer it.

        Returns once the claim is on disk; only then may the platform be told that the
        event arrived. False: it was claimed before, here or by another process. Raises
        `StoreFailed` when it cannot be claimed and `ShuttingDown` when this process
        takes no more; the platform must then deliver it again.

        One that its asker may not ask, or that cannot be written down however often it is
        delivered, is not claimed. A command is then to be answered
        with what `NotAdmitted` says; any other asker is told, at most once in a minute.
        """
        return await self._claimed(self._take(question, surface))

    async def again(self, found: Found, revision: Revision) -> bool:
        """Answer questions anew, together, in the place of an earlier reply.

        False: somebody does so already. Raises as `accept` does, and `NotAdmitted`.
        """
        return await self._claimed(self._take_again(found, revision))

    async def edited(self, question: Question, surface: Surface, find: Find) -> bool:
        """The asker has edited a question: answer what it asks now, in the place of what it asked.

        `question.cause` names the edit; `find` reads the questions of a reply anew, as caused by
        it. False: it was none of ours, or this edit or a later one was seen before. Raises as
        `accept` does.
        """
        return await self._claimed(self._edit(question, surface, find))

    async def refusal_of(self, caller: Caller) -> Notice | None:
        """Why somebody may not use the bot in a channel, for whatever; None when they may.

        Raises `StoreFailed`.
        """
        return await self._admission.refusal_of(caller)

    def due(self, caller: Caller) -> bool:
        """Whether somebody is to be told now that they may not; they then count as told."""
        return self._admission.due(caller)

    async def deleted(self, question: str, remove: Callable[[str], Awaitable[Outcome]]) -> None:
        """A question was deleted, as `Changes.deleted`."""
        await self._changes.deleted(question, remove)

    async def stop(self, name: str, person: str, may_manage: MayManage) -> str:
        """Stop an answer, as `Changes.stop`."""
        return await self._changes.stop(name, person, may_manage)

    async def stop_in(self, conversation: Conversation, person: str, may_manage: MayManage) -> str:
        """Stop whatever is answered in a conversation, as `stop`."""
        return await self._changes.stop_in(conversation, person, may_manage)

    async def settled(self, name: str) -> bool:
        """Whether a reply is not being written here (any more); its last edit is waited for."""
        return await self._underway.settled(name, LAST_EDITS)

    async def takes_part(self, conversation: Conversation) -> bool:
        """Whether the bot has been asked something in this conversation before."""
        return await self._store.threads.includes(conversation)

    async def start_afresh(self, conversation: Conversation, message: str) -> None:
        """Remember nothing of what was said in a direct message before this message."""
        await self._fresh.begin(conversation, message)

    async def listens(
        self, conversation: Conversation, saying: Saying, words: str, *, invited: bool = False
    ) -> bool:
        """Whether a message of a thread is for the bot (`core.etiquette`).

        "Stop" is, whoever spoke to whom, while there is something to stop. `invited`: the
        thread is the bot's own, whether it was asked there before or not.
        Raises `StoreFailed`.
        """
        if is_stop(words) and await self._changes.written_in(conversation):
            return True
        listens = await self._attention.listens(conversation, saying, invited=invited)
        if listens and not saying.to_bot:
            return not await self.pauses.hold(conversation)
        return listens

    async def resume(self, platforms: Mapping[str, Platform], within: float) -> None:
        """Bring to an end what processes that died have left open, until cancelled.

        What was asked more than `within` seconds ago is closed with a word.
        """
        resuming = Resuming(self._store, self._leases, self._taken_over, platforms, within=within)
        await resuming.run()

    async def run(self) -> None:
        """Own every answer and keep their leases until cancelled; `drain` comes before that.

        What is still open then, another process may take over at once.
        """
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._changes.obey())
                await self._leases.keep(self._lost)
        finally:
            await self._leases.give_back()

    async def drain(self, seconds: float) -> None:
        """Take no more questions; let answers finish, or interrupt them in time to say so."""
        self._draining = True
        seconds *= IN_TIME
        last_edits = min(LAST_EDITS, seconds / 2)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.idle(), seconds - last_edits)
        # What was begun before stays open: the next process goes on with it where it stands.
        unanswered = [one for one in self._queue.empty() if not _is_begun(one)]
        for running in self._underway:
            running.end(Ending("interrupted", RESTARTING))
            running.reply.interrupt(RESTARTING, last_edits / 2)
        with suppress(TimeoutError):
            async with asyncio.timeout(last_edits):
                await asyncio.gather(
                    *(self._refuse((asked,), RESTARTING) for asked in unanswered), self.idle()
                )

    @property
    def takes_questions(self) -> bool:
        """Whether this process answers what it is asked now."""
        return self._tasks is not None and not self._draining

    @property
    def flights(self) -> tuple[Flight, ...]:
        """The answers that are being written, the oldest first."""
        return tuple(running.flight for running in self._underway)

    @property
    def waiting(self) -> int:
        """How many questions wait for the answer before them in their conversation."""
        return len(self._queue)

    @property
    def held_up(self) -> int:
        """How many answers wait until fewer are written at once."""
        return self._at_once.waiting

    @property
    def open(self) -> int:
        """How many questions this process has claimed and not brought to an end."""
        return len(self._leases)

    @property
    def oldest(self) -> float:
        """For how many seconds the oldest of them has been open; 0 when there is none."""
        waiting = (asked.status.began for asked in self._queue)
        running = (asked.status.began for one in self._underway for asked in one.current)
        first = earliest([*waiting, *running])
        return 0.0 if first is None else self._clock() - first

    async def idle(self) -> None:
        """Wait until every question has ended, with its signs of work and its book-keeping."""
        while self._busy:
            await asyncio.wait(self._busy)

    async def _claimed(self, claim: Coroutine[Any, Any, bool | Exception]) -> bool:
        if self._tasks is None or self._draining:
            claim.close()
            raise ShuttingDown("this process takes no more questions")
        # Whoever asked may be cancelled; a claim that was begun is seen through all the same.
        taken = await asyncio.shield(self._counted(claim))
        if isinstance(taken, Exception):
            raise taken
        return taken

    async def _take(self, question: Question, surface: Surface) -> bool | Exception:
        """Claim a question and put it in line; an error is returned, as it is not the group's.

        Slack tells of a mention twice, which needs one look at the store: who comes first has it.
        """
        try:
            async with self._claiming.setdefault(question.key, asyncio.Lock()):
                if question.key in self._leases or await self._is_of_a_program_too_many(question):
                    return False
                if refusal := await self._refusal(question, surface):
                    self._turn_away(question, surface, refusal)
                    return True
                counted = self._exchanges if _counts(question) else 0
                if not await self._store.questions.claim(question, exchanges=counted):
                    return False
        except StoreUnwritable as error:
            return self._not_written(question, surface, error)
        except Exception as error:  # noqa: BLE001 - raised again by `accept`
            return error
        await self._taken([Asked(question, surface, self._status(surface))])
        return True

    async def _take_again(self, found: Found, revision: Revision) -> bool | Exception:
        questions = [question for question, _ in found]
        try:
            if refusal := await self._refusal(*found[-1]):
                self._count_refusal(questions[-1], refusal)
                return NotAdmitted(refusal)
            if not await self._store.questions.claim(*questions):
                return False
        except Exception as error:  # noqa: BLE001 - raised again by `again`
            return error
        await self._taken([Asked(one, on, self._status(on), revision) for one, on in found])
        return True

    async def _taken_over(self, found: Found, revision: Revision | None) -> None:
        """Answer what another process has left; in a drain that is left to the next one."""
        if self._draining:
            return
        self._figures.resumed(found[0][0].conversation.platform, len(found))
        await self._taken([Asked(one, on, self._status(on), revision) for one, on in found])

    async def _taken(self, asked: Sequence[Asked]) -> None:
        """Questions were claimed: put them in line, together."""
        self._leases.hold(keys(asked))
        if self._draining:
            # They were claimed while the drain began, so nobody else will answer them.
            await self._refuse(asked, RESTARTING)
            for one in asked:
                self._forget(one)
            return
        for one in asked:
            self._aside(one.status.run())
        last = asked[-1]
        if is_stop(last.question.text) and not last.revision:
            self._aside(self._stopped_by_word(last))
            return
        is_first = self._put(asked)
        if not last.question.is_empty:
            words = THINKING if is_first else self._in_line(last)
            last.status.say(words, waits=not is_first)

    def _in_line(self, asked: Asked) -> str:
        """That a question waits, in words for whoever reads the answer before it, too."""
        running = self._underway.within(asked.question.conversation)
        reads = running.asked[-1].surface if running else asked.surface
        return told(WAITING_ITS_TURN, reads.readers.everybody)

    def _put(self, asked: Sequence[Asked]) -> bool:
        """Let questions wait for their turn; whether they are the first in their conversation."""
        is_first, *_ = [self._queue.add(one) for one in asked]
        if is_first:
            self._aside(self._work(asked[0].question.conversation))
        return is_first

    async def _edit(self, question: Question, surface: Surface, find: Find) -> bool | Exception:
        async def together(known: Known) -> list[Asked]:
            found = await find(known, question.cause)
            return [Asked(one, on, self._status(on)) for one, on in found]

        asks: bool | None = None
        try:
            asks = await self._changes.knows(question.identity)
            if asks is False:
                return False
            if refusal := await self._refusal(question, surface):
                if asks:
                    self._turn_away(question, surface, refusal)
                return False
            if is_stop(question.text) and self._underway.asked_in(question.identity):
                return await self._take(question, surface)
            asked = Asked(question, surface, self._status(surface))
            return await self._changes.edited(asked, together)
        except StoreUnwritable as error:
            return self._not_written(question, surface, error) if asks else False
        except Exception as error:  # noqa: BLE001 - raised again by `edited`
            return error

    async def _is_of_a_program_too_many(self, question: Question) -> bool:
        """Known before it counts for the channel's rates; the claim looks once more."""
        if not question.asker.is_bot:
            return False
        return not await self._store.exchanges.has_room(question, self._exchanges)

    async def _refusal(self, question: Question, surface: Surface) -> Notice | None:
        """Why a question is not taken; None when it is.

        Where the bot is paused, asked too often, or no money is left, "stop" still stops.
        """
        if is_stop(question.text):
            return await self._admission.refusal_of(surface.caller(question.asker))
        if refusal := await self._admission.refusal(question, surface):
            return refusal
        if await self.pauses.hold(question.conversation):
            return PAUSED
        return await self._admission.too_many(question)

    def _not_written(
        self, question: Question, surface: Surface, error: StoreUnwritable
    ) -> bool | Exception:
        """A question cannot be claimed, nor could it in a minute: say so. "Stop" needs no claim."""
        if not is_stop(question.text):
            self._count_refusal(question, error.sentence)
        if question.is_command:
            return NotAdmitted(error.sentence)
        if is_stop(question.text) and not question.asker.is_bot:
            self._aside(self._stopped_unwritten(question, surface))
        elif self._may_tell(question, surface):
            self._aside(self._told(question, surface, error.sentence, logging.DEBUG))
        return True

    async def _stopped_unwritten(self, question: Question, surface: Surface) -> None:
        may_manage = partial(surface.may_manage, question.asker.id)
        if why := await self.stop_in(question.conversation, question.asker.id, may_manage):
            await self._told(question, surface, why)

    def _turn_away(self, question: Question, surface: Surface, why: Notice) -> None:
        """A question is not admitted: say so, where that is due."""
        self._count_refusal(question, why)
        if question.is_command:
            raise NotAdmitted(why)
        if self._may_tell(question, surface):
            self._aside(self._told(question, surface, why))
        elif question.asker.is_bot:
            log.info("another program refused", question=question.key, why=why)

    def _may_tell(self, question: Question, surface: Surface) -> bool:
        """Whether an asker is to hear now why a question is not taken; a program would answer."""
        return not question.asker.is_bot and self.due(surface.caller(question.asker))

    def _count_refusal(self, question: Question, why: Notice) -> None:
        self._figures.refused(question.conversation.platform, why.name)

    async def _told(
        self,
        question: Question,
        surface: Surface,
        why: str,
        loudness: int = logging.INFO,
        record: str = "not_taken",
    ) -> None:
        """Tell an asker, in the way that the channel wants it, why there is no answer."""
        preset = self._overrides.preset(Scope.of(question.conversation), question.persona)
        try:
            async with asyncio.timeout(REFUSAL_TIMEOUT):
                outcome = await refuse(surface, why, preset.notices)
            ended = str(outcome)
        except Exception as error:  # noqa: BLE001 - whatever comes next happens all the same
            ended = f"{type(error).__name__}: {error}"
        log.log(loudness, "refused", outcome=record, questions=[question.key], why=why, told=ended)

    async def _stopped_by_word(self, asked: Asked) -> None:
        """Somebody wrote "stop", and nothing else."""
        question, surface = asked.question, asked.surface
        may_manage = partial(surface.may_manage, question.asker.id)
        if why := await self.stop_in(question.conversation, question.asker.id, may_manage):
            await self._refuse((asked,), why)
        else:
            settle = partial(self._store.questions.settle, keys((asked,)), "stop")
            await self._closed((asked,), settle)
        self._forget(asked)

    async def _work(self, conversation: Conversation) -> None:
        """Answer whoever waits in a conversation until nobody does."""
        while asked := self._queue.take(conversation):
            running = self._answering.begin(asked)
            answering = asyncio.create_task(self._answer_truthfully(running))
            self._underway.add(running, answering)
            await _ended(answering)
            self._underway.remove(running)
            self._queue.follow(running.asked[-1], running.name, running.reply.screen.messages)
            ours = [one for one in running.asked if one.question.key in self._leases]
            for one in running.asked:
                one.status.clear()
                if not running.stays_open:
                    self._forget(one)
            left = answering.cancelled() or running.is_lost
            if left and len(ours) < len(running.asked):
                # One of them was taken over by another process; the others are still ours.
                self._leases.hold(keys(ours))
                self._queue.put_back(conversation, ours)

    async def _answer_truthfully(self, running: Running) -> None:
        """Whatever happens to an answer, its asker learns of it and the record is closed."""
        asked = running.asked
        # It has a task of its own, whose lines all say to which answer they belong.
        bind_contextvars(reply=running.name, conversation=str(running.conversation))
        if all(one.question.is_empty for one in asked):
            await self._refuse(asked, EMPTY_QUESTION)
            return
        try:
            if unshown := await self._answering.answer(running):
                if running.stays_open:
                    await self._told(asked[-1].question, asked[-1].surface, unshown.notice)
                else:
                    await self._refuse(asked, unshown.notice, unshown.outcome, running)
        except* LeaseLost as lost:
            log.warning("taken over by another process", error=str(lost.exceptions[0]))
            await self._lost_some(running)
        except* PlatformFailed as failed:
            log.error("not delivered", error=str(failed.exceptions[0]), questions=keys(asked))
            await self._refuse(asked, NOT_DELIVERED, "undelivered", running)
        except* Exception:
            log.exception("unexpected", questions=keys(asked))
            await self._refuse(asked, ParleyError.says, "failed", running)

    async def _refuse(
        self,
        asked: Sequence[Asked],
        why: str,
        outcome: str = "refused",
        running: Running | None = None,
    ) -> None:
        """Tell the asker in one sentence why there is no answer, and close the record."""
        name = reply_name(asked[0].question)
        for one in asked:
            one.status.clear()
        platform = asked[0].question.conversation.platform
        self._figures.ended(Ended(platform, outcome, len(asked)))
        await self._introductions.unsaid(asked[0].question, name)
        await self._told(asked[-1].question, asked[-1].surface, why, record=outcome)
        # A reply may have been begun before it turned out that nothing of it can be shown.
        end = partial(self._store.replies.end, name, keys(asked), outcome)
        if running and running.reply.screen.messages:
            end = partial(
                end,
                unrecorded=running.unrecorded,
                conversation="" if running.is_recorded else str(running.conversation),
            )
        await self._closed(asked, end)

    async def _closed(self, asked: Sequence[Asked], end: Callable[[], Work]) -> None:
        """Close the record of questions, if they are still ours."""
        try:
            await self._leases.close(keys(asked), end)
        except LeaseLost as error:
            log.warning("taken over by another process", error=str(error))

    async def _lost_some(self, running: Running) -> None:
        """Of an answer that was not begun, the questions that are still ours are asked again."""
        if running.reply.screen.begun:
            return
        try:
            gone = await self._store.questions.renew(keys(running.asked))
        except StoreFailed as error:
            log.error("leases not renewed", error=str(error))
            return
        for key in gone:
            self._leases.let_go(key)
        running.is_lost = True

    def _lost(self, key: str) -> None:
        """Another process has taken a question over: stop answering it."""
        if waiting := self._queue.drop(key):
            self._forget(waiting)
        self._underway.cancel(key)

    def _status(self, surface: Surface) -> Status:
        """The status of a question, in the language of whoever reads it."""
        return Status(partial(_show, surface), self._clock)

    def _forget(self, asked: Asked) -> None:
        """This process has nothing more to do with a question."""
        asked.status.clear()
        self._leases.let_go(asked.question.key)

    def _counted(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Own a task; `idle` waits for it. `RuntimeError` in a shutdown."""
        if self._tasks is None:
            raise RuntimeError("the chat does not run")
        task = self._tasks.create_task(work)
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)
        return task

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Own a task whose failure must not end the others. None begins in a shutdown."""
        guarded = _guarded(work)
        try:
            self._counted(guarded)
        except RuntimeError:
            guarded.close()
            work.close()


def _is_begun(asked: Asked) -> bool:
    """Whether a process that died has begun to answer it."""
    return asked.revision is not None and asked.revision.attempts > 0


def _counts(question: Question) -> bool:
    """Whether it counts for what other programs get; a person who says "stop" asks for no more."""
    return question.asker.is_bot or not is_stop(question.text)


async def _show(surface: Surface, words: str, *, waits: bool = False) -> None:
    """Show the asker in their own language what the bot is doing."""
    await surface.status(told(words, surface.readers.asker), waits=waits)


async def _ended(task: "asyncio.Task[None]") -> None:
    """Wait for a task, however it ends; cancelled oneself, cancel it and wait all the same."""
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task})
        raise


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("unexpected")
