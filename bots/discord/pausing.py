"""`/parley pause` and `/parley resume`: whether the bot answers in a channel."""

import asyncio
from collections.abc import Iterator
from typing import Any

import discord
from discord import app_commands

from bots.discord.managers import may_manage
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

QUICKLY = 2.0
"""Seconds that all of it may take; Discord waits for three."""


def subcommands(chat: Chat) -> Iterator[Subcommand]:
    """The two subcommands."""

    async def pause(interaction: "discord.Interaction[Any]") -> None:
        await _answer(interaction, chat, pause=True)

    async def resume(interaction: "discord.Interaction[Any]") -> None:
        await _answer(interaction, chat, pause=False)

    yield app_commands.Command(
        name="pause", description="Let Parley answer nothing in this channel", callback=pause
    )
    yield app_commands.Command(
        name="resume", description="Let Parley answer in this channel again", callback=resume
    )


async def _answer(interaction: "discord.Interaction[Any]", chat: Chat, *, pause: bool) -> None:
    try:
        async with asyncio.timeout(QUICKLY):
            sentence = await _changed(interaction, chat, pause=pause)
    except (StoreFailed, TimeoutError):
        sentence = StoreFailed.says
    await interaction.response.send_message(sentence, ephemeral=True)


async def _changed(interaction: "discord.Interaction[Any]", chat: Chat, *, pause: bool) -> str:
    if interaction.guild_id is None:
        return CHANNELS_ONLY
    if not await may_manage(interaction):
        return MANAGERS_ONLY
    here, person = talk_at(interaction), str(interaction.user.id)
    if pause:
        return PAUSED_NOW if await chat.pauses.pause(here, person) else PAUSED_BEFORE
    return RESUMED_NOW if await chat.pauses.resume(here, person) else RESUMED_BEFORE
