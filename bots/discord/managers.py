"""Who may manage a channel or a server, by what Discord's events tell of their permissions."""

from typing import Any

import discord


def may_manage(permissions: discord.Permissions) -> bool:
    """Whether somebody with these permissions may interfere with answers."""
    return permissions.manage_channels or permissions.manage_messages


def manages(author: discord.abc.User, channel: object) -> bool:
    """Whether the author of a message may manage the channel in which they wrote it."""
    if not isinstance(author, discord.Member):
        return False
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return False
    try:
        return may_manage(channel.permissions_for(author))
    except discord.ClientException:  # the thread's channel is not known
        return False


def may_set(interaction: "discord.Interaction[Any]") -> bool:
    """Whether who started an interaction may change the settings of the channel."""
    granted = interaction.permissions
    return interaction.guild_id is None or granted.administrator or granted.manage_channels


def administers(interaction: "discord.Interaction[Any]") -> bool:
    """Whether who started an interaction may change the settings of the whole server."""
    granted = interaction.permissions
    return interaction.guild_id is not None and (granted.administrator or granted.manage_guild)


def groups_of(who: object) -> tuple[str, ...]:
    """The roles of a member, by id."""
    # `roles` leaves out those of a guild that is not known yet.
    return tuple(map(str, who._roles)) if isinstance(who, discord.Member) else ()  # noqa: SLF001
