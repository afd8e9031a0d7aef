"""A request's messages as a talk: what is asked now, and what was said before."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.model.tokens import text_of

_NOTE = re.compile(r"^\[[^\n]*\]\n")
_SPEAKER = re.compile(r"^([^\n:]{1,70}): ")
_FILE = re.compile(
    r"^\[attached: ([^\n]*?) \(([^\n()]*)\)([^\n]*)\]$(?:\n(.*?)\n\[end of \1\]$)?",
    re.MULTILINE | re.DOTALL,
)
_ASKED_BY = re.compile(r"Asked by (.+?) in ")


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with what was said: its name, and its text if that was sent.

    `missing` says that neither text nor picture was.
    """

    name: str
    text: str = ""
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said; `by` is empty where no names are told, as alone with the bot."""

    text: str
    by: str = ""
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Talk:
    """`earlier` is what people said before the question, oldest first.

    `answered` is the last answer, as it was written, to what was asked in the talk `before`.
    """

    question: str
    asker: str = ""
    earlier: tuple[Said, ...] = ()
    answers: int = 0
    images: int = 0
    files: tuple[File, ...] = ()
    before: "Talk | None" = field(default=None, compare=False)
    answered: str = field(default="", compare=False)


def talk_of(messages: Sequence[Mapping[str, Any]]) -> Talk:
    """The talk behind a request, without what a bot adds to what people say.

    Before a question may stand a line in brackets (when, who, where), and before
    everything said a name.
    """
    talk = Talk("")
    said = iter(_sayings([message for message in messages if message["role"] == "user"]))
    people: list[Said] = []
    for message in messages:
        if message["role"] == "user":
            people.append(next(said))
            talk = replace(
                talk,
                question=people[-1].text,
                asker=people[-1].by,
                earlier=tuple(people[:-1]),
                files=people[-1].files,
                images=_images(message.get("content")),
            )
        elif message["role"] == "assistant":
            answered = text_of(message.get("content"))
            talk = replace(talk, answers=talk.answers + 1, before=talk, answered=answered)
    return talk


def _sayings(messages: Sequence[Mapping[str, Any]]) -> list[Said]:
    """What people said; only the last of it may have a note."""
    texts = [text_of(message.get("content")) for message in messages]
    note = _NOTE.match(texts[-1]) if texts else None
    if note:
        texts[-1] = texts[-1][note.end() :]
    named = _has_speakers(texts, note[0] if note else "")
    return [_said(text, named=named) for text in texts]


def _said(text: str, *, named: bool) -> Said:
    files = tuple(
        File(found[1], found[4] or "", "not shown" in found[3]) for found in _FILE.finditer(text)
    )
    name = _SPEAKER.match(text) if named else None
    words = _FILE.sub("", text[name.end() :] if name else text).strip()
    return Said(words, name[1] if name else "", files)


def _has_speakers(texts: Sequence[str], note: str) -> bool:
    """Whether names stand before what is said; the note knows the name of the last one."""
    if asked := _ASKED_BY.search(note):
        return texts[-1].startswith((f"{asked[1]}: ", f"{asked[1]} ("))
    return len(texts) > 1 and all(_SPEAKER.match(text) for text in texts)


def _images(content: Any) -> int:
    parts = content if isinstance(content, list) else []
    return len([part for part in parts if part.get("type") == "image_url"])
