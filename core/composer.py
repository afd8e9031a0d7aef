"""From a question and what was said before to an answer: the model's side of it."""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog

from core.context import Fitted, fit, speaker
from core.enclosures import SHARE, enclose
from core.errors import (
    ChosenModelGone,
    ContextExceeded,
    Interrupted,
    ModelFailed,
    ModelGone,
    TooSlow,
)
from core.files import MOST_PICTURES, Content, Fetch, Files, hung
from core.messages import Image, Question, Role, Text, Turn
from core.model import Model
from core.notices import (
    READING,
    REASONING,
    SHORTENED,
    THINKING,
    UNSEEN,
    Ending,
    ending,
    left_out,
    retrying,
)
from core.once import Once
from core.presets import Name, Origin, Preset
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


class Writer(Protocol):
    """Takes the answer as it comes."""

    @property
    def text(self) -> str:
        """What was written."""

    def write(self, text: str) -> None:
        """Add to it. Never waits."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What is to be answered, after what was said before, and into which reply of what name.

    `preset` says how: with which model, in which words. `aside` runs the book-keeping, for
    which no reader should wait; `fetch` gives the files.
    """

    name: str
    questions: Sequence[Question]
    history: Sequence[Turn]
    preset: Preset
    reply: Writer
    status: Status
    aside: Callable[[Coroutine[Any, Any, None]], object]
    fetch: Fetch


