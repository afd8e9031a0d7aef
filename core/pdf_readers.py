"""PDFs are read in a process of its own each, which can be ended, and whose memory is bounded.

A parser in Python cannot be stopped, and one that is busy holds up every other thread: 170 kB of
a PDF can say so much on one page that the whole bot would stand still for seconds at a time.
"""

import asyncio
from pathlib import Path
from signal import SIGXCPU

from core import pdfs
from core.child import ended
from core.errors import FileUnread, Why
from core.texts import Words

HOME = Path(__file__).parent.parent

PROGRAM = f"import sys; sys.path.insert(0, {str(HOME)!r}); from core.pdfs import main; main()"


class PdfReaders:
    """So many at once, at most."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)

    async def read(self, seconds: float, data: bytes) -> Words:
        """The text of a PDF; `TimeoutError` when that takes too long, with the wait for its turn.

        Raises `FileUnread`.
        """
        async with asyncio.timeout(seconds), self._free:
            child = await ended(data, "-c", PROGRAM)
        if child.code == -SIGXCPU:
            raise FileUnread(Why.TOO_SLOW, f"more than {pdfs.CPU_SECONDS} s of computing")
        try:
            return pdfs.answer_in(child.said)
        except (ValueError, TypeError, KeyError) as error:
            raise FileUnread(Why.DAMAGED, f"its reader ended with {child.code}") from error
