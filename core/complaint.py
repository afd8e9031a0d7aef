"""What an endpoint says when it refuses or fails, and which of our errors that is.

The decision rests on the HTTP status and on the endpoint's own words (`code`, `type`,
`param`). OpenAI's words are those of its error codes page; the others are what vLLM,
llama.cpp, Anthropic, Azure and OpenRouter use. The text of a message decides only where
servers have no other way to say it: whether a 404 is about the model or about the path,
which parameter is not supported, and that a context is exceeded.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

from core.errors import (
    BadRequest,
    ContextExceeded,
    KeyRejected,
    Misdirected,
    ModelFailed,
    ModelGone,
    QuotaSpent,
    RateLimited,
    ServerFailed,
    TooSlow,
)

LONGEST_DETAIL = 500
"""Letters of an endpoint's message that are kept; some send a whole page of HTML."""

# These words are precise: they decide whatever the status is.
_PRECISE: Mapping[str, type[ModelFailed]] = {
    "context_length_exceeded": ContextExceeded,
    "exceed_context_size_error": ContextExceeded,
    "request_too_large": ContextExceeded,
    "string_above_max_length": ContextExceeded,
    "tokens_limit_reached": ContextExceeded,
    "insufficient_quota": QuotaSpent,
    "credit_balance_exhausted": QuotaSpent,
    "organization_spend_limit_exceeded": QuotaSpent,
    "organization_usage_limit_exceeded": QuotaSpent,
    "project_spend_limit_exceeded": QuotaSpent,
    "billing_hard_limit_reached": QuotaSpent,
    "billing_not_active": QuotaSpent,
    "model_not_found": ModelGone,
    "DeploymentNotFound": ModelGone,
    "invalid_api_key": KeyRejected,
}

# These are said of many things: they decide only where there is no status.
_VAGUE: Mapping[str, type[ModelFailed]] = {
    "authentication_error": KeyRejected,
    "permission_error": KeyRejected,
    "not_found_error": ModelGone,
    "rate_limit_exceeded": RateLimited,
    "rate_limit_error": RateLimited,
    "requests": RateLimited,
    "tokens": RateLimited,
    "timeout": TooSlow,
    "timeout_error": TooSlow,
    "content_filter": BadRequest,
    "invalid_request_error": BadRequest,
}

# vLLM, Ollama, Anthropic and Gemini name the model in words alone; OpenRouter says that it
# has no endpoints for it. A path such as /v1/models names none.
_OF_A_MODEL = re.compile(r"(?i:(?<![/\w])models?)(?![a-z])|^No endpoints found\b")

# How servers say in words alone that a request exceeds the model's context.
_OVERFLOW_PHRASES = (
    r"This (?:model|endpoint)'s maximum context length is \d+ tokens",  # vLLM, OpenRouter
    r"This model's maximum prompt length is \d+ but the request contains \d+ tokens",  # xAI
    r"'?max_(?:completion_)?tokens'? .{0,60}This model's maximum context length is",  # vLLM
    r"(?:litellm\.)?ContextWindowExceededError:",  # LiteLLM
    r"(?:the )?request (?:\(\d+ tokens\) )?exceeds the available context size",  # llama.cpp
    r"prompt is too long: \d+ tokens > \d+ maximum",  # Anthropic
    r"The input token count \(\d+\) exceeds the maximum number of tokens",  # Gemini
    r"The input \(\d+ tokens\) is longer than the model's context length",  # SGLang
    r"Requested token count exceeds the model's maximum context length of \d+",  # SGLang
    r"Prompt contains \d+ tokens.{0,40} too large for model",  # Mistral
    r"Request too large for .{1,200} on tokens per min",  # OpenAI: more than a whole minute's
)

# A message begins with one, perhaps behind a gateway's own words and a dash or a colon: in
# the middle of a sentence it may be what somebody has asked.
_OVERFLOW = re.compile(
    rf"""(?:^|[-:]\s)["']?(?:{"|".join(_OVERFLOW_PHRASES)})""",
    re.IGNORECASE,
)

