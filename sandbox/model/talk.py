"""A request's messages as a talk: what is asked now, and what was said before."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.model.tokens import text_of

_NOTE = re.compile(r"^\[[^\n]*\]\n")
_SPEAKER = re.compile(r"^([^\n:]{1,70}): ")
_ASKED_BY = re.compile(r"Asked by (.+?) in ")


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said; `by` is empty where no names are told, as alone with the bot."""

    text: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """`earlier` is what people said before the question, oldest first."""

    question: str
    asker: str = ""
    earlier: tuple[Said, ...] = ()
    answers: int = 0
    images: int = 0


def talk_of(messages: Sequence[Mapping[str, Any]]) -> Talk:
    """The talk behind a request, without what a bot adds to what people say.

    Before a question may stand a line in brackets (when, who, where), and before
    everything said a name.
    """
    said = [message for message in messages if message["role"] == "user"]
    if not said:
        return Talk("")
    *earlier, last = (text_of(message.get("content")) for message in said)
    note = _NOTE.match(last)
    texts = [*earlier, last[note.end() :] if note else last]
    named = _has_speakers(texts, note[0] if note else "")
    *before, asked = (_said(text, named=named) for text in texts)
    return Talk(
        asked.text,
        asked.by,
        tuple(before),
        sum(message["role"] == "assistant" for message in messages),
        _images(said[-1].get("content")),
    )


def _said(text: str, *, named: bool) -> Said:
    name = _SPEAKER.match(text) if named else None
    return Said(text[name.end() :].strip(), name[1]) if name else Said(text.strip())


def _has_speakers(texts: Sequence[str], note: str) -> bool:
    """Whether names stand before what is said; the note knows the name of the last one."""
    if asked := _ASKED_BY.search(note):
        return texts[-1].startswith((f"{asked[1]}: ", f"{asked[1]} ("))
    return len(texts) > 1 and all(_SPEAKER.match(text) for text in texts)


def _images(content: Any) -> int:
    parts = content if isinstance(content, list) else []
    return len([part for part in parts if part.get("type") == "image_url"])
