"""The product: a question comes in, an answer grows in front of whoever asked it."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import structlog

from core.admission import Admission
from core.assignment import Assignment
from core.attachments import add_code_files
from core.attention import Attention
from core.composer import Composer
from core.continuation import Continuation, fence_at_the_end, reopened
from core.controls import Control
from core.erasing import place_of
from core.errors import (
    EmptyAnswer,
    LeaseLost,
    ModelFailed,
    NotAdmitted,
    ParleyError,
    PlatformFailed,
    ShuttingDown,
    StoreFailed,
)
from core.etiquette import Saying
from core.fresh import FreshStarts
from core.introductions import Introductions
from core.leases import Leases
from core.messages import Conversation, Question, Turn
from core.notices import (
    COMPLETE,
    EMPTY_QUESTION,
    NEWER_BELOW,
    NOT_DELIVERED,
    NOT_YOURS,
    NOTHING_TO_STOP,
    PAUSED,
    RESTARTING,
    RESTORED,
    STOPPED,
    THINKING,
    WAITING_ITS_TURN,
    Ending,
    failure,
)
from core.overrides import Overrides
from core.pace import Governor, Urgency
from core.pauses import Pauses
from core.presets import Preset, Scope
from core.queue import Asked, Queue, Revision
from core.recalled import Recalled
from core.reply import Reply
from core.running import Running
from core.status import Status
from core.store import Known, Store
from core.surface import Delivered, Outcome, Page, Surface, Unknown, refuse
from core.usage import Use
from core.words import Notice, together, told

log = structlog.get_logger()

ANSWERED = ("answered", "cut_off", "filtered", "wanted_tools")
"""Outcomes after which there is an answer of the model's, however short."""

STOP_WORDS = frozenset({"stop", "stopp", "halt"})
"""What stops the answer when it stands alone in a message."""

WITHDRAWN = Ending("withdrawn")
"""The question was deleted while it was answered."""

RECALL_TIMEOUT = 300.0
"""Seconds for a conversation to be read, however many others wait for the same calls."""

REFUSAL_TIMEOUT = 300.0
"""Seconds for a refusal to be told."""

LOOKS = 0.5
"""Seconds between two looks at what other processes ask of this one."""

SUPERSEDED = Ending("superseded")
"""The question was edited, and another process answers it as it is now."""

WISHES = {"stop": Ending("stopped", STOPPED), "withdraw": WITHDRAWN, "supersede": SUPERSEDED}
"""What a process can ask of another that is writing an answer."""

FORMER = "former"
"""The kind of text that stands where a newer answer has taken its place."""

HANDOVER = 10.0
"""Seconds for another process to leave an answer."""

T = TypeVar("T")

LAST_EDITS = 2.5
"""Seconds of a drain that are kept for the last edits of answers that it interrupts."""

IN_TIME = 0.95
"""The part of a drain's time that is used; the rest is for closing connections."""


