"""From a question and what was said before to an answer: the model's side of it."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

import structlog

from core.assignment import Assignment, Writer
from core.charging import Bill, Charging
from core.condenser import Condenser, Job, Story
from core.condensing import WINDOW
from core.context import Fitted
from core.door import LONGEST, Doors, Transit
from core.draft import Draft
from core.errors import (
    ChosenModelGone,
    ContextExceeded,
    Interrupted,
    ModelFailed,
    ModelGone,
    TooSlow,
)
from core.files import MOST_PICTURES, Content, Files, hung
from core.messages import Image, Text
from core.model import Model
from core.notices import (
    ASKS_ANOTHER,
    CONDENSING,
    READING,
    REASONING,
    SHORTENED,
    THINKING,
    UNSEEN,
    Ending,
    condensed,
    condensed_in_part,
    ending,
    left_out,
    retrying,
    stood_in,
)
from core.once import Once
from core.presets import Name, Origin
from core.prices import NANO
from core.retry import Retry
from core.standby import Candidate, Failures, Standby
from core.status import Status
from core.tokens import Tokenizers
from core.wire import Event, Finish, Reasoning, Refusal, Request, Usage
from core.words import together

log = structlog.get_logger()

IMPATIENCE = 2.0
"""Seconds in which a model is asked again while there is another that can stand in for it."""

SHORT_LINE = 10.0
"""Seconds for which it stands in line for the model meanwhile, at most."""

SMALLER = 0.6
"""What is left of a request, at most, when the server finds it too large all the same."""


class Composer:
    """Writes answers with the models that there are.

    Every call goes through the door of its endpoint; `charging` pays for it. `clock` gives
    seconds that only ever grow, `chance` a random number from 0 to 1. Without a `condenser` the
    oldest of a long conversation is left out.
    """

    def __init__(
        self,
        *,
        standby: Standby,
        tokenizers: Tokenizers,
        charging: Charging,
        context_tokens: int,
        reply_timeout: float,
        clock: Callable[[], float],
        chance: Callable[[], float],
        condenser: Condenser | None = None,
        doors: Doors | None = None,
    ) -> None:
        self._condenser = condenser
        self._standby = standby
        self._doors = doors or Doors(clock)
        self._tokenizers = tokenizers
        self._charging = charging
        self._context_tokens = context_tokens
        self._reply_timeout = reply_timeout
        self._clock = clock
        self._chance = chance
        self._files = Files()
        self._told_unseen = Once()

    def forget(self, message: str = "") -> None:
        """Keep nothing of the files that hang on a message; without one, of none."""
        self._files.forget(message)

    @property
    def standing_in_line(self) -> int:
        """How many calls wait for the endpoints' limits."""
        return self._doors.waiting

    async def compose(self, job: Assignment) -> Ending:
        """Write the answer into the reply; raises `ModelFailed` when there is none, or no more."""
        try:
            async with asyncio.timeout(self._reply_timeout):
                return await self._compose(job)
        except ModelGone as error:
            if job.preset.origin(Name.MODEL) is Origin.DEPLOYMENT:
                raise
            raise ChosenModelGone(job.preset.model, error) from error
        except TimeoutError as error:
            raise TooSlow(f"not complete after {self._reply_timeout} s", code="reply") from error

    async def _compose(self, job: Assignment) -> Ending:
        """Ask the chosen model, or the next that can stand in for it while there is no text."""
        failed: Failures = []
        writing = _Writing(job.reply, job.status)

        async def ask(candidate: Candidate, rest: Sequence[Candidate]) -> Ending:
            sign = ASKS_ANOTHER if failed else THINKING
            return await self._asked(candidate, job, writing, sign, hurries=bool(rest))

        ending, model = await self._standby.answer(
            job.preset.model, ask, failed, begun=lambda: writing.begun
        )
        return _instead(ending, model, failed) if failed else ending

    async def _asked(
        self,
        candidate: Candidate,
        job: Assignment,
        writing: "_Writing",
        sign: str,
        *,
        hurries: bool,
    ) -> Ending:
        """The answer of one model, asked again as long as that may help.

        It `hurries` while there is another model that can stand in for it.
        """
        retry = Retry(self._clock())
        if hurries:
            retry = Retry(self._clock(), patience=IMPATIENCE, held=IMPATIENCE)
        waits = SHORT_LINE if hurries else LONGEST
        writing.begins = candidate.breaker.answers
        draft = await self._draft(candidate, job)
        fitted = await draft.fitted()
        draft, fitted = await self._condensed(draft, fitted)
        job.status.say(sign)
        while True:
            try:
                finish = await self._ask(draft, fitted, writing, waits)
            except ContextExceeded:
                smaller = await draft.fitted(int(fitted.tokens * SMALLER))
                if smaller.tokens >= fitted.tokens:
                    raise  # there is nothing left to leave out
                fitted = smaller
            except ModelFailed as error:
                delay = retry.delay(
                    error, shown=writing.begun, now=self._clock(), chance=self._chance()
                )
                if delay is None:
                    raise
                log.info(
                    "retrying",
                    conversation=str(job.question.conversation),
                    model=candidate.name,
                    error=error.word,
                    code=error.code,
                    status=error.status,
                    seconds=round(delay, 1),
                )
                if delay:  # else it stands in line, which says so itself
                    job.status.say(retrying(delay))
                await asyncio.sleep(delay)
                job.status.say(sign)
            else:
                fitted = await self._as_seen(draft, fitted)
                finished = ending(
                    finish.reason,
                    silent=not writing.begun,
                    goes_on=not job.question.is_command,
                )
                told = _told(finished, fitted, draft.story)
                figures = _figures(draft, finish, fitted)
                if writing.cost is not None:
                    figures["usd"] = round(writing.cost / NANO, 6)
                return replace(told, figures=figures)

    async def _draft(self, candidate: Candidate, job: Assignment) -> Draft:
        if any(question.attachments for question in job.questions):
            job.status.say(READING)
        parameters = replace(job.preset.parameters, model=candidate.name)
        job = replace(job, preset=replace(job.preset, parameters=parameters))
        return Draft(
            job,
            candidate.model,
            await self._contents(job, candidate.model),
            Story(job.history),
            await self._tokenizers.of(candidate.name),
            self._context_tokens - (parameters.answer_tokens or 0),
        )

    async def _contents(self, job: Assignment, model: Model) -> Mapping[str, Content]:
        """What the files of the conversation hold, as far as they can be read."""
        wanted = hung(job.questions, job.history)
        most = _most_pictures(model, job.preset.model)
        return await self._files.read(wanted, job.fetch, most)

    async def _condensed(self, draft: Draft, fitted: Fitted) -> tuple[Draft, Fitted]:
        """The request with a summary of what has no room in it, where that can be had."""
        long = fitted.left_out or len(draft.job.history) >= WINDOW
        if self._condenser is None or not long:
            return draft, fitted
        try:
            story = await self._story(self._condenser, draft, fits=not fitted.left_out)
        except Exception:
            # A summary is a help, and no reason for an answer to fail.
            log.exception("unexpected", conversation=str(draft.job.question.conversation))
            return draft, fitted
        if story.summary is None:
            return draft, fitted
        draft = replace(draft, story=story)
        return draft, await draft.fitted()

    async def _story(self, condenser: Condenser, draft: Draft, *, fits: bool) -> Story:
        job, conversation = draft.job, draft.job.question.conversation
        known = await condenser.known(conversation, job.history)
        if fits and (known is None or known.in_sight(job.history)):
            return Story(job.history)
        long = Job(
            name=job.name,
            conversation=conversation,
            history=job.history,
            measure=draft.measured,
            says=lambda reads: job.status.say(CONDENSING if reads else THINKING),
            status=job.status,
            aside=job.aside,
            cache_key=_hashed(str(conversation)),
            person=_hashed(job.question.asker.id),
            spender=job.spender,
        )
        return await condenser.story(long, known)

    async def _as_seen(self, draft: Draft, fitted: Fitted) -> Fitted:
        """What the model saw of the request: fewer pictures, if it has just refused some."""
        job = draft.job
        if _pictures(fitted) > _most_pictures(draft.model, job.preset.model):
            contents = await self._contents(job, draft.model)
            fitted = await replace(draft, contents=contents).fitted(fitted.tokens)
        asker = f"{job.question.conversation}/{job.question.asker.id}"
        if fitted.unseen and self._told_unseen.add(asker):
            return replace(fitted, told=(UNSEEN, *fitted.told))
        return fitted

    async def _ask(self, draft: Draft, fitted: Fitted, writing: "_Writing", waits: float) -> Finish:
        """One call of the model, paid for and written down whatever becomes of it."""
        job, question = draft.job, draft.job.question
        came = writing.came = _Came(job.reply)
        bill = Bill(
            reply=job.name,
            spender=job.spender,
            parameters=job.preset.parameters,
            turns=fitted.turns,
            counted=fitted.tokens,
            tokenizer=draft.tokenizer,
            written=came.text,
            aside=job.aside,
            base_url=draft.model.base_url,
        )
        async with self._charging.call(bill) as charged:
            request = Request(
                fitted.turns,
                charged.parameters,
                cache_key=_hashed(str(question.conversation)),
                person=_hashed(question.asker.id),
            )
            finish = charged.finish = await self._read(
                draft.model, request, fitted.tokens, writing, waits=waits, transit=charged.transit
            )
        writing.cost = None if charged.cost is None else (writing.cost or 0) + charged.cost
        if finish.usage is not None:
            draft.tokenizer.learn(fitted.turns, finish.usage.prompt)
        return finish

    async def _read(
        self,
        model: Model,
        request: Request,
        tokens: int,
        writing: "_Writing",
        *,
        waits: float,
        transit: Transit,
    ) -> Finish:
        """Read one answer to its end, handing on what the reader is to see."""
        finish: Finish | None = None
        through = self._doors.of(model).stream(
            request, tokens, writing.status, patience=waits, transit=transit, nap=writing.nap
        )
        async with aclosing(through) as answer:
            async for events in answer:
                finish = writing.take(events) or finish
        if finish is None:
            raise Interrupted("the stream ended without an end")
        return finish


