"""`parley guilds`: in which servers of Discord's the bot answers."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from core.errors import SettingsError
from core.settings import Settings
from core.store import Guild, Store

T = TypeVar("T")


async def listed(settings: Settings) -> str:
    """All servers that are known, a line each, and whether the bot answers in them."""
    found = await _in_store(settings, lambda store: store.guilds.all())
    known = {one.id: one for one in found}
    if named := settings.discord_guilds:
        lines = [f"{one}  allowed by DISCORD_GUILDS" for one in named]
        lines += [
            f"{one}  refused, since DISCORD_GUILDS is set" for one in known.keys() - set(named)
        ]
        return "\n".join(lines)
    if not found:
        return "none yet: those in which the bot is when it first starts are allowed"
    return "\n".join(_line(one) for one in found)


async def chosen(settings: Settings, guild: str, *, allowed: bool) -> str:
    """Allow or refuse a server; a bot that runs knows within seconds. Raises `SettingsError`."""
    if not (guild.isascii() and guild.isdecimal()):
        raise SettingsError(
            f"{guild!r} is no id of a server. In Discord: Settings, Advanced, Developer Mode; then "
            "Copy Server ID in the server's menu."
        )
    if settings.discord_guilds:
        raise SettingsError("DISCORD_GUILDS is set and alone counts: change it, and restart.")
    await _in_store(settings, lambda store: store.guilds.choose(guild, allowed=allowed))
    return f"{guild}  {'allowed' if allowed else 'refused'}"


async def _in_store(settings: Settings, work: Callable[[Store], Awaitable[T]]) -> T:
    store = await Store.open(settings.database_url, time.time)
    try:
        return await work(store)
    finally:
        await store.close()


def _line(guild: Guild) -> str:
    word = "allowed" if guild.allowed else "refused"
    return f"{guild.id}  {word}  {guild.name}".rstrip()
