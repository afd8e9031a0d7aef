"""`parley run` that tells on SIGUSR1 what it holds.

    python -m tests.faults.real.watched holds.json run

Nothing of the product is changed: a thread finds the loop that the command line has made, and has
it write down, at each SIGUSR1, which tasks there are, how many locks are held, and of
which kinds of objects there are most.
"""

import asyncio
import gc
import json
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from bots import cli
from tests.bench.watched import running_loop

MOST = 300
"""Kinds of objects that are told of, those first of which there are most."""


def holds() -> dict[str, object]:
    """What the process holds now."""
    gc.collect()
    tasks = Counter(_name(task) for task in asyncio.all_tasks())
    objects = gc.get_objects()
    locks = [one for one in objects if isinstance(one, asyncio.Lock) and one.locked()]
    kinds = Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in objects)
    return {"tasks": dict(tasks), "locks": len(locks), "objects": dict(kinds.most_common(MOST))}


def _name(task: asyncio.Task) -> str:
    coroutine = task.get_coro()
    return getattr(coroutine, "__qualname__", repr(coroutine))


def _write(output: Path) -> None:
    # Whoever waits for it reads a whole file.
    unfinished = output.with_suffix(".part")
    unfinished.write_text(json.dumps(holds()))
    unfinished.rename(output)


def _listen(thread: int, output: Path) -> None:
    while (loop := running_loop(thread)) is None:
        time.sleep(0.02)
    loop.call_soon_threadsafe(loop.add_signal_handler, signal.SIGUSR1, _write, output)


def main() -> None:
    """Run the command line, and listen."""
    output, thread = Path(sys.argv.pop(1)), threading.main_thread().ident
    threading.Thread(target=_listen, args=(thread, output), daemon=True).start()
    cli.main()


if __name__ == "__main__":
    main()
