"""Plays several schedules at once, and keeps the logs of those that broke the law."""

import asyncio
import shutil
import tempfile
import traceback
from pathlib import Path

from tests.faults.real.played import Played, played
from tests.faults.real.schedule import Schedule

ROOT = Path(__file__).parents[3]
KEPT = ROOT / "build" / "faults"
"""Where the logs of what went wrong are kept."""


async def play(plan: Schedule, room: asyncio.Semaphore) -> Played:
    """Play one schedule as soon as there is room; whatever goes wrong with it is a breach."""
    async with room:
        folder = Path(tempfile.mkdtemp(prefix=f"{plan.platform}-{plan.seed}-"))
        try:
            try:
                done = await played(plan, folder)
            except Exception:  # noqa: BLE001  # one that cannot be played is told of, too
                done = Played(plan, [f"it cannot be played:\n{traceback.format_exc()}"])
            if done.breaches:
                done.folder = KEPT / f"{plan.platform}-{plan.seed}"
                shutil.rmtree(done.folder, ignore_errors=True)
                shutil.copytree(folder, done.folder)
            return done
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def told(done: Played, *, whole: bool = False) -> str:
    """What became of a schedule, for people; `whole` with all requests to the platform."""
    plan = done.schedule
    state = f"{len(done.breaches)} BREACHES" if done.breaches else "holds"
    lines = [f"{plan.platform} {plan.seed}: {state}, {done.seconds:.1f} s, {dict(done.faults)}"]
    lines += [f"    {breach}" for breach in done.breaches]
    if whole or done.breaches:
        lines += [f"    | {line}" for line in plan.lines()]
    if whole:
        lines += [f"    > {status} {request}" for request, status in done.requests]
    if done.breaches:
        lines.append(f"    logs: {done.folder}")
        lines.append(
            f"    again: python -m tests.faults.real --seed {plan.seed} --platform {plan.platform}"
        )
    return "\n".join(lines)
