"""Who may manage a channel: whoever has Manage Channels there; a server, Manage Server."""

from typing import Any

import discord


async def manages(who: discord.abc.User, channel: object) -> bool:
    """Whether somebody may manage a channel, a thread's being its parent; their own DMs they may.

    All of it came with Discord's events, so that nothing is asked.
    """
    if isinstance(channel, discord.DMChannel):
        return True
    if not isinstance(who, discord.Member) or not isinstance(
        channel, discord.abc.GuildChannel | discord.Thread
    ):
        return False
    return _may_manage(channel.permissions_for(who))


def manages_here(interaction: "discord.Interaction[Any]") -> bool:
    """Whether who started an interaction may manage the channel in which they did."""
    return interaction.guild_id is None or _may_manage(interaction.permissions)


def administers(interaction: "discord.Interaction[Any]") -> bool:
    """Whether who started an interaction may manage the server."""
    granted = interaction.permissions
    return interaction.guild_id is not None and (granted.administrator or granted.manage_guild)


def groups_of(who: object) -> tuple[str, ...]:
    """The roles of a member, by id."""
    return tuple(str(role) for role in who._roles) if isinstance(who, discord.Member) else ()  # noqa: SLF001 - `roles` leaves out those whose guild is not cached


def _may_manage(granted: discord.Permissions) -> bool:
    return granted.administrator or granted.manage_channels
