"""Who may manage a channel: workspace admins and owners, its creator, and those who are listed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Hashable
from contextlib import asynccontextmanager
from typing import Any

import structlog

from bots.slack.budgets import Budgets
from bots.slack.calls import CallFailed, Calls
from bots.slack.events import is_direct
from bots.slack.groups import Groups
from bots.slack.payload import string
from core.errors import PlatformFailed
from core.pace import Urgency
from core.presets import Audience, admits

log = structlog.get_logger()

LIFETIME = 60.0
"""Seconds for which an answer of Slack's is believed."""

PATIENCE = 1.2
"""Seconds that Slack is given to tell: a modal has three to be opened in."""

ADMINISTERS = ("is_admin", "is_owner", "is_primary_owner")


class Managers:
    """Asks Slack who manages what; `listed` are people who may everywhere (`SLACK_MANAGERS`)."""

    def __init__(
        self,
        calls: Calls,
        budgets: Budgets,
        groups: Groups,
        clock: Callable[[], float],
        listed: Collection[str] = (),
    ) -> None:
        self._calls = calls
        self._budgets = budgets
        self._groups = groups
        self._clock = clock
        self._listed = frozenset(listed)
        self._known: dict[Hashable, tuple[float, Any]] = {}

    async def manages(self, user: str, channel: str) -> bool:
        """Whether somebody may manage a channel. Raises `PlatformFailed` if Slack does not tell."""
        if user in self._listed or is_direct({"channel": channel}):
            return True
        async with _in_time():
            return await self._is_admin(user) or await self._creator(channel) == user

    async def may_manage(self, channel: str, user: str) -> bool:
        """The same; what Slack does not tell counts as no."""
        try:
            return await self.manages(user, channel)
        except PlatformFailed as failed:
            log.warning("not known who manages the channel", channel=channel, error=str(failed))
            return False

    async def admits(self, audience: Audience, user: str, channel: str) -> bool:
        """Whether somebody may use the bot in a channel. Raises `PlatformFailed`."""
        if admits(audience, user, ()):
            return True
        async with _in_time():
            groups = [one for one in audience.groups if user in await self._groups.members(one)]
        return admits(audience, user, groups) or await self.manages(user, channel)

    async def administers(self, user: str) -> bool:
        """Whether somebody may manage the workspace. Raises `PlatformFailed`."""
        if user in self._listed:
            return True
        async with _in_time():
            return await self._is_admin(user)

    async def _is_admin(self, user: str) -> bool:
        async def ask() -> bool:
            answer = await self._calls.read(
                self._calls.web.users_info, self._budgets.person, Urgency.FIRST, user=user
            )
            person = answer.get("user")
            return isinstance(person, dict) and any(person.get(sign) for sign in ADMINISTERS)

        found: bool = await self._remembered(("user", user), ask)
        return found

    async def _creator(self, channel: str) -> str:
        async def ask() -> str:
            answer = await self._calls.read(
                self._calls.web.conversations_info,
                self._budgets.channel,
                Urgency.FIRST,
                channel=channel,
            )
            return string(answer.get("channel"), "creator")

        found: str = await self._remembered(("channel", channel), ask)
        return found

    async def _remembered(self, what: Hashable, ask: Callable[[], Awaitable[Any]]) -> Any:
        now = self._clock()
        self._known = {one: kept for one, kept in self._known.items() if now - kept[0] < LIFETIME}
        if what in self._known:
            return self._known[what][1]
        answer = await ask()
        self._known[what] = (now, answer)
        return answer


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    """Whatever keeps Slack from telling in time becomes `PlatformFailed`."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except (CallFailed, TimeoutError) as failed:
        raise PlatformFailed(f"not told who manages: {failed}") from failed
