"""The command line: `parley run`, `sandbox`, `init`, `doctor`, `migrate` and the others."""

import asyncio
import io
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.errors import ParleyError, SettingsError, TokenRejected

if TYPE_CHECKING:
    from core.settings import Records, Settings
    from core.store.backup import Contents

SETTINGS_WRONG = 2
START_REFUSED = 3
TOKEN_REJECTED = 4
"""Exit codes. After 2 and 4 there is no use in a start with the same settings."""

PERSON = re.compile(r"slack/[UW][A-Z0-9]{2,}|discord/\d{5,20}")


class By(StrEnum):
    """By what usage is added up."""

    PERSON = "person"
    CHANNEL = "channel"
    MODEL = "model"
    DAY = "day"


class Form(StrEnum):
    """How usage is told."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


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
        from core.store.migrate import HEAD  # noqa: PLC0415 - SQLAlchemy takes its time

        typer.echo(f"parley {version('parley')} (records at revision {HEAD})")
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
    from bots.systemd import Systemd  # noqa: PLC0415
    from core import log  # noqa: PLC0415
    from core.settings import Settings  # noqa: PLC0415
    from core.troubles import Troubles  # noqa: PLC0415

    try:
        settings = Settings.load(os.environ, Path(".env"))
    except SettingsError as error:
        raise _refused(error, SETTINGS_WRONG) from error
    _way_out(settings)
    troubles = Troubles()
    log.configure(
        form=settings.log_format,
        level=settings.log_level,
        secrets=settings.secrets(),
        words=settings.log_text,
        troubles=troubles,
    )
    try:
        _run(run(settings, troubles, Systemd(os.environ)))
    except* ParleyError as errors:
        raise _refused(errors, _code(errors)) from errors


def _way_out(settings: "Settings") -> None:
    """The clients of all three services look for these in the environment."""
    for name in ("https_proxy", "no_proxy", "ssl_cert_file"):
        if value := getattr(settings, name):
            os.environ.setdefault(name.upper(), value)


@app.command()
def init() -> None:
    """Ask for what is needed, check it, and write the file .env."""
    with _refusals():
        if not sys.stdin.isatty():
            raise SettingsError(
                "parley init asks questions and needs a terminal. Without one, copy .env.example "
                "to .env, fill it in, and run parley doctor."
            )
        from bots.init import init as ask  # noqa: PLC0415 - not needed for the other commands

        _log_nothing()
        ask(Path(".env"))


@app.command()
def doctor(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
    listen: Annotated[
        bool, typer.Option("--listen", help="Wait for a mention in Slack, to see events come.")
    ] = False,
) -> None:
    """Look whether everything is as it has to be; exit code 1 if not (docs/doctor.md)."""
    _run(_doctor(as_json=as_json, listen=listen))


async def _doctor(*, as_json: bool, listen: bool) -> None:
    from bots.doctor.command import diagnose  # noqa: PLC0415 - not needed for the other commands
    from bots.doctor.examination import admit  # noqa: PLC0415

    _log_nothing()
    patient, problem = admit(os.environ, Path(".env"))
    if patient.settings:
        _way_out(patient.settings)
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    code = await diagnose(patient, problem, _print, as_json=as_json, listen=listen, colour=colour)
    # Threads that wait for a dead disk or name server would hold up any other end.
    os._exit(code)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


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

    with _refusals():
        typer.echo(asyncio.run(work(Settings.load(os.environ, Path(".env")))))


@app.command()
def usage(
    since: Annotated[
        str, typer.Option(help="The first day, such as 2026-11-01; else the first of this month.")
    ] = "",
    until: Annotated[str, typer.Option(help="The last day; else today.")] = "",
    by: Annotated[By, typer.Option(help="What each line is about.")] = By.PERSON,
    form: Annotated[
        Form,
        typer.Option("--format", help="Costs in CSV and JSON are exact, in JSON as strings."),
    ] = Form.TABLE,
) -> None:
    """Show what was used and what it cost; the bot may run meanwhile."""
    from bots.usage import FORMATS, Bill  # noqa: PLC0415 - not needed for the other commands
    from core.settings import Records  # noqa: PLC0415
    from core.store.account import entries  # noqa: PLC0415

    with _refusals():
        records = Records.find(os.environ, Path(".env"))
        days = _days(since, until, datetime.now(records.time_zone).date())
        bill = Bill(by, *days, entries(records.database_url, by, *days))
    typer.echo(FORMATS[form](bill))


def _days(since: str, until: str, today: date) -> tuple[str, str]:
    """The first day and the last; those that are not given are this month's first, and today."""
    first = _day("--since", since) or today.replace(day=1)
    last = _day("--until", until) or today
    if first > last:
        raise SettingsError(f"--since {first} is after --until {last}.")
    return first.isoformat(), last.isoformat()