class Chat:
    """Takes questions from the platforms and answers each exactly once.

    `clock` gives seconds that only ever grow. With `delete_with_question`, an answer goes when
    its question goes. With `code_files`, long code is put below an answer as files, too.
    `first_contact` stands below the first answer in each channel; empty: nothing does.
    """

    def __init__(
        self,
        *,
        store: Store,
        composer: Composer,
        governor: Governor,
        overrides: Overrides,
        clock: Callable[[], float],
        delete_with_question: bool = False,
        code_files: bool = True,
        first_contact: str = "",
    ) -> None:
        self.pauses = Pauses(store.pauses, clock)
        self._store = store
        self._composer = composer
        self._governor = governor
        self._clock = clock
        self._introductions = Introductions(store.introductions, first_contact)
        self._delete_with_question = delete_with_question
        self._overrides = overrides
        self._admission = Admission(overrides, clock)
        self._code_files = code_files
        self._fresh = FreshStarts(store.marks)
        self._queue = Queue()
        self._attention = Attention(store.threads)
        self._leases = Leases(store.questions, self._aside)
        self._running: dict[str, Running] = {}
        self._answering: dict[str, asyncio.Task[None]] = {}
        self._busy: set[asyncio.Task[Any]] = set()
        self._tasks: asyncio.TaskGroup | None = None
        self._draining = False

    async def accept(
        self, question: Question, surface: Surface, revision: Revision | None = None
    ) -> bool:
        """Claim a question and start to answer it.

        Returns once the claim is on disk; only then may the platform be told that the
        event arrived. False: it was claimed before, here or by another process. Raises
        `StoreFailed` when it cannot be claimed and `ShuttingDown` when this process
        takes no more; the platform must then deliver it again.

        One that its asker may not ask is not claimed. A command is then to be answered
        with what `NotAdmitted` says; any other asker is told, at most once in a minute.
        """
        return await self._claimed(self._take(question, surface, revision))

    async def _claimed(self, take: Coroutine[Any, Any, bool | Exception]) -> bool:
        if self._tasks is None or self._draining:
            take.close()
            raise ShuttingDown("this process takes no more questions")
        # Whoever asked may be cancelled; a claim that was begun is seen through all the same.
        taken = await asyncio.shield(self._counted(take))
        if isinstance(taken, Exception):
            raise taken
        return taken

    async def _take(
        self, question: Question, surface: Surface, revision: Revision | None
    ) -> bool | Exception:
        """Claim a question and put it in line; an error is returned, as it is not the group's."""
        try:
            if refusal := await self._refusal(question, surface):
                self._turn_away(question, surface, refusal)
                return True
            if not await self._store.questions.claim(question):
                return False
        except Exception as error:  # noqa: BLE001 - raised again by `accept`
            return error
        self._leases.hold((question.key,))
        asked = Asked(question, surface, _status(surface), revision)
        if self._draining:
            # It was claimed while the drain began, so nobody else will answer it.
            await self._refuse((asked,), RESTARTING)
            self._forget(asked)
            return True
        self._aside(asked.status.run())
        if is_stop(question.text) and not revision:
            self._aside(self._stopped_by_word(asked))
            return True
        is_first = self._queue.add(asked)
        if not question.is_empty:
            words = THINKING if is_first else WAITING_ITS_TURN
            asked.status.say(words, waits=not is_first)
        if is_first:
            self._aside(self._work(question.conversation))
        return True

    async def _refusal(self, question: Question, surface: Surface) -> Notice | None:
        """Why a question is not taken; None when it is.

        Where the bot is paused, "stop" still stops.
        """
        if not is_stop(question.text) and await self.pauses.hold(question.conversation):
            return PAUSED
        return await self._admission.refusal(question, surface)

    def _turn_away(self, question: Question, surface: Surface, why: Notice) -> None:
        """A question is not admitted: say so, where that is due."""
        if question.is_command:
            raise NotAdmitted(why)
        if self._admission.due(question):
            self._aside(self._told(question, surface, why))

    async def _told(self, question: Question, surface: Surface, why: str) -> None:
        """Tell an asker, in the way that the channel wants it, why there is no answer."""
        try:
            async with asyncio.timeout(REFUSAL_TIMEOUT):
                outcome = await refuse(surface, why, self._preset(question).notices)
            ended = type(outcome).__name__
        except Exception as error:  # noqa: BLE001 - whatever comes next happens all the same
            ended = f"{type(error).__name__}: {error}"
        log.info("refused", question=question.key, why=why, told=ended)

    def _preset(self, question: Question) -> Preset:
        return self._overrides.preset(Scope.of(question.conversation), question.persona)

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

    async def stop(self, name: str, person: str, may_manage: Callable[[], Awaitable[bool]]) -> str:
        """Stop an answer; what the person who wants it is told, empty when it shows by itself.

        `may_manage` says whether they may do so though they have not asked.
        """
        running = self._running.get(name)
        known = None if running else await self._store.replies.known(name)
        asked = running or known
        if asked is None:
            return COMPLETE
        if person not in asked.askers and not await may_manage():
            return NOT_YOURS
        if running:
            stopped = running.end(WISHES["stop"])
        else:
            stopped = await self._store.replies.wish(name, "stop")
        return "" if stopped else COMPLETE

    async def stop_in(
        self, conversation: Conversation, person: str, may_manage: Callable[[], Awaitable[bool]]
    ) -> str:
        """Stop whatever is answered in a conversation, as `stop`."""
        for running in tuple(self._running.values()):
            if running.asked[0].question.conversation == conversation:
                return await self.stop(running.name, person, may_manage)
        if not await self._store.has_company():
            return NOTHING_TO_STOP
        name = await self._store.replies.written_in(str(conversation))
        return await self.stop(name, person, may_manage) if name else NOTHING_TO_STOP

    async def _stopped_by_word(self, asked: Asked) -> None:
        """Somebody wrote "stop", and nothing else."""
        question, surface = asked.question, asked.surface
        told = await self.stop_in(
            question.conversation, question.asker.id, partial(surface.may_manage, question.asker.id)
        )
        if told:
            await self._refuse((asked,), told)
        else:
            settled = partial(self._store.questions.settle, keys((asked,)), "stop")
            await self._leases.close(keys((asked,)), settled)
        self._forget(asked)

    async def settled(self, name: str) -> bool:
        """Whether a reply is not being written here (any more); its last edit is waited for."""
        running = self._running.get(name)
        if running is None:
            return True
        if not running.complete:
            return False
        done, _ = await asyncio.wait({self._answering[name]}, timeout=LAST_EDITS)
        return bool(done)

    async def edited(self, question: Question, surface: Surface) -> bool:
        """The asker has edited a question: answer what it asks now, in the place of what it asked.

        `question.cause` names the edit. False: it was none of ours, or the edit was seen before.
        Raises as `accept` does.
        """
        return await self._claimed(self._edit(question, surface))

    async def _edit(self, question: Question, surface: Surface) -> bool | Exception:
        try:
            if await self._refusal(question, surface):
                return False
            if running := self._answers(question.identity):
                await self.settled(running.name)
            known = await self._store.replies.latest(question.identity)
            waiting = self._queue.find(question.identity)
            if known is None and waiting is None:
                return False
            if not await self._store.questions.claim(question):
                return False
            if known and not known.ended and not self._answers(question.identity):
                known = await self._taken_from(known)
        except Exception as error:  # noqa: BLE001 - raised again by `edited`
            return error
        self._leases.hold((question.key,))
        self._put_in_place(question, surface, known)
        return True

    def _put_in_place(self, question: Question, surface: Surface, known: Known | None) -> None:
        """Answer an edited question where the former one stands: in line, on its way, or done."""
        if running := self._answers(question.identity):
            old = running.asks(question.identity)
            new = Asked(question, surface, _status(surface), old.revision if old else None)
            if running.start_over([new if one is old else one for one in running.current]):
                self._aside(new.status.run())
                return
        revision = Revision(known.name, known.messages) if known else None
        asked = Asked(question, surface, _status(surface), revision)
        self._aside(asked.status.run())
        if waiting := self._queue.find(question.identity):
            self._queue.swap(waiting, replace(asked, revision=waiting.revision))
            self._aside(self._superseded(waiting))
        elif self._queue.add(asked):
            self._aside(self._work(question.conversation))

    async def _taken_from(self, known: Known) -> Known | None:
        """What another process has written so far, once it has left that to us."""
        if await self._store.replies.wish(known.name, "supersede"):
            with suppress(TimeoutError):
                async with asyncio.timeout(HANDOVER):
                    while await self._store.replies.is_written(known.name):  # noqa: ASYNC110
                        await asyncio.sleep(LOOKS)
        return await self._store.replies.known(known.name)

    def _answers(self, identity: str) -> Running | None:
        """The reply that is being written to what this message asked."""
        return next((one for one in self._running.values() if one.asks(identity)), None)

    async def _superseded(self, asked: Asked) -> None:
        """A question that waited is not asked any more."""
        settle = partial(self._store.questions.settle, keys((asked,)), "superseded")
        await self._leases.close(keys((asked,)), settle)
        self._forget(asked)

    async def deleted(self, identity: str, remove: Callable[[str], Awaitable[object]]) -> None:
        """A question was deleted: stop answering it, and take away what was shown of that.

        A complete answer stays, unless the settings say otherwise; `remove` takes one of its
        messages away.
        """
        if waiting := self._queue.drop(identity=identity):
            await self._superseded(waiting)
            return
        for running in tuple(self._running.values()):
            if gone := running.asks(identity):
                rest = [one for one in running.current if one is not gone]
                done = running.start_over(rest) if rest else running.end(WITHDRAWN)
                if done:
                    return
        known = await self._store.replies.latest(identity)
        if known is None or await self._store.replies.wish(known.name, "withdraw"):
            return
        if self._delete_with_question:
            for message in known.messages:
                await remove(message)

    async def takes_part(self, conversation: Conversation) -> bool:
        """Whether the bot has been asked something in this conversation before."""
        return await self._store.threads.includes(conversation)

    async def start_afresh(self, conversation: Conversation, message: str) -> None:
        """Remember nothing of what was said in a direct message before this message."""
        await self._fresh.begin(conversation, message)

    async def usage(self, platform: str, asker: str) -> tuple[Use, Use]:
        """What one person has used, and what everybody has."""
        return await self._store.usage.of(platform, asker), await self._store.usage.of_all()

    async def listens(
        self, conversation: Conversation, saying: Saying, words: str, *, invited: bool = False
    ) -> bool:
        """Whether a message of a thread is for the bot (`core.etiquette`).

        "Stop" is, whoever spoke to whom, while there is something to stop. `invited`: the
        thread is the bot's own, whether it was asked there before or not.
        Raises `StoreFailed`.
        """
        if is_stop(words) and await self._answers_in(conversation):
            return True
        listens = await self._attention.listens(conversation, saying, invited=invited)
        if listens and not saying.to_bot:
            return not await self.pauses.hold(conversation)
        return listens

    async def _answers_in(self, conversation: Conversation) -> bool:
        """Whether an answer is being written in a conversation, here or by another process."""
        here = (one.asked[0].question.conversation for one in self._running.values())
        if conversation in here:
            return True
        if not await self._store.has_company():
            return False
        return await self._store.replies.written_in(str(conversation)) != ""

    async def run(self) -> None:
        """Own every answer and keep their leases until cancelled; `drain` comes before that."""
        async with asyncio.TaskGroup() as self._tasks:
            self._tasks.create_task(self._obey())
            await self._leases.keep(self._lost)

    async def _obey(self) -> None:
        """Do what other processes of the bot were asked to do with an answer of ours.

        A database cannot call us, so it is looked at; while nobody else uses it, never.
        """
        while True:
            await asyncio.sleep(LOOKS)
            if not self._running or not await self._store.has_company():
                continue
            try:
                wishes = await self._store.replies.wishes(tuple(self._running))
            except StoreFailed as error:
                log.error("wishes not read", error=str(error))
                continue
            for name, wish in wishes.items():
                if running := self._running.get(name):
                    running.end(WISHES[wish])

    async def drain(self, seconds: float) -> None:
        """Take no more questions; let answers finish, or interrupt them in time to say so."""
        self._draining = True
        seconds *= IN_TIME
        last_edits = min(LAST_EDITS, seconds / 2)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.idle(), seconds - last_edits)
        unanswered = self._queue.empty()
        for running in self._running.values():
            running.end(Ending("interrupted", RESTARTING))
            running.reply.interrupt(RESTARTING, last_edits / 2)
        with suppress(TimeoutError):
            async with asyncio.timeout(last_edits):
                await asyncio.gather(
                    *(self._refuse((asked,), RESTARTING) for asked in unanswered), self.idle()
                )

    async def idle(self) -> None:
        """Wait until every question has ended, with its signs of work and its book-keeping."""
        while self._busy:
            await asyncio.wait(self._busy)

    async def answer(self, running: Running) -> None:
        """Answer one person's questions in one conversation."""
        for one in running.asked[:-1]:
            one.status.clear()
        running.asked[-1].status.say(THINKING)
        reply = running.reply
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            ending = await running.written(partial(self._compose, running))
            if reply.blank and not ending.notice:
                ending = failure(EmptyAnswer("it wrote nothing that can be shown"))
            notice = await self._with_introduction(ending, running)
            running.fall_back()
            if ending.outcome == WITHDRAWN.outcome:
                reply.withdraw()
            else:
                reply.finish(notice, running.offers(ending))
        if reply.cut:
            await self._introductions.unsaid(running.asked[0].question, running.name)
            ending = Ending("interrupted", RESTARTING, ending.figures)
        if reply.gave_up:
            await self._refuse(running.asked, ending.notice, ending.outcome)
            return
        await self._settle(running, ending)
        if self._code_files and ending.outcome in ANSWERED:
            surface = running.asked[-1].surface
            self._aside(add_code_files(surface, reply.text, running.name))
        await self._point(running)

    async def _with_introduction(self, ending: Ending, running: Running) -> str:
        """What is to stand below an answer; below the first in a channel, what the bot is, too."""
        if ending.outcome not in ANSWERED:
            return ending.notice
        words = await self._introductions.words(running.asked[0].question, running.name)
        return together((ending.notice, words))

    async def _point(self, running: Running) -> None:
        """Where an answer is too old to be changed much, say in it that there is a newer one."""
        surface, old = running.asked[-1].surface, running.pointer
        if old is None or running.reply.blank:
            return
        page = Page(old.text, told(NEWER_BELOW, surface.readers.everybody))
        outcome: Outcome = Unknown("no turn")
        with suppress(TimeoutError):
            async with asyncio.timeout(REFUSAL_TIMEOUT):
                await self._governor.turn(surface.way(old.id).last, Urgency.LAST)
                outcome = await surface.edit(old.id, page)
        if not isinstance(outcome, Delivered):
            log.info("former answer does not point to the newer one", outcome=str(outcome))

    async def _compose(self, running: Running, asked: Sequence[Asked]) -> Ending:
        """Write the answer with the model; every failure of it is an ending of its own."""
        surface, status = asked[-1].surface, asked[-1].status
        try:
            await self._store.replies.begin(running.name, str(surface.conversation), keys(asked))
            recalled = await self._recall(asked)
            writer: Reply | Continuation = running.reply
            if revision := asked[-1].revision:
                await self._take_over(running, revision, recalled)
                if revision.text is not None:
                    running.reply.write(revision.text)
                    return Ending("restored", RESTORED)
                if revision.goes_on:
                    recalled, writer = self._going_on(running, revision, recalled)
            assignment = Assignment(
                running.name,
                recalled.questions,
                recalled.history,
                self._preset(asked[-1].question),
                writer,
                status,
                self._aside,
                surface.read,
            )
            try:
                return await self._composer.compose(assignment)
            finally:
                writer.flush()
        except LeaseLost:
            raise
        except ParleyError as error:
            log.warning("failed", conversation=str(surface.conversation), **_described(error))
            return failure(error)
        except Exception:
            log.exception("unexpected", conversation=str(surface.conversation))
            return failure(ParleyError())

    async def _recall(self, asked: Sequence[Asked]) -> Recalled:
        """The questions with the names in them, and what was said before."""
        surface, revision = asked[-1].surface, asked[-1].revision
        try:
            async with asyncio.timeout(RECALL_TIMEOUT):
                questions = [await one.surface.introduce(one.question) for one in asked]
                turns: Sequence[Turn] = await surface.history()
                if questions[-1].direct:
                    turns = await self._fresh.since(questions[-1].conversation, turns)
                former = await surface.said(revision.former) if revision else ()
        except TimeoutError as error:
            raise PlatformFailed(f"not read within {RECALL_TIMEOUT} s") from error
        waiting = {one.question.message for one in self._queue.waiting(questions[0].conversation)}
        return Recalled.of(turns, questions, waiting=waiting, former=former, revision=revision)

    async def _take_over(self, running: Running, revision: Revision, recalled: Recalled) -> None:
        """Keep what stands where the answer will stand, and write down that it stands there."""
        await self._store.replies.take_over(running.name, revision.reply, revision.messages)
        running.pointer = recalled.pages[-1] if revision.points and recalled.pages else None
        # When it begins anew, what stands there is no longer the whole of the former answer.
        if running.former or not recalled.former or not revision.messages or revision.goes_on:
            return
        running.former = recalled.former
        where, asked = running.asked[-1].question.conversation, recalled.questions
        sources = [(running.name, ""), *((question.message, "") for question in asked)]
        await self._store.texts.keep(FORMER, place_of(where), recalled.former, sources)

    def _going_on(
        self, running: Running, revision: Revision, recalled: Recalled
    ) -> tuple[Recalled, Continuation]:
        if not recalled.former:
            raise PlatformFailed("the answer so far cannot be read")
        former = reopened(recalled.former) if revision.within_code else recalled.former
        fence = fence_at_the_end(former)
        if revision.messages:
            running.reply.write(former)
        elif fence is not None:
            running.reply.write(f"{fence.opening}\n")
        return recalled.going_on(former), Continuation(running.reply, former)

    async def _recorded(self, name: str, asked: Sequence[Asked], number: int, message: str) -> None:
        """Write down that a message exists, for which its reader does not wait."""
        try:
            await self._store.replies.posted(name, keys(asked), number, message)
        except StoreFailed as error:
            log.error("message not recorded", reply=name, error=str(error))

    async def _work(self, conversation: Conversation) -> None:
        """Answer whoever waits in a conversation until nobody does."""
        while asked := self._queue.take(conversation):
            running = self._begin(asked)
            answering = asyncio.create_task(self._answer_truthfully(running))
            self._answering[running.name] = answering
            await _ended(answering)
            del self._running[running.name], self._answering[running.name]
            asked = tuple(running.asked)
            ours = [one for one in asked if one.question.key in self._leases]
            for one in asked:
                self._forget(one)
            if answering.cancelled() and len(ours) < len(asked):
                # One of them was taken over by another process; the others are still ours.
                self._leases.hold(keys(ours))
                self._queue.put_back(conversation, ours)

    def _begin(self, asked: Sequence[Asked]) -> Running:
        name, last = reply_name(asked[0].question), asked[-1]

        def posted(number: int, message: str) -> None:
            for one in running.current:
                one.status.clear()
            self._aside(self._recorded(name, running.asked, number, message))

        reply = Reply(
            last.surface,
            self._governor,
            nonce=name,
            clock=self._clock,
            posted=posted,
            takes=last.revision.messages if last.revision else (),
            offers=(Control.STOP,),
        )
        self._running[name] = running = Running(name, asked, reply)
        return running

    async def _answer_truthfully(self, running: Running) -> None:
        """Whatever happens to an answer, its asker learns of it and the record is closed."""
        asked = running.asked
        if all(one.question.is_empty for one in asked):
            await self._refuse(asked, EMPTY_QUESTION)
            return
        try:
            await self.answer(running)
        except* LeaseLost as lost:
            log.warning("taken over by another process", error=str(lost.exceptions[0]))
        except* PlatformFailed as failed:
            log.error("not delivered", error=str(failed.exceptions[0]), questions=keys(asked))
            await self._refuse(asked, NOT_DELIVERED, "undelivered")
        except* Exception:
            log.exception("unexpected", questions=keys(asked))
            await self._refuse(asked, ParleyError.says, "failed")

    async def _settle(self, running: Running, ending: Ending) -> None:
        """Close the record of an answer that stands on the screen as it will stay."""
        name, asked, reply = running.name, running.asked, running.reply
        about = {**ending.figures, **reply.figures, "within_code": reply.within_code}
        log.info(
            "answered" if ending.outcome in ANSWERED else "not answered",
            outcome=ending.outcome,
            conversation=str(asked[-1].surface.conversation),
            questions=keys(asked),
            # Names of files are words of people's, too.
            said=[one.question.text for one in asked],
            **reply.figures,
            **{name: value for name, value in ending.figures.items() if name != "files"},
        )
        await self._leases.close(
            keys(asked),
            lambda: self._store.replies.end(name, keys(asked), ending.outcome, reply.seen, about),
        )

    async def _refuse(self, asked: Sequence[Asked], why: str, outcome: str = "refused") -> None:
        """Tell the asker in one sentence why there is no answer, and close the record."""
        for one in asked:
            one.status.clear()
        await self._introductions.unsaid(asked[0].question, reply_name(asked[0].question))
        await self._told(asked[-1].question, asked[-1].surface, why)
        await self._leases.close(
            keys(asked), lambda: self._store.questions.settle(keys(asked), outcome)
        )

    def _lost(self, key: str) -> None:
        """Another process has taken a question over: stop answering it."""
        if waiting := self._queue.drop(key):
            self._forget(waiting)
        for name, running in self._running.items():
            if key in keys(running.asked):
                self._answering[name].cancel()

    def _forget(self, asked: Asked) -> None:
        """This process has nothing more to do with a question."""
        asked.status.clear()
        self._leases.let_go(asked.question.key)


def _status(surface: Surface) -> Status:
    """The status of a question, in the language of whoever reads it."""
    return Status(partial(_show, surface))


async def _show(surface: Surface, words: str, *, waits: bool = False) -> None:
    """Show the asker in their own language what the bot is doing."""
    await surface.status(told(words, surface.readers.asker), waits=waits)


def keys(asked: Iterable[Asked]) -> list[str]:
    """The names under which these questions are claimed."""
    return [one.question.key for one in asked]


def is_stop(text: str) -> bool:
    """Whether a message says nothing but that the answer is to stop."""
    return text.strip().strip(".!").strip().lower() in STOP_WORDS


def reply_name(question: Question) -> str:
    """The name of the reply to a question: the same after a crash, short enough for a nonce."""
    return hashlib.blake2s(question.key.encode(), digest_size=8).hexdigest()


def _described(error: ParleyError) -> dict[str, Any]:
    """What the log says of a failure; the endpoint's own words may quote people's."""
    if not isinstance(error, ModelFailed):
        return {"error": error.word, "reason": str(error)}
    return {
        "error": error.word,
        "code": error.code,
        "status": error.status,
        "parameter": error.parameter,
        "request_id": error.request_id,
        "said": error.detail,
    }


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
