"""Long code below its answer as files, once the answer stands, and gone with it."""

import asyncio
from collections.abc import Sequence

import structlog

from core.code_files import code_files
from core.errors import StoreFailed
from core.store import Replies
from core.surface import (
    CodeFile,
    Delivered,
    Outcome,
    RefusedForGood,
    RefusedForNow,
    Surface,
    Unknown,
)

log = structlog.get_logger()

MOST = 10
"""Files in one message."""

TRIES = 3

TIMEOUT = 300.0
"""Seconds for the files of one message, with all that they wait for."""

PAUSE = 1.0
"""Seconds before the next try where the platform does not say for how long to wait."""


class Attachments:
    """Puts the long code of answers below them, and takes it away with the answer."""

    def __init__(self, replies: Replies) -> None:
        self._replies = replies
        self._busy: dict[str, asyncio.Event] = {}

    async def put(
        self, surface: Surface, reply: str, text: str, *, former: str = "", keeps: bool = False
    ) -> None:
        """Put the long code of a text below its answer, the reply of this name.

        What hangs below the `former` reply, in whose place this one stands, goes; unless
        this one `keeps` it.
        """
        done = self._busy[reply] = asyncio.Event()
        try:
            before = await self._below(former) if former else ()
            left = before if keeps else await _taken_away(surface, before)
            # The whole text is looked through, which may be long.
            files = await asyncio.to_thread(code_files, text, surface.limit) if text else []
            if below := [*left, *await add(surface, files, reply)]:
                await self._replies.hang(reply, below)
        except StoreFailed as error:
            log.error("files below an answer not known", reply=reply, error=str(error))
        finally:
            done.set()
            del self._busy[reply]

    async def _below(self, reply: str) -> Sequence[str]:
        """What hangs below a reply, as soon as that is complete."""
        if busy := self._busy.get(reply):
            await busy.wait()
        known = await self._replies.known(reply)
        return known.below if known else ()


async def add(surface: Surface, files: Sequence[CodeFile], nonce: str) -> list[str]:
    """Put files below an answer, and return their messages; what becomes of them is logged."""
    below: list[str] = []
    for start in range(0, len(files), MOST):
        some = files[start : start + MOST]
        outcome: Outcome = Unknown(f"not within {TIMEOUT} s")
        try:
            async with asyncio.timeout(TIMEOUT):
                outcome = await _attached(surface, some, f"{nonce}.f{start // MOST}")
        except TimeoutError:
            pass  # as it stands above
        if isinstance(outcome, Delivered) and outcome.message:
            below.append(outcome.message)
        log.info(
            "code as files",
            conversation=str(surface.conversation),
            files=[file.name for file in some],
            outcome=str(outcome),
        )
    return below


async def _attached(surface: Surface, files: Sequence[CodeFile], nonce: str) -> Outcome:
    """Try it a few times, as long as that may help."""
    outcome: Outcome = RefusedForGood("not tried")
    for _ in range(TRIES):
        outcome = await surface.attach(files, nonce)
        if isinstance(outcome, Delivered | RefusedForGood):
            break
        await asyncio.sleep(outcome.retry_after if isinstance(outcome, RefusedForNow) else PAUSE)
    return outcome


async def _taken_away(surface: Surface, below: Sequence[str]) -> list[str]:
    """Take files away; those that would not go."""
    left: list[str] = []
    for message in below:
        outcome = await surface.remove(message)
        if not isinstance(outcome, Delivered):
            log.info("files of a former answer stay", message=message, outcome=str(outcome))
            if not (isinstance(outcome, RefusedForGood) and outcome.gone):
                left.append(message)
    return left
