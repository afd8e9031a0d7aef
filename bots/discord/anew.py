"""The answer to a command given anew, by a button below the former one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import discord

from bots.discord.address import written
from bots.discord.calls import NO_TURN
from bots.discord.desk import Desk
from bots.discord.interaction import InteractionSurface
from bots.discord.shown import content
from bots.discord.surface import YOUNG
from bots.discord.turns import author_of, place_of, talk_at, turn_of
from core.asked_once import AskedOnce
from core.chat import Found
from core.messages import Author, Question, Role, Text, Turn
from core.pace import Urgency
from core.store import Known
from core.surface import Outcome, Page, RefusedForGood

Interaction = discord.Interaction[Any]


class AnewSurface(InteractionSurface):
    """Where a command is answered anew: in the place of the former answer, if that takes edits.

    Its button's token edits the message below which it was pressed. What else everybody can see
    is edited as any message of the bot's is; what only the asker sees, is not.
    """

    def __init__(
        self, desk: Desk, question: Question, interaction: Interaction, former: Sequence[str]
    ) -> None:
        pressed = interaction.message
        private = _is_private(interaction)
        turn = Turn(Role.USER, (Text(question.text),), question.asker, question.message)
        super().__init__(desk, question.conversation, interaction, private=private, turn=turn)
        self._pressed = pressed
        self._is_elsewhere = talk_at(interaction).channel != question.conversation.channel
        self._acknowledged.set()
        self._under = {one: one == self._button_of for one in former}
        self._headed = set(former[:1])
        self._begins_below = not self.editable(former)

    @property
    def _button_of(self) -> str:
        """The message below which the button was pressed."""
        return str(self._pressed.id) if self._pressed else ""

    async def said(self, messages: Sequence[str]) -> tuple[Turn, ...]:
        """What these messages of the bot's say. Raises `PlatformFailed`."""
        found = [self._pressed] if self._pressed else []
        if set(messages) != {self._button_of} and not (self._private or self._is_elsewhere):
            near = await self._desk.reader.around(self._elsewhere.channel, int(messages[0]))
            found += [one for one in near if str(one.id) != self._button_of]
        turns = {str(one.id): turn_of(one, self._desk.me) for one in found}
        return tuple(turn for one in messages if (turn := turns.get(one)))

    def editable(self, messages: Sequence[str]) -> bool:
        """Whether the former answer can be replaced where it stands."""
        if self._is_elsewhere or not messages:
            return False
        if self._private and set(messages) != {self._button_of}:
            return False
        now = discord.utils.utcnow()
        times = (discord.utils.snowflake_time(int(message)) for message in messages)
        return all((now - time).total_seconds() < YOUNG for time in times)

    async def remove(self, message: str) -> Outcome:
        """Delete a message of the answer, or the files below it."""
        if self._private:
            return RefusedForGood("for the asker alone")
        return await self._desk.messages.remove(self._elsewhere.channel, message)

    async def _refuse_below(self, sentence: str) -> Outcome:
        """Tell the asker alone; the former answer stays."""
        if not await self._desk.calls.turn(self._counted, Urgency.FIRST):
            return NO_TURN.outcome
        followup, parts = self._interaction.followup, content(Page("", sentence))
        answer = await self._ask(lambda: followup.send(**parts, ephemeral=True, wait=True))
        return answer.outcome


def asked_anew(
    desk: Desk, interaction: Interaction, known: Known, asked: AskedOnce, cause: str
) -> Found:
    """The question of a command once more, answered where its reply stands."""
    question = Question(
        conversation=known.conversation,
        message=known.questions[0],
        asker=_asker(interaction, known),
        text=asked.text,
        asked_at=interaction.created_at,
        place=place_of(interaction.channel),
        direct=interaction.guild_id is None,
        cause=cause,
        persona=asked.persona,
        stands_alone=True,
        afresh=True,
    )
    surface = AnewSurface(desk, question, interaction, known.messages)
    address = written(interaction, private=_is_private(interaction))
    return [(replace(question, address=address), surface)]


def _is_private(interaction: Interaction) -> bool:
    """Whether the answer below which somebody pressed is for its asker alone."""
    return interaction.message is not None and interaction.message.flags.ephemeral


def _asker(interaction: Interaction, known: Known) -> Author:
    """Who gave the command, which need not be who pressed."""
    (asker,) = known.askers
    command = interaction.message.interaction_metadata if interaction.message else None
    for person in (interaction.user, command.user if command else None):
        if person is not None and str(person.id) == asker:
            return author_of(person)
    return Author(asker, asker)
