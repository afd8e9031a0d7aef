"""Who may manage a channel: whoever has Manage Channels there, as Discord itself tells."""

from typing import Any

import discord


async def may_manage(interaction: "discord.Interaction[Any]") -> bool:
    """Whether who started an interaction may manage the channel in which they did."""
    granted = interaction.permissions
    return granted.administrator or granted.manage_channels
