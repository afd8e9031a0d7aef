"""`/parley pause` and `/parley resume`: whether the bot answers in a channel."""

import asyncio
from collections.abc import Mapping

from bots.slack.events import is_direct
from bots.slack.messages import PLATFORM
from bots.slack.parley import Subcommand, Use
from bots.slack.workspace import Workspace
from core.chat import Chat
from core.errors import StoreFailed
from core.messages import Conversation
from core.notices import (
    CHANNELS_ONLY,
    MANAGERS_ONLY,
    MANAGERS_UNKNOWN,
    PAUSED_BEFORE,
    PAUSED_NOW,
    RESUMED_BEFORE,
    RESUMED_NOW,
)

QUICKLY = 1.2
"""Seconds for each of two steps; Slack waits for three in all."""


class Pausing:
    """The two subcommands."""

    def __init__(self, workspace: Workspace, chat: Chat) -> None:
        self._workspace = workspace
        self._chat = chat

    @property
    def subcommands(self) -> Mapping[str, Subcommand]:
        """What is done by which word."""
        return {"pause": self.pause, "resume": self.resume}

    async def pause(self, use: Use) -> None:
        """Answer nothing in the channel from now on."""
        await self._change(use, pause=True)

    async def resume(self, use: Use) -> None:
        """Answer in the channel again."""
        await self._change(use, pause=False)

    async def _change(self, use: Use, *, pause: bool) -> None:
        try:
            refused = await self._refused(use)
            async with asyncio.timeout(QUICKLY):
                sentence = refused or await self._changed(use, pause=pause)
        except (StoreFailed, TimeoutError):
            sentence = StoreFailed.says
        await use.tell(sentence)

    async def _refused(self, use: Use) -> str:
        """Why somebody may not do it here; empty: they may."""
        if is_direct({"channel": use.channel}):
            return CHANNELS_ONLY
        try:
            async with asyncio.timeout(QUICKLY):
                may = await self._workspace.managers.may_manage(use.channel, use.user)
        except TimeoutError:
            return MANAGERS_UNKNOWN
        return "" if may else MANAGERS_ONLY

    async def _changed(self, use: Use, *, pause: bool) -> str:
        here = Conversation(PLATFORM, self._workspace.us.team, use.channel)
        pauses = self._chat.pauses
        if pause:
            return PAUSED_NOW if await pauses.pause(here, use.user) else PAUSED_BEFORE
        return RESUMED_NOW if await pauses.resume(here, use.user) else RESUMED_BEFORE
