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
from core.door import TOO_LONG, Door, Transit
from core.erasing import place_of
from core.errors import BudgetSpent, EmptyAnswer, ModelFailed, StoreFailed, TooSlow
from core.messages import Conversation, Text, Turn
from core.model import Model
from core.notices import CONDENSING
from core.spending import Spender
from core.status import Status
from core.store.texts import Kept, Texts
from core.tokens import Tokenizer
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
    in neither.
    """

    history: Sequence[Turn]
    summary: Turn | None = None
    condensed: int = 0
    unread: int = 0


class Condenser:
    """Condenses conversations with the model of a name, and never fails.

    `parameters` are those of answers, `context_tokens` is the context of both models.
    """

    def __init__(
        self,
        *,
        model: Model,
        tokenizer: Tokenizer,
        charging: Charging,
        texts: Texts,
        parameters: Parameters,
        name: str,
        context_tokens: int,
        clock: Callable[[], float],
        deadline: float = DEADLINE,
        door: Door | None = None,
    ) -> None:
        self._door = door or Door(model, clock)
        self._tokenizer = tokenizer
        self._charging = charging
        self._texts = texts
        self._clock = clock
        self._deadline = deadline
        self._resting: OrderedDict[str, float] = OrderedDict()
        self._largest = min(LARGEST, context_tokens // SHARE)
        writes = self._largest + THINKING_ROOM
        self._reads = context_tokens - writes - PROMPT_ROOM
        self._parameters = replace(parameters, model=name, answer_tokens=writes, stop=())

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
                summary = await self._write(job, drawn)
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
        return Story(drawn.kept, summary.turn, len(summary.covers), drawn.unread)

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

    async def _write(self, job: Job, drawn: Plan) -> Summary:
        """Ask the model for a summary. Raises `ModelFailed`."""
        turns = request(drawn, words=int(self._largest * WORDS))
        written: list[str] = []
        bill = Bill(
            reply=job.name,
            spender=job.spender,
            parameters=self._parameters,
            turns=turns,
            counted=await asyncio.to_thread(lambda: sum(map(self._tokenizer.measure, turns))),
            tokenizer=self._tokenizer,
            written=lambda: "".join(written),
            aside=job.aside,
            purpose=KIND,
        )
        async with self._charging.call(bill) as charged:
            asked = Request(turns, charged.parameters, cache_key=job.cache_key, person=job.person)
            charged.finish = await self._read(asked, bill.counted, job, written, charged.transit)
        text = await asyncio.to_thread(self._fitting, "".join(written).strip())
        if not text:
            raise EmptyAnswer("the summary has no text")
        return extended(drawn, text)

    async def _read(
        self, asked: Request, counted: int, job: Job, written: list[str], transit: Transit
    ) -> Finish:
        through = self._door.stream(
            asked, counted, job.status, meanwhile=CONDENSING, patience=WAITS, transit=transit
        )
        async with aclosing(through) as answer:
            async for events in answer:
                written += [event.text for event in events if isinstance(event, Text)]
                if isinstance(events[-1], Finish):
                    return events[-1]
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
