"""`/parley`: what people can do with the bot, a subcommand each."""

from collections.abc import Iterable
from typing import Any

import discord
from discord import app_commands

from core.notices import help_text

HELP = help_text(
    "**",
    "and a question: the answer is for everybody; with `private` it is for you alone.",
    "right click or hold, then Apps",
)

Subcommand = app_commands.Command[Any, ..., None]


def group(subcommands: Iterable[Subcommand] = ()) -> app_commands.Group:
    """The command with all that it can do; `help` is always there."""
    parley = app_commands.Group(
        name="parley",
        description="Help and settings",
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        allowed_contexts=app_commands.AppCommandContext(
            guild=True, dm_channel=True, private_channel=False
        ),
    )
    for subcommand in (_help(), *subcommands):
        parley.add_command(subcommand)
    return parley


def _help() -> Subcommand:
    async def help_(interaction: "discord.Interaction[Any]") -> None:
        await interaction.response.send_message(HELP, ephemeral=True)

    command: Subcommand = app_commands.Command(
        name="help", description="What you can do with Parley", callback=help_
    )
    return command