class _Came:
    """What has come in one call. Of what is shown only the length, as the reply has it."""

    def __init__(self, reply: Writer) -> None:
        self._reply = reply
        self._begin = len(reply.text)
        self.shown = 0
        self.unseen: list[str] = []

    def text(self) -> str:
        """All of it, as well as it can be known."""
        shown = self._reply.text[self._begin :][: self.shown]
        return "".join((*self.unseen, shown))


class _Writing:
    """Hands the events of one call on to the reader; `begins` is called with the first of them."""

    def __init__(self, reply: Writer, status: Status) -> None:
        self._reply = reply
        self.status = status
        self.nap = reply.nap
        self.begun = False
        """Whether there is anything for the reader to see."""
        self.begins: Callable[[], None] | None = None
        self.came = _Came(reply)
        self.cost: int | None = None
        """What its calls have cost, in nano-dollars; None where the endpoint does not count."""

    def take(self, events: Sequence[Event]) -> Finish | None:
        """Show what there is to show; returns the finish when it is among the events."""
        if self.begins and not isinstance(events[0], Finish):
            self.begins()
            self.begins = None
        for event in events:
            if isinstance(event, Text | Refusal):
                self.begun = self.begun or not event.text.isspace()
                self._reply.write(event.text)
                self.came.shown += len(event.text)
            elif isinstance(event, Finish):
                return event
            else:
                self.came.unseen.append(event.text)
                if isinstance(event, Reasoning):
                    self.status.say(REASONING)
        return None


