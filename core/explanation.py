"""Why an answer is as it is: what the model was shown, and what that took."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.store import Call, Known


def explained(known: Known, calls: Sequence[Call]) -> str:
    """A few lines of Markdown for whoever asks."""
    return "\n".join(f"- {line}" for line in _lines(known.about, known.outcome, calls))


def _lines(about: Mapping[str, Any], outcome: str, calls: Sequence[Call]) -> Iterator[str]:
    last = calls[-1] if calls else None
    if model := last.model if last else about.get("model"):
        given = ", ".join(f"{name} {value}" for name, value in about.get("parameters", {}).items())
        yield f"Model: {model}{f' ({given})' if given else ''}"
    yield _seen(about)
    if files := about.get("files"):
        yield f"Files: {', '.join(files)}"
    if calls:
        yield _tokens(calls)
    yield (
        f"Time: first text after {about.get('first_text', 0)} s, complete after "
        f"{about.get('seconds', 0)} s"
    )
    if len(calls) > 1:
        yield f"Calls of the model: {len(calls)} ({', '.join(call.outcome for call in calls)})"
    yield f"Outcome: {outcome.replace('_', ' ')}" if outcome else "It is still being written."


def _seen(about: Mapping[str, Any]) -> str:
    """How much of the conversation the model was shown."""
    seen = about.get("messages_seen", 0)
    told = [
        f"The question and {seen} earlier message{'' if seen == 1 else 's'} of this conversation"
    ]
    if left_out := about.get("left_out"):
        told.append(f"the {left_out} oldest were left out")
    if condensed := about.get("condensed"):
        told.append(f"{condensed} were condensed into a summary")
    if about.get("shortened"):
        told.append("the middle of the question was left out")
    return f"Shown to the model: {'; '.join(told)}"


def _tokens(calls: Sequence[Call]) -> str:
    prompt, cached, completion, reasoning = (
        sum(getattr(call, name) for call in calls)
        for name in ("prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens")
    )
    about = " (estimated)" if any(call.estimated for call in calls) else ""
    thought = f", {reasoning} of them for reasoning" if reasoning else ""
    return f"Tokens{about}: {prompt} in, {cached} of them cached; {completion} out{thought}"
