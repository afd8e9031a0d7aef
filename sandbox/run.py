"""`parley sandbox`: both platforms, the stand-in, the page and the bot, in one go."""

import asyncio
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sandbox
from sandbox.discord import DiscordServer
from sandbox.environment import Addresses, bot_environment, has_real_model
from sandbox.model import ModelServer, Script
from sandbox.page import Acts, Backstage, Bot, Model, PageServer, Wish
from sandbox.process import BotProcess
from sandbox.slack import SlackServer
from sandbox.world import World

LATENCY = 0.05
"""Seconds that a request takes on its way, so that the sandbox is no faster than life."""

FOR_EVER = 365 * 86_400.0

PATIENCE = 30.0
"""Seconds after which a bot that has not connected is worth a word."""

GRACE = 12.0
"""Seconds that the bot gets to end its answers before it is ended."""

STARTING = Bot("starting", "The bot is starting …")
READY = Bot("ready", "Parley is connected to both: mention it")
SLOW = Bot("starting", "The bot has not connected yet; the terminal shows its log")


@dataclass(frozen=True, slots=True)
class House:
    """All that runs besides the bot."""

    slack: SlackServer
    discord: DiscordServer
    page: PageServer
    addresses: Addresses


async def run(
    command: Sequence[str],
    *,
    port: int = 8020,
    environ: Mapping[str, str] | None = None,
    grace: float = GRACE,
    script: Script | None = None,
) -> None:
    """Run the sandbox until SIGINT, SIGTERM or SIGHUP; a second one hurries the bot's end.

    `command` starts the bot; `script` writes the answers in the stand-in's place. Ends with
    `SystemExit` and one line when it cannot start.
    """
    environ = os.environ if environ is None else environ
    with tempfile.TemporaryDirectory(prefix="parley-sandbox-") as name, _signals() as signals:
        async with _servers(port, environ, script) as house, asyncio.TaskGroup() as tasks:
            ended = tasks.create_task(signals.get())
            while not ended.done():
                bot = await _start(command, environ, house, Path(name))
                try:
                    await _serve(house, bot, ended)
                finally:
                    await _end(bot, signals, grace)


async def _serve(house: House, bot: BotProcess, ended: "asyncio.Task[str]") -> None:
    """Tell when the bot is ready, and when it has stopped by itself.

    Until a signal comes, or somebody on the page wants a bot that has stopped started again.
    """
    async with asyncio.TaskGroup() as tasks:
        living = tasks.create_task(_mourn(house.page, bot))
        greeting = tasks.create_task(_greet(house))
        living.add_done_callback(lambda _: greeting.cancel())
        another = tasks.create_task(_obey(house.page, bot, living))
        await asyncio.wait({another, ended}, return_when=asyncio.FIRST_COMPLETED)
        for task in (living, another):
            task.cancel()
    if not ended.done():
        house.page.show_bot(STARTING)


async def _obey(page: PageServer, bot: BotProcess, living: "asyncio.Task[None]") -> None:
    """Do to the bot what people on the page want, until they want another one."""
    while True:
        match await page.wishes.get():
            case Wish.DRAIN:
                bot.drain()
            case Wish.KILL:
                bot.crash()
            case Wish.AGAIN:
                bot.crash()
                await asyncio.wait({living})
                return
            case Wish.START if bot.has_ended:
                return


async def _end(bot: BotProcess, signals: "asyncio.Queue[str]", grace: float) -> None:
    """End the bot in order; another signal, or too long a wait, ends it at once."""
    if bot.has_ended:
        return
    _say("\nStopping ...")
    async with asyncio.TaskGroup() as tasks:
        log = tasks.create_task(bot.run())
        hurry = tasks.create_task(_hurry(bot, signals))
        await bot.stop(grace)
        hurry.cancel()
        await log


async def _hurry(bot: BotProcess, signals: "asyncio.Queue[str]") -> None:
    await signals.get()
    bot.kill()


async def _greet(house: House) -> None:
    """Say where the page is once the bot is connected on both sides."""
    async with asyncio.TaskGroup() as tasks:
        complaint = tasks.create_task(_complain(house.page))
        await house.slack.wait_connected(timeout=FOR_EVER)
        await house.discord.wait_ready(timeout=FOR_EVER)
        complaint.cancel()
    house.page.show_bot(READY)
    _say(_greeting(house))


