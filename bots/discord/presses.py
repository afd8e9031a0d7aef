"""Presses of buttons: what is done, and what whoever pressed is told."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import discord
import structlog

from bots.discord import budgets
from bots.discord.calls import NotRead
from bots.discord.desk import Desk
from bots.discord.managers import may_manage
from bots.discord.shown import content
from bots.discord.surface import DiscordSurface
from bots.discord.turns import question_of
from core.controls import Control, read
from core.pace import Urgency
from core.presses import Found, Press, Presses
from core.store import Known
from core.surface import Page, RefusedForGood
from core.words import told

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Buttons:
    """Hands presses on; `locate` puts a message into its channel."""

    desk: Desk
    presses: Presses
    locate: Callable[[discord.Message], Awaitable[None]]

    async def __call__(self, interaction: "discord.Interaction[Any]") -> None:
        """Somebody has pressed a button."""
        data: Any = interaction.data or {}
        if found := read(str(data.get("custom_id", ""))):
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
            manages,
            partial(self._find, interaction.channel_id or 0),
        )
        if answer := await self.presses(press):
            sentence = told(answer, self.desk.heard(interaction))
            counted, parts = budgets.responses(interaction.id), content(Page("", sentence))
            await self.desk.calls.in_turn(
                counted,
                Urgency.FIRST,
                lambda: interaction.followup.send(**parts, ephemeral=True),
            )

    async def _find(self, where: int, known: Known, cause: str) -> Found:
        """The questions of a reply as they stand now, to be answered where the reply stands."""
        found = []
        for id_ in map(int, known.questions):
            message = await self._message(where, known, id_)
            if message is None:
                continue
            await self.locate(message)
            question = question_of(message, known.conversation, self.desk.me)
            surface = DiscordSurface(self.desk, known.conversation, message, answers_in=where)
            found.append((replace(question, cause=cause), surface))
        return found

    async def _message(self, where: int, known: Known, id_: int) -> discord.Message | None:
        """A question, which may stand in the thread of its answer or above it."""
        for channel in _places(where, known, id_):
            try:
                near = await self.desk.reader.around(channel, id_)
            except NotRead as error:
                if isinstance(error.outcome, RefusedForGood):
                    continue
                raise
            if message := next((one for one in near if one.id == id_), None):
                return message
        return None


def _places(where: int, known: Known, id_: int) -> Sequence[int]:
    above = int(known.conversation.channel)
    places = (above, where) if str(id_) == known.conversation.thread else (where, above)
    return tuple(dict.fromkeys(places))
