"""Presses of controls: what is done, and what whoever pressed is told."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog

from bots.slack.again import asked_again
from bots.slack.anew import Anew
from bots.slack.caller import SlackCaller
from bots.slack.calls import CallFailed
from bots.slack.commands import Command, Commands, place_of
from bots.slack.controls import Pressed
from bots.slack.gate import met
from bots.slack.mrkdwn import escape
from bots.slack.response import ResponseUrl
from bots.slack.workspace import Workspace
from core.presses import Press, Presses
from core.surface import Page
from core.words import told

log = structlog.get_logger()

TELLING = 20.0
"""Seconds for whoever pressed to be told."""

Ack = Callable[..., Awaitable[Any]]


class PressListener:
    """Hands presses on; as one of Bolt's listeners."""

    def __init__(
        self,
        workspace: Workspace,
        presses: Presses,
        commands: Commands,
        clock: Callable[[], float],
    ) -> None:
        self._workspace = workspace
        self._presses = presses
        self._commands = commands
        self._clock = clock

    async def __call__(self, body: dict[str, Any], ack: Ack) -> None:
        """Somebody has pressed a control."""
        await ack()
        met(self._workspace, body)
        if pressed := Pressed.of(body):
            self._workspace.tasks.start(self._pressed(pressed), "control")

    async def _pressed(self, pressed: Pressed) -> None:
        press = Press(
            pressed.control,
            pressed.reply,
            pressed.user,
            SlackCaller(self._workspace, pressed.user, pressed.channel),
            partial(self._workspace.managers.may_manage, pressed.channel, pressed.user),
            partial(asked_again, self._workspace),
            Anew(self._workspace, self._clock, pressed),
            partial(self._ask, pressed),
        )
        if answer := await self._presses(press):
            await self._tell(pressed, told(answer, self._workspace.language(pressed.user)))

    async def _ask(self, pressed: Pressed, question: str, persona: str) -> None:
        """Ask afresh what a command has asked."""
        await self._commands.ask_afresh(
            Command(
                question=escape(question),
                is_public=pressed.is_public,
                persona=persona,
                channel=pressed.channel,
                place=place_of(pressed.place),
                user=pressed.user,
                handle=pressed.handle,
                trigger=pressed.trigger,
                url=pressed.url,
            )
        )

    async def _tell(self, pressed: Pressed, sentence: str) -> None:
        budgets = self._workspace.budgets.response(pressed.trigger)
        url = ResponseUrl(self._workspace, pressed.url, self._clock, budgets)
        try:
            async with asyncio.timeout(TELLING):
                await url.add(Page("", sentence), pressed.thread)
        except (CallFailed, TimeoutError) as failed:
            log.info("presser not told", error=str(failed))
