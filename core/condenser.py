"""Summaries of long conversations: found again where there is one, else written by a model."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import structlog

from core.charging import Bill, Charging
from core.condensing import Plan, Source, Summary, best, extended, plan, request, since
from core.context import Measured
from core.door import TOO_LONG, Doors, Transit
from core.erasing import place_of
from core.errors import BudgetSpent, EmptyAnswer, ModelFailed, StoreFailed, TooSlow
from core.messages import Conversation, Text, Turn
from core.notices import CONDENSING
from core.spending import Spender
from core.standby import Candidate, Standby
from core.status import Status
from core.store.texts import Kept, Texts
from core.tokens import Tokenizer, Tokenizers
from core.wire import Finish, Parameters, Request

log = structlog.get_logger()

KIND = "summary"
"""What summaries are called among texts at rest and among calls of a model."""

DEADLINE = 20.0
"""Seconds for a summary to be written; whoever waits for an answer waits for it, too."""

WAITS = 5.0
"""Seconds that a summary stands in line for the model, at most: there the answer is needed more."""

REST = 300.0
"""Seconds for which no other summary is tried in a conversation where one has failed."""

RESTING = 1000
"""Conversations of which that is remembered."""

SHARE = 8
"""A summary takes this part of a request at most."""

LARGEST = 1_000
"""Tokens of a summary, at most."""

THINKING_ROOM = 1_000
"""Tokens that a model may spend on thinking before it writes a summary."""

PROMPT_ROOM = 600
"""Tokens of a request for a summary besides the transcript."""

FULL = 0.85
"""The part of the model's context that a transcript fills at most: names come on top."""

WORDS = 0.6
"""Words to a token: what is asked for, so that what is written has room."""


@dataclass(frozen=True, slots=True)
class Job:
    """A conversation that may be too long for the answer of this name.

    `measure` tells what a part of it takes in the request and how much room it has. `says`
    is called with True when a summary is about to be written and with False after that;
    `status` says when that has to wait.
    """

    name: str
    conversation: Conversation
    history: Sequence[Turn]
    measure: Callable[[Sequence[Turn]], Measured]
    says: Callable[[bool], None]
    aside: Callable[[Coroutine[Any, Any, None]], object]
    spender: Spender
    status: Status | None = None
    cache_key: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """How a conversation goes into a request: the turns that do, after a summary if there is one.

    `condensed` is how many messages the summary covers, `unread` how many contributions are
    in neither. `author` is the model that has just written it.
    """

    history: Sequence[Turn]
    summary: Turn | None = None
    condensed: int = 0
    unread: int = 0
    author: str = ""


