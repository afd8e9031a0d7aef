"""The door: every event comes in here, and questions are claimed before Slack is told."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn

import structlog
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bots.slack import tokens
from bots.slack.again import asked_again
from bots.slack.assistant import Opened, Stopped, happened
from bots.slack.caller import SlackCaller
from bots.slack.events import (
    Addressed,
    Changed,
    Gone,
    Heard,
    Said,
    addressed,
    hear,
    is_direct,
    revoked,
    saying,
)
from bots.slack.messages import PLATFORM, Message
from bots.slack.payload import string
from bots.slack.question import asked_in
from bots.slack.talk import MessageSurface
from bots.slack.workspace import Workspace
from core.catch_up import CatchUp
from core.chat import Chat
from core.errors import PlatformFailed, ShuttingDown, StoreFailed
from core.messages import Conversation
from core.recent import Recent
from core.surface import refuse

log = structlog.get_logger()

Next = Callable[[], Awaitable[Any]]

EDITABLE = 300.0
"""Seconds after a question in which an edit of it counts."""

HEARD = "heard"
"""Where a request keeps what its event says."""

AGAIN = 503
"""A status that Bolt does not acknowledge, so that Slack delivers the event again."""


LAST_ATTEMPT = 3
"""The number of the last delivery of an event: https://docs.slack.dev/apis/events-api/#retries."""


