"""From a question and what was said before to an answer: the model's side of it."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

import structlog

from core.assignment import Assignment, Writer
from core.condenser import Condenser, Job, Story
from core.condensing import WINDOW
from core.context import Fitted
from core.door import Door, Transit
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
    CONDENSING,
    READING,
    REASONING,
    SHORTENED,
    THINKING,
    UNSEEN,
    Ending,
    condensed,
    ending,
    left_out,
    retrying,
)
from core.once import Once
from core.presets import Name, Origin
from core.retry import Retry
from core.status import Status
from core.store import Call
from core.store.calls import Calls
from core.store.patience import write_in_the_end
from core.tokens import Tokenizer, Tokenizers
from core.wire import Event, Finish, Reasoning, Refusal, Request, Usage
from core.words import together

log = structlog.get_logger()

SMALLER = 0.6
"""What is left of a request, at most, when the server finds it too large all the same."""


class Composer:
    """Writes answers with the models of one endpoint.

    `clock` gives seconds that only ever grow, `wall_clock` seconds since 1970, `chance`
    a random number from 0 to 1. Without a `condenser` the oldest of a long conversation
    is left out. Every call goes through the `door`.
    """

    def __init__(
        self,
        *,
        model: Model,
        tokenizers: Tokenizers,
        calls: Calls,
        context_tokens: int,
        reply_timeout: float,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        chance: Callable[[], float],
        condenser: Condenser | None = None,
        door: Door | None = None,
    ) -> None:
        self._condenser = condenser
        self._model = model
        self._door = door or Door(model, clock)
        self._tokenizers = tokenizers
        self._calls = calls
        self._context_tokens = context_tokens
        self._reply_timeout = reply_timeout
        self._clock = clock
        self._wall_clock = wall_clock
        self._chance = chance
        self._files = Files(clock)
        self._told_unseen = Once()

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
        retry = Retry(self._clock())
        draft = await self._draft(job)
        fitted = await draft.fitted()
        draft, fitted = await self._condensed(draft, fitted)
        job.status.say(THINKING)
        while True:
            writing = _Writing(job.reply, job.status)
            try:
                finish = await self._ask(draft, fitted, writing)
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
                    error=error.word,
                    seconds=round(delay, 1),
                )
                if delay:  # else it stands in line, which says so itself
                    job.status.say(retrying(delay))
                await asyncio.sleep(delay)
                job.status.say(THINKING)
            else:
                fitted = await self._as_seen(draft, fitted)
                finished = ending(
                    finish.reason,
                    silent=not writing.begun,
                    goes_on=not job.question.is_command,
                )
                told = _told(finished, fitted, draft.story)
                return replace(told, figures=_figures(draft, finish, fitted))

    async def _draft(self, job: Assignment) -> Draft:
        if any(question.attachments for question in job.questions):
            job.status.say(READING)
        return Draft(
            job,
            await self._contents(job),
            Story(job.history),
            await self._tokenizers.of(job.preset.model),
            self._context_tokens - (job.preset.parameters.answer_tokens or 0),
        )

    async def _contents(self, job: Assignment) -> Mapping[str, Content]:
        """What the files of the conversation hold, as far as they can be read."""
        wanted = hung(job.questions, job.history)
        return await self._files.read(wanted, job.fetch, self._most_pictures(job))

    def _most_pictures(self, job: Assignment) -> int:
        most = self._model.pictures(job.preset.model)
        return MOST_PICTURES if most is None else min(MOST_PICTURES, most)

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
        )
        return await condenser.story(long, known)

    async def _as_seen(self, draft: Draft, fitted: Fitted) -> Fitted:
        """What the model saw of the request: fewer pictures, if it has just refused some."""
        job = draft.job
        if _pictures(fitted) > self._most_pictures(job):
            contents = await self._contents(job)
            fitted = await replace(draft, contents=contents).fitted(fitted.tokens)
        asker = f"{job.question.conversation}/{job.question.asker.id}"
        if fitted.unseen and self._told_unseen.add(asker):
            return replace(fitted, told=(UNSEEN, *fitted.told))
        return fitted

    async def _ask(self, draft: Draft, fitted: Fitted, writing: "_Writing") -> Finish:
        """One call of the model, written down whatever becomes of it."""
        job, question, tokenizer = draft.job, draft.job.question, draft.tokenizer
        request = Request(
            fitted.turns,
            job.preset.parameters,
            cache_key=_hashed(str(question.conversation)),
            person=_hashed(question.asker.id),
        )
        begun, begun_at = self._clock(), self._wall_clock()
        ended: Finish | ModelFailed | None = None
        try:
            ended = await self._read(request, fitted.tokens, writing)
        except ModelFailed as error:
            ended = error
            raise
        else:
            if ended.usage is not None:
                tokenizer.learn(fitted.turns, ended.usage.prompt)
            return ended
        finally:
            call = Call(
                reply=job.name,
                model=job.preset.model,
                outcome=_outcome(ended),
                request_id=ended.request_id if ended else "",
                begun_at=begun_at + writing.transit.waited,
                seconds=self._clock() - begun - writing.transit.waited,
            )
            usage = ended.usage if isinstance(ended, Finish) else None
            # Once there is text, no other call follows: it is that of this one.
            written = "" if usage else job.reply.text
            if writing.transit.sent:  # else it stood in line only, and cost nothing
                job.aside(self._record(call, usage, tokenizer, fitted, written))

    async def _read(self, request: Request, tokens: int, writing: "_Writing") -> Finish:
        """Read one answer to its end, handing on what the reader is to see."""
        finish: Finish | None = None
        through = self._door.stream(request, tokens, writing.status, transit=writing.transit)
        async with aclosing(through) as answer:
            async for events in answer:
                finish = writing.take(events) or finish
        if finish is None:
            raise Interrupted("the stream ended without an end")
        return finish

    async def _record(
        self,
        call: Call,
        reported: Usage | None,
        tokenizer: Tokenizer,
        fitted: Fitted,
        written: str,
    ) -> None:
        """Write a call down; without reported usage, with our own count."""
        usage = reported
        if usage is None:
            await tokenizer.prime([written])
            usage = Usage(prompt=fitted.tokens, completion=tokenizer.count(written))
        counted = call.with_usage(usage, estimated=reported is None)
        await write_in_the_end(lambda: self._calls.record(counted), reply=call.reply)


class _Writing:
    """Hands the events of one call on to the reader."""

    def __init__(self, reply: Writer, status: Status) -> None:
        self._reply = reply
        self.status = status
        self.transit = Transit()
        self.begun = False
        """Whether there is anything for the reader to see."""

    def take(self, events: Sequence[Event]) -> Finish | None:
        """Show what there is to show; returns the finish when it is among the events."""
        for event in events:
            if isinstance(event, Text | Refusal):
                self.begun = self.begun or not event.text.isspace()
                self._reply.write(event.text)
            elif isinstance(event, Reasoning):
                self.status.say(REASONING)
            elif isinstance(event, Finish):
                return event
        return None


def _figures(draft: Draft, finish: Finish, fitted: Fitted) -> dict[str, object]:
    usage = finish.usage or Usage()
    return {
        "model": draft.job.preset.model,
        "messages_seen": fitted.seen,
        "left_out": fitted.left_out + draft.story.unread,
        "condensed": draft.story.condensed,
        "shortened": fitted.shortened,
        "files": fitted.files,
        "request_id": finish.request_id,
        "prompt_tokens": usage.prompt,
        "cached_tokens": usage.cached,
        "completion_tokens": usage.completion,
    }


def _outcome(ended: Finish | ModelFailed | None) -> str:
    if ended is None:
        return "cancelled"
    return ended.reason if isinstance(ended, Finish) else ended.word


def _told(finished: Ending, fitted: Fitted, story: Story) -> Ending:
    """The ending, with what the reader should know of what the model did not see."""
    notices = [finished.notice, *fitted.told]
    if fitted.shortened:
        notices.append(SHORTENED)
    if story.condensed:
        notices.append(condensed(story.condensed))
    if missing := fitted.left_out + story.unread:
        notices.append(left_out(missing))
    return replace(finished, notice=together(notices))


def _pictures(fitted: Fitted) -> int:
    return sum(isinstance(part, Image) for turn in fitted.turns for part in turn.parts)


def _hashed(name: str) -> str:
    """A name that tells the endpoint that two requests belong together, and no more."""
    return hashlib.blake2s(name.encode(), digest_size=16).hexdigest()