class Condenser:
    """Condenses conversations with the model of a name, or one that stands in; never fails.

    `tokenizer` is that of the named one, which says how much is condensed. `parameters` are
    those of answers, `context_tokens` is the context of all models.
    """

    def __init__(
        self,
        *,
        standby: Standby,
        tokenizers: Tokenizers,
        tokenizer: Tokenizer,
        charging: Charging,
        texts: Texts,
        parameters: Parameters,
        name: str,
        context_tokens: int,
        clock: Callable[[], float],
        deadline: float = DEADLINE,
        doors: Doors,
    ) -> None:
        self._standby = standby
        self._doors = doors
        self._name = name
        self._tokenizers = tokenizers
        self._tokenizer = tokenizer
        self._charging = charging
        self._texts = texts
        self._clock = clock
        self._deadline = deadline
        self._resting: OrderedDict[str, float] = OrderedDict()
        self._largest = min(LARGEST, context_tokens // SHARE)
        writes = self._largest + THINKING_ROOM
        self._reads = context_tokens - writes - PROMPT_ROOM
        self._parameters = replace(parameters, answer_tokens=writes, stop=())

    async def known(self, conversation: Conversation, history: Sequence[Turn]) -> Summary | None:
        """The summary of its beginning that is still true, if there is one."""
        place = place_of(conversation)
        ids = {turn.id for turn in history if turn.id}
        try:
            found = await self._texts.made_from(KIND, place, ids)
            summaries = [_summary(kept) for kept in found]
            if outdated := [one.id for one in summaries if one.outdated_by(history)]:
                await self._texts.erase(outdated)
        except StoreFailed as error:
            log.error("summaries not looked up", error=str(error))
            return None
        return best(summaries, history)

    async def story(self, job: Job, known: Summary | None) -> Story:
        """The conversation with its beginning condensed; as it is, where that cannot be had."""
        drawn = await asyncio.to_thread(self._plan, job, known)
        if drawn is None:
            return Story(job.history)
        if not drawn.condense or self._rests(job.conversation):
            return _story(known, job.history)
        job.says(True)
        try:
            async with asyncio.timeout(self._deadline):
                summary, author = await self._write(job, drawn)
        except (ModelFailed, BudgetSpent, TimeoutError) as error:
            why = TooSlow(code="summary") if isinstance(error, TimeoutError) else error
            log.warning("not condensed", conversation=str(job.conversation), error=why.word)
            if isinstance(why, BudgetSpent) or why.code != TOO_LONG:
                self._rest(job.conversation)
            return _story(known, job.history)
        finally:
            job.says(False)
        replaced = known.id if known else 0
        job.aside(self._keep(place_of(job.conversation), summary, replaced))
        return Story(drawn.kept, summary.turn, len(summary.covers), drawn.unread, author)

    def _plan(self, job: Job, known: Summary | None) -> Plan | None:
        """What to condense; None where a summary would take the room that it is to make."""
        kept, _ = since(known, job.history)
        measured = job.measure(kept)
        if measured.room < 2 * self._largest:
            return None
        used = self._tokenizer.measure(known.turn) if known else 0
        reads = int((self._reads - used) * FULL)
        return plan(known, job.history, measured, size=self._largest, reads=reads)

    def _rest(self, conversation: Conversation) -> None:
        self._resting[str(conversation)] = self._clock() + REST
        while len(self._resting) > RESTING:
            self._resting.popitem(last=False)

    def _rests(self, conversation: Conversation) -> bool:
        return self._resting.get(str(conversation), float("-inf")) > self._clock()

    async def _write(self, job: Job, drawn: Plan) -> tuple[Summary, str]:
        """A new summary, and which model wrote it. Raises `ModelFailed` and `BudgetSpent`."""
        turns = request(drawn, words=int(self._largest * WORDS))

        async def ask(candidate: Candidate, _: object) -> str:
            return await self._written(candidate, turns, job)

        text, author = await self._standby.answer(self._name, ask, [])
        return extended(drawn, text), author

    async def _written(self, candidate: Candidate, turns: tuple[Turn, ...], job: Job) -> str:
        """What one model writes."""
        received: list[str] = []
        tokenizer = await self._tokenizers.of(candidate.name)
        bill = Bill(
            reply=job.name,
            spender=job.spender,
            parameters=replace(self._parameters, model=candidate.name),
            turns=turns,
            counted=await asyncio.to_thread(lambda: sum(map(tokenizer.measure, turns))),
            tokenizer=tokenizer,
            written=lambda: "".join(received),
            aside=job.aside,
            purpose=KIND,
            base_url=candidate.model.base_url,
        )
        async with self._charging.call(bill) as charged:
            asked = Request(turns, charged.parameters, cache_key=job.cache_key, person=job.person)
            charged.finish, written = await self._read(
                candidate, asked, bill.counted, job, received, transit=charged.transit
            )
        text = await asyncio.to_thread(self._fitting, written.strip())
        if not text:
            raise EmptyAnswer("the summary has no text")
        return text

    async def _read(
        self,
        candidate: Candidate,
        asked: Request,
        counted: int,
        job: Job,
        received: list[str],
        *,
        transit: Transit,
    ) -> tuple[Finish, str]:
        """How it ended, and its text. All that comes is kept in `received`."""
        written: list[str] = []
        through = self._doors.of(candidate.model).stream(
            asked, counted, job.status, meanwhile=CONDENSING, patience=WAITS, transit=transit
        )
        async with aclosing(through) as answer:
            async for events in answer:
                candidate.breaker.answers()
                received += [event.text for event in events if not isinstance(event, Finish)]
                written += [event.text for event in events if isinstance(event, Text)]
                if isinstance(events[-1], Finish):
                    return events[-1], "".join(written)
        raise EmptyAnswer("the stream ended without an end")

    def _fitting(self, text: str) -> str:
        """The text, or as much of its beginning as a summary may be long."""
        while (size := self._tokenizer.measure(Summary(text, ()).turn)) > self._largest and text:
            text = text[: min(len(text) - 1, len(text) * self._largest // size)]
        return text.strip()

    async def _keep(self, place: str, summary: Summary, replaced: int) -> None:
        sources = [(source.message, source.digest) for source in summary.covers]
        try:
            await self._texts.keep(KIND, place, summary.text, sources, replaced)
        except StoreFailed as error:
            log.error("summary not kept", place=place, error=str(error))


def _story(known: Summary | None, history: Sequence[Turn]) -> Story:
    """With the summary that there is; whatever has no room after it is left out."""
    if known is None:
        return Story(history)
    kept, unread = since(known, history)
    return Story(kept, known.turn, len(known.covers), unread)


def _summary(kept: Kept) -> Summary:
    covers = tuple(Source(message, digest) for message, digest in kept.sources)
    return Summary(kept.body, covers, kept.id)
