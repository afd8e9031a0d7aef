"""`/parley pause` and `/parley resume`: whether the bot answers in a channel."""

import asyncio
from collections.abc import Iterator
from typing import Any

import discord
from discord import app_commands

from bots.discord.desk import Desk
from bots.discord.parley import Subcommand
from bots.discord.turns import talk_at
from core.chat import Chat
from core.errors import StoreFailed
from core.notices import (
    CHANNELS_ONLY,
    MANAGERS_ONLY,
    PAUSED_BEFORE,
    PAUSED_NOW,
    RESUMED_BEFORE,
    RESUMED_NOW,
)
from core.words import Notice, told

QUICKLY = 2.0
"""Seconds that all of it may take; Discord waits for three."""


def subcommands(desk: Desk, chat: Chat) -> Iterator[Subcommand]:
    """The two subcommands."""

    async def pause(interaction: "discord.Interaction[Any]") -> None:
        await _answer(interaction, desk, chat, pause=True)

    async def resume(interaction: "discord.Interaction[Any]") -> None:
        await _answer(interaction, desk, chat, pause=False)

    yield app_commands.Command(
        name="pause", description=Notice("pause_description"), callback=pause
    )
    yield app_commands.Command(
        name="resume", description=Notice("resume_description"), callback=resume
    )


async def _answer(
    interaction: "discord.Interaction[Any]", desk: Desk, chat: Chat, *, pause: bool
) -> None:
    try:
        async with asyncio.timeout(QUICKLY):
            sentence = await _changed(interaction, chat, pause=pause)
    except (StoreFailed, TimeoutError):
        sentence = StoreFailed.says
    words = told(sentence, desk.heard(interaction))
    await interaction.response.send_message(words, ephemeral=True)


async def _changed(interaction: "discord.Interaction[Any]", chat: Chat, *, pause: bool) -> str:
    if interaction.guild_id is None:
        return CHANNELS_ONLY
    if not interaction.permissions.manage_channels:
        return MANAGERS_ONLY
    here, person = talk_at(interaction), str(interaction.user.id)
    if pause:
        return PAUSED_NOW if await chat.pauses.pause(here, person) else PAUSED_BEFORE
    return RESUMED_NOW if await chat.pauses.resume(here, person) else RESUMED_BEFORE
