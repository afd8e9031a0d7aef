"""Who may manage a channel: its creator, the admins of the workspace, those who are listed."""

from collections.abc import Collection

import structlog

from bots.slack.budgets import Budgets
from bots.slack.calls import CallFailed, Calls
from bots.slack.payload import string
from core.pace import Urgency

log = structlog.get_logger()


class Managers:
    """Asks Slack who is what. What it does not say counts as no.

    `listed` are people who may manage every channel.
    """

    def __init__(self, calls: Calls, budgets: Budgets, listed: Collection[str] = ()) -> None:
        self._listed = frozenset(listed)
        self._calls = calls
        self._budgets = budgets

    async def may_manage(self, channel: str, user: str) -> bool:
        """Whether somebody may manage a channel."""
        if user in self._listed:
            return True
        try:
            return await self._is_admin(user) or await self._created(channel, user)
        except CallFailed as failed:
            log.warning("not known who manages the channel", channel=channel, error=str(failed))
            return False

    async def _is_admin(self, user: str) -> bool:
        web, budget = self._calls.web, self._budgets.person
        answer = await self._calls.in_turn(web.users_info, budget, Urgency.FIRST, user=user)
        found = answer.get("user")
        return isinstance(found, dict) and bool(found.get("is_admin") or found.get("is_owner"))

    async def _created(self, channel: str, user: str) -> bool:
        web, budget = self._calls.web, self._budgets.channel
        answer = await self._calls.in_turn(
            web.conversations_info, budget, Urgency.FIRST, channel=channel
        )
        return string(answer.get("channel"), "creator") == user