def _day(option: str, words: str) -> date | None:
    if not words:
        return None
    try:
        return datetime.strptime(words, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise SettingsError(f"{option} must be a day such as 2026-11-01, not {words!r}.") from error


@app.command()
def forget(
    person: Annotated[
        str, typer.Option(help="Whom: slack/U0123ABCD, or discord/123456789012345678.")
    ],
) -> None:
    """Erase what is kept about somebody; the bot may run meanwhile (docs/privacy.md)."""
    from core.settings import Records  # noqa: PLC0415 - not needed for the other commands
    from core.store.account import existing  # noqa: PLC0415
    from core.store.inspection import backups  # noqa: PLC0415

    with _refusals():
        records = Records.find(os.environ, Path(".env"))
        database = existing(records.database_url)
        _run(_forget(records, *_person(person)))
    typer.echo(
        f"{person} is forgotten. A bot that runs knows it within a minute, and takes away the last "
        "that it still needs within two hours."
    )
    if copies := backups(database, "replaced"):
        typer.echo(f"Copies still name them: {', '.join(map(str, copies))}.")


def _person(words: str) -> tuple[str, str]:
    """A platform, and the id of somebody there."""
    if not PERSON.fullmatch(words):
        raise SettingsError(
            "--person must be a platform and an id, such as slack/U0123ABCD or "
            f"discord/123456789012345678, not {words!r}."
        )
    platform, _, id_ = words.partition("/")
    return platform, id_


async def _forget(records: "Records", platform: str, person: str) -> None:
    from bots import direct  # noqa: PLC0415 - not needed for the other commands
    from core.forgetting import Forgetting  # noqa: PLC0415
    from core.store import Store  # noqa: PLC0415

    _log_little()
    store = await Store.open(records.database_url, time.time)
    try:
        forgetting = Forgetting(
            store.people, direct=direct.PLACES, clock=time.time, zone=records.time_zone
        )
        await forgetting.forget(platform, person)
    finally:
        await store.close()


@app.command()
def backup(
    path: Annotated[
        Path | None,
        typer.Argument(help="A file, or a folder for one; else it lies beside the database."),
    ] = None,
) -> None:
    """Copy the records, complete and checked; the bot may run meanwhile (docs/operating.md)."""
    from core.store.backup import back_up  # noqa: PLC0415 - not needed for the other commands

    _log_little()
    with _refusals():
        database = _database_file(must_exist=True)
        made = back_up(database, path or database.parent, time.time())
    typer.echo(f"Backed up to {made.path}: {_holds(made)}.")


@app.command()
def restore(
    path: Annotated[Path, typer.Argument(help="A backup, made by `parley backup` or an upgrade.")],
) -> None:
    """Put a backup in the place of the records, which are kept; no bot may run meanwhile."""
    from core.store.backup import restore as put_back  # noqa: PLC0415

    _log_little()
    with _refusals():
        database = _database_file()
        found, kept = put_back(path, database, time.time())
    typer.echo(f"Restored {database} from {path}: {_holds(found)}.")
    if kept:
        typer.echo(f"The former records are kept as {kept}; take them away when all is well.")
    typer.echo("Whoever was forgotten since then is in it again: see docs/operating.md.")


@app.command()
def migrate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do it to a copy, say how it went, change nothing.")
    ] = False,
) -> None:
    """Bring the records to this version, after a backup; no bot may run meanwhile.

    The next start of the bot would do the same by itself (docs/upgrading.md).
    """
    from core.store.migrate import HEAD  # noqa: PLC0415 - not needed for the other commands
    from core.store.upgrade import pending, rehearse, upgrade_alone  # noqa: PLC0415

    _log_little()
    with _refusals():
        database = _database_file(must_exist=True)
        if not (steps := pending(database)):
            typer.echo(f"{database} is at revision {HEAD}, as this version needs it.")
            return
        for step in steps:
            typer.echo(f"{step.revision}  {step.about}")
        done = rehearse(database, time.monotonic) if dry_run else upgrade_alone(database)
    where = "A copy was" if dry_run else f"{database} was"
    typer.echo(f"{where} brought to revision {HEAD} in {done.seconds:.1f} s: {_holds(done.after)}.")
    if done.backup:
        typer.echo(f"Before, it was copied to {done.backup}; docs/upgrading.md tells the way back.")
    else:
        typer.echo("Nothing was changed. `parley migrate` does it, or the next start of the bot.")


