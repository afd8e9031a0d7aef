"""One answer, from its questions to its last edit and its record."""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from core import asked_once
from core.answer_cache import AnswerCache, Cached
from core.assignment import Assignment
from core.at_once import AtOnce
from core.attachments import Attachments
from core.composer import Composer
from core.continuation import Continuation, fence_at_the_end, reopened
from core.controls import Control
from core.erasing import place_of
from core.errors import (
    EmptyAnswer,
    LeaseLost,
    ModelFailed,
    ParleyError,
    PlatformFailed,
    StoreFailed,
    forget_trace,
)
from core.figures import Figures
from core.fresh import FreshStarts
from core.introductions import Introductions
from core.leases import Leases
from core.messages import Question, Turn
from core.notices import NEWER_BELOW, RESTARTING, RESTORED, THINKING, Ending, failure
from core.outsiders import Outsiders
from core.overrides import Overrides
from core.pace import Governor, Urgency
from core.pages import join
from core.presets import Preset, Scope
from core.queue import Asked, Queue, Revision, keys
from core.recalled import Recalled
from core.reply import Reply
from core.revising import FORMER, former_of
from core.running import ANSWERED, WHOLE, WITHDRAWN, Running
from core.spending import Spender, Spending
from core.store import Store
from core.store.patience import loudness
from core.store.texts import ANYTHING
from core.surface import Delivered, Outcome, Page, Surface, Unknown
from core.words import together, told

log = structlog.get_logger()

UNPAID = "budget_spent"
"""The outcome of a question for which no budget has enough left."""

UNTOLD = frozenset({"files", "parameters", "said"})
"""Figures that stay in the record: words of people's, as names of files are, and what is set."""

RECALL_TIMEOUT = 300.0
"""Seconds for a conversation to be read, however many others wait for the same calls."""

POINTING = 300.0
"""Seconds for an old answer to be edited, so that it points to a newer one."""

MOST_MESSAGES = 1000
"""Messages of an answer, by far: each process that writes it numbers its own."""


