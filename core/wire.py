"""The words of the chat-completions API: what is asked, and what comes back.

`Answer` reads the chunks of one answer. Normal in it, not errors: a delta with None
content or none at all, empty choices, text in the chunk that carries the finish
reason, no usage, usage in a chunk of its own, fields that nobody knows, no `index`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from core.complaint import Complaint, complaint
from core.messages import Text, Turn
from core.thinking import Thinking

DONE = "[DONE]"
"""The data of the last event of a stream."""

MOST_TOKENS = 1_000_000_000
"""More than any model reads or writes; what says that it has counted more has counted nothing."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """How the model is to answer; None and empty mean the server's own default.

    `extra_body` goes into the request as it is and wins over everything else.
    """

    model: str
    answer_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    reasoning_effort: str | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fixed_answer_tokens(self) -> int | None:
        """The longest answer where `extra_body` says it, which then holds whatever else is said."""
        found = (self.extra_body.get(name) for name in ("max_completion_tokens", "max_tokens"))
        return next((one for one in found if isinstance(one, int)), None)


@dataclass(frozen=True, slots=True)
class Request:
    """One call of the model: the whole conversation, since the API is stateless.

    `cache_key` names what requests with the same beginning have in common; `person` is
    a hash that stands for the asker, told only to OpenAI itself.
    """

    turns: tuple[Turn, ...]
    parameters: Parameters
    cache_key: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of what the model thinks before it answers; never part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A piece of the model's own words for why it will not answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A piece of a call; pieces with the same index are one.

    `id` and `name` come with its first piece, `arguments` add up to a JSON text.
    """

    index: int
    id: str
    name: str
    arguments: str

    @property
    def text(self) -> str:
        """What the model has written of it."""
        return self.name + self.arguments


@dataclass(frozen=True, slots=True)
class Usage:
    """What the server counted, in tokens.

    `cached` and `cache_written` (billed otherwise) and `image` are part of `prompt`,
    `reasoning` is part of `completion`.
    """

    prompt: int = 0
    cached: int = 0
    cache_written: int = 0
    completion: int = 0
    reasoning: int = 0
    image: int = 0


@dataclass(frozen=True, slots=True)
class Finish:
    """The answer is complete.

    `reason` is the server's: "stop", "length", "content_filter", "tool_calls" or a word
    of its own. `usage` is None where the server did not tell. `request_id` is what its
    operators ask for; `limits` are its `x-ratelimit-…` headers, without that beginning.
    `at_once` says that the answer was no stream, but came in one piece.
    """

    reason: str
    usage: Usage | None = None
    request_id: str = ""
    limits: Mapping[str, str] = field(default_factory=dict)
    at_once: bool = False


Event = Text | Reasoning | ToolCall | Refusal | Finish


