"""Logging in, with every way in which Discord refuses a start, in words for its operator."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import aiohttp
import discord
from discord.http import HTTPClient, Route

from core.errors import StartError, TokenRejected
from core.unreached import UNREACHED, obstacle

Json = dict[str, Any]

GUILDS_AT_ONCE = 200
"""Servers of the bot's that Discord lists at once, at most."""

NOT_ACCEPTED = (
    "DISCORD_TOKEN is not accepted by Discord. Copy the token from the Developer Portal, page "
    "Bot (Reset Token makes a new one), and set it again."
)
INTENT_OFF = (
    "Discord does not let the bot read messages: switch on “Message Content Intent” in the "
    "Developer Portal, page Bot, for the application of DISCORD_TOKEN, and start again."
)


def check_token(token: str) -> None:
    """Refuse what cannot be sent in a header; discord.py would fail in ways of its own."""
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise TokenRejected(NOT_ACCEPTED)


async def log_in(client: discord.Client, token: str) -> Json:
    """Log in, and look whether Discord would let the bot work; what it says of its gateway.

    Raises `TokenRejected`, `StartError`, and whatever `reason` makes sentences of.
    """
    await client.login(token)
    flags = client.application_flags
    may_read = flags.gateway_message_content or flags.gateway_message_content_limited
    # A server that tells no flags leaves it to the gateway to refuse us, with code 4014.
    if not may_read and (flags or "flags" in await client.http.application_info()):
        raise TokenRejected(INTENT_OFF)
    # discord.py's own method fails where a server leaves out what it never looks at.
    gateway: Json = await client.http.request(Route("GET", "/gateway/bot"))
    _check_sessions(gateway.get("session_start_limit") or {}, gateway.get("shards") or 1)
    return gateway


async def joined(http: HTTPClient) -> list[Json]:
    """The servers in which the bot is, in short; before the gateway tells of them."""
    found: list[Json] = []
    while page := await http.get_guilds(GUILDS_AT_ONCE, after=_newest(found)):
        found += [dict(one) for one in page]
        if len(page) < GUILDS_AT_ONCE:
            break
    return found


def named(guilds: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The names of servers by their ids."""
    return {str(one["id"]): one.get("name") or "" for one in guilds}


def _newest(guilds: Iterable[Mapping[str, Any]]) -> int | None:
    """Where the next page of servers begins: they come in the order of their ids."""
    return max((int(one["id"]) for one in guilds), default=None)


def _check_sessions(limit: dict[str, Any], shards: int) -> None:
    """Refuse a start for which Discord has no sessions left today, as far as it says so."""
    if limit.get("remaining", shards) >= shards:
        return
    minutes = limit.get("reset_after", 0) // 60_000 + 1
    raise StartError(
        "Discord allows this bot no more sessions for now, because it was started too "
        f"often. Start it again in {minutes} min."
    )


def reason(error: BaseException, api_url: str | None) -> StartError | None:
    """What an operator can do about a connection that failed; None for what nobody foresaw."""
    where = f"Discord ({api_url or 'discord.com'})"
    check = "Check the network, HTTPS_PROXY and DISCORD_API_URL."
    kind, words = StartError, ""
    match error:
        case discord.LoginFailure() | discord.ConnectionClosed(code=4004):
            kind, words = TokenRejected, NOT_ACCEPTED
        case discord.ConnectionClosed(code=4014):
            kind, words = TokenRejected, INTENT_OFF
        case discord.ConnectionClosed(code=code):
            words = f"Discord ended the connection for good, with code {code}."
        case discord.HTTPException(status=status):
            words = f"{where} answers with status {status}. Try again in a minute. {check}"
        case TimeoutError():
            words = f"{where} does not answer in time. {check}"
        case _ if isinstance(error, UNREACHED):
            words = f"{where} is not reached: {obstacle(error)}. {check}"
        case aiohttp.ClientError() | OSError() | discord.GatewayNotFound():
            words = f"{where} is not reached. {check}"
    return kind(words) if words else None