class Door:
    """Takes Slack's events, as two of Bolt's middlewares: `sift`, then `take`."""

    def __init__(self, workspace: Workspace, chat: Chat, catch_up: CatchUp) -> None:
        self._workspace = workspace
        self._chat = chat
        self._catch_up = catch_up
        self._read_edited = Recent()
        self._revoked: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def until_revoked(self) -> NoReturn:
        """Wait until Slack says that the bot may not speak any more: a `StartError` then."""
        raise tokens.Revoked(await self._revoked)

    async def sift(
        self, body: dict[str, Any], context: AsyncBoltContext, next_: Next
    ) -> BoltResponse | None:
        """Acknowledge at once whatever says nothing of a conversation, and our own messages."""
        event = body.get("event")
        if isinstance(event, dict) and not self._concerns_us(body):
            return BoltResponse(status=200)
        if isinstance(event, dict):
            if revoked(event) and not self._revoked.done():
                self._revoked.set_result(event["type"])
            heard = context[HEARD] = hear(event)
            if heard is None:
                self._beside(event)
            if heard is None or self._is_our_own(heard):
                return BoltResponse(status=200)
        await next_()
        return None

    async def take(
        self, req: AsyncBoltRequest, context: AsyncBoltContext, next_: Next
    ) -> BoltResponse | None:
        """Claim a question, keep in mind what else was said, then acknowledge."""
        if HEARD not in context:
            await next_()
            return None
        heard = context[HEARD]
        try:
            await self._hear(
                heard,
                mention=req.body["event"]["type"] == "app_mention",
                attempt=int(req.headers.get("x-slack-retry-num", ["0"])[0]),
            )
        except ShuttingDown:
            log.info("event left to the next process")
            self._untaken(heard)
            return BoltResponse(status=AGAIN)
        except (StoreFailed, PlatformFailed) as error:
            log.error("event not taken", reason=str(error))
            self._untaken(heard)
            return BoltResponse(status=AGAIN)
        if isinstance(heard, Said):
            self._catch_up.heard(heard.message.name, float(heard.message.ts))
        return BoltResponse(status=200)

    async def late(self, said: Said, back_at: float) -> bool:
        """A message that may have been written before we were back; whether it is a question.

        Raises as `Chat.accept` does.
        """
        if said.message.edited:
            # It is taken as it stands; Slack may tell of the edit all the same.
            self._read_edited.add(_edit(said.message))
        self._workspace.standings.wrote(said.message)
        return await self._said(said, mention=False, attempt=1, back_at=back_at)

    def _untaken(self, heard: Heard) -> None:
        """Slack may not deliver it again for long enough."""
        if isinstance(heard, Said):
            self._catch_up.untaken(heard.message.name, float(heard.message.ts))

    def _concerns_us(self, body: dict[str, Any]) -> bool:
        """Whether an event is of our own workspace: all that have the app share its connections.

        In a shared channel it is the authorization that tells, and not the team.
        """
        given = body.get("authorizations")
        found = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
        teams = {string(one, "team_id") for one in found} or {string(body, "team_id")}
        return self._workspace.us.team in teams or teams == {""}

    def _beside(self, event: dict[str, Any]) -> None:
        """What is said in no conversation, and yet to the bot."""
        match happened(event):
            case Opened() as opened:
                self._workspace.tasks.start(self._opened(opened), "opened messages")
            case Stopped(channel, thread, user):
                self._workspace.tasks.start(self.stopped(channel, thread, user), "stop")

    async def _opened(self, opened: Opened) -> None:
        """Suggest what to ask, to those who may ask."""
        caller = SlackCaller(self._workspace, opened.user, opened.channel)
        if not await self._chat.refusal_of(caller):
            self._workspace.assistant.opened(opened)

    async def stopped(self, channel: str, thread: str, user: str) -> None:
        """Somebody pressed Slack's own stop button in a thread.

        In a direct message that is also the root of what is said at top level, which is one
        conversation.
        """
        caller = SlackCaller(self._workspace, user, channel)
        try:
            if refusal := await self._chat.refusal_of(caller):
                log.info("stop pressed by somebody who may not", by=user, why=refusal)
                return
        except StoreFailed as error:
            log.error("not known whether somebody may stop", by=user, error=str(error))
            return
        may = partial(self._workspace.managers.may_manage, channel, user)
        threads = [thread, ""] if is_direct({"channel": channel}) and thread else [thread]
        for one in threads:
            where = Conversation(PLATFORM, self._workspace.us.team, channel, one)
            told = await self._chat.stop_in(where, user, may)
            log.info("stop pressed", conversation=str(where), by=user, told=told)

    async def _hear(self, heard: Heard, *, mention: bool, attempt: int) -> None:
        message, memory = heard.message, self._workspace.memory
        self._workspace.standings.wrote(message)
        match heard:
            case Gone():
                memory.gone(message)
                if not self._workspace.scribe.is_ours(message):
                    await self._gone(message)
            case Changed():
                memory.changed(message)
                await self._changed(message)
            case Said():
                await self._said(heard, mention=mention, attempt=attempt)

    def _is_our_own(self, heard: Heard) -> bool:
        """Whether the bot itself wrote or changed it, as it does with every edit of an answer."""
        message, memory = heard.message, self._workspace.memory
        if isinstance(heard, Gone) or not self._workspace.scribe.is_ours(message):
            return False
        if isinstance(heard, Changed):
            memory.changed_as_us(message)
        else:
            memory.said_as_us(message)
        return True

    async def _said(self, said: Said, *, mention: bool, attempt: int, back_at: float = 0.0) -> bool:
        """Somebody wrote a message; whether it is a question that was not taken before."""
        message, memory = said.message, self._workspace.memory
        is_for_us = await self._is_for_us(said, mention=mention, back_at=back_at)
        # Slack also tells of each edit of a mention, and then there may be replies already.
        is_new = not (message.thread or message.direct or message.edited or attempt)
        begins = is_for_us and is_new and memory.begin(message)
        memory.said(message)
        if not is_for_us:
            return False
        question = asked_in(self._workspace, message)
        surface = MessageSurface(self._workspace, question, message)
        try:
            taken = await self._chat.accept(question, surface)
        except StoreFailed as error:
            if attempt < LAST_ATTEMPT:
                raise
            log.error("question not taken", question=question.key, reason=str(error))
            if message.is_bot:  # it would answer
                return False
            if self._chat.due(surface.caller(question.asker)):  # Slack tells of a mention twice
                self._workspace.tasks.start(refuse(surface, error.sentence), "refusal")
            return False
        if begins and not taken:
            # Another process was told of this mention, too, and has it.
            memory.distrust()
        return taken

    async def _changed(self, message: Message) -> None:
        """A question that was edited soon after it was asked is answered as it stands now."""
        if not message.edited or message.is_bot or not message.user:
            return
        too_late = float(message.edited) - float(message.ts) > EDITABLE
        if too_late or _edit(message) in self._read_edited:
            return
        question = asked_in(self._workspace, message)
        question = replace(question, cause=f"edit:{message.edited}")
        surface = MessageSurface(self._workspace, question, message)
        await self._chat.edited(question, surface, partial(asked_again, self._workspace))

    async def _gone(self, message: Message) -> None:
        question = asked_in(self._workspace, message)
        surface = MessageSurface(self._workspace, question, message)
        self._workspace.tasks.start(
            self._chat.deleted(question.identity, surface.remove), "deletion"
        )

    async def _is_for_us(self, said: Said, *, mention: bool, back_at: float) -> bool:
        message, us = said.message, self._workspace.us
        verdict = addressed(said, us, self._workspace.programs, mention=mention)
        if verdict is Addressed.NO or message.direct or message.is_bot or not message.thread:
            return verdict is Addressed.YES
        (thread,) = message.conversations(us.team)
        # Whoever writes below a message of the bot's may speak to it without having asked.
        invited = message.parent == us.user
        words = self._workspace.scribe.question(message)
        what = replace(saying(said, verdict), back_at=back_at)
        return await self._chat.listens(thread, what, words, invited=invited)


def _edit(message: Message) -> str:
    return f"{message.name}/{message.edited}"
