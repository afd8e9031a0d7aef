"""Slack's assistant side: prompts to begin with, a title for each thread, its own stop button.

Apps that are declared as agents (`agent_view`) and those of the older sort
(`assistant_view`) have it; for any other Slack refuses it once, and is not asked again.
Sources: docs.slack.dev, "Migrating to the Agent messaging experience" and
assistant.threads.setSuggestedPrompts, .setTitle, agents.sessions.setStatus.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bots.slack.budgets import Budgets
from bots.slack.calls import CallFailed, Calls, Method
from bots.slack.messages import Message
from bots.slack.payload import string
from core.budget import Budget
from core.notices import PROMPTS
from core.pace import Urgency
from core.recent import Recent
from core.surface import RefusedForGood
from core.tasks import Tasks
from core.told import Told
from core.words import told

log = structlog.get_logger()

LONGEST_TITLE = 60
"""Characters of a title: a line in a list."""

NOT_THERE = frozenset({"channel_not_found", "invalid_thread_ts", "message_not_found"})
"""Codes that are about one thread, not about the app."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Somebody opened the bot's messages; with a `thread`, which the older sort begins then."""

    channel: str
    user: str
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Somebody pressed Slack's own button that stops an agent."""

    channel: str
    thread: str
    user: str


def happened(event: Mapping[str, Any]) -> Opened | Stopped | None:
    """What an event means to an assistant; None: nothing."""
    channel, thread = string(event, "channel"), string(event, "thread_ts")
    match string(event, "type"):
        case "app_home_opened" if channel and string(event, "tab") == "messages":
            return Opened(channel, string(event, "user"))
        case "assistant_thread_started":
            begun = event.get("assistant_thread")
            channel, thread = string(begun, "channel_id"), string(begun, "thread_ts")
            user = string(begun, "user_id")
            return Opened(channel, user, thread) if channel and thread else None
        case "agent_session_stopped" if channel:
            return Stopped(channel, thread, string(event, "user"))
    return None


class Assistant:
    """Helps people to begin; whatever fails, fails in the log.

    `language` tells that of somebody.
    """

    def __init__(
        self,
        calls: Calls,
        budgets: Budgets,
        tasks: Tasks,
        clock: Callable[[], float],
        language: Callable[[str], str],
    ) -> None:
        self._language = language
        self._calls = calls
        self._budgets = budgets
        self._tasks = tasks
        self._prompted = Told(clock)
        self._begun = Recent()
        self._named = Recent()
        self._sessions: dict[str, asyncio.Task[None]] = {}
        self._is_older = False
        self._refused: set[str] = set()

    def opened(self, opened: Opened) -> None:
        """Suggest what to ask."""
        if opened.thread:
            self._is_older = True
            self._begun.add(f"{opened.channel}/{opened.thread}")
        elif self._is_older:
            return  # its prompts belong to the thread of which Slack tells as well
        if self._prompted.due(opened):
            self._tasks.start(self._prompt(opened), "suggested prompts")

    def name(self, message: Message, question: str) -> None:
        """Give the thread that begins with this question its title, once."""
        thread = f"{message.channel}/{message.thread or message.ts}"
        begins = not message.thread or thread in self._begun
        words = title(question)
        if message.direct and begins and words and self._named.add(thread):
            self._tasks.start(self._title(message, words), "title")

    def works(self, message: Message, *, on: bool) -> None:
        """Slack shows its own stop button in the thread while the bot is at work there."""
        thread = f"{message.channel}/{message.thread or message.ts}"
        before = self._sessions.get(thread)
        status = "processing" if on else "active"
        task = self._tasks.start(self._session(message, status, before), "session")
        self._sessions[thread] = task
        task.add_done_callback(lambda _: self._done(thread, task))

    def _done(self, thread: str, task: "asyncio.Task[None]") -> None:
        if self._sessions.get(thread) is task:
            del self._sessions[thread]

    async def _session(
        self, message: Message, status: str, before: "asyncio.Task[None] | None"
    ) -> None:
        if before is not None:
            await asyncio.wait({before})
        await self._call(
            self._calls.web.agents_sessions_setStatus,
            self._budgets.session,
            channel_id=message.channel,
            thread_ts=message.thread or message.ts,
            status=status,
            initiator_user_id=message.user,
        )

    async def _prompt(self, opened: Opened) -> None:
        # An agent for whom a thread is named gets no prompts, and no error either.
        where = {"thread_ts": opened.thread} if opened.thread else {}
        language = self._language(opened.user)
        prompts = [
            {"title": told(title, language), "message": told(message, language)}
            for title, message in PROMPTS
        ]
        await self._call(
            self._calls.web.assistant_threads_setSuggestedPrompts,
            self._budgets.prompts,
            channel_id=opened.channel,
            prompts=prompts,
            **where,
        )

    async def _title(self, message: Message, words: str) -> None:
        await self._call(
            self._calls.web.assistant_threads_setTitle,
            self._budgets.title,
            channel_id=message.channel,
            thread_ts=message.thread or message.ts,
            title=words,
        )

    async def _call(self, method: Method, budgets: tuple[Budget, ...], **arguments: Any) -> None:
        (budget,) = budgets
        if budget.key in self._refused:
            return
        try:
            await self._calls.in_turn(method, budgets, Urgency.READ, **arguments)
        except CallFailed as failed:
            outcome = failed.outcome
            log.info("assistant side refused", what=budget.key, outcome=str(outcome))
            if isinstance(outcome, RefusedForGood) and outcome.code not in NOT_THERE:
                self._refused.add(budget.key)


def title(question: str) -> str:
    """The first words of a question, as a title; empty for a question without words."""
    line = " ".join(question.replace("`", "").split())
    if len(line) <= LONGEST_TITLE:
        return line
    cut = line[: LONGEST_TITLE - 1]
    return f"{cut.rpartition(' ')[0] or cut}…"
