"""`python -m sandbox`: the sandbox with the bot, or with a bot of one's own."""

import argparse
import asyncio
import sys

from sandbox.run import run


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8020, help="where the page is served")
    parser.add_argument("bot", nargs=argparse.REMAINDER, help="the command that starts the bot")
    asked = parser.parse_args()
    command = asked.bot or [sys.executable, "-m", "bots.cli", "run"]
    asyncio.run(run(command, port=asked.port))


if __name__ == "__main__":
    main()