def _figures(draft: Draft, finish: Finish, fitted: Fitted) -> dict[str, object]:
    usage = finish.usage or Usage()
    return {
        "model": draft.job.preset.model,
        "parameters": draft.job.preset.given,
        "messages_seen": fitted.seen,
        "left_out": fitted.left_out + draft.story.unread,
        "condensed": draft.story.condensed,
        "condensed_by": draft.story.author,
        "shortened": fitted.shortened,
        "files": fitted.files,
        "finish": finish.reason,
        "request_id": finish.request_id,
        "prompt_tokens": usage.prompt,
        "cached_tokens": usage.cached,
        "completion_tokens": usage.completion,
    }


def _told(finished: Ending, fitted: Fitted, story: Story) -> Ending:
    """The ending, with what the reader should know of what the model did not see."""
    notices = [finished.notice, *fitted.told]
    if fitted.shortened:
        notices.append(SHORTENED)
    missing = fitted.left_out + story.unread
    if story.condensed and missing:
        notices.append(condensed_in_part(story.condensed, missing))
    elif story.condensed:
        notices.append(condensed(story.condensed))
    elif missing:
        notices.append(left_out(missing))
    return replace(finished, notice=together(notices))


def _instead(ended: Ending, model: str, failed: Failures) -> Ending:
    """The ending of an answer that another model than the chosen one has given."""
    chosen, _ = failed[0]
    before = [{"model": name, "error": error.word} for name, error in failed]
    return replace(
        ended,
        notice=together((stood_in(model, chosen), ended.notice)),
        figures={**ended.figures, "instead_of": before},
    )


def _most_pictures(model: Model, name: str) -> int:
    most = model.pictures(name)
    return MOST_PICTURES if most is None else min(MOST_PICTURES, most)


def _pictures(fitted: Fitted) -> int:
    return sum(isinstance(part, Image) for turn in fitted.turns for part in turn.parts)


def _hashed(name: str) -> str:
    """A name that tells the endpoint that two requests belong together, and no more."""
    return hashlib.blake2s(name.encode(), digest_size=16).hexdigest()
