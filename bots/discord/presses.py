"""Presses of buttons: what is done, and what whoever pressed is told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import discord
import structlog

from bots.discord import budgets
from bots.discord.again import asked_again
from bots.discord.anew import asked_anew
from bots.discord.caller import DiscordCaller
from bots.discord.commands import Asking
from bots.discord.desk import Desk
from bots.discord.managers import may_manage
from bots.discord.shown import content
from core.asked_once import AskedOnce
from core.chat import Found
from core.controls import Control, read
from core.pace import Urgency
from core.presses import Press, Presses
from core.store import Known
from core.surface import Page
from core.words import told

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PressListener:
    """Hands presses on; `locate` puts a message into its channel."""

    desk: Desk
    presses: Presses
    asking: Asking
    locate: Callable[[discord.Message], Awaitable[None]]

    async def __call__(self, interaction: "discord.Interaction[Any]") -> None:
        """Somebody has pressed a button."""
        data: Any = interaction.data or {}
        if found := read(str(data.get("custom_id", ""))):
            if found[0] is not Control.AFRESH:  # that is answered like a command
                await self.desk.calls.ask((), interaction.response.defer)
            self.desk.tasks.start(self._pressed(interaction, *found), "button")

    async def _pressed(
        self, interaction: "discord.Interaction[Any]", control: Control, reply: str
    ) -> None:
        async def manages() -> bool:
            return may_manage(interaction.permissions)

        press = Press(
            control,
            reply,
            str(interaction.user.id),
            DiscordCaller.of(self.desk, interaction),
            manages,
            partial(asked_again, self.desk, self.locate, interaction.channel_id or 0),
            partial(self._asked_anew, interaction),
            partial(self._ask, interaction),
        )
        if answer := await self.presses(press):
            if not interaction.response.is_done():
                await self.desk.calls.ask((), interaction.response.defer)
            sentence = told(answer, self.desk.heard(interaction))
            counted, parts = budgets.responses(interaction.id), content(Page("", sentence))
            await self.desk.calls.in_turn(
                counted,
                Urgency.FIRST,
                lambda: interaction.followup.send(**parts, ephemeral=True),
            )

    async def _asked_anew(
        self, interaction: "discord.Interaction[Any]", known: Known, asked: AskedOnce, cause: str
    ) -> Found:
        return asked_anew(self.desk, interaction, known, asked, cause)

    async def _ask(
        self, interaction: "discord.Interaction[Any]", question: str, persona: str
    ) -> None:
        """Ask afresh what a command has asked, for the same readers."""
        private = interaction.message is not None and interaction.message.flags.ephemeral
        await self.asking(interaction, question, private, persona, afresh=True)