@app.command()
def health(
    alive: Annotated[
        bool, typer.Option("--alive", help="Only whether it lives, not whether it is connected.")
    ] = False,
) -> None:
    """Ask the bot that runs here how it is, at ADMIN_PORT; exit code 0: well, 3: not."""
    from bots.health import asked  # noqa: PLC0415 - not needed for the other commands
    from core.settings import Watching  # noqa: PLC0415

    with _refusals():
        found = Watching.find(os.environ, Path(".env"))
        if found.admin_port is None:
            raise SettingsError("ADMIN_PORT is not set, so the bot can be asked nothing. Set it.")
        path = "/healthz" if alive else "/readyz"
        typer.echo(asked(found.admin_host, found.admin_port, path))


def _log_little() -> None:
    """What a command says is for whoever gave it; the log only has warnings."""
    from core import log  # noqa: PLC0415 - not needed for the other commands

    log.configure(form="text", level="warning", secrets=(), words=False)


def _log_nothing() -> None:
    """Whatever there is to say, the command says itself."""
    from core import log  # noqa: PLC0415 - not needed for the other commands

    log.configure(form="text", level="error", secrets=(), words=False, stream=io.StringIO())


def _database_file(*, must_exist: bool = False) -> Path:
    from core.settings import Records  # noqa: PLC0415 - not needed for the other commands
    from core.store.account import existing, file_of  # noqa: PLC0415

    url = Records.find(os.environ, Path(".env")).database_url
    return existing(url) if must_exist else file_of(url)


def _holds(copy: "Contents") -> str:
    """What is in a copy of the records, so that one sees whether it is the right one."""
    newest = "none asked yet"
    if copy.newest is not None:
        when = datetime.fromtimestamp(copy.newest, UTC)
        newest = f"the newest of {when:%Y-%m-%d %H:%M:%S} UTC"
    size = f"{copy.bytes / 1_000_000:,.1f} MB"
    return f"{size}, {copy.questions:,} questions on record, {newest}"


@contextmanager
def _refusals() -> Iterator[None]:
    """Whatever refuses a command ends it with its line and its exit code."""
    try:
        yield
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


def _code(errors: BaseExceptionGroup[ParleyError]) -> int:
    """What the process ends with; files that settings name are settings, too."""
    if errors.subgroup(TokenRejected):
        return TOKEN_REJECTED
    return SETTINGS_WRONG if errors.subgroup(SettingsError) else START_REFUSED


def _lines(error: BaseException) -> Iterator[str]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _lines(one)
    else:
        yield from str(error).splitlines()


if __name__ == "__main__":
    main()
