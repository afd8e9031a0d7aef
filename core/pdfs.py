"""The text of a PDF, page by page; the only module that imports pypdf.

It takes seconds, or never ends: `core/pdf_readers.py` has `main` run in a process of its own.
"""

import io
import json
import logging
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.errors import FileUnread, Why
from core.texts import MOST, Words

if TYPE_CHECKING:
    import pypdf

MOST_PAGES = 300

SECONDS = 15.0
"""Seconds in which pages are read; those that are left then are left out."""


CPU_SECONDS = 20
"""Seconds of computing after which a process that reads one is ended, also within a page."""

MOST_MEMORY = 700_000_000
"""Bytes of memory that it may have; a long PDF takes some 200 MB."""


def main() -> None:
    """Read the PDF on the input; what `answer_in` understands goes to the output."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    answer: dict[str, Any]
    try:
        answer = {"words": asdict(read(sys.stdin.buffer.read(), time.monotonic))}
    except FileUnread as error:
        answer = {"why": error.why, "detail": str(error)}
    sys.stdout.write(json.dumps(answer))


def answer_in(said: bytes) -> Words:
    """What `main` has found. Raises `FileUnread`, and ValueError or KeyError where it has not."""
    answer = json.loads(said)
    if "why" in answer:
        raise FileUnread(Why(answer["why"]), answer["detail"])
    return Words(**answer["words"])


def is_pdf(data: bytes) -> bool:
    """Whether bytes begin like a PDF, before which some programs put lines of their own."""
    return b"%PDF-" in data[:1024]


def read(data: bytes, clock: Callable[[], float]) -> Words:
    """What the pages say, as many as there is time and room for. Raises `FileUnread`."""
    try:
        return _read(data, clock)
    except FileUnread:
        raise
    except Exception as error:  # what a parser raises for hostile bytes is any error at all
        raise FileUnread(Why.DAMAGED, type(error).__name__) from error  # its words may quote it


def _read(data: bytes, clock: Callable[[], float]) -> Words:
    import pypdf  # noqa: PLC0415  # takes a fifth of a second, and PDFs come seldom

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it speaks of every flaw of a file
    until = clock() + SECONDS
    reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted and not _opens(reader):
        raise FileUnread(Why.PROTECTED)
    pages: list[str] = []
    length, count, has_words = 0, len(reader.pages), False
    for number in range(min(count, MOST_PAGES)):
        if pages and (length > MOST or clock() > until):
            break
        words = reader.pages[number].extract_text().strip()[:MOST]
        has_words = has_words or bool(words)
        pages.append(f"[page {number + 1}]\n{words}")
        length += len(pages[-1])
    if not has_words:
        raise FileUnread(Why.WITHOUT_TEXT, f"{len(pages)} of {count} pages")
    text = "\n\n".join(pages)
    # How long the pages are that were not read is anybody's guess: as long as the others.
    return Words(text, len(text) * count // len(pages), count, len(pages))


def _opens(reader: "pypdf.PdfReader") -> bool:
    """Whether no password is needed to read it, as where only printing is forbidden."""
    from pypdf.errors import DependencyError, PyPdfError  # noqa: PLC0415

    try:
        return bool(reader.decrypt(""))
    except (PyPdfError, DependencyError):  # the latter for ciphers that pypdf does not bring
        return False