class Composer:
    """Writes answers with the models of one endpoint.

    `clock` gives seconds that only ever grow, `wall_clock` seconds since 1970, `chance`
    a random number from 0 to 1.
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
    ) -> None:
        self._model = model
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
        if any(question.attachments for question in job.questions):
            job.status.say(READING)
        contents = await self._contents(job)
        job.status.say(THINKING)
        tokenizer = await self._tokenizers.of(job.preset.model)
        budget = self._context_tokens - (job.preset.parameters.answer_tokens or 0)
        fitted = await _fit(job, contents, budget, tokenizer)
        while True:
            writing = _Writing(job.reply, job.status)
            try:
                finish = await self._ask(job, tokenizer, fitted, writing)
            except ContextExceeded:
                budget = int(fitted.tokens * SMALLER)
                smaller = await _fit(job, contents, budget, tokenizer)
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
                    conversation=str(job.questions[-1].conversation),
                    error=error.word,
                    seconds=round(delay, 1),
                )
                job.status.say(retrying(delay))
                await asyncio.sleep(delay)
                job.status.say(THINKING)
            else:
                fitted = await self._as_seen(job, tokenizer, fitted)
                told = _told(ending(finish.reason, silent=not writing.begun), fitted)
                return replace(told, figures=_figures(job, finish, fitted))

    async def _contents(self, job: Assignment) -> Mapping[str, Content]:
        """What the files of the conversation hold, as far as they can be read."""
        wanted = hung(job.questions, job.history)
        return await self._files.read(wanted, job.fetch, self._most_pictures(job))

    def _most_pictures(self, job: Assignment) -> int:
        most = self._model.pictures(job.preset.model)
        return MOST_PICTURES if most is None else min(MOST_PICTURES, most)

    async def _as_seen(self, job: Assignment, tokenizer: Tokenizer, fitted: Fitted) -> Fitted:
        """What the model saw of the request: fewer pictures, if it has just refused some."""
        if _pictures(fitted) > self._most_pictures(job):
            fitted = await _fit(job, await self._contents(job), fitted.tokens, tokenizer)
        asker = f"{job.questions[-1].conversation}/{job.questions[-1].asker.id}"
        if fitted.unseen and self._told_unseen.add(asker):
            return replace(fitted, told=(UNSEEN, *fitted.told))
        return fitted

    async def _ask(
        self, job: Assignment, tokenizer: Tokenizer, fitted: Fitted, writing: "_Writing"
    ) -> Finish:
        """One call of the model, written down whatever becomes of it."""
        question = job.questions[-1]
        request = Request(
            fitted.turns,
            job.preset.parameters,
            cache_key=_hashed(str(question.conversation)),
            person=_hashed(question.asker.id),
        )
        begun, begun_at = self._clock(), self._wall_clock()
        ended: Finish | ModelFailed | None = None
        try:
            ended = await self._read(request, writing)
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
                begun_at=begun_at,
                seconds=self._clock() - begun,
            )
            usage = ended.usage if isinstance(ended, Finish) else None
            # Once there is text, no other call follows: it is that of this one.
            written = "" if usage else job.reply.text
            job.aside(self._record(call, usage, tokenizer, fitted, written))

    async def _read(self, request: Request, writing: "_Writing") -> Finish:
        """Read one answer to its end, handing on what the reader is to see."""
        finish: Finish | None = None
        async with aclosing(self._model.stream(request)) as answer:
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
        counted = replace(
            call,
            prompt_tokens=usage.prompt,
            cached_tokens=usage.cached,
            written_tokens=usage.cache_written,
            completion_tokens=usage.completion,
            reasoning_tokens=usage.reasoning,
            estimated=reported is None,
        )
        await write_in_the_end(lambda: self._calls.record(counted), reply=call.reply)


class _Writing:
    """Hands the events of one call on to the reader."""

    def __init__(self, reply: Writer, status: Status) -> None:
        self._reply = reply
        self._status = status
        self.begun = False
        """Whether there is anything for the reader to see."""

    def take(self, events: Sequence[Event]) -> Finish | None:
        """Show what there is to show; returns the finish when it is among the events."""
        for event in events:
            if isinstance(event, Text | Refusal):
                self.begun = self.begun or not event.text.isspace()
                self._reply.write(event.text)
            elif isinstance(event, Reasoning):
                self._status.say(REASONING)
            elif isinstance(event, Finish):
                return event
        return None


async def _fit(
    job: Assignment, contents: Mapping[str, Content], budget: int, tokenizer: Tokenizer
) -> Fitted:
    """The request within the budget; counted in a thread, as texts may be long."""
    return await asyncio.to_thread(_fitted, job, contents, budget, tokenizer)


def _fitted(
    job: Assignment, contents: Mapping[str, Content], budget: int, tokenizer: Tokenizer
) -> Fitted:
    system = job.preset.system_prompt
    prompt = tokenizer.measure(Turn(Role.SYSTEM, (Text(system),)))
    files = enclose(
        hung(job.questions, job.history),
        contents,
        room=int(max(0, budget - prompt) * SHARE),
        count=tokenizer.measure,
    )
    fitted = fit(
        system=system,
        history=job.history,
        questions=job.questions,
        note=_note(job.questions[-1]),
        budget=budget,
        count=tokenizer.measure,
        direct=job.questions[-1].direct,
        files=files.parts,
    )
    return replace(fitted, told=files.told, unseen=files.unseen, files=files.names)


def _figures(job: Assignment, finish: Finish, fitted: Fitted) -> dict[str, object]:
    usage = finish.usage or Usage()
    return {
        "model": job.preset.model,
        "messages_seen": fitted.seen,
        "left_out": fitted.left_out,
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


def _note(question: Question) -> str:
    """What changes from question to question, after all that a provider can cache."""
    when = question.asked_at.strftime("%A, %d %B %Y, %H:%M %Z")
    return f"[{when}. Asked by {speaker(question.asker.name)} in {speaker(question.place)}.]"


def _told(finished: Ending, fitted: Fitted) -> Ending:
    """The ending, with what the reader should know of what the model did not see."""
    notices = [finished.notice, *fitted.told]
    if fitted.shortened:
        notices.append(SHORTENED)
    if fitted.left_out:
        notices.append(left_out(fitted.left_out))
    return replace(finished, notice=together(notices))


def _pictures(fitted: Fitted) -> int:
    return sum(isinstance(part, Image) for turn in fitted.turns for part in turn.parts)


def _hashed(name: str) -> str:
    """A name that tells the endpoint that two requests belong together, and no more."""
    return hashlib.blake2s(name.encode(), digest_size=16).hexdigest()
