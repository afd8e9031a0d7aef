"""The product: a question comes in, an answer grows in front of whoever asked it."""

import asyncio
import hashlib
import weakref
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import structlog

from core.admission import Admission
from core.composer import Assignment, Composer
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
from core.leases import Leases
from core.messages import Conversation, Question, Turn
from core.notices import (
    EMPTY_QUESTION,
    NOT_DELIVERED,
    RESTARTING,
    THINKING,
    WAITING_ITS_TURN,
    Ending,
    failure,
)
from core.overrides import Overrides
from core.pace import Governor
from core.presets import Preset, Scope
from core.queue import Asked, Queue
from core.reply import Reply
from core.status import Status
from core.store import Store
from core.surface import Surface

log = structlog.get_logger()

ANSWERED = ("answered", "cut_off", "filtered", "wanted_tools")
"""Outcomes after which there is an answer of the model's, however short."""

RECALL_TIMEOUT = 300.0
"""Seconds for a conversation to be read, however many others wait for the same calls."""

REFUSAL_TIMEOUT = 300.0
"""Seconds for a refusal to be told."""

T = TypeVar("T")

LAST_EDITS = 2.5
"""Seconds of a drain that are kept for the last edits of answers that it interrupts."""

IN_TIME = 0.95
"""The part of a drain's time that is used; the rest is for closing connections."""


