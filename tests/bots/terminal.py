"""A program as somebody has it before them, in a terminal."""

import asyncio
import os
import pty
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]

# A program of its own session, with the terminal that it was given as its controlling one. It hears
# Ctrl-C also where the tests were started by what ignores it.
LAUNCH = (
    "import fcntl, runpy, signal, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "signal.signal(signal.SIGINT, signal.default_int_handler);"
    "sys.argv[0] = 'parley'; runpy.run_module('bots.cli', run_name='__main__')"
)


class Terminal:
    """What somebody sees, and what they type."""

    def __init__(self, process, reader, keyboard):
        self.process = process
        self._reader = reader
        self._keyboard = keyboard
        self.seen = ""
        self._read_to = 0

    async def until(self, words):
        """Read on until these words stand there."""
        try:
            async with asyncio.timeout(20):
                while (at := self.seen.find(words, self._read_to)) < 0:
                    self.seen += await self._more()
        except TimeoutError:
            raise AssertionError(f"{words!r} does not come: {self.seen[self._read_to :]}") from None
        self._read_to = at + len(words)

    async def answer(self, question, words):
        """Wait for a question, and type."""
        await self.until(question)
        await self.until(": ")  # with the space, what is typed is not shown any more
        os.write(self._keyboard, f"{words}\n".encode())

    async def end(self):
        """Read to the end; the exit code."""
        async with asyncio.timeout(20):
            while more := await self._more(at_end=""):
                self.seen += more
            return await asyncio.to_thread(self.process.wait)

    async def _more(self, at_end=None):
        try:
            data = await self._reader.read(10_000)
        except OSError:  # how Linux says that nobody writes there any more
            data = b""
        if not data and at_end is None:
            raise AssertionError(f"it has ended: {self.seen}")
        return data.decode()


@asynccontextmanager
async def terminal(home, *words, **values):
    """`parley` with these words in a folder, and a terminal."""
    keyboard, screen = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCH, *words],
        cwd=home,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TERM": "xterm", **values},
        stdin=screen,
        stdout=screen,
        stderr=screen,
        start_new_session=True,
    )
    os.close(screen)
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(keyboard), "rb", 0)
    )
    try:
        yield Terminal(process, reader, keyboard)
    finally:
        process.kill()
        process.wait()
        transport.close()
        os.close(keyboard)
