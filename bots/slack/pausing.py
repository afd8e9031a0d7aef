"""`/parley pause` and `/parley resume`: whether the bot answers in a channel."""

import asyncio
from collections.abc import Collection, Mapping

from bots.slack.events import is_direct
from bots.slack.managers import may_manage
from bots.slack.messages import PLATFORM
from bots.slack.parley import Subcommand, Use
from bots.slack.workspace import Workspace
from core.chat import Chat
from core.errors import PlatformFailed, StoreFailed
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

QUICKLY = 2.5
"""Seconds that all of it may take; Slack waits for three."""


class Pausing:
    """The two subcommands; `managers` are people who may use them everywhere."""

    def __init__(self, workspace: Workspace, chat: Chat, managers: Collection[str]) -> None:
        self._workspace = workspace
        self._chat = chat
        self._managers = managers

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
            async with asyncio.timeout(QUICKLY):
                sentence = await self._changed(use, pause=pause)
        except PlatformFailed:
            sentence = MANAGERS_UNKNOWN
        except (StoreFailed, TimeoutError):
            sentence = StoreFailed.says
        await use.tell(sentence)

    async def _changed(self, use: Use, *, pause: bool) -> str:
        if is_direct({"channel": use.channel}):
            return CHANNELS_ONLY
        if not await may_manage(self._workspace, use.user, use.channel, self._managers):
            return MANAGERS_ONLY
        here = Conversation(PLATFORM, self._workspace.us.team, use.channel)
        pauses = self._chat.pauses
        if pause:
            return PAUSED_NOW if await pauses.pause(here, use.user) else PAUSED_BEFORE
        return RESUMED_NOW if await pauses.resume(here, use.user) else RESUMED_BEFORE
