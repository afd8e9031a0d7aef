"""Whether somebody may use the bot, before any command, button or form of theirs."""

from typing import Any

import discord
import structlog

from bots.discord.caller import DiscordCaller
from bots.discord.desk import Desk
from bots.discord.shown import content
from core.chat import Chat
from core.errors import StoreFailed
from core.messages import Author
from core.surface import Page, Surface
from core.words import told

log = structlog.get_logger()

Interaction = discord.Interaction[Any]


class Gate:
    """Asks the chat, and tells whoever is not let in, to them alone."""

    def __init__(self, desk: Desk, chat: Chat) -> None:
        self._desk = desk
        self._chat = chat

    async def passes(self, interaction: Interaction) -> bool:
        """Whether somebody may use the bot here; else the interaction is answered with why not."""
        if not (refusal := await self._refusal(interaction)):
            return True
        log.info("not admitted", by=interaction.user.id, why=refusal)
        response = interaction.response
        if interaction.type is discord.InteractionType.autocomplete:
            await self._desk.calls.ask((), lambda: response.autocomplete([]))
            return False
        parts = content(Page("", told(refusal, self._desk.heard(interaction))))
        await self._desk.calls.ask((), lambda: response.send_message(**parts, ephemeral=True))
        return False

    async def check(self, surface: Surface, author: Author) -> None:
        """Raises `LeftOut` where a message is not to be read, for whoever wrote it."""
        await self._chat.outsiders.check(surface, author)

    async def _refusal(self, interaction: Interaction) -> str:
        try:
            return await self._chat.refusal_of(DiscordCaller.of(self._desk, interaction)) or ""
        except StoreFailed as error:
            log.error("not known whether somebody may use the bot", error=str(error))
            return error.sentence
