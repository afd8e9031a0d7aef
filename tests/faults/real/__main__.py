"""See the package: schedules of faults against the whole bot."""

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

from tests.faults.real.played import Played, played
from tests.faults.real.schedule import schedule

KEPT = Path(__file__).parents[3] / "build" / "faults"
"""Where the logs of what went wrong are kept."""

AT_ONCE = 4
"""Schedules that are played at the same time: most of one is waiting."""


async def play(platform: str, seed: int, *, kills: bool, room: asyncio.Semaphore) -> Played:
    """Play one schedule; its logs are kept when the law was broken."""
    async with room:
        folder = Path(tempfile.mkdtemp(prefix=f"{platform}-{seed}-"))
        try:
            plan = schedule(platform, seed, kills=kills)
            try:
                done = await played(plan, folder)
            except Exception:  # noqa: BLE001  # one that cannot be played is told of, too
                done = Played(plan, [f"it cannot be played:\n{traceback.format_exc()}"])
            if done.breaches:
                done.folder = KEPT / f"{platform}-{seed}"
                shutil.rmtree(done.folder, ignore_errors=True)
                shutil.copytree(folder, done.folder)
            return done
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def told(done: Played, *, whole: bool = False) -> str:
    """What became of a schedule, for people."""
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
    return "\n".join(lines)


async def main() -> int:
    """Play what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--platform", choices=("slack", "discord"))
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--kills", action="store_true")
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    options = parser.parse_args()
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    platforms = [options.platform] if options.platform else ["slack", "discord"]
    first, many = (options.first, options.seeds) if options.seed is None else (options.seed, 1)
    room = asyncio.Semaphore(options.at_once)
    games = [
        play(platform, seed, kills=options.kills, room=room)
        for seed in range(first, first + many)
        for platform in platforms
    ]
    broken = 0
    for game in asyncio.as_completed(games):
        done = await game
        broken += bool(done.breaches)
        print(told(done, whole=options.seed is not None), flush=True)
    print(f"{len(games)} schedules, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
