"""`/parley new`."""

import asyncio
from typing import Any

import discord
import structlog
from discord import app_commands

from bots.discord.desk import Desk
from bots.discord.parley import Subcommand
from bots.discord.shown import content
from bots.discord.turns import DIRECT, PLATFORM
from core.chat import Chat
from core.errors import StoreFailed
from core.messages import Conversation
from core.notices import FRESH_FAILED, FRESH_IN_A_CHANNEL, FRESH_START
from core.surface import Page
from core.words import Notice, told

log = structlog.get_logger()

QUICKLY = 2.0
"""Seconds for the database; Discord waits for three."""

Interaction = discord.Interaction[Any]


def new(desk: Desk, chat: Chat) -> Subcommand:
    """`/parley new`: what was said in a direct message before is no longer recalled."""

    async def new(interaction: Interaction) -> None:
        direct = interaction.guild_id is None
        answer = await _start_afresh(chat, interaction) if direct else FRESH_IN_A_CHANNEL
        sentence = told(answer, desk.heard(interaction))
        # In the talk itself the line stays, and shows where the new one begins.
        await interaction.response.send_message(
            **content(Page("", sentence)), ephemeral=answer != FRESH_START
        )

    command: Subcommand = app_commands.Command(
        name="new", description=Notice("new_description"), callback=new
    )
    return command


async def _start_afresh(chat: Chat, interaction: Interaction) -> str:
    conversation = Conversation(PLATFORM, DIRECT, str(interaction.channel_id))
    try:
        async with asyncio.timeout(QUICKLY):
            await chat.start_afresh(conversation, str(interaction.id))
    except (StoreFailed, TimeoutError) as error:
        log.error("no fresh start", error=str(error))
        return FRESH_FAILED
    return FRESH_START
