"""Why an answer is as it is: what the model was shown, and what that took."""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

from core.store import Call, Known
from core.words import Notice


def explained(known: Known, calls: Sequence[Call]) -> str:
    """A few lines for whoever asks."""
    lines = [*_model(known.about, calls), *_shown(known.about), *_effort(known, calls)]
    return reduce(lambda above, line: Notice("lines", first=above, second=line), lines)


def _model(about: Mapping[str, Any], calls: Sequence[Call]) -> Iterator[Notice]:
    model = calls[-1].model if calls else about.get("model")
    given = ", ".join(f"{name} {value}" for name, value in about.get("parameters", {}).items())
    if model and given:
        yield Notice("why_model_given", model=model, parameters=given)
    elif model:
        yield Notice("why_model", model=model)


def _shown(about: Mapping[str, Any]) -> Iterator[Notice]:
    """What the model has seen, and what not."""
    yield Notice("why_seen", count=about.get("messages_seen", 0))
    if condensed := about.get("condensed"):
        yield Notice("why_condensed", count=condensed)
    if left_out := about.get("left_out"):
        yield Notice("why_left_out", count=left_out)
    if about.get("shortened"):
        yield Notice("why_shortened")
    if files := about.get("files"):
        yield Notice("why_files", files=", ".join(files))


def _effort(known: Known, calls: Sequence[Call]) -> Iterator[Notice]:
    """Tokens, time and tries."""
    if calls:
        tokens = Notice(
            "why_tokens",
            prompt=sum(call.prompt_tokens for call in calls),
            cached=sum(call.cached_tokens for call in calls),
            completion=sum(call.completion_tokens for call in calls),
            reasoning=sum(call.reasoning_tokens for call in calls),
        )
        is_estimate = any(call.estimated for call in calls)
        yield Notice("why_estimated", tokens=tokens) if is_estimate else tokens
        outcomes = ", ".join(call.outcome for call in calls)
        yield Notice("why_calls", count=len(calls), outcomes=outcomes)
    if known.ended:
        about = known.about
        yield Notice("why_time", first=about.get("first_text", 0), all=about.get("seconds", 0))
    else:
        yield Notice("why_unfinished")
