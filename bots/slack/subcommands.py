"""`/parley new`."""

from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from bots.slack.menus import Origin
from bots.slack.messages import PLATFORM
from bots.slack.parley import Use
from bots.slack.surface import SlackSurface
from bots.slack.workspace import Workspace
from core.chat import Chat
from core.errors import StoreFailed
from core.messages import Author, Conversation, Question
from core.notices import FRESH_FAILED, FRESH_IN_A_CHANNEL, FRESH_START
from core.surface import Delivered, RefusedForGood, refuse

log = structlog.get_logger()


class Subcommands:
    """What `/parley` does besides asking."""

    def __init__(self, workspace: Workspace, chat: Chat, clock: Callable[[], float]) -> None:
        self._workspace = workspace
        self._chat = chat
        self._clock = clock

    async def new(self, use: Use) -> None:
        """`/parley new`: what was said in a direct message before is no longer recalled."""
        if not use.channel.startswith("D"):
            await use.tell(FRESH_IN_A_CHANNEL)
            return
        await use.ack()
        self._workspace.tasks.start(self._start_afresh(use), "a fresh start")

    async def _start_afresh(self, use: Use) -> None:
        """Say so in the talk itself: the message that says it is where the new one begins."""
        conversation = Conversation(PLATFORM, self._workspace.us.team, use.channel)
        origin = Origin.of_command(use.body)
        question = Question(
            conversation=conversation,
            message="",
            asker=Author(use.user, origin.handle or use.user),
            text="",
            asked_at=datetime.now(UTC),
            place=origin.place,
            direct=True,
            cause=f"command:{use.trigger}",
        )
        outcome = await refuse(SlackSurface(self._workspace, question), FRESH_START)
        if not isinstance(outcome, Delivered):
            # In a direct message of two people the bot has no voice.
            good = isinstance(outcome, RefusedForGood)
            why = FRESH_IN_A_CHANNEL if good else FRESH_FAILED
            await use.add(self._workspace, why, self._clock)
            return
        try:
            await self._chat.start_afresh(conversation, outcome.message)
        except StoreFailed as error:
            log.error("no fresh start", error=str(error))
            await use.add(self._workspace, FRESH_FAILED, self._clock)
