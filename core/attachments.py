"""Long code below its answer as files, once the answer stands."""

import asyncio
from collections.abc import Sequence

import structlog

from core.code_files import code_files
from core.surface import CodeFile, Delivered, Outcome, RefusedForGood, RefusedForNow, Surface

log = structlog.get_logger()

MOST = 10
"""Files in one message."""

TRIES = 3

TIMEOUT = 300.0
"""Seconds for the files of one message, with all that they wait for."""

PAUSE = 1.0
"""Seconds before the next try where the platform does not say for how long to wait."""


async def add_code_files(surface: Surface, text: str, nonce: str) -> None:
    """Put the long code of an answer below it."""
    # The whole text is looked through, which may be long.
    await add(surface, await asyncio.to_thread(code_files, text, surface.limit), nonce)


async def add(surface: Surface, files: Sequence[CodeFile], nonce: str) -> None:
    """Put files below an answer; what becomes of them is a line of the log."""
    for start in range(0, len(files), MOST):
        some = files[start : start + MOST]
        try:
            async with asyncio.timeout(TIMEOUT):
                outcome = str(await _attached(surface, some, f"{nonce}.f{start // MOST}"))
        except TimeoutError:
            outcome = f"not within {TIMEOUT} s"
        log.info(
            "code as files",
            conversation=str(surface.conversation),
            files=[file.name for file in some],
            outcome=outcome,
        )


async def _attached(surface: Surface, files: Sequence[CodeFile], nonce: str) -> Outcome:
    """Try it a few times, as long as that may help."""
    outcome: Outcome = RefusedForGood("not tried")
    for _ in range(TRIES):
        outcome = await surface.attach(files, nonce)
        if isinstance(outcome, Delivered | RefusedForGood):
            break
        await asyncio.sleep(outcome.retry_after if isinstance(outcome, RefusedForNow) else PAUSE)
    return outcome
