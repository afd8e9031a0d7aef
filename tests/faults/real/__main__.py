"""See the package: schedules of faults against the whole bot."""

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from tests.faults.real.figures import Figures
from tests.faults.real.games import play, told
from tests.faults.real.killed import killed
from tests.faults.real.load import loaded
from tests.faults.real.schedule import schedule

PLATFORMS = ("slack", "discord")

AT_ONCE = 4
"""Schedules that are played at the same time."""


async def schedules(options: argparse.Namespace, figures: Figures) -> None:
    """Play schedules of faults, and tell of each."""
    first, many = (options.first, options.seeds) if options.seed is None else (options.seed, 1)
    room = asyncio.Semaphore(options.at_once)
    games = [
        play(schedule(platform, seed), room)
        for seed in range(first, first + many)
        for platform in options.platforms
    ]
    for game in asyncio.as_completed(games):
        done = await game
        figures.add_schedule(done)
        if done.breaches or options.seed is not None or options.verbose:
            print(told(done, whole=options.seed is not None), flush=True)


async def kills(options: argparse.Namespace, figures: Figures) -> None:
    """Kill the bot, and tell what became of the replies."""
    for platform in options.platforms:
        with tempfile.TemporaryDirectory() as name:
            figures.add_kills(await killed(platform, options.kills, options.first, Path(name)))


async def main() -> int:
    """Do what was asked for, and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--platform", choices=PLATFORMS, action="append", dest="platforms")
    parser.add_argument("--seed", type=int, help="play this one, and tell all of it")
    parser.add_argument("--seeds", type=int, default=0, help="how many schedules on each")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--kills", type=int, default=0, help="how many kills on each")
    parser.add_argument("--minutes", type=float, default=0, help="how long under load")
    parser.add_argument("--replies", type=int, default=50, help="how many at once under load")
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    parser.add_argument("--verbose", action="store_true", help="tell of what holds, too")
    options = parser.parse_args()
    options.platforms = options.platforms or PLATFORMS
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    figures = Figures()
    if options.seeds or options.seed is not None:
        await schedules(options, figures)
    if options.kills:
        await kills(options, figures)
    if options.minutes:
        with tempfile.TemporaryDirectory() as name:
            figures.add_load(await loaded(options.minutes, options.replies, Path(name)))
    print(figures.table())
    figures.write()
    return 1 if figures.broken else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
