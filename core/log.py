"""The log: one stream, text for people or JSON for machines, never a secret.

Everything that a library logs goes the same way as our own lines.
"""

import logging
import re
import sys
import traceback
from collections.abc import Collection
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from core.troubles import Troubles

LIBRARIES = (
    "alembic",
    "aiohttp",
    "aiosqlite",
    "discord",
    "httpx2",
    "openai",
    "slack_bolt",
    "slack_sdk",
)
"""What logs people's text, tokens or noise below `WARNING`."""

OURS = frozenset({"bots", "core"})
"""The packages of this program."""

NOTHING = "(?!)"
"""The pattern that is never found."""

QUOTED = {"\\": r"(?:\\{8}|\\{4}|\\{2}|\\)", '"': r'\\*"', "'": r"\\*'"}
"""Patterns for the letters that get a backslash whenever a text that holds them is quoted.

A backslash doubles each time; one that is not the secret's must stay, or JSON breaks.
"""


class Redact:
    """Takes secrets out of whatever is about to be written, wherever they stand in it."""

    def __init__(self, secrets: Collection[str]) -> None:
        # Longest first, so that a secret that contains another goes as a whole.
        known = sorted((s for s in secrets if len(s) > 3), key=len, reverse=True)
        self._secrets = re.compile("|".join(map(_written, known)) or NOTHING)

    def __call__(self, _: WrappedLogger, __: str, line: Any) -> str:
        """Return the rendered line without any secret."""
        return self._secrets.sub("[secret]", str(line))


def _written(secret: str) -> str:
    """The pattern of a secret in a text that may be quoted, in JSON or Python, however often."""
    return "".join(QUOTED.get(letter) or re.escape(letter) for letter in secret)


def configure(
    *,
    form: str,
    level: str,
    secrets: Collection[str],
    words: bool,
    stream: TextIO = sys.stderr,
    troubles: Troubles | None = None,
) -> None:
    """Send every log line of the process to `stream`, as `form`: `text` or `json`.

    What people or the model wrote stands in the field `said` of a line and nowhere else;
    it is written only with `words`. `troubles` keeps warnings and errors, whatever is written.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        *([] if words else [_without_words]),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handlers: list[logging.Handler] = [logging.StreamHandler(stream)]
    renderings = [_rendering(form, stream)]
    if troubles is not None:
        handlers.append(troubles)
        renderings.append(_rendering("json", stream))
    for handler, rendering in zip(handlers, renderings, strict=True):
        handler.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
                processors=[
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *rendering,
                    Redact(secrets),
                ],
            )
        )
        if level != "debug":
            handler.addFilter(_briefly)
    logging.basicConfig(handlers=handlers, level=level.upper(), force=True)
    logging.captureWarnings(capture=True)
    for library in LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)


def _briefly(record: logging.LogRecord) -> bool:
    """What fails within a library takes a line; its stack is of use where our code is in it."""
    error = record.exc_info[1] if record.exc_info else None
    if record.name.split(".")[0] in LIBRARIES and error is not None and not _is_ours(error):
        record.msg, record.args = f"{record.getMessage()} {type(error).__name__}: {error}", ()
        record.exc_info = record.exc_text = None
    return True


def _is_ours(error: BaseException) -> bool:
    frames = traceback.walk_tb(error.__traceback__)
    modules = {str(frame.f_globals.get("__name__")).split(".")[0] for frame, _ in frames}
    return bool(modules & OURS)


def _rendering(form: str, stream: TextIO) -> list[Processor]:
    if form == "json":
        return [
            structlog.processors.format_exc_info,
            _event_as_message,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    # Plain tracebacks: richer ones print local variables, people's text among them.
    return [
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    ]


def _without_words(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    line.pop("said", None)
    return line


def _event_as_message(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """Log collectors look for `message`."""
    line["message"] = line.pop("event", "")
    return line
