"""The command line: `parley run`, `parley sandbox`, `parley guilds`."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import ParleyError, SettingsError

SETTINGS_WRONG = 2
START_REFUSED = 3

app = typer.Typer(
    help="A chat bot for teams in Slack and Discord, in front of any OpenAI-compatible API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

guilds = typer.Typer(help="In which servers of Discord's the bot answers.", no_args_is_help=True)
app.add_typer(guilds, name="guilds")


def main() -> None:
    """Entry point of the `parley` command."""
    app()


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"parley {version('parley')}")
        raise typer.Exit


@app.callback()
def _parley(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@app.command()
def run() -> None:
    """Run the bot with the settings of the environment and of the file .env."""
    # From the first moment, which imports make long; later the loop hears it, and drains.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from bots.run import run  # noqa: PLC0415 - not needed for the other commands
    from core import log  # noqa: PLC0415
    from core.settings import Settings  # noqa: PLC0415

    try:
        settings = Settings.load(os.environ, Path(".env"))
    except SettingsError as error:
        raise _refused(error, SETTINGS_WRONG) from error
    for name in ("https_proxy", "no_proxy", "ssl_cert_file"):
        # The clients of all three services look for these in the environment.
        if value := getattr(settings, name):
            os.environ.setdefault(name.upper(), value)
    log.configure(
        form=settings.log_format,
        level=settings.log_level,
        secrets=settings.secrets(),
        words=settings.log_text,
    )
    try:
        _run(run(settings))
    except* ParleyError as errors:
        raise _refused(errors, START_REFUSED) from errors


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Where the page is served.")] = 8020,
) -> None:
    """Try Parley on this machine: Slack, Discord and a model, with a page to talk in them."""
    from sandbox.run import run  # noqa: PLC0415

    _run(run([sys.executable, "-m", "bots.cli", "run"], port=port))


@guilds.command("list")
def list_guilds() -> None:
    """List the servers that are known, and whether the bot answers in them."""
    from bots.guilds import listed  # noqa: PLC0415

    _say(listed)


@guilds.command("allow")
def allow_guild(guild: Annotated[str, typer.Argument(help="The server's id.")]) -> None:
    """Let the bot answer in a server; one that runs knows within seconds."""
    from bots.guilds import chosen  # noqa: PLC0415

    _say(lambda settings: chosen(settings, guild, allowed=True))


@guilds.command("refuse")
def refuse_guild(guild: Annotated[str, typer.Argument(help="The server's id.")]) -> None:
    """Let the bot answer nobody in a server any more."""
    from bots.guilds import chosen  # noqa: PLC0415

    _say(lambda settings: chosen(settings, guild, allowed=False))


def _say(work: Callable[[Any], Coroutine[Any, Any, str]]) -> None:
    """Do something with the settings, and print what comes of it."""
    from core.settings import Settings  # noqa: PLC0415

    try:
        typer.echo(asyncio.run(work(Settings.load(os.environ, Path(".env")))))
    except SettingsError as error:
        raise _refused(error, SETTINGS_WRONG) from error
    except ParleyError as error:
        raise _refused(error, START_REFUSED) from error


def _run(work: Coroutine[Any, Any, Any]) -> None:
    """Run to the end, on uvloop where it exists."""
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


def _refused(error: BaseException, code: int) -> typer.Exit:
    """Say what refused the start, a line each, without a traceback."""
    for line in _lines(error):
        typer.echo(f"parley: {line}", err=True)
    return typer.Exit(code)


def _lines(error: BaseException) -> Iterator[str]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _lines(one)
    else:
        yield from str(error).splitlines()


if __name__ == "__main__":
    main()
