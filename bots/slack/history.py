"""A conversation as it stands on Slack, read within what Slack allows."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable
from typing import Any, TypeVar

from bots.slack import messages
from bots.slack.calls import Answer, CallFailed, Method
from bots.slack.messages import Message
from bots.slack.payload import string
from bots.slack.workspace import Workspace
from core.budget import Budget
from core.errors import MessageGone, NotInvited, PlatformFailed
from core.messages import Conversation, Turn
from core.pace import Urgency
from core.surface import RefusedForGood

NEWEST = 400
"""Messages of a conversation that are read: about as many as are kept in memory."""

PAGE = 1_000
"""Replies of one call, the most that Slack gives: threads come oldest first, their end counts."""

READ_TIMEOUT = 240.0
"""Seconds for the whole of a conversation."""

NOT_IN = frozenset({"not_in_channel", "channel_not_found", "no_permission"})
"""Codes of a channel that the bot is not in."""

GONE = frozenset({"thread_not_found", "message_not_found"})
"""Codes of a message that does not exist (any more)."""

T = TypeVar("T")


class History:
    """Reads conversations of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._scribe = workspace.scribe

    async def read(self, conversation: Conversation, *, direct: bool) -> tuple[Turn, ...]:
        """Its newest messages, oldest first. Raises `PlatformFailed`."""
        raw = await _shown(self._messages(conversation))
        found = [messages.read(one, conversation.channel, direct=direct) for one in raw]
        return await self._turns([message for message in found if message])

    async def newest(self, channel: str, count: int) -> tuple[Turn, ...]:
        """The newest messages of a channel in which somebody says something, oldest first.

        Raises `PlatformFailed`.
        """
        where = {"channel": channel, "limit": min(2 * count, NEWEST)}
        calls, budgets = self._workspace.calls, self._workspace.budgets.history
        method = calls.web.conversations_history
        page = await _shown(calls.read(method, budgets, Urgency.READ, **where))
        read = (messages.read(raw, channel, direct=False) for raw in messages_of(page))
        spoken = [message for message in read if message and any(self._scribe.turns(message))]
        return await self._turns(spoken[:count][::-1])

    async def one(self, channel: str, ts: str, thread: str) -> Message | None:
        """A message as it stands; None where the bot may not look. Raises `MessageGone`."""
        root = thread or ts
        calls, budgets = self._workspace.calls, self._workspace.budgets.replies
        bounds = {"oldest": ts, "latest": ts, "inclusive": True, "limit": 2}
        try:
            page = await calls.read(
                calls.web.conversations_replies,
                budgets,
                Urgency.READ,
                channel=channel,
                ts=root,
                **bounds,
            )
        except CallFailed as failed:
            if is_gone(failed):
                raise MessageGone(str(failed)) from failed
            return None
        for raw in messages_of(page):
            if string(raw, "ts") == ts and string(raw, "subtype") != "tombstone":
                found = messages.read(raw, channel, direct=channel.startswith("D"))
                if found:
                    self._workspace.standings.wrote(found)
                return found
        raise MessageGone("the thread is there, the message is not")

    async def begun(self, conversation: Conversation, after: str, prefix: str) -> dict[str, str]:
        """Our own messages said after that `ts`, with their nonces, which begin like this.

        With them come, in a thread, answers without a nonce, as a stream has none until it is
        sealed. Raises `CallFailed` when Slack does not tell.
        """
        found: dict[str, str] = {}
        bounds = {"oldest": after, "include_all_metadata": True}
        async for page in self._pages(conversation, Urgency.READ, **bounds):
            for raw in messages_of(page):
                ts, nonce = string(raw, "ts"), _nonce(raw)
                fits = nonce.startswith(prefix) or (not nonce and self._answers(raw, conversation))
                if ts > after and fits and self._is_ours(raw):
                    found[ts] = nonce
        return found

    def _answers(self, raw: dict[str, Any], conversation: Conversation) -> bool:
        """Whether a message of ours says something of an answer; notices do not."""
        message = messages.read(raw, conversation.channel, direct=False)
        if message is None or message.files or not conversation.thread:
            return False
        return any(self._scribe.turns(message))

    async def posted(
        self, conversation: Conversation, after: str, nonce: str, *, unnamed: bool
    ) -> str:
        """The id of our own message with this nonce, said after that `ts`; empty: none.

        With `unnamed`, one with no nonce will do, of which nobody here knows: a stream has none
        until it is sealed. Raises `CallFailed` when Slack does not tell.
        """
        memory = self._workspace.memory
        bounds = {"oldest": after, "include_all_metadata": True}
        async for page in self._pages(conversation, Urgency.FIRST, **bounds):
            for raw in messages_of(page):
                ts, name = string(raw, "ts"), _nonce(raw)
                is_it = name == nonce or (unnamed and not name and not memory.has_written(ts))
                if is_it and ts > after and self._is_ours(raw):
                    return ts
        return ""

    def _is_ours(self, raw: dict[str, Any]) -> bool:
        return self._workspace.us.wrote(string(raw, "user"), string(raw, "bot_id"))

    async def _messages(self, conversation: Conversation) -> list[dict[str, Any]]:
        if conversation.thread:
            return await self._thread(conversation)
        newest: list[dict[str, Any]] = []
        async for page in self._pages(conversation, Urgency.READ):
            newest += messages_of(page)
            if len(newest) >= NEWEST:
                break
        return newest[NEWEST - 1 :: -1]

    async def _thread(self, conversation: Conversation) -> list[dict[str, Any]]:
        """The root and the newest replies: every page has to be turned to reach the end."""
        root: list[dict[str, Any]] = []
        newest: deque[dict[str, Any]] = deque(maxlen=NEWEST)
        async for page in self._pages(conversation, Urgency.READ):
            # Slack repeats the root on each page.
            root = root or messages_of(page)[:1]
            newest.extend(one for one in messages_of(page) if one not in root)
        return [*root, *newest]

    async def _pages(
        self, conversation: Conversation, urgency: Urgency, **bounds: Any
    ) -> AsyncIterator[Answer]:
        """The pages of a thread, oldest first, or of a channel, newest first."""
        method, budgets, where = self._source(conversation)
        cursor: str | None = None
        while True:
            page = await self._workspace.calls.read(
                method, budgets, urgency, **where, **bounds, cursor=cursor
            )
            yield page
            cursor = string(page.get("response_metadata"), "next_cursor")
            if not cursor:
                return

    def _source(
        self, conversation: Conversation
    ) -> tuple[Method, tuple[Budget, ...], dict[str, Any]]:
        web, budgets = self._workspace.calls.web, self._workspace.budgets
        where: dict[str, Any] = {"channel": conversation.channel}
        if conversation.thread:
            where |= {"ts": conversation.thread, "limit": PAGE}
            return web.conversations_replies, budgets.replies, where
        return web.conversations_history, budgets.history, where | {"limit": NEWEST}

    async def _turns(self, found: list[Message]) -> tuple[Turn, ...]:
        people: set[str] = set()
        for message in found:
            people |= self._scribe.people_in(message)
            self._workspace.standings.wrote(message)
        await self._workspace.people.resolve(people)
        return tuple(turn for message in found for turn in self._scribe.turns(message))


async def _shown(reading: Awaitable[T]) -> T:
    """What Slack shows in time. Raises `PlatformFailed`."""
    try:
        async with asyncio.timeout(READ_TIMEOUT):
            return await reading
    except CallFailed as failed:
        reason = f"Slack does not show the conversation: {failed}"
        if isinstance(failed.outcome, RefusedForGood) and failed.outcome.code in NOT_IN:
            raise NotInvited(reason) from failed
        raise PlatformFailed(reason) from failed
    except TimeoutError as error:
        raise PlatformFailed("Slack takes too long to show the conversation") from error


def is_gone(failed: CallFailed) -> bool:
    """Whether a message that was asked for does not exist (any more)."""
    return isinstance(failed.outcome, RefusedForGood) and failed.outcome.code in GONE


def messages_of(page: Answer) -> list[dict[str, Any]]:
    """The messages in an answer of Slack's."""
    found = page.get("messages")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _nonce(raw: dict[str, Any]) -> str:
    metadata = raw.get("metadata")
    return string(metadata.get("event_payload"), "nonce") if isinstance(metadata, dict) else ""
