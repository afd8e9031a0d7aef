"""Who may manage a channel: whoever Discord lets change it, or other people's messages."""

import discord


def may_manage(permissions: discord.Permissions) -> bool:
    """Whether somebody with these permissions may."""
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