class Answer:
    """Reads one answer, chunk by chunk.

    `reason` is its finish reason, "" until it is there; `complaint` what the server
    said in the middle of it, after which nothing more is read; `done` that the server
    said it was the end; `has_text` that there is something to show to a person.
    `thinking` tells apart the reasoning that stands in the text.
    """

    def __init__(self, thinking: Thinking | None = None) -> None:
        self.reason = ""
        self.usage: Usage | None = None
        self.complaint: Complaint | None = None
        self.done = False
        self.has_text = False
        self._thinking = thinking or Thinking()
        self._last_call: tuple[int, str] = (-1, "")

    @property
    def over(self) -> bool:
        """Whether nothing that follows can matter."""
        return self.done or self.complaint is not None

    @property
    def held(self) -> bool:
        """Whether it holds anything but reasoning."""
        return self.has_text or self._last_call[0] >= 0

    def read(self, chunks: Iterable[str]) -> tuple[Event, ...]:
        """What these chunks say; adjacent pieces of a text are one."""
        # Joined before reasoning is looked for in it: a piece is a token, and costs as much.
        events = self._told_apart(_merged(self._pieces(chunks)))
        return tuple(map(self._note, _merged(events)))

    def flush(self) -> tuple[Event, ...]:
        """What was held back, now that nothing follows."""
        rest = self._thinking.flush(complete=bool(self.reason))
        return tuple(self._note(event) for event in _told_apart(*rest))

    def _told_apart(self, pieces: Iterable[str | Event]) -> Iterator[Event]:
        for piece in pieces:
            if isinstance(piece, str):
                yield from _told_apart(*self._thinking.feed(piece))
            else:
                yield piece

    def _pieces(self, chunks: Iterable[str]) -> Iterator[str | Event]:
        """What these chunks hold; a `str` is text that may hold reasoning."""
        for chunk in chunks:
            if self.over:
                return
            if chunk.startswith(DONE):
                self.done = True
                return
            try:
                yield from list(self._events(_parsed(chunk)))
            except (AttributeError, TypeError):  # an object where a list should be, and so on
                self.complaint = Complaint(code="malformed")
                return

    def _note(self, event: Event) -> Event:
        if isinstance(event, Text | Refusal) and not self.has_text:
            self.has_text = not event.text.isspace()
        return event

    def _events(self, chunk: object) -> Iterator[str | Event]:
        if not isinstance(chunk, dict):
            self.complaint = Complaint(code="malformed")
        elif chunk.get("error") or chunk.get("object") == "error":
            self.complaint = complaint(chunk)
        else:
            self.usage = _usage(chunk.get("usage")) or self.usage
            for choice in chunk.get("choices") or ():
                if not choice.get("index"):
                    yield from self._choice(choice)

    def _choice(self, choice: dict[str, Any]) -> Iterator[str | Event]:
        # A server that does not stream sends one `message` with everything in it.
        delta = choice.get("delta") or choice.get("message") or {}
        if reasoning := _text(delta.get("reasoning_content") or delta.get("reasoning")):
            yield Reasoning(reasoning)
        if content := delta.get("content"):
            yield from self._content(content)
        if refusal := _text(delta.get("refusal")):
            yield Refusal(refusal)
        for call in delta.get("tool_calls") or ():
            yield self._call(call)
        self.reason = _text(choice.get("finish_reason")) or self.reason

    def _content(self, content: str | list[dict[str, Any]]) -> Iterator[str | Event]:
        if isinstance(content, str):
            yield content
            return
        for part in content:  # Mistral: a list of parts, where reasoning is a list again
            yield _text(part.get("text"))
            for thought in part.get("thinking") or ():
                yield from _told_apart(_text(thought.get("text")), "")

    def _call(self, call: dict[str, Any]) -> ToolCall:
        function = call.get("function") or {}
        last, last_id = self._last_call
        id_ = _text(call.get("id"))
        begins = last < 0 or (id_ and id_ != last_id)
        index = call.get("index")
        if not isinstance(index, int):
            index = last + 1 if begins else last
        self._last_call = (index, id_ or last_id)
        return ToolCall(index, id_, _text(function.get("name")), _text(function.get("arguments")))


def _told_apart(reasoning: str, answer: str) -> Iterator[Event]:
    if reasoning:
        yield Reasoning(reasoning)
    if answer:
        yield Text(answer)


P = TypeVar("P", str | Event, Event)


def _merged(events: Iterable[P]) -> Iterator[P]:
    """Adjacent pieces of one kind of text joined, so that a reader handles them at once."""
    kind: type[Any] = Text
    pieces: list[str] = []
    for event in events:
        if pieces and type(event) is not kind:
            yield kind("".join(pieces))
            pieces = []
        if isinstance(event, str):
            kind = str
            pieces.append(event)
        elif isinstance(event, Text | Reasoning | Refusal):
            kind = type(event)
            pieces.append(event.text)
        else:
            yield event
    if pieces:
        yield kind("".join(pieces))


def _parsed(chunk: str) -> object:
    try:
        return orjson.loads(chunk)
    except orjson.JSONDecodeError:
        return _parsed_leniently(chunk)


def _parsed_leniently(chunk: str) -> object:
    """The JSON with its lone surrogates replaced: half an emoji, where a token ends in it."""
    try:
        text = json.dumps(json.loads(chunk), ensure_ascii=False)
        return json.loads(text.encode("utf-8", "replace"))
    except (ValueError, RecursionError):  # no JSON, or nested more deeply than any chunk is
        return None


def _usage(fields: object) -> Usage | None:
    """Usage as OpenAI tells it; DeepSeek names cached tokens in a way of its own."""
    if not isinstance(fields, dict) or not _is_possible(fields):
        return None
    prompt = fields.get("prompt_tokens_details") or {}
    completion = fields.get("completion_tokens_details") or {}
    return Usage(
        prompt=_count(fields.get("prompt_tokens")),
        cached=_count(prompt.get("cached_tokens") or fields.get("prompt_cache_hit_tokens")),
        cache_written=_count(prompt.get("cache_write_tokens")),
        completion=_count(fields.get("completion_tokens")),
        reasoning=_count(completion.get("reasoning_tokens")),
        image=_count(prompt.get("image_tokens")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _is_possible(usage: dict[str, Any]) -> bool:
    counts = (usage.get("prompt_tokens"), usage.get("completion_tokens"))
    return all(0 <= one <= MOST_TOKENS for one in counts if isinstance(one, int))


def _count(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value <= MOST_TOKENS else 0
