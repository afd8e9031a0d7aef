"""What the stand-in makes of a request to summarise: who said what, in short."""

import re
from collections.abc import Iterable

from sandbox.model.memory import shortened
from sandbox.model.talk import Talk

_ASKED = re.compile(r"\s*summari[sz]e\b", re.IGNORECASE)
_TRANSCRIPT = re.compile(r"=== transcript \w+ ===\n(.*)\n=== transcript \w+ ===", re.DOTALL)

MOST = 8
"""Points of a summary; the newest count."""


def points(talk: Talk) -> str:
    """A summary, if one is asked for and there is something to summarise; else nothing."""
    if found := _TRANSCRIPT.search(talk.question):
        return _list(found[1].splitlines())
    if _ASKED.match(talk.question) and talk.earlier:
        return _list(f"{said.by}: {said.text}" if said.by else said.text for said in talk.earlier)
    return ""


def has_transcript(talk: Talk) -> bool:
    """Whether what is asked holds what others have said, to be condensed."""
    return _TRANSCRIPT.search(talk.question) is not None


def _list(said: Iterable[str]) -> str:
    lines = [shortened(line) for line in said if line.strip()]
    return "\n".join(f"- {line}" for line in lines[-MOST:])