class Chat:
    """Takes questions from the platforms and answers each exactly once.

    `clock` gives seconds that only ever grow.
    """

    def __init__(
        self,
        *,
        store: Store,
        composer: Composer,
        governor: Governor,
        overrides: Overrides,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._composer = composer
        self._governor = governor
        self._clock = clock
        self._overrides = overrides
        self._admission = Admission(overrides, clock)
        self._queue = Queue()
        self._leases = Leases(store.questions, self._aside)
        self._answering: dict[str, asyncio.Task[None]] = {}
        self._composing: set[asyncio.Task[Ending]] = set()
        self._interrupted: set[asyncio.Task[Ending]] = set()
        self._busy: set[asyncio.Task[Any]] = set()
        self._replies: weakref.WeakSet[Reply] = weakref.WeakSet()
        self._tasks: asyncio.TaskGroup | None = None
        self._draining = False

    async def accept(self, question: Question, surface: Surface) -> bool:
        """Claim a question and start to answer it.

        Returns once the claim is on disk; only then may the platform be told that the
        event arrived. False: it was claimed before, here or by another process. Raises
        `StoreFailed` when it cannot be claimed and `ShuttingDown` when this process
        takes no more; the platform must then deliver it again.

        One that its asker may not ask is not claimed. A command is then to be answered
        with what `NotAdmitted` says; any other asker is told, at most once in a minute.
        """
        if self._tasks is None or self._draining:
            raise ShuttingDown("this process takes no more questions")
        if refusal := await self._admission.refusal(question, surface):
            self._turn_away(question, surface, refusal)
            return True
        # Whoever asked may be cancelled; a claim that was begun is seen through all the same.
        taken = await asyncio.shield(self._counted(self._take(question, surface)))
        if isinstance(taken, Exception):
            raise taken
        return taken

    async def _take(self, question: Question, surface: Surface) -> bool | Exception:
        """Claim a question and put it in line; an error is returned, as it is not the group's."""
        try:
            if not await self._store.questions.claim(question):
                return False
        except Exception as error:  # noqa: BLE001 - raised again by `accept`
            return error
        self._leases.hold((question.key,))
        asked = Asked(question, surface, Status(surface.status))
        if self._draining:
            # It was claimed while the drain began, so nobody else will answer it.
            await self._refuse((asked,), RESTARTING)
            self._forget(asked)
            return True
        self._aside(asked.status.run())
        is_first = self._queue.add(asked)
        if not question.is_empty:
            asked.status.say(THINKING if is_first else WAITING_ITS_TURN)
        if is_first:
            self._aside(self._work(question.conversation))
        return True

    def _turn_away(self, question: Question, surface: Surface, why: str) -> None:
        """A question is not admitted: say so, where that is due."""
        if question.is_command:
            raise NotAdmitted(why)
        if self._admission.due(question):
            self._aside(self._told(question, surface, why))

    async def _told(self, question: Question, surface: Surface, why: str) -> None:
        """Tell an asker, in the way that the channel wants it, why there is no answer."""
        try:
            async with asyncio.timeout(REFUSAL_TIMEOUT):
                outcome = await surface.refuse(why, self._preset(question).notices)
            told = type(outcome).__name__
        except Exception as error:  # noqa: BLE001 - whatever comes next happens all the same
            told = f"{type(error).__name__}: {error}"
        log.info("refused", question=question.key, why=why, told=told)

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

    async def takes_part(self, conversation: Conversation) -> bool:
        """Whether the bot has been asked something in this conversation before."""
        return await self._store.threads.includes(conversation)

    async def run(self) -> None:
        """Own every answer and keep their leases until cancelled; `drain` comes before that."""
        async with asyncio.TaskGroup() as self._tasks:
            await self._leases.keep(self._lost)

    async def drain(self, seconds: float) -> None:
        """Take no more questions; let answers finish, or interrupt them in time to say so."""
        self._draining = True
        seconds *= IN_TIME
        last_edits = min(LAST_EDITS, seconds / 2)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.idle(), seconds - last_edits)
        unanswered = self._queue.empty()
        self._interrupted = set(self._composing)
        for composing in self._interrupted:
            composing.cancel()
        for reply in self._replies:
            reply.interrupt(RESTARTING, last_edits / 2)
        with suppress(TimeoutError):
            async with asyncio.timeout(last_edits):
                await asyncio.gather(
                    *(self._refuse((asked,), RESTARTING) for asked in unanswered), self.idle()
                )

    async def idle(self) -> None:
        """Wait until every question has ended, with its signs of work and its book-keeping."""
        while self._busy:
            await asyncio.wait(self._busy)

    async def answer(self, asked: Sequence[Asked]) -> None:
        """Answer one person's questions in one conversation."""
        if all(one.question.is_empty for one in asked):
            await self._refuse(asked, EMPTY_QUESTION)
            return
        for one in asked[:-1]:
            one.status.clear()
        asked[-1].status.say(THINKING)
        name = reply_name(asked[0].question)
        reply = self._reply(name, asked)
        self._replies.add(reply)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            ending = await self._ending(tasks.create_task(self._compose(name, asked, reply)))
            if reply.blank and not ending.notice:
                ending = failure(EmptyAnswer("it wrote nothing that can be shown"))
            reply.finish(ending.notice)
        if reply.cut:
            ending = Ending("interrupted", RESTARTING, ending.figures)
        if reply.gave_up:
            await self._refuse(asked, ending.notice, ending.outcome)
            return
        await self._settle(name, asked, ending, reply)

    async def _compose(self, name: str, asked: Sequence[Asked], reply: Reply) -> Ending:
        """Write the answer with the model; every failure of it is an ending of its own."""
        surface, status = asked[-1].surface, asked[-1].status
        try:
            await self._store.replies.begin(name, str(surface.conversation), keys(asked))
            questions, history = await self._recall(asked)
            return await self._composer.compose(
                Assignment(
                    name,
                    questions,
                    history,
                    self._preset(asked[-1].question),
                    reply,
                    status,
                    self._aside,
                )
            )
        except LeaseLost:
            raise
        except ParleyError as error:
            log.warning("failed", conversation=str(surface.conversation), **_described(error))
            return failure(error)
        except Exception:
            log.exception("unexpected", conversation=str(surface.conversation))
            return failure(ParleyError())

    async def _recall(self, asked: Sequence[Asked]) -> tuple[list[Question], list[Turn]]:
        """The questions with the names in them, and what was said before."""
        try:
            async with asyncio.timeout(RECALL_TIMEOUT):
                questions = [await one.surface.introduce(one.question) for one in asked]
                return questions, self._history(await asked[-1].surface.history(), questions)
        except TimeoutError as error:
            raise PlatformFailed(f"not read within {RECALL_TIMEOUT} s") from error

    def _history(self, turns: Iterable[Turn], questions: Sequence[Question]) -> list[Turn]:
        """What was said before: without the questions themselves and those that still wait."""
        waiting = self._queue.waiting(questions[0].conversation)
        asked = {question.message for question in questions}
        asked |= {one.question.message for one in waiting}
        return [turn for turn in turns if turn.id not in asked]

    async def _ending(self, composing: "asyncio.Task[Ending]") -> Ending:
        """How the composition ended; cancelled by a drain, it ends with a notice."""
        self._composing.add(composing)
        try:
            return await composing
        except asyncio.CancelledError:
            if composing in self._interrupted and not _being_cancelled():
                return Ending("interrupted", RESTARTING)
            raise
        finally:
            self._composing.discard(composing)

    def _reply(self, name: str, asked: Sequence[Asked]) -> Reply:
        last = asked[-1]

        def posted(number: int, message: str) -> None:
            last.status.clear()
            self._aside(self._recorded(name, asked, number, message))

        return Reply(last.surface, self._governor, nonce=name, clock=self._clock, posted=posted)

    async def _recorded(self, name: str, asked: Sequence[Asked], number: int, message: str) -> None:
        """Write down that a message exists, for which its reader does not wait."""
        try:
            await self._store.replies.posted(name, keys(asked), number, message)
        except StoreFailed as error:
            log.error("message not recorded", reply=name, error=str(error))

    async def _work(self, conversation: Conversation) -> None:
        """Answer whoever waits in a conversation until nobody does."""
        while asked := self._queue.take(conversation):
            answering = asyncio.create_task(self._answer_truthfully(asked))
            self._answering |= dict.fromkeys(keys(asked), answering)
            await _ended(answering)
            ours = [one for one in asked if one.question.key in self._leases]
            for one in asked:
                self._answering.pop(one.question.key, None)
                self._forget(one)
            if answering.cancelled() and len(ours) < len(asked):
                # One of them was taken over by another process; the others are still ours.
                self._leases.hold(keys(ours))
                self._queue.put_back(conversation, ours)

    async def _answer_truthfully(self, asked: Sequence[Asked]) -> None:
        """Whatever happens to an answer, its asker learns of it and the record is closed."""
        try:
            await self.answer(asked)
        except* LeaseLost as lost:
            log.warning("taken over by another process", error=str(lost.exceptions[0]))
        except* PlatformFailed as failed:
            log.error("not delivered", error=str(failed.exceptions[0]), questions=keys(asked))
            await self._refuse(asked, NOT_DELIVERED, "undelivered")
        except* Exception:
            log.exception("unexpected", questions=keys(asked))
            await self._refuse(asked, ParleyError.says, "failed")

    async def _settle(
        self, name: str, asked: Sequence[Asked], ending: Ending, reply: Reply
    ) -> None:
        """Close the record of an answer that stands on the screen as it will stay."""
        log.info(
            "answered" if ending.outcome in ANSWERED else "not answered",
            outcome=ending.outcome,
            conversation=str(asked[-1].surface.conversation),
            questions=keys(asked),
            said=[one.question.text for one in asked],
            **reply.figures,
            **ending.figures,
        )
        await self._leases.close(
            keys(asked),
            lambda: self._store.replies.end(name, keys(asked), ending.outcome, reply.seen),
        )

    async def _refuse(self, asked: Sequence[Asked], why: str, outcome: str = "refused") -> None:
        """Tell the asker in one sentence why there is no answer, and close the record."""
        for one in asked:
            one.status.clear()
        await self._told(asked[-1].question, asked[-1].surface, why)
        await self._leases.close(
            keys(asked), lambda: self._store.questions.settle(keys(asked), outcome)
        )

    def _lost(self, key: str) -> None:
        """Another process has taken a question over: stop answering it."""
        if waiting := self._queue.drop(key):
            self._forget(waiting)
        elif key in self._answering:
            self._answering[key].cancel()

    def _forget(self, asked: Asked) -> None:
        """This process has nothing more to do with a question."""
        asked.status.clear()
        self._leases.let_go(asked.question.key)


def keys(asked: Iterable[Asked]) -> list[str]:
    """The names under which these questions are claimed."""
    return [one.question.key for one in asked]


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


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


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
