"""Who and what there is in the workspace, asked of Slack."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import structlog

from bots.slack.budgets import Budgets
from bots.slack.calls import Answer, CallFailed, Calls, Method
from bots.slack.names import Names
from bots.slack.payload import string
from bots.slack.standings import Standings
from core.budget import Budget
from core.languages import Locales
from core.pace import Urgency

log = structlog.get_logger()

PAGE = 1_000
PAGES = 5
"""Pages of people, and of channels, that are read at the start; the rest as they turn up."""


class Directory:
    """Looks up names, locales and standings: all that are easily had once, then single ones."""

    def __init__(self, calls: Calls, budgets: Budgets, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._budgets = budgets
        self.people = Names(self._person, clock)
        self.channels = Names(self._channel, clock)
        self.locales = Locales()
        self.standings = Standings(budgets.team, self._standing, clock)

    async def _standing(self, user: str) -> None:
        """Learn what somebody is, and the name that comes along. Raises `CallFailed`."""
        self.people.learn(user, await self._person(user, Urgency.FIRST))

    async def _person(self, user: str, urgency: Urgency = Urgency.READ) -> str:
        """What people call somebody. Raises `CallFailed`."""
        answer = await self._calls.in_turn(
            self._calls.web.users_info,
            self._budgets.person,
            urgency,
            user=user,
            include_locale=True,
        )
        self.locales.learn(user, string(answer.get("user"), "locale"))
        self.standings.learn(answer.get("user"))
        return person_name(answer.get("user"))

    async def _channel(self, channel: str) -> str:
        """What people call a channel. Raises `CallFailed`."""
        answer = await self._calls.in_turn(
            self._calls.web.conversations_info,
            self._budgets.channel,
            Urgency.READ,
            channel=channel,
        )
        return string(answer.get("channel"), "name")

    async def read(self) -> None:
        """Learn the names of everybody and of the bot's channels, as far as they are few."""
        web, budgets = self._calls.web, self._budgets
        try:
            method = web.users_list
            async for member in self._pages(
                method, budgets.people, "members", Urgency.READ, include_locale=True
            ):
                self.people.learn(string(member, "id"), person_name(member))
                self.standings.learn(member)
                self.locales.learn(string(member, "id"), string(member, "locale"))
            async for channel in self.joined("public_channel,private_channel", Urgency.READ):
                self.channels.learn(string(channel, "id"), string(channel, "name"))
        except CallFailed as failed:
            # They are looked up one by one then.
            log.info("names not read", outcome=str(failed.outcome))

    async def joined(self, kinds: str, urgency: Urgency) -> AsyncIterator[Mapping[str, Any]]:
        """The channels of these kinds that the bot is in. Raises `CallFailed`."""
        method, budgets = self._calls.web.users_conversations, self._budgets.channels
        async for channel in self._pages(method, budgets, "channels", urgency, types=kinds):
            yield channel

    async def _pages(
        self,
        method: Method,
        budgets: tuple[Budget, ...],
        items: str,
        urgency: Urgency,
        **which: Any,
    ) -> AsyncIterator[Mapping[str, Any]]:
        cursor: str | None = None
        for _ in range(PAGES):
            page = await self._calls.in_turn(
                method, budgets, urgency, limit=PAGE, cursor=cursor, **which
            )
            for item in _listed(page, items):
                yield item
            cursor = string(page.get("response_metadata"), "next_cursor")
            if not cursor:
                return


def person_name(user: Any) -> str:
    """The name that a person goes by: chosen, then real, then the handle."""
    profile = user.get("profile") if isinstance(user, dict) else None
    return (
        string(profile, "display_name")
        or string(profile, "real_name")
        or string(user, "real_name")
        or string(user, "name")
    )


def _listed(page: Answer, items: str) -> Iterator[Mapping[str, Any]]:
    found = page.get(items)
    yield from (item for item in found if isinstance(item, dict)) if isinstance(found, list) else ()