async def _complain(page: PageServer) -> None:
    await asyncio.sleep(PATIENCE)
    page.show_bot(SLOW)
    _say(f"The bot has not connected after {PATIENCE:.0f} s. Its log is above.")


async def _mourn(page: PageServer, bot: BotProcess) -> None:
    """Pass the bot's log on; should it end, say so where people look."""
    code = await bot.run()
    words = f": {bot.last_words}" if bot.last_words and not bot.asked else "."
    how = bot.asked or "has stopped"
    page.show_bot(Bot("stopped", f"The bot {how} (exit code {code}){words}", starts=True))
    how = bot.asked or "has stopped by itself"
    _say(
        f"\nThe bot {how} (exit code {code}). Its last words are above; the page "
        f"is still at {page.url}. Ctrl-C ends the sandbox."
    )


def _greeting(house: House) -> str:
    model = (
        "A stand-in answers, no model. Set OPENAI_API_KEY or OPENAI_BASE_URL to hear a real one."
        if house.addresses.model_url
        else "The model that you have set answers."
    )
    return (
        "\n  Parley is ready to talk, in a Slack and a Discord of its own:\n\n"
        f"      {house.page.url}\n\n"
        f"  {model}\n  Nothing else leaves this machine. Ctrl-C ends it.\n"
    )


@asynccontextmanager
async def _servers(
    port: int, environ: Mapping[str, str], script: Script | None
) -> AsyncIterator[House]:
    """Everything that listens; the page's port is the only one that is not free to choose."""
    world = World()
    slack = SlackServer(world, latency=LATENCY)
    discord = DiscordServer(world, latency=LATENCY)
    stand_in = None if has_real_model(environ) else ModelServer(models=("stand-in",), script=script)
    async with AsyncExitStack() as stack:
        for server in (slack, discord, stand_in):
            if server is not None:
                await server.start()
                stack.push_async_callback(server.stop)
        name = "" if stand_in else environ.get("OPENAI_MODEL") or "your model"
        backstage = Backstage(world, slack, discord, stand_in)
        page = PageServer(world, Acts(slack, discord), Model(name), backstage)
        stack.push_async_callback(page.stop)
        await _listen(page, port)
        page.show_bot(STARTING)
        yield House(slack, discord, page, _addresses(slack, discord, stand_in))


async def _listen(page: PageServer, port: int) -> None:
    try:
        await page.start(port)
    except OSError as error:
        raise SystemExit(
            f"parley: the page cannot listen on port {port} ({os.strerror(error.errno or 0)}). "
            f"Is a sandbox still running? End it, or choose: {_called()} --port {port + 1}"
        ) from error


def _called() -> str:
    """The command that runs the sandbox, as it was called, to be pasted into a shell."""
    program = sys.argv[0]
    if program.endswith(".py"):
        return shlex.join([sys.executable, "-m", "sandbox"])
    return shlex.join([program, "sandbox"])


async def _start(
    command: Sequence[str], environ: Mapping[str, str], house: House, folder: Path
) -> BotProcess:
    source = Path(sandbox.__file__).parents[1]
    prepared = bot_environment(environ, house.addresses, folder, source)
    try:
        return await BotProcess.start(command, prepared, folder, _write)
    except OSError as error:
        raise SystemExit(
            f"parley: the bot cannot be started with {command[0]} ({error.strerror})."
        ) from error


def _addresses(
    slack: SlackServer, discord: DiscordServer, stand_in: ModelServer | None
) -> Addresses:
    if stand_in is None:
        return Addresses(slack.api_url, discord.api_url)
    return Addresses(
        slack.api_url, discord.api_url, stand_in.base_url, stand_in.key, stand_in.models[0]
    )


@contextmanager
def _signals() -> "Iterator[asyncio.Queue[str]]":
    """The signals that ask us to end, one after the other."""
    asked: asyncio.Queue[str] = asyncio.Queue()
    loop, numbers = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, asked.put_nowait, number.name)
    try:
        yield asked
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _write(log: bytes) -> None:
    sys.stdout.buffer.write(log)
    sys.stdout.flush()


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201  # a command line's own words
