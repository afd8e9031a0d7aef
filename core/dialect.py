"""A request in the words that one model's server accepts.

Servers differ in the parameters that they know: `max_tokens` or
`max_completion_tokens`, `temperature` or none, `stream_options` or none. A `Dialect`
remembers what one of them has refused.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Any

import orjson

from core.complaint import Complaint
from core.messages import Image, Part, Text, Turn
from core.wire import Parameters, Request

TOKEN_LIMITS = ("max_completion_tokens", "max_tokens")
"""The two names of the same parameter; the second is the older one."""

UNASKED = frozenset({"stream_options", "prompt_cache_key", "safety_identifier"})
"""What Parley adds of itself: the first to go when a server does not say what it minds."""

UNSEEN = "[a picture that you cannot see]"
"""What stands for a picture that is not sent."""

_REQUIRED = frozenset({"model", "messages", "stream", *TOKEN_LIMITS})


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one model's server accepts, as far as it is known.

    `alternating` says that it wants user and assistant to take turns; `proven` that it
    has accepted a request before. `pictures` is how many pictures it takes (None: all), and
    `sighted` says that it has taken some before.
    """

    at_openai: bool = False
    token_limit: str = TOKEN_LIMITS[1]
    renamed: bool = False
    left_out: frozenset[str] = frozenset()
    alternating: bool = False
    proven: bool = False
    pictures: int | None = None
    sighted: bool = False

    def body(self, request: Request) -> bytes:
        """The request as JSON."""
        turns = tuple(_alternating(request.turns)) if self.alternating else request.turns
        if self.pictures is not None:
            turns = _with_newest(turns, self.pictures)
        messages = [_message(turn) for turn in turns]
        return orjson.dumps({"messages": messages, **self._options(request)})

    def without_refused(self, said: Complaint, request: Request) -> "Dialect | None":
        """The dialect to try after a refusal; None when the request itself is at fault.

        A parameter that the server names is left out, the token limit renamed (never
        left out: money is reserved for it). Where nothing is named, what nobody asked
        for goes, but only as long as no request has ever been accepted; then successive
        turns of one role become one, since the chat templates of some models want that; and
        then pictures go, unless some were accepted before. They go at once where that is
        what it minds.
        """
        if (fewer := self._fewer_pictures(said.most_pictures, request)) is not None:
            return fewer
        if said.status not in (400, 422):
            return None
        sent = self._options(request).keys()
        refused = said.parameter.partition(".")[0].partition("[")[0]
        if refused == self.token_limit and refused in sent and not self.renamed:
            return replace(self, token_limit=_other_limit(refused), renamed=True)
        if refused in sent and refused not in _REQUIRED:
            return replace(self, left_out=self.left_out | {refused})
        return self._simpler(request) if said.names_nothing else None

    def _simpler(self, request: Request) -> "Dialect | None":
        """What to try where nobody knows what the server minds."""
        if not self.proven and self._options(request).keys() & UNASKED:
            return replace(self, left_out=self.left_out | UNASKED)
        if not self.alternating and _repeats_a_role(request):
            return replace(self, alternating=True)
        return None if self.sighted else self._fewer_pictures(0, request)

    def _fewer_pictures(self, most: int | None, request: Request) -> "Dialect | None":
        sent = _pictures(request.turns)
        if self.pictures is not None:
            sent = min(sent, self.pictures)
        return None if most is None or sent <= most else replace(self, pictures=most)

    def _options(self, request: Request) -> dict[str, Any]:
        """Everything but the messages."""
        options = {
            "model": request.parameters.model,
            "stream": True,
            "stream_options": {"include_usage": True},
            "prompt_cache_key": request.cache_key,
            "safety_identifier": request.person if self.at_openai else "",
            **self._tuning(request.parameters),
        }
        given = {name: value for name, value in options.items() if value not in (None, "", ())}
        given |= request.parameters.extra_body
        return {name: value for name, value in given.items() if name not in self.left_out}

    def _tuning(self, parameters: Parameters) -> dict[str, Any]:
        return {
            self.token_limit: parameters.answer_tokens,
            "temperature": parameters.temperature,
            "top_p": parameters.top_p,
            "stop": parameters.stop,
            "frequency_penalty": parameters.frequency_penalty,
            "presence_penalty": parameters.presence_penalty,
            "reasoning_effort": parameters.reasoning_effort,
        }


def dialect_at(host: str) -> Dialect:
    """What to try first: OpenAI refuses `max_tokens`, other servers may know only that."""
    at_openai = host == "api.openai.com" or host.endswith(".api.openai.com")
    return Dialect(at_openai=at_openai, token_limit=TOKEN_LIMITS[0 if at_openai else 1])


def _other_limit(name: str) -> str:
    return TOKEN_LIMITS[1 - TOKEN_LIMITS.index(name)]


def _repeats_a_role(request: Request) -> bool:
    return any(one.role is other.role for one, other in pairwise(request.turns))


def _pictures(turns: Sequence[Turn]) -> int:
    return sum(isinstance(part, Image) for turn in turns for part in turn.parts)


def _with_newest(turns: Sequence[Turn], pictures: int) -> tuple[Turn, ...]:
    """The turns with so many pictures, the newest of them."""
    too_many = _pictures(turns) - pictures
    kept: list[Turn] = []
    for turn in turns:
        parts: list[Part] = []
        for part in turn.parts:
            if isinstance(part, Image) and too_many > 0:
                too_many -= 1
                parts.append(Text(UNSEEN))
            else:
                parts.append(part)
        kept.append(replace(turn, parts=tuple(parts)))
    return tuple(kept)


def _alternating(turns: Sequence[Turn]) -> Iterator[Turn]:
    """The turns, successive ones of one role as one."""
    for _, group in groupby(turns, key=lambda turn: turn.role):
        first, *rest = group
        parts = [part for turn in rest for part in (Text(""), *turn.parts)]
        yield replace(first, parts=(*first.parts, *parts))


def _message(turn: Turn) -> dict[str, Any]:
    if any(isinstance(part, Image) for part in turn.parts):
        return {"role": turn.role, "content": list(_parts(turn.parts))}
    # A plain text is what every server understands; a list of parts is not.
    return {"role": turn.role, "content": _sound(turn.text)}


def _parts(parts: tuple[Part, ...]) -> Iterator[dict[str, Any]]:
    for part in parts:
        if isinstance(part, Text):
            yield {"type": "text", "text": _sound(part.text)}
        else:
            data = base64.b64encode(part.data).decode("ascii")
            url = f"data:{part.media_type};base64,{data}"
            yield {"type": "image_url", "image_url": {"url": url}}


def _sound(text: str) -> str:
    """The text without lone surrogates: people can type them, JSON cannot hold them."""
    return text.encode("utf-8", "replace").decode("utf-8")
