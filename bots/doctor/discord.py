"""Discord: whether its token is good, and the application may do what Parley does."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterator

from bots.discord.permissions import NEEDED, USEFUL, invitation, lacking
from bots.discord.probe import Server, Standing, standing
from bots.doctor import clock
from bots.doctor.finding import Finding, refused, remark, well, wrong
from bots.doctor.patient import Patient
from core.errors import StartError, TokenRejected
from core.settings import Settings
from core.store import account

AREA = "Discord"

COMMANDS = frozenset({"ask", "parley"})
"""Those that people type; the entries of the menus come with them."""


async def examine(patient: Patient) -> AsyncGenerator[Finding, None]:
    """Ask Discord about the application and the servers that it is in."""
    if (settings := patient.settings) is None:
        return
    try:
        found = await standing(settings.discord_token.get_secret_value(), settings.discord_api_url)
    except StartError as error:
        is_about_token = isinstance(error, TokenRejected)
        yield refused(AREA, error, "DISCORD_TOKEN" if is_about_token else "DISCORD_API_URL")
        return
    patient.offsets[AREA] = clock.offset(found.date, patient.clock())
    yield well(AREA, f"DISCORD_TOKEN is good: {found.name}, with Message Content Intent.")
    for finding in _application(found):
        yield finding
    allowed = await asyncio.to_thread(_allowed, settings, found.servers)
    for finding in _servers(settings, found, allowed):
        yield finding


def _application(found: Standing) -> Iterator[Finding]:
    if found.endpoint:
        yield wrong(
            AREA,
            f"Discord sends commands and buttons to {found.endpoint} instead of to the bot",
            "Empty “Interactions Endpoint URL” in the Developer Portal, page General Information, "
            "for the application of DISCORD_TOKEN.",
            "DISCORD_TOKEN",
        )
    if found.code_grant:
        yield remark(
            AREA,
            "Invitations do not work as they are.",
            "Switch “Requires OAuth2 Code Grant” off in the Developer Portal, page Bot.",
            "DISCORD_TOKEN",
        )
    if found.public:
        yield remark(
            AREA,
            "Anybody can add the bot to servers of theirs; there it refuses people until you allow "
            "it.",
            "Switch “Public Bot” off in the Developer Portal, page Bot.",
            "DISCORD_TOKEN",
        )
    if found.commands is None:
        yield remark(AREA, "Discord does not say which commands it knows.")
    elif missing := sorted(COMMANDS - found.commands):
        words = " and ".join(f"/{name}" for name in missing)
        yield remark(AREA, f"Discord does not know {words} yet; the first start tells it.")
    else:
        yield well(AREA, "Discord knows the commands.")


def _servers(settings: Settings, found: Standing, allowed: Collection[str]) -> Iterator[Finding]:
    if not found.servers:
        yield remark(
            AREA,
            "The bot is in no server.",
            f"Add it: {invitation(found.application)}",
            "DISCORD_TOKEN",
        )
    for server in found.servers:
        if server.id in allowed:
            yield from _server(server, found)
        else:
            setting = "DISCORD_GUILDS" if settings.discord_guilds else ""
            do = f"Add {server.id} to {setting}" if setting else f"parley guilds allow {server.id}"
            yield remark(AREA, f"People of {_called(server)} are refused.", f"{do}.", setting)
    here = {server.id for server in found.servers}
    for id_ in settings.discord_guilds:
        if id_ not in here:
            do = f"Add it there: {invitation(found.application)}"
            yield remark(AREA, f"The bot is not in the server {id_}.", do, "DISCORD_GUILDS")


def _server(server: Server, found: Standing) -> Iterator[Finding]:
    again = (
        "Allow its role that in the server's settings, or open this again: "
        f"{invitation(found.application)}"
    )
    missing = lacking(server.permissions, NEEDED)
    if missing:
        what = f"In {_called(server)} the bot of DISCORD_TOKEN may not: {', '.join(missing)}"
        yield wrong(AREA, what, again, "DISCORD_TOKEN")
    useful = lacking(server.permissions, USEFUL)
    if useful:
        what = f"In {_called(server)} the bot may not: {', '.join(useful)}."
        yield remark(AREA, what, again, "DISCORD_TOKEN")
    if not (missing or useful):
        yield well(AREA, f"In {_called(server)} the bot may do what it needs.")


def _allowed(settings: Settings, servers: Collection[Server]) -> Collection[str]:
    """The servers in which it answers: before the first start, all in which it is."""
    if settings.discord_guilds:
        return settings.discord_guilds
    try:
        known = account.guilds(settings.database_url)
    except StartError:
        known = ()  # there is no database yet, or its area tells what is wrong with it
    return {one.id for one in known if one.allowed} if known else {one.id for one in servers}


def _called(server: Server) -> str:
    return f"{server.name} ({server.id})" if server.name else server.id
