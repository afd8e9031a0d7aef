"""Programs in Python that work for the bot in a process of their own, which can be ended."""

import asyncio
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended, what it gave, and what it had to complain of."""

    code: int | None
    said: bytes
    complaint: bytes


async def ended(data: bytes, *arguments: str) -> Ended:
    """Run Python with these arguments on this input; whoever is cancelled has ended it, too."""
    # Isolated, and without our environment: it needs none of our secrets. In a session of its own,
    # or Ctrl-C in a terminal would end it at once, and not after the drain.
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={},
        start_new_session=True,
    )
    try:
        said, complaint = await child.communicate(data)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return Ended(child.returncode, said, complaint)