_UNSUPPORTED = frozenset({"unsupported_parameter", "unsupported_value"})
"""Codes that are about a parameter; some gateways drop the field that names it."""

_QUOTED = re.compile(r"""["'`]([A-Za-z_][\w.\[\]]*)["'`]""")

# How servers say that a model takes no pictures: OpenAI ("image_url is only supported by
# certain models"), Ollama, llama.cpp, LM Studio ("does not support image input", "image input
# is not supported"), OpenRouter ("No endpoints found that support image input"), vLLM ("is not
# a multimodal model"), Mistral ("Image input is not enabled"), DeepSeek ("unknown variant
# `image_url`, expected `text`"), Groq and templates that know nothing but texts.
_BLIND = re.compile(
    r"""
    image_url\b.{0,40}\b(?:only\ supported|not\ (?:supported|allowed))
    | (?:unknown|unsupported|invalid)\ (?:variant|part\ type|content\ type)\W{1,3}image
    | not\ (?:a\ |an\ )?(?:multi-?modal|vision)
    | (?:not|n't)\ (?:\w+\ )?(?:support|accept|allow|take|process|see)\w*
        \ (?:\w+\ )?(?:images?|vision|pictures?)\b
        (?!\ (?:of|format|media|type|size|larger|with))
    | images?\ (?:inputs?\ |content\ )?(?:is|are)\ not\ (?:supported|enabled|allowed)
    | support\ image\ input
    | missing\ data\ required\ for\ image\ input
    | content['"`]?\ (?:must|should)\ be\ a\ (?:valid\ )?string
    | \bmmproj\b
    """,
    re.IGNORECASE | re.VERBOSE,
)

_MOST_PICTURES = re.compile(r"\bat most (\d{1,3}) images?(?:\(s\))? (?:may|can)", re.IGNORECASE)
"""vLLM's words for how many pictures it takes."""

_MAY_BE_OF_PICTURES = frozenset({400, 404, 415, 422, 500, 501})
"""Statuses with which they say so; llama.cpp takes it for a fault of its own."""

