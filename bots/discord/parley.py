"""`/parley`: what people can do with the bot, a subcommand each."""

from collections.abc import Iterable
from typing import Any

import discord
from discord import app_commands

from bots.discord.desk import Desk
from core.words import Notice, told

HELP = Notice("discord_help")

Subcommand = app_commands.Command[Any, ..., None]


def group(desk: Desk, subcommands: Iterable[Subcommand] = ()) -> app_commands.Group:
    """The command with all that it can do; `help` is always there."""
    parley = app_commands.Group(
        name="parley",
        description=Notice("parley_description"),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        allowed_contexts=app_commands.AppCommandContext(
            guild=True, dm_channel=True, private_channel=False
        ),
    )
    for subcommand in (_help(desk), *subcommands):
        parley.add_command(subcommand)
    return parley


def _help(desk: Desk) -> Subcommand:
    async def help_(interaction: "discord.Interaction[Any]") -> None:
        await interaction.response.send_message(told(HELP, desk.heard(interaction)), ephemeral=True)

    command: Subcommand = app_commands.Command(
        name="help", description=Notice("help_description"), callback=help_
    )
    return command