class Answering:
    """Writes answers in front of those who asked, and closes their records.

    `aside` owns what no reader waits for. `clock` gives seconds that only ever grow. With
    `code_files`, long code is put below an answer as files, too.
    """

    def __init__(
        self,
        *,
        store: Store,
        composer: Composer,
        spending: Spending,
        governor: Governor,
        overrides: Overrides,
        leases: Leases,
        queue: Queue,
        introductions: Introductions,
        fresh: FreshStarts,
        cache: AnswerCache,
        outsiders: Outsiders,
        at_once: AtOnce,
        figures: Figures,
        aside: Callable[[Coroutine[Any, Any, None]], None],
        clock: Callable[[], float],
        code_files: bool,
    ) -> None:
        self._store = store
        self._composer = composer
        self._spending = spending
        self._governor = governor
        self._overrides = overrides
        self._leases = leases
        self._queue = queue
        self._introductions = introductions
        self._fresh = fresh
        self._cache = cache
        self._outsiders = outsiders
        self._at_once = at_once
        self._figures = figures
        self._aside = aside
        self._clock = clock
        self._code_files = code_files
        self._attachments = Attachments(store.replies)

    def begin(self, asked: Sequence[Asked]) -> Running:
        """An answer to these questions; nothing happens yet."""
        last = asked[-1]
        attempts = last.revision.attempts if last.revision else 0
        name = last.revision.reply if last.revision and attempts else reply_name(asked[0].question)

        def posted(number: int, message: str) -> None:
            for one in running.current:
                one.status.clear()
            self._aside(self._recorded(running, number, message))

        reply = Reply(
            last.surface,
            self._governor,
            nonce=name,
            clock=self._clock,
            posted=posted,
            takes=last.revision.messages if last.revision else (),
            first=attempts * MOST_MESSAGES,
            offers=(Control.STOP,),
            since=last.status.began,
        )
        running = Running(name, asked, reply, self._clock() - last.status.began)
        return running

    async def answer(self, running: Running) -> Ending | None:
        """Answer one person's questions in one conversation.

        The ending is returned where nothing of it could be shown; its asker is to be told.
        """
        for one in running.asked[:-1]:
            one.status.clear()
        running.asked[-1].status.say(THINKING)
        surface, reply = running.asked[-1].surface, running.reply
        surface.began()
        try:
            return await self._shown(running, reply)
        finally:
            surface.ended()

    async def _shown(self, running: Running, reply: Reply) -> Ending | None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reply.show())
            ending = await self._kept_from(running)
            ending = ending or await running.written(partial(self._in_turn, running))
            if reply.screen.blank and not ending.notice and ending.outcome in ANSWERED:
                ending = failure(EmptyAnswer("it wrote nothing that can be shown"))
            notice = await self._with_introduction(ending, running)
            running.fall_back()
            # What was never begun for want of money is its asker's alone, as other refusals are.
            refused = ending.outcome == UNPAID and reply.screen.blank and not running.pages
            if refused or ending.outcome == WITHDRAWN.outcome:
                reply.withdraw()
            else:
                reply.finish(notice, running.offers(ending))
        if reply.screen.cut:
            await self._introductions.unsaid(running.asked[0].question, running.name)
            ending = Ending("interrupted", RESTARTING, ending.figures)
        if reply.left_growing:
            running.stays_open = True
            return ending if reply.gave_up else None
        if refused or reply.gave_up:
            return ending
        await self._settle(running, ending)
        self._attach(running, ending)
        await self._point(running)
        return None

    def _attach(self, running: Running, ending: Ending) -> None:
        """Let the long code hang below the answer, in the place of that of a former one."""
        surface, revision = running.asked[-1].surface, running.asked[-1].revision
        former = revision.instead_of if revision and revision.messages else ""
        text = running.reply.text if self._code_files and ending.outcome in WHOLE else ""
        if text or former:
            keeps = running.holds_former(ending)
            put = self._attachments.put(surface, running.name, text, former=former, keeps=keeps)
            self._aside(put)

    async def _with_introduction(self, ending: Ending, running: Running) -> str:
        """What is to stand below an answer; below the first in a channel, what the bot is, too.

        Whatever takes the place of that one says it as well.
        """
        question, revision, words = running.asked[0].question, running.asked[-1].revision, ""
        if revision is not None and revision.messages:
            for stood in filter(None, (revision.reply, revision.replaces)):
                words = words or await self._introductions.passed_on(question, stood, running.name)
        if not words and ending.outcome in ANSWERED:
            words = await self._introductions.words(question, running.name)
        return together((ending.notice, words))

    async def _point(self, running: Running) -> None:
        """Where an answer is too old to be changed much, say in it that there is a newer one."""
        surface, revision = running.asked[-1].surface, running.asked[-1].revision
        if not (revision and revision.points and running.pages) or running.reply.screen.blank:
            return
        old = running.pages[-1]
        page = Page(old.text, told(NEWER_BELOW, surface.readers.everybody))
        outcome: Outcome = Unknown("no turn")
        with suppress(TimeoutError):
            async with asyncio.timeout(POINTING):
                await self._governor.turn(surface.way(old.id).last, Urgency.LAST)
                outcome = await surface.edit(old.id, page)
        if not isinstance(outcome, Delivered):
            log.info("former answer does not point to the newer one", outcome=str(outcome))

    async def _in_turn(self, running: Running, asked: Sequence[Asked]) -> Ending:
        """Write the answer as soon as not too many others are written."""
        if asked[-1].surface.wordless:
            asked[-1].status.tell = running.reply.announce
        async with self._at_once.turn(asked[-1].question, asked[-1].status):
            return await self._compose(running, asked)

    async def _compose(self, running: Running, asked: Sequence[Asked]) -> Ending:
        """Write the answer with the model; every failure of it is an ending of its own."""
        try:
            return await self._composed(running, asked)
        except LeaseLost:
            raise
        except ParleyError as error:
            running.failure = described = _described(error)
            log.warning(
                "question failed",
                conversation=str(running.conversation),
                model=running.model,
                **described,
            )
            forget_trace(error)
            return failure(error)
        except Exception:
            log.exception("unexpected", conversation=str(running.conversation))
            return failure(ParleyError())

    async def _composed(self, running: Running, asked: Sequence[Asked]) -> Ending:
        question, surface, revision = asked[-1].question, asked[-1].surface, asked[-1].revision
        await self._store.replies.begin(running.name, str(surface.conversation), keys(asked))
        running.is_recorded = True
        if revision and revision.ending:
            running.reply.write(running.shown)
            return revision.ending
        if revision and revision.text is not None:
            running.reply.write(revision.text)
            return Ending("restored", RESTORED)
        preset = self._overrides.preset(Scope.of(question.conversation), question.persona)
        running.model = preset.model
        if cached := await self._cached(asked, preset):
            running.reply.write(cached.text)
            return Ending("cached", self._cache.says_when(cached), {"cached": cached.key})
        recalled = await self._recall(running, asked)
        writer: Reply | Continuation = running.reply
        if revision and revision.goes_on:
            recalled, writer = self._going_on(running, revision, recalled)
        assignment = Assignment(
            running.name,
            recalled.questions,
            recalled.history,
            await self._spender(question, surface),
            preset,
            writer,
            asked[-1].status,
            self._aside,
            surface.read,
        )
        try:
            ending = await self._composer.compose(assignment)
        finally:
            writer.flush()
        if revision and revision.goes_on:
            ending = replace(ending, figures=_so_far(ending.figures, len(asked)))
        if ending.outcome == "answered" and self._may_cache(asked):
            self._aside(self._cache.keep(question, preset, running.reply.text))
        return ending

    def _may_cache(self, asked: Sequence[Asked]) -> bool:
        return len(asked) == 1 and self._cache.covers(asked[0].question)

    async def _cached(self, asked: Sequence[Asked], preset: Preset) -> Cached | None:
        """The answer that was given to the same question lately."""
        return await self._cache.find(asked[0].question, preset) if self._may_cache(asked) else None

    async def _spender(self, question: Question, surface: Surface) -> Spender:
        """Who pays for the answer: the asker, and the groups that a budget is for."""
        caller = surface.caller(question.asker)
        among = self._spending.groups_of(question)
        return Spender.of(question, [one for one in among if await caller.among((one,))])

    async def _recall(self, running: Running, asked: Sequence[Asked]) -> Recalled:
        """The questions with the names in them, and what was said before."""
        surface, revision = asked[-1].surface, asked[-1].revision
        try:
            async with asyncio.timeout(RECALL_TIMEOUT):
                questions = [await one.surface.introduce(one.question) for one in asked]
                turns: Sequence[Turn] = await surface.history()
                if questions[-1].direct:
                    turns = await self._fresh.since(questions[-1].conversation, turns)
                askers = {question.asker.id for question in questions}
                turns = await self._outsiders.heard(surface, turns, askers)
        except TimeoutError as error:
            raise PlatformFailed(f"not read within {RECALL_TIMEOUT} s") from error
        waiting = {one.question.message for one in self._queue.waiting(questions[0].conversation)}
        pages = running.pages or ()
        return Recalled.of(turns, questions, waiting=waiting, former=pages, revision=revision)

    async def _kept_from(self, running: Running) -> Ending | None:
        """Keep what stands where the answer will stand, before anything can take its place.

        Where that cannot be read, the answer ends with why: in its place where a process that
        died has begun it, else what stands is let stand.
        """
        asked = running.asked[-1]
        if (revision := asked.revision) is None:
            return None
        try:
            async with asyncio.timeout(RECALL_TIMEOUT):
                running.pages = await asked.surface.said(revision.former)
            if revision.messages:
                running.shown = join([page.text for page in running.pages])
            await self._store.replies.begin(
                running.name, str(asked.surface.conversation), keys(running.asked)
            )
            running.is_recorded = True
            if revision.attempts:
                await self._store.replies.stands_in(running.name, revision.messages)
                running.former = await self._former(running.name)
                return None
            await self._store.replies.take_over(running.name, revision.reply, revision.messages)
            await self._erase_made_from(running, revision.messages)
            if revision.messages and not revision.goes_on:
                await self._keep(running, running.shown, revision.messages)
        except LeaseLost:
            raise
        except (ParleyError, TimeoutError) as error:
            why = error if isinstance(error, ParleyError) else PlatformFailed("not read in time")
            log.warning("former answer not read", reply=running.name, **_described(why))
            if revision.attempts:
                # They look as if they went on, and say how it ended as soon as that is known.
                running.unrecorded.update(enumerate(revision.messages))
            else:
                running.reply.let_stand()
            return failure(why)
        return None

    async def _erase_made_from(self, running: Running, messages: Sequence[str]) -> None:
        """These messages will say something else: nothing is left of what was made from them."""
        place = place_of(running.conversation)
        for message in messages:
            await self._store.texts.source_changed(place, message, "")

    async def _keep(self, running: Running, former: str, messages: Sequence[str]) -> None:
        """Keep it until its question changes, or either of them is deleted."""
        running.former = former
        if former:
            place = place_of(running.conversation)
            asked = [(one.question.message, "") for one in running.asked]
            # Further pages may be taken away by ourselves; the first one is the answer.
            stands = [(message, ANYTHING) for message in messages[:1]]
            sources = [(running.name, ""), *asked, *stands]
            await self._store.texts.keep(FORMER, place, former, sources)

    async def _former(self, name: str) -> str:
        """What stood in the place of an answer before a process that died began it."""
        known = await self._store.replies.known(name)
        return (known and await former_of(self._store.texts, known)) or ""

    def _going_on(
        self, running: Running, revision: Revision, recalled: Recalled
    ) -> tuple[Recalled, Continuation]:
        if not recalled.former:
            raise PlatformFailed("the answer so far cannot be read")
        former = reopened(recalled.former) if revision.within_code else recalled.former
        former += revision.trailing
        fence = fence_at_the_end(former)
        if revision.messages:
            running.reply.write(former)
        elif fence is not None:
            running.reply.write(f"{fence.opening}\n")
        return recalled.going_on(former), Continuation(running.reply, former)

    async def _recorded(self, running: Running, number: int, message: str) -> None:
        """Write down that a message exists, for which its reader does not wait.

        Where that fails it is written down with the end, as is all of a reply that ended before
        it was begun.
        """
        if not running.is_recorded:
            running.unrecorded[number] = message
            return
        try:
            await self._store.replies.posted(running.name, keys(running.asked), number, message)
        except StoreFailed as error:
            running.unrecorded[number] = message
            log.log(loudness(error), "message not recorded", reply=running.name, error=str(error))

    async def _settle(self, running: Running, ending: Ending) -> None:
        """Close the record of an answer that stands on the screen as it will stay."""
        name, asked, figures = running.name, running.asked, running.reply.figures
        screen = running.reply.screen
        ends: dict[str, object] = {"within_code": screen.within_code, "trailing": screen.trailing}
        ends["is_cut_off"] = running.is_cut_off(ending)
        if running.former and (revision := asked[-1].revision):
            ends["former_was_cut_off"] = revision.was_cut_off
        about = {**ending.figures, **figures, **ends}
        ended = running.ended(ending)
        self._figures.ended(ended)
        told_about = {"model": running.model, **running.failure, **ending.figures}
        log.info(
            "answered" if ending.outcome in ANSWERED else "not answered",
            outcome=ending.outcome,
            reply=name,
            conversation=str(asked[-1].surface.conversation),
            questions=keys(asked),
            waited=ended.waited,
            first_sign=ended.first_sign,
            said=[one.question.text for one in asked],
            **figures,
            **{
                name: value
                for name, value in told_about.items()
                if name not in UNTOLD and value is not False and value != ""
            },
        )
        if asked[-1].question.is_command and asked[-1].question.can_be_asked_again:
            first = screen.messages[0] if screen.messages else ""
            await asked_once.keep(self._store.texts, asked[-1].question, name, first)
        await self._leases.close(
            keys(asked),
            lambda: self._store.replies.end(
                name,
                keys(asked),
                ending.outcome,
                seen=screen.seen,
                about=about,
                messages=screen.messages,
                unrecorded=running.unrecorded,
                conversation="" if running.is_recorded else str(running.conversation),
            ),
        )


def reply_name(question: Question) -> str:
    """The name of the reply to a question: the same after a crash, short enough for a nonce."""
    return hashlib.blake2s(question.key.encode(), digest_size=8).hexdigest()


def _so_far(figures: Mapping[str, object], questions: int) -> dict[str, object]:
    """Figures of an answer that went on: its questions and itself are no earlier messages."""
    seen = int(str(figures.get("messages_seen", 0)))
    return {**figures, "goes_on": True, "messages_seen": max(0, seen - questions - 1)}


def _described(error: ParleyError) -> dict[str, Any]:
    """What the log says of a failure; the endpoint's own words may quote people's."""
    if not isinstance(error, ModelFailed):
        return {"error": error.word, "reason": str(error)}
    known = {
        "error": error.word,
        "code": error.code,
        "status": error.status,
        "parameter": error.parameter,
        "request_id": error.request_id,
        "said": error.detail,
    }
    return {name: value for name, value in known.items() if value}
