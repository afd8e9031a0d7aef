"""The sign that the bot is at work on a message: a status, or a reaction to it."""

import asyncio
from collections.abc import Sequence

import structlog

from bots.slack.calls import CallFailed
from bots.slack.workspace import Workspace
from core.pace import Urgency
from core.surface import RefusedForGood, RefusedForNow

log = structlog.get_logger()

PATIENCE = 30.0
"""Seconds after which a sign comes too late to be worth anything."""

REMOVAL = 600.0
"""Seconds in which a reaction is taken away: it would stay for ever, and few can go at once."""

AGAIN = 5.0
"""Seconds between two tries to take a reaction away."""

PAUSES = (0.5, 2.0)
"""Seconds until a status is taken away once more, where nobody knows whether it is gone: it would
stand there for two minutes."""

REACTION = "eyes"
"""What stands for a status where Slack shows none."""

NO_REACTION = RefusedForGood("no_reaction")
"""What Slack says where a reaction is gone already, or was never put by an earlier process."""


class Sign:
    """The sign at one message.

    `thread` is where the status is shown: the thread, or the message itself, which is
    the root of one that does not exist yet.
    """

    def __init__(self, workspace: Workspace, channel: str, thread: str, message: str) -> None:
        self._workspace = workspace
        self._channel = channel
        self._thread = thread
        self._message = message
        self._reaction = False
        self._words = ""

    async def show(self, words: str) -> None:
        """Show what the bot is doing; empty words take the sign away. Never raises for Slack."""
        self._words = words
        try:
            async with asyncio.timeout(PATIENCE):
                await (self._put(words) if words else self._take_away())
        except TimeoutError:
            log.info("sign not done in time", channel=self._channel)
        except CallFailed as failed:
            log.info("sign refused", channel=self._channel, outcome=str(failed.outcome))

    def adopt(self) -> None:
        """An earlier process may have put a reaction there."""
        self._reaction = True

    def answered_below(self, thread: str) -> None:
        """The bot has posted in this thread, whereupon Slack takes a status away itself."""
        if thread == self._thread:
            self._workspace.statuses.leave(self._channel, self._thread, self)

    def posted_below(self, thread: str) -> None:
        """Our post has made Slack take the thread's status away: a later question's comes again."""
        later = self._workspace.statuses.owner(self._channel, thread) if thread else None
        if isinstance(later, Sign) and later is not self:
            self._workspace.tasks.start(later.again(), "status")

    async def again(self) -> None:
        """Show the same words once more, if they still hold."""
        if self._words:
            await self.show(self._words)

    async def _put(self, words: str) -> None:
        if self._channel not in self._workspace.statusless:
            self._workspace.statuses.take(self._channel, self._thread, self)
            if await self._set_status(words):
                return
        if not self._reaction:
            # Remembered before it is known: it may have been added although that failed.
            self._reaction = True
            await self._react()

    async def _take_away(self) -> None:
        if self._owns_status:
            await self._set_status("", PAUSES)
        if self._reaction:
            self._reaction = False
            # Waited for as long as for any sign, but not given up then.
            await asyncio.wait({self._workspace.tasks.start(self._unreact(), "reaction")})

    async def _set_status(self, words: str, pauses: Sequence[float] = ()) -> bool:
        """Whether Slack shows statuses here. One that is lost is tried again after these pauses."""
        budgets = self._workspace.budgets.status(self._channel, self._thread)
        calls, statuses = self._workspace.calls, self._workspace.statuses
        try:
            await calls.turn(budgets, Urgency.SIGN)
            if not self._owns_status:
                # What stands there by now is the sign of a later question.
                return True
            await calls.now(
                calls.web.assistant_threads_setStatus,
                budgets,
                channel_id=self._channel,
                thread_ts=self._thread,
                status=words,
            )
        except CallFailed as failed:
            if isinstance(failed.outcome, RefusedForGood):
                self._workspace.statusless.add(self._channel)
                statuses.leave(self._channel, self._thread, self)
                return False
            if isinstance(failed.outcome, RefusedForNow):
                return await self._set_status(words, pauses)
            if pauses:
                await asyncio.sleep(pauses[0])
                return await self._set_status(words, pauses[1:])
        settle = statuses.confirm if words else statuses.leave
        settle(self._channel, self._thread, self)
        return True

    @property
    def _owns_status(self) -> bool:
        return self._workspace.statuses.owned(self._channel, self._thread, self)

    async def _react(self) -> None:
        calls = self._workspace.calls
        await calls.in_turn(
            calls.web.reactions_add,
            self._workspace.budgets.react,
            Urgency.SIGN,
            channel=self._channel,
            timestamp=self._message,
            name=REACTION,
        )

    async def _unreact(self) -> None:
        try:
            async with asyncio.timeout(REMOVAL):
                while True:
                    if await self._reaction_gone():
                        return
                    await asyncio.sleep(AGAIN)
        except TimeoutError:
            log.warning("reaction not taken away", channel=self._channel, message=self._message)

    async def _reaction_gone(self) -> bool:
        """Whether the reaction is taken away, or never will be."""
        calls = self._workspace.calls
        try:
            await calls.in_turn(
                calls.web.reactions_remove,
                self._workspace.budgets.unreact,
                Urgency.SIGN,
                channel=self._channel,
                timestamp=self._message,
                name=REACTION,
            )
        except CallFailed as failed:
            if failed.outcome != NO_REACTION:
                log.info("reaction stays", channel=self._channel, outcome=str(failed.outcome))
            return isinstance(failed.outcome, RefusedForGood)
        return True
