"""Slack's user groups: which there are, and who is in them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import structlog

from bots.slack.budgets import Budgets
from bots.slack.calls import Answer, CallFailed, Calls
from bots.slack.payload import string
from core.pace import Urgency
from core.surface import RefusedForGood

log = structlog.get_logger()

LIFETIME = 60.0
"""Seconds for which an answer of Slack's is believed."""

PATIENCE = 1.0
"""Seconds that somebody waits for the list of groups, which a form can do without."""

T = TypeVar("T")


class Groups:
    """Asks Slack for user groups; where the app may not see one, nobody is in it."""

    def __init__(self, calls: Calls, budgets: Budgets, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._budgets = budgets
        self._clock = clock
        self._known: dict[str, tuple[float, Any]] = {}

    async def names(self) -> Mapping[str, str]:
        """All groups by id, with the handle by which people call them."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._remembered("", self._list)
        except (CallFailed, TimeoutError) as failed:
            log.info("user groups not listed", error=str(failed))
            return {}

    async def members(self, group: str) -> frozenset[str]:
        """The people in a group. Raises `CallFailed` where Slack does not tell for now."""
        return await self._remembered(group, lambda: self._members(group))

    async def _list(self) -> Mapping[str, str]:
        answer = await self._asked(self._calls.web.usergroups_list)
        found = answer.get("usergroups")
        groups = found if isinstance(found, list) else []
        named = {string(one, "id"): string(one, "handle") for one in groups}
        return {id_: f"@{handle}" for id_, handle in named.items() if id_ and handle}

    async def _members(self, group: str) -> frozenset[str]:
        try:
            answer = await self._asked(self._calls.web.usergroups_users_list, usergroup=group)
        except CallFailed as failed:
            if not isinstance(failed.outcome, RefusedForGood):
                raise
            log.warning(
                "user group not read: nobody is in it", group=group, code=failed.outcome.code
            )
            return frozenset()
        found = answer.get("users")
        return frozenset(one for one in found if isinstance(one, str)) if found else frozenset()

    async def _asked(self, method: Any, **arguments: str) -> Answer:
        return await self._calls.read(method, self._budgets.groups, Urgency.FIRST, **arguments)

    async def _remembered(self, what: str, ask: Callable[[], Awaitable[T]]) -> T:
        now = self._clock()
        self._known = {one: kept for one, kept in self._known.items() if now - kept[0] < LIFETIME}
        if what not in self._known:
            self._known[what] = (now, await ask())
        found: T = self._known[what][1]
        return found
