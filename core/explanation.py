"""Why an answer is as it is: what the model was shown, and what that took."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.prices import dollars
from core.store import Call, Known
from core.words import Notice, lines


def explained(known: Known, calls: Sequence[Call]) -> str:
    """A few lines for whoever asks."""
    if known.outcome == "cached":
        return lines([Notice("why_cached")])
    return lines([*_model(known.about, calls), *_shown(known.about), *_effort(known, calls)])


def _model(about: Mapping[str, Any], calls: Sequence[Call]) -> Iterator[Notice]:
    answers = [call.model for call in calls if call.purpose == "answer"]
    model = answers[-1] if answers else about.get("model")
    given = ", ".join(f"{name} {value}" for name, value in about.get("parameters", {}).items())
    if model and given:
        yield Notice("why_model_given", model=model, parameters=given)
    elif model:
        yield Notice("why_model", model=model)
    if before := about.get("instead_of"):
        names = ", ".join(f"{one['model']} ({one['error']})" for one in before)
        yield Notice("why_instead", models=names)


def _shown(about: Mapping[str, Any]) -> Iterator[Notice]:
    """What the model has seen, and what not."""
    seen = about.get("messages_seen", 0)
    if about.get("goes_on"):
        yield Notice("why_seen_so_far", count=seen) if seen else Notice("why_so_far")
    else:
        yield Notice("why_seen", count=seen) if seen else Notice("why_seen_alone")
    if condensed := about.get("condensed"):
        yield Notice("why_condensed", count=condensed)
    if author := about.get("condensed_by"):
        yield Notice("why_condensed_by", model=author)
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
        if cost := sum(call.cost for call in calls):
            amount = dollars(cost)
            exact = Notice("why_cost", dollars=amount)
            yield Notice("why_cost_estimated", dollars=amount) if is_estimate else exact
        outcomes = ", ".join(call.outcome for call in calls)
        yield Notice("why_calls", count=len(calls), outcomes=outcomes)
    if known.ended:
        about = known.about
        yield Notice("why_time", first=about.get("first_text", 0), all=about.get("seconds", 0))
    else:
        yield Notice("why_unfinished")
