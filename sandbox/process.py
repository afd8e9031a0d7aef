"""The bot as a process of its own: its log passes through, and it never outlives us."""

import asyncio
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

TAIL = 4000
"""Bytes of the log that are kept, for when the bot stops by itself."""


class BotProcess:
    """A running bot; `start` makes one. `write` gets its log as it comes.

    `asked` says why it has ended, where it has not ended by itself.
    """

    def __init__(self, process: Process, write: Callable[[bytes], object]) -> None:
        self._process = process
        self._write = write
        self._tail = b""
        self._over = False
        self.asked = ""

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        environ: Mapping[str, str],
        folder: Path,
        write: Callable[[bytes], object],
    ) -> "BotProcess":
        """Start it in `folder`; `OSError` when the command cannot be run.

        It gets a session of its own: a Ctrl-C is for us, who then stop it in order.
        """
        process = await asyncio.create_subprocess_exec(
            *command, env=environ, cwd=folder, stdout=PIPE, stderr=STDOUT, start_new_session=True
        )
        return cls(process, write)

    def drain(self) -> None:
        """Ask it to end, and leave the time to it."""
        self.asked = "was asked to end"
        self._send(signal.SIGTERM)

    def crash(self) -> None:
        """End it as a crash would."""
        self.asked = "was killed"
        self.kill()

    @property
    def has_ended(self) -> bool:
        """Whether it has ended, and all that it has said was passed on."""
        return self._over

    @property
    def last_words(self) -> str:
        """The last line of its log, empty when it has said nothing."""
        lines = [line.strip() for line in self._tail.decode(errors="replace").splitlines()]
        return next((line for line in reversed(lines) if line), "")

    async def run(self) -> int:
        """Pass its log on until it ends; its exit code."""
        assert self._process.stdout is not None  # noqa: S101  # asked for by PIPE
        while chunk := await self._process.stdout.read(2**16):
            self._write(chunk)
            self._tail = (self._tail + chunk)[-TAIL:]
        code = await self._process.wait()
        self._over = True
        return code

    async def stop(self, seconds: float) -> None:
        """Ask it to end, wait for so many seconds, then end it."""
        if self._process.returncode is not None:
            return
        self._send(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._process.wait()
        self.kill()
        await self._process.wait()

    def kill(self) -> None:
        """End it at once, if it still runs."""
        if self._process.returncode is None:
            self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):  # it has just ended by itself
            self._process.send_signal(number)
