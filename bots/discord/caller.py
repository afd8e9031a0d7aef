"""Somebody in Discord who wants something of the bot."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import discord

from bots.discord.desk import Desk
from bots.discord.managers import groups_of, manages, may_set
from bots.discord.members import PATIENCE
from bots.discord.turns import PLATFORM, talk_at
from core.access import Kind
from core.errors import PlatformFailed
from core.presets import Audience, Scope, admits

KINDS = frozenset({Kind.MEMBER, Kind.OTHER_SERVER, Kind.NO_MEMBER})
"""What people in Discord can be."""

AT_ONCE = 10
"""Servers, at most, that are asked at once whether somebody is a member."""

ROLES = "/roles/"


@dataclass(frozen=True, slots=True)
class DiscordCaller:
    """Somebody in a channel, as `core.access.Caller`; `guild` is 0 in direct messages.

    `where` is the channel or thread as discord.py knows it, `member` who they are there, where
    an event has told it, and `manages` whether they manage it, where an interaction has. Of a
    `program` nothing is asked: it has no role that counts and manages nothing.
    """

    desk: Desk
    person: int
    guild: int
    scope: Scope
    where: object
    member: discord.Member | None = None
    manages: bool | None = None
    program: bool = False

    @classmethod
    def of(cls, desk: Desk, interaction: "discord.Interaction[Any]") -> "DiscordCaller":
        """Whoever uses a command, a button, a form."""
        desk.members.saw(interaction.user)
        user = interaction.user
        return cls(
            desk,
            user.id,
            interaction.guild_id or 0,
            Scope.of(talk_at(interaction)),
            interaction.channel,
            user if isinstance(user, discord.Member) else None,
            may_set(interaction),
        )

    @property
    def name(self) -> str:
        """Their name over all platforms; people are the same in every server."""
        return f"{PLATFORM}/{self.person}"

    @property
    def direct(self) -> bool:
        """Whether that is a direct message."""
        return not self.guild

    @property
    def kinds(self) -> frozenset[Kind]:
        """What people in Discord can be."""
        return frozenset({Kind.PROGRAM, Kind.OTHER_SERVER}) if self.program else KINDS

    async def kind(self) -> Kind:
        """What they are. Raises `PlatformFailed`, and `StoreFailed`."""
        if self.guild and isinstance(self.where, discord.PartialMessageable):
            # It may be a thread of a channel that does not admit everybody.
            raise PlatformFailed("not told what kind of channel it is")
        allowed = await self.desk.guilds.allowed()
        if self.guild:
            inside = Kind.PROGRAM if self.program else Kind.MEMBER
            return inside if str(self.guild) in allowed else Kind.OTHER_SERVER
        servers = [int(one) for one in allowed if self.desk.client.get_guild(int(one))]
        return Kind.MEMBER if await self._is_in_one(servers) else Kind.NO_MEMBER

    async def among(self, groups: Collection[str]) -> bool:
        """Whether they have one of these roles. Raises `PlatformFailed`."""
        if self.program:
            return False
        for server in sorted({one.partition(ROLES)[0] for one in groups}):
            guild = int(server.removeprefix(f"{PLATFORM}/"))
            if self.guild not in (0, guild):
                continue
            member = self.member or await self._member(guild)
            if any(f"{server}{ROLES}{role}" in groups for role in groups_of(member)):
                return True
        return False

    async def admitted(self, audience: Audience) -> bool:
        """Whether the channel admits them. Raises `PlatformFailed`."""
        if self.direct or self.manages or admits(audience, str(self.person), ()):
            return True
        if self.program:
            return False
        member = self.member or await self._member(self.guild)
        if member is None:
            return False
        listed = admits(audience, str(self.person), groups_of(member))
        return listed or (self.manages is None and manages(member, self.where))

    async def _is_in_one(self, servers: list[int]) -> bool:
        """Whether they are a member of one of these; as many are asked as there is time for."""
        if any(self.desk.members.known(one, self.person) for one in servers):
            return True
        try:
            async with asyncio.timeout(PATIENCE):
                for at in range(0, len(servers), AT_ONCE):
                    some = servers[at : at + AT_ONCE]
                    found = await asyncio.gather(
                        *(self.desk.members.of(one, self.person) for one in some)
                    )
                    if any(found):
                        return True
        except TimeoutError as error:
            raise PlatformFailed("not told in time who is a member") from error
        return False

    async def _member(self, guild: int) -> discord.Member | None:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.desk.members.of(guild, self.person)
        except TimeoutError as error:
            raise PlatformFailed("not told in time who is a member") from error