# 413 is said of requests that are too large in bytes or in tokens: both are mended by
# sending less, as an exceeded context is.
_STATUSES: Mapping[int, type[ModelFailed]] = {
    401: KeyRejected,
    402: QuotaSpent,
    403: KeyRejected,
    404: ModelGone,
    408: TooSlow,
    413: ContextExceeded,
    429: RateLimited,
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an endpoint said; `status` is 0 for an event inside an answer that began well.

    `parameter` is the field of the request that it names, "" if it names none.
    """

    status: int = 0
    code: str = ""
    kind: str = ""
    parameter: str = ""
    message: str = ""
    request_id: str = ""
    retry_after: float | None = None

    @property
    def names_nothing(self) -> bool:
        """Whether neither a word nor a field says what is wrong with the request."""
        said = self.parameter or (self.code and not self.code.isdigit())
        return not said and not self._overflows

    @property
    def most_pictures(self) -> int | None:
        """How many pictures the model takes, if it is about that; 0: it sees none."""
        if self.status not in _MAY_BE_OF_PICTURES:
            return None
        if most := _MOST_PICTURES.search(self.message):
            return int(most[1])
        return 0 if _BLIND.search(self.message) else None

    @property
    def _overflows(self) -> bool:
        return bool(_OVERFLOW.search(self.message))

    @property
    def _speaks_of_a_model(self) -> bool:
        """Whether it was the API that said it, rather than whatever is at a wrong address."""
        if self.message.lstrip().startswith("<"):  # a web page, which may speak of anything
            return False
        said = (self.code, self.kind, self.parameter, self.message)
        return any(_OF_A_MODEL.search(words) for words in said)

    def error(self) -> ModelFailed:
        """The error that this is for us."""
        return self._class()(
            self.message,
            code=self.code or self.kind,
            status=self.status,
            parameter=self.parameter,
            request_id=self.request_id,
            retry_after=self.retry_after,
        )

    def _class(self) -> type[ModelFailed]:
        words = (self.code, self.kind)
        if precise := _first(_PRECISE, words):
            return precise
        status = self.status or _as_status(self.code)
        # The parameter is vLLM's way to say context_length_exceeded.
        if self.parameter == "input_tokens" or (status in (400, 429) and self._overflows):
            return ContextExceeded
        if not status:
            return _first(_VAGUE, words) or ServerFailed
        if status < 400 or (status == 404 and not self._speaks_of_a_model):
            return Misdirected
        if status in _STATUSES:
            return _STATUSES[status]
        return BadRequest if status < 500 else ServerFailed


class Refused(Exception):
    """The endpoint answered with an error status; `complaint` is what it said.

    `limits` are its rate-limit headers by the end of their names.
    """

    def __init__(self, said: Complaint, limits: Mapping[str, str] | None = None) -> None:
        super().__init__(said.message)
        self.complaint = said
        self.limits = limits or {}


def complaint(body: object) -> Complaint:
    """Read the body of an error answer or of an error event, in any of their shapes.

    They are OpenAI's `{"error": {…}}`, with or without its wrapping, or with a text in
    it; FastAPI's `{"detail": [{"loc": …}]}`, also inside a `message`; and plain text.
    """
    if isinstance(body, Mapping):
        inner = body.get("error") or body
        return _of_fields(inner) if isinstance(inner, Mapping) else complaint(inner)
    return Complaint(message=_prose(body))


def answered(said: Complaint, status: int, headers: Mapping[str, str], *, now: float) -> Complaint:
    """The complaint with what stood outside of its body; `now` is in epoch seconds."""
    return replace(
        said,
        status=status,
        request_id=headers.get("x-request-id", ""),
        retry_after=retry_after(headers, now=now),
    )


def retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds that the headers ask us to wait; None where they ask nothing sensible.

    `retry-after-ms` is OpenAI's; `retry-after` holds seconds or a date (RFC 9110, 10.2.3).
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        seconds = _number(headers.get(name, "")) / unit
        if math.isfinite(seconds):
            return max(0.0, seconds)
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
        return max(0.0, date.timestamp() - now)
    except (ValueError, OverflowError):  # no date, or one that no calendar holds
        return None


def _of_fields(fields: Mapping[str, Any]) -> Complaint:
    message = fields.get("message", "")
    detail = fields.get("detail")
    if isinstance(message, Mapping):
        detail = message.get("detail")
    code, prose = _word(fields.get("code")), _prose(message or detail)
    return Complaint(
        code=code,
        kind=_word(fields.get("type")),
        parameter=_word(fields.get("param")) or _location(detail) or _unsupported(code, prose),
        message=prose,
    )


def _unsupported(code: str, message: str) -> str:
    """The parameter of "Unsupported value: 'temperature' does not support 0.2 …"."""
    quoted = _QUOTED.search(message) if code in _UNSUPPORTED else None
    return quoted[1] if quoted else ""


def _location(detail: object) -> str:
    """The field of the body that FastAPI names: `[{"loc": ["body", field, …]}]`."""
    first = detail[0] if isinstance(detail, list) and detail else None
    place = first.get("loc") if isinstance(first, Mapping) else None
    return str(place[1]) if isinstance(place, list) and len(place) > 1 else ""


def _first(
    table: Mapping[str, type[ModelFailed]], words: Iterable[str]
) -> type[ModelFailed] | None:
    return next((table[word] for word in words if word in table), None)


def _as_status(code: str) -> int:
    return int(code) if len(code) == 3 and code.isdecimal() and code[0] in "45" else 0


def _word(value: object) -> str:
    """The value of a field; LiteLLM sends Python's None as a text where there is none."""
    return str(value) if isinstance(value, str | int) and value != "None" else ""


def _prose(value: object) -> str:
    """What a person can read of it; nothing of what is nested too deeply to be written down."""
    try:
        return str(value or "")[:LONGEST_DETAIL]
    except RecursionError:
        return ""


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
