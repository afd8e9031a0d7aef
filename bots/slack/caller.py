"""Somebody in Slack who wants something of the bot."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from bots.slack.calls import CallFailed
from bots.slack.events import is_direct
from bots.slack.messages import PLATFORM
from bots.slack.standings import KINDS, PATIENCE
from bots.slack.workspace import Workspace
from core.access import Kind
from core.errors import PlatformFailed
from core.presets import Audience, Scope, admits


@dataclass(frozen=True, slots=True)
class SlackCaller:
    """Somebody in a channel, as `core.access.Caller`.

    `elsewhere`: it is the channel of another workspace that has the same app. Of a `program`
    nothing is asked: it is in no group and manages nothing.
    """

    workspace: Workspace
    user: str
    channel: str
    elsewhere: bool = False
    program: bool = False

    @property
    def name(self) -> str:
        """Their name over all platforms."""
        return f"{PLATFORM}/{self.workspace.us.team}/{self.user}"

    @property
    def scope(self) -> Scope:
        """The channel."""
        return Scope(PLATFORM, self.workspace.us.team, self.channel)

    @property
    def direct(self) -> bool:
        """Whether that is a direct message."""
        return is_direct({"channel": self.channel})

    @property
    def kinds(self) -> frozenset[Kind]:
        """What people in Slack can be."""
        return frozenset({Kind.PROGRAM}) if self.program else KINDS

    async def kind(self) -> Kind:
        """What they are. Raises `PlatformFailed`."""
        if self.program:
            return Kind.PROGRAM
        return Kind.ELSEWHERE if self.elsewhere else await self.workspace.standings.of(self.user)

    async def among(self, groups: Collection[str]) -> bool:
        """Whether they are in one of these user groups. Raises `PlatformFailed`."""
        if self.program:
            return False
        ours = f"{PLATFORM}/{self.workspace.us.team}/groups/"
        ids = [one.removeprefix(ours) for one in groups if one.startswith(ours)]
        try:
            async with asyncio.timeout(PATIENCE):
                for id_ in ids:
                    if self.user in await self.workspace.groups.members(id_):
                        return True
        except (CallFailed, TimeoutError) as failed:
            raise PlatformFailed(f"not told who is in a user group: {failed}") from failed
        return False

    async def admitted(self, audience: Audience) -> bool:
        """Whether the channel admits them. Raises `PlatformFailed`."""
        if self.program:
            return admits(audience, self.user, ())
        return await self.workspace.managers.admits(audience, self.user, self.channel)
