"""`/parley forget`: erases what is kept about whoever says so, once they have confirmed it."""

from collections.abc import Awaitable, Callable
from typing import Any

import discord
import structlog
from discord import app_commands, ui

from bots.discord import budgets
from bots.discord.desk import Desk
from bots.discord.parley import Subcommand
from bots.discord.turns import PLATFORM
from core import notices
from core.errors import StoreFailed
from core.forgetting import Forgetting
from core.pace import Urgency
from core.words import ENGLISH, Notice, told

log = structlog.get_logger()

YES, NO = "parley/forget/yes", "parley/forget/no"

Interaction = discord.Interaction[Any]
Pressed = Callable[[Interaction, bool], Awaitable[None]]


class Forget:
    """The subcommand, and the buttons below its question; those are seen by its asker alone."""

    def __init__(self, desk: Desk, forgetting: Forgetting) -> None:
        self._desk = desk
        self._forgetting = forgetting

    @property
    def subcommand(self) -> Subcommand:
        """As Discord is told of it."""

        async def forget(interaction: Interaction) -> None:
            language = self._desk.heard(interaction)
            await interaction.response.send_message(
                told(notices.forget_asked("Discord"), language),
                view=ForgetButtons(self._pressed, language),
                ephemeral=True,
            )

        command: Subcommand = app_commands.Command(
            name="forget", description=Notice("forget_description"), callback=forget
        )
        return command

    @property
    def buttons(self) -> "ForgetButtons":
        """The buttons, so that those of old messages work after a restart."""
        return ForgetButtons(self._pressed)

    async def _pressed(self, interaction: Interaction, yes: bool) -> None:
        language = self._desk.heard(interaction)
        first = notices.FORGETTING if yes else notices.FORGOT_NOTHING
        response = interaction.response
        await self._desk.calls.ask(
            (), lambda: response.edit_message(content=told(first, language), view=None)
        )
        if yes:
            self._desk.tasks.start(self._forget(interaction, language), "forgetting somebody")

    async def _forget(self, interaction: Interaction, language: str) -> None:
        try:
            await self._forgetting.forget(PLATFORM, str(interaction.user.id))
            sentence = notices.FORGOT
        except StoreFailed as error:
            log.error("somebody was not forgotten", error=str(error))
            sentence = notices.FORGET_FAILED
        words = told(sentence, language)
        await self._desk.calls.in_turn(
            budgets.responses(interaction.id),
            Urgency.FIRST,
            lambda: interaction.edit_original_response(content=words),
        )


class ForgetButtons(ui.View):
    """Yes and no, in a language."""

    def __init__(self, pressed: Pressed, language: str = ENGLISH) -> None:
        super().__init__(timeout=None)
        danger, grey = discord.ButtonStyle.danger, discord.ButtonStyle.secondary
        yes, no = told(notices.FORGET, language), told(notices.FORGET_NOT, language)
        self.add_item(_Button(pressed, True, label=yes, style=danger, custom_id=YES))
        self.add_item(_Button(pressed, False, label=no, style=grey, custom_id=NO))

    async def on_error(self, interaction: Interaction, error: Exception, item: Any, /) -> None:
        """Log what nobody foresaw."""
        del item
        log.error("button failed", interaction=interaction.id, exc_info=error)


class _Button(ui.Button[ForgetButtons]):
    def __init__(self, pressed: Pressed, yes: bool, **look: Any) -> None:
        super().__init__(**look)
        self._pressed = pressed
        self._yes = yes

    async def callback(self, interaction: Interaction) -> None:
        await self._pressed(interaction, self._yes)
