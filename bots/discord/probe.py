"""Questions to Discord about the application itself, for whoever sets it up; it changes nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
from discord.http import Route

from bots.discord.login import check_token, joined, log_in, reason
from core.errors import StartError
from core.proxies import proxy_to

PATIENCE = 8.0
"""Seconds for all questions together."""

CLOSING = 1.0
"""Seconds to close the connections."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that the bot is in; `permissions` are bits, as Discord writes them."""

    id: str
    name: str
    permissions: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The application as Discord has it.

    `commands` are the names of those that Discord knows (None: it does not say), `endpoint` is
    where it sends interactions instead of to the gateway, `date` its clock as HTTP writes it.
    """

    application: int
    name: str
    public: bool
    code_grant: bool
    endpoint: str
    servers: Sequence[Server]
    commands: frozenset[str] | None
    date: str


async def standing(token: str, api_url: str) -> Standing:
    """Ask for everything. Raises `StartError`."""
    check_token(token)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    Route.BASE = api_url.rstrip("/")
    dates: list[str] = []
    client = discord.Client(
        intents=discord.Intents.none(), proxy=proxy_to(api_url), http_trace=_dated(dates)
    )
    try:
        async with asyncio.timeout(PATIENCE):
            await log_in(client, token)
            servers = [_server(one) for one in await joined(client.http)]
            return _standing(client, servers, await _commands(client), dates)
    except StartError:
        raise
    except Exception as error:
        if refusal := reason(error, api_url):
            raise refusal from error
        raise
    finally:
        async with asyncio.timeout(CLOSING):
            await client.close()


def _standing(
    client: discord.Client,
    servers: Sequence[Server],
    commands: frozenset[str] | None,
    dates: Sequence[str],
) -> Standing:
    application = client.application
    if application is None:
        raise StartError("Discord says nothing of the application of DISCORD_TOKEN.")
    return Standing(
        application=application.id,
        name=str(client.user),
        public=application.bot_public,
        code_grant=application.bot_require_code_grant,
        endpoint=application.interactions_endpoint_url or "",
        servers=servers,
        commands=commands,
        date=dates[-1] if dates else "",
    )


async def _commands(client: discord.Client) -> frozenset[str] | None:
    path = "/applications/{application_id}/commands"
    try:
        found = await client.http.request(
            Route("GET", path, application_id=client.application_id or 0)
        )
    except discord.HTTPException:
        return None
    return frozenset(str(one.get("name")) for one in found)


def _server(raw: Mapping[str, Any]) -> Server:
    return Server(str(raw["id"]), raw.get("name") or "", str(raw.get("permissions") or "0"))


def _dated(dates: list[str]) -> aiohttp.TraceConfig:
    """Takes down what time each answer says it is."""

    async def came(
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        answer: aiohttp.TraceRequestEndParams,
    ) -> None:
        del session, context
        if date := answer.response.headers.get("Date"):
            dates.append(date)

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(came)
    return trace
