"""The text in a file's bytes, whatever its encoding; nothing in what is no text (pure)."""

import codecs
import re
from dataclasses import dataclass

MOST = 400_000
"""Characters of a file that are kept: several times what any budget has room for."""

KEPT_END = MOST // 4
"""Of these, how many are the end of a file that is longer: in a log, what happened last."""

LEFT_OUT = "\n\n[… the middle of this file is left out …]\n\n"

SAMPLE = 64 * 1024
"""Bytes by which it is seen whether a file is text, and in what encoding."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
"""Characters that texts do not have; ESC colours the lines of many logs."""

_UNPRINTED = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")

_STRAY = 0.01
"""The share of such characters that may have strayed into a text."""

_FOREIGN = 0.2
"""The share of letters beyond ASCII that no text has which is written in Latin letters."""


@dataclass(frozen=True, slots=True)
class Words:
    """The text of a file; `length` is how many characters the whole of it has.

    Of a PDF, `pages` were there and `read` of them were read; of other files, none.
    """

    text: str
    length: int
    pages: int = 0
    read: int = 0

    @property
    def size(self) -> int:
        """Roughly how many bytes of memory it takes."""
        return len(self.text.encode("utf-8", "surrogatepass"))


def decoded(data: bytes) -> Words | None:
    """What a text file says; None when it is no text."""
    text = _decoded(data)
    if text is None or _is_rubbish(text[:SAMPLE]):
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip("\n")
    return Words(bounded(text), len(text))


def bounded(text: str) -> str:
    """The text without its middle where it is longer than is kept."""
    if len(text) <= MOST:
        return text
    return f"{text[: MOST - KEPT_END]}{LEFT_OUT}{text[-KEPT_END:]}"


def _decoded(data: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _replacing(data[len(mark) :], encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _guessed(data)


def _replacing(data: bytes, encoding: str) -> str:
    """The text, with a sign for what is no letter; no other thread waits for more than a piece.

    Python lets no other go on while it decodes, and each byte that is wrong takes it long.
    """
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    pieces = range(0, len(data), SAMPLE)
    return "".join(
        decoder.decode(data[at : at + SAMPLE], at + SAMPLE >= len(data)) for at in pieces
    )


def _guessed(data: bytes) -> str | None:
    """A text in one of the encodings from before Unicode."""
    sample = data[:SAMPLE]
    if len(_UNPRINTED.findall(sample)) > len(sample) * _STRAY:
        return None
    encoding = "cp1252"
    if sum(byte > 0x7F for byte in sample) > len(sample) * _FOREIGN:
        from charset_normalizer import from_bytes  # noqa: PLC0415  # only for old files

        best = from_bytes(sample).best()
        encoding = best.encoding if best else encoding
    return _replacing(data, encoding)


def _is_rubbish(sample: str) -> bool:
    return len(_CONTROLS.findall(sample)) > len(sample) * _STRAY
