"""`parley init`: asks for what is needed, checks each answer at once, and writes `.env`."""

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import typer

from core import env_file as files
from core.errors import KeyRejected, ModelFailed, SettingsError, StartError
from core.log import Redact
from core.model import Model
from core.secret_files import SUFFIX
from core.settings import OPENAI_DEFAULT_MODEL, OPENAI_URL, Settings

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds for the list of models."""

SHOWN = 30
"""Models of a list that are shown."""

SLACK = Settings.model_fields["slack_api_url"].default
DISCORD = Settings.model_fields["discord_api_url"].default

Values = dict[str, str]


def init(env_file: Path) -> None:
    """Ask for what `.env` does not say yet, and write it. Raises `SettingsError`."""
    kept, problems = files.read(env_file)
    if problems:
        raise SettingsError("\n".join([*problems, "Mend that first; nothing was changed."]))
    if env_file.exists():
        _say(f"{env_file.absolute()} is there: what it sets is kept, and what it lacks is asked.")
    asked: Values = {}
    have = {name.removesuffix(SUFFIX): value for name, value in kept.items() if value.strip()}
    if not have.keys() & {"OPENAI_API_KEY", "OPENAI_BASE_URL"}:
        asked |= _model()
    if "SLACK_BOT_TOKEN" not in have and _wants("\nConnect Slack?"):
        asked |= _slack(have)
    if "DISCORD_TOKEN" not in have and _wants("\nConnect Discord?"):
        asked |= _discord(have)
    _write(env_file, kept, asked)


def _write(env_file: Path, kept: Mapping[str, str], asked: Values) -> None:
    if not asked:
        _say("\nNothing is missing, so nothing was written. Next: parley doctor")
        return
    before = env_file.read_text(encoding="utf-8-sig") if env_file.exists() else ""
    try:
        files.write(env_file, files.filled(before, asked))
    except OSError as error:
        raise SettingsError(
            f"{env_file.absolute()} cannot be written ({error.strerror}). Give this user the right "
            "to, or go to another folder."
        ) from error
    _say(f"\n{env_file.absolute()} is written; only its owner may read it.")
    try:
        Settings.load({**kept, **asked})
    except SettingsError as error:
        _say(f"Before it starts:\n{error}")
    _say("Next: parley doctor, then parley run")


def _model() -> Values:
    """Which model answers."""
    _say("\nThe model: OpenAI, or any server with an OpenAI-compatible API.")
    usual = OPENAI_URL
    while True:
        address = typer.prompt("Address of the API", default=usual).strip().rstrip("/")
        if not re.match(r"https?://[^/]", address):
            _say("This is no address such as https://host/v1.")
            continue
        usual = address  # so that a key that was mistyped costs no second address
        key = _secret("Key, or Enter for none")
        names = _names(address, key)
        if names is not None:
            break
    values = {} if address == OPENAI_URL else {"OPENAI_BASE_URL": address}
    if key:
        values["OPENAI_API_KEY"] = key
    return values | {"OPENAI_MODEL": _chosen(names, address)}


def _names(address: str, key: str) -> tuple[str, ...] | None:
    """The models there; None where address and key are to be asked for again."""
    if address == OPENAI_URL and not key:
        _say("OpenAI needs a key.")
        return None
    try:
        return _asked(_listing(address, key))
    except KeyRejected:
        _say(f"{address} does not accept this key.")
        return None
    except (ModelFailed, TimeoutError) as error:
        said = getattr(error, "detail", "") or f"no answer within {PATIENCE:.0f} s"
        why = Redact([key])(None, "", said)  # some repeat what they were sent
        _say(f"{address} does not list its models ({why}).")
        return () if _wants("Take this address all the same?", default=False) else None


async def _listing(address: str, key: str) -> tuple[str, ...]:
    model = Model(api_key=key, base_url=address)
    try:
        await model.open()
        async with asyncio.timeout(PATIENCE):
            return await model.names()
    finally:
        await model.close()


def _chosen(names: tuple[str, ...], address: str) -> str:
    """A model by its number in the list, or by its name."""
    names = tuple(sorted(names))
    for number, name in enumerate(names[:SHOWN], 1):
        _say(f"{number:4} {name}")
    if len(names) > SHOWN:
        _say(f"     … and {len(names) - SHOWN} more")
    usual = OPENAI_DEFAULT_MODEL if address == OPENAI_URL else (names[0] if names else None)
    while True:
        said = str(typer.prompt("Model, by number or name", default=usual)).strip()
        if said.isdecimal() and 0 < int(said) <= len(names[:SHOWN]):
            return names[int(said) - 1]
        is_known = said in names or not names
        if said and (is_known or _wants(f"{said} is not listed. Take it?", default=False)):
            return said


def _slack(have: Mapping[str, str]) -> Values:
    """An app from our manifest, and its tokens."""
    from bots.slack.manifest import manifest  # noqa: PLC0415 - not needed without Slack
    from bots.slack.probe import Probe  # noqa: PLC0415

    api_url = have.get("SLACK_API_URL") or SLACK
    address = _public_address()
    _say(
        "\n1. https://api.slack.com/apps, Create New App, From a manifest, JSON; paste this:\n\n"
        f"{json.dumps(manifest(address), indent=2, ensure_ascii=False)}\n\n"
        "2. Install App, Install to Workspace, and copy the Bot User OAuth Token."
    )

    async def who(token: str) -> str:
        async with Probe(token, api_url) as probe:
            standing = await probe.standing()
        return f"@{standing.us.name} in {standing.workspace or standing.us.team}"

    async def opens(token: str) -> str:
        async with Probe("", api_url) as probe:
            await probe.address(token)
        return "Socket Mode opens"

    values = {"SLACK_BOT_TOKEN": _token("Bot token (xoxb-…)", who)}
    if address:
        _say("3. Basic Information, App Credentials: copy the Signing Secret.")
        values["SLACK_SIGNING_SECRET"] = _secret("Signing secret")
        values["HTTP_PORT"] = str(typer.prompt("Port for Slack's requests", default=8080, type=int))
        _say(f"Have your proxy pass {address}/slack/ on to http://127.0.0.1:{values['HTTP_PORT']}.")
    else:
        _say("3. Basic Information, App-Level Tokens, Generate, with the scope connections:write.")
        values["SLACK_APP_TOKEN"] = _token("App-level token (xapp-…)", opens)
    return {name: value for name, value in values.items() if value}


def _public_address() -> str:
    """Where Slack reaches us, if it does; by Socket Mode we reach it."""
    if not _wants("Shall Slack send events to an https address of yours?", default=False):
        return ""
    while True:
        address = typer.prompt("That address, such as https://parley.example.org")
        if re.fullmatch(r"https://[^/\s]+/?", address.strip()):
            return str(address).strip().rstrip("/")
        _say("It must be https://, a name, and nothing after it.")


def _discord(have: Mapping[str, str]) -> Values:
    """A bot's token, and the link that brings it into a server."""
    from bots.discord.permissions import invitation  # noqa: PLC0415 - not needed without Discord
    from bots.discord.probe import standing  # noqa: PLC0415

    _say(
        "\n1. https://discord.com/developers/applications, New Application, page Bot: switch "
        "“Message Content Intent” on.\n2. Reset Token there, and copy the token."
    )
    api_url = have.get("DISCORD_API_URL") or DISCORD
    links: list[str] = []

    async def who(token: str) -> str:
        found = await standing(token, api_url)
        links.append(invitation(found.application))
        return found.name

    token = _token("Bot token", who)
    if links:
        _say(f"3. Open this, and add it to your server:\n{links[-1]}")
    return {"DISCORD_TOKEN": token} if token else {}


def _token(words: str, check: Callable[[str], Coroutine[Any, Any, str]]) -> str:
    """A token that is good, or that somebody wants all the same; empty: none."""
    while True:
        token = _secret(f"{words}, or Enter for later")
        if not token:
            return ""
        try:
            _say(f"It is good: {_asked(check(token))}.")
        except StartError as error:
            _say(str(error))
            if not _wants("Take it all the same?", default=False):
                continue
        return token


def _asked(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def _secret(words: str) -> str:
    """What nobody beside may read."""
    return str(typer.prompt(words, default="", hide_input=True, show_default=False)).strip()


def _wants(words: str, *, default: bool = True) -> bool:
    return typer.confirm(words, default=default)


def _say(words: str) -> None:
    typer.echo(words)
