"""A question that was asked in a message, and the answer below it: native or by edits."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from bots.slack import controls
from bots.slack.calls import CallFailed
from bots.slack.messages import Message
from bots.slack.question import introduced
from bots.slack.stream import IN_ANOTHER_WAY, State, Stream, chunks, growing, native
from bots.slack.surface import SlackSurface, is_gone, metadata
from bots.slack.workspace import Workspace
from core.budget import Way
from core.messages import Question
from core.surface import Delivered, Outcome, Page, RefusedForGood, Unknown

log = structlog.get_logger()

TO_SPARE = 0.5
"""The part of a burst of edits that is to be left for text, when a native answer has a button."""


class MessageSurface(SlackSurface):
    """The conversation of a question that was asked in a message.

    Its answer grows as a native stream where Slack has them: in threads.
    """

    def __init__(self, workspace: Workspace, question: Question, message: Message) -> None:
        super().__init__(workspace, question)
        self._message = message
        self._streams: dict[str, Stream] = {}
        self._started: set[str] = set()

    async def introduce(self, question: Question) -> Question:
        """The question with the names of its asker, its channel and whom it mentions."""
        del question  # read anew from the message
        question = await introduced(self._workspace, self._message)
        # It may be remembered with ids in the place of names.
        self._workspace.memory.named(self._message)
        return question

    async def status(self, text: str, *, waits: bool = False) -> None:
        """Show what the bot is doing; after the first sign its thread gets a title."""
        await super().status(text, waits=waits)
        if text:
            self._workspace.assistant.name(self._message, self._question.text)

    @property
    def ways(self) -> Sequence[Way]:
        """By edits, natively, or whichever has more budget left."""
        mode = self._workspace.streaming
        unable = self._channel in self._workspace.unstreamed or not self._thread
        # A stream has a person who reads it.
        unable = unable or self._message.is_bot
        if mode == "edit" or unable:
            return (self.plain,)
        streamed = native(self._workspace.budgets)
        return (streamed,) if mode == "native" else (streamed, self.plain)

    def way(self, message: str) -> Way:
        """A stream goes on as one, as long as it is one."""
        stream = self._streams.get(message)
        return stream.way if stream else self.plain

    def began(self) -> None:
        """In a direct message Slack shows its own stop button from now on."""
        if self._question.direct:
            self._workspace.assistant.works(self._message, on=True)

    def ended(self) -> None:
        """And from now on no more."""
        if self._question.direct:
            self._workspace.assistant.works(self._message, on=False)

    def _adopt(self, reply: str, found: Mapping[str, str]) -> None:
        """A stream that was begun has no nonce; whether it still is one shows when it is edited."""
        for message, nonce in found.items():
            if not nonce:
                self._streams[message] = stream = self._stream(message, f"{reply}.{message}")
                stream.state = State.DOUBTFUL

    async def edit(self, message: str, page: Page) -> Outcome:
        """Make a message show a page."""
        stream = self._streams.get(message)
        if stream is None:
            return await super().edit(message, page)
        if stream.state is State.GROWS:
            outcome = await stream.grow(page)
        else:
            outcome = await self._replace(stream, message, page)
        if isinstance(outcome, Delivered):
            self._stands(message, page)
        if stream.state is State.SEALED or is_gone(outcome):
            del self._streams[message]
        return outcome

    async def _replace(self, stream: Stream, message: str, page: Page) -> Outcome:
        """Go on by an edit; what may still be a stream has to be stopped before."""
        if stream.state is State.DOUBTFUL and (outcome := await stream.stop()) != IN_ANOTHER_WAY:
            return outcome
        try:
            await self._update(message, page, metadata=stream.metadata)
        except CallFailed as failed:
            return stream.not_edited(failed.outcome)
        stream.state = State.SEALED
        return Delivered(message)

    async def _send(self, page: Page, nonce: str, way: Way | None) -> str:
        """Post a message, or start a stream; where that is not to be had, not again soon."""
        if way is None or not way.seals:
            return await super()._send(page, nonce, way)
        self._started.add(nonce)
        text, buttons = growing(page), self._buttons(page)
        try:
            message = await self._made(
                self._workspace.calls.web.chat_startStream,
                way.begin,
                recipient_user_id=self._question.asker.id,
                recipient_team_id=self._message.team or self._workspace.us.team,
                **chunks(text, buttons),
            )
        except CallFailed as failed:
            if not isinstance(failed.outcome, Unknown):
                self._started.discard(nonce)
            if not isinstance(failed.outcome, RefusedForGood):
                raise
            # Whatever the reason: a post will show whether nothing at all can be said here.
            log.info("no native stream", channel=self._channel, code=failed.outcome.code)
            self._workspace.unstreamed.add(self._channel)
            raise CallFailed(IN_ANOTHER_WAY) from failed
        self._streams[message] = self._stream(message, nonce, text, has_controls=bool(buttons))
        return message

    def _buttons(self, page: Page) -> list[dict[str, Any]]:
        """What can be pressed below a stream that grows: each costs an edit that takes it away.

        The next answer in its thread waits for that edit. Where answers come so fast that
        edits are short, they are needed for text, and the word “stop” has to do.
        """
        calls, budgets = self._workspace.calls, self._workspace.budgets
        growing = calls.sharing(*budgets.append, *budgets.edit)
        to_spare = sum(TO_SPARE * budget.burst for budget in budgets.edit)
        plenty = calls.left(*budgets.edit) - growing >= to_spare
        return controls.blocks(page.controls) if plenty else []

    async def _find(self, nonce: str) -> str:
        """The message of an earlier try; a stream is known by not having a nonce yet."""
        unnamed = nonce in self._started
        message = await self._posted(nonce, unnamed=unnamed)
        if message and unnamed and message not in self._streams:
            self._streams[message] = stream = self._stream(message, nonce)
            stream.state = State.DOUBTFUL
        return message

    def _stream(
        self, message: str, nonce: str, sent: str = "", *, has_controls: bool = True
    ) -> Stream:
        return Stream(
            self._workspace,
            self._channel,
            message,
            metadata(nonce),
            sent,
            has_controls=has_controls,
        )
