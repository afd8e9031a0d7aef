"""Who may use the bot: the same rule for everything that somebody can want of it."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.limits import AccessTable
from core.notices import (
    DIRECT_MESSAGES_OFF,
    NO_CONNECT,
    NO_GUESTS,
    NO_MEMBER,
    NOT_IN_THIS_CHANNEL,
    NOT_ON_THE_LIST,
    OTHER_WORKSPACE,
    server_not_allowed,
)
from core.presets import Audience, Scope
from core.programs import NO_PROGRAMS, Programs
from core.words import Notice

DIRECT = "direct"
"""Stands in a list of channels for all direct messages of a platform."""


class Kind(StrEnum):
    """What somebody is to the workspace or the server in which they ask."""

    MEMBER = "member"
    GUEST = "guest of the workspace"
    CONNECT = "of another workspace, in a shared channel"
    ELSEWHERE = "in another workspace"
    OTHER_SERVER = "in a server that is not allowed"
    NO_MEMBER = "member of no server that is allowed"
    PROGRAM = "another program, which no list of people names"


class Caller(Protocol):
    """Somebody who wants something of the bot in a channel, as far as their platform knows them.

    `name` is theirs over all platforms, as LIMITS_FILE writes it; `kinds` is what they can be.
    All methods may ask the platform, remember what it said, and raise `PlatformFailed`.
    """

    @property
    def name(self) -> str:
        """Their name over all platforms: `slack/T0123/U0456`, `discord/9012`."""

    @property
    def scope(self) -> Scope:
        """The channel in which they want it; for a thread, the one that holds it."""

    @property
    def direct(self) -> bool:
        """Whether that is a direct message."""

    @property
    def kinds(self) -> frozenset[Kind]:
        """What they can be; where all of it is welcome, nobody need ask."""

    async def kind(self) -> Kind:
        """What they are."""

    async def among(self, groups: Collection[str]) -> bool:
        """Whether they are in one of these roles or groups, named as in LIMITS_FILE."""

    async def admitted(self, audience: Audience) -> bool:
        """Whether they are among those whom the channel admits; who manages it always is."""


@dataclass(frozen=True, slots=True)
class Access:
    """The rule. `table` is `[access]` of LIMITS_FILE, `contact` whom to ask about it.

    `programs` are those of `[other_programs]`, which need not be on a list of people, too.
    """

    guests: bool = False
    connect: bool = False
    direct_messages: bool = True
    table: AccessTable | None = None
    contact: str = ""
    programs: Programs = NO_PROGRAMS

    async def refusal(self, caller: Caller) -> Notice | None:
        """Why somebody may not use the bot; None when they may. Raises `PlatformFailed`."""
        if why := await self._why_not(caller):
            ask = Notice("ask_contact", contact=self.contact)
            return Notice("both", first=why, second=ask) if self.contact else why
        return None

    async def _why_not(self, caller: Caller) -> Notice | None:
        if caller.direct and not self.direct_messages:
            return DIRECT_MESSAGES_OFF
        if not caller.kinds <= self._welcome:
            kind = await caller.kind()
            if kind not in self._welcome:
                return _REFUSED[kind](caller)
        if not self._is_in_place(caller):
            return NOT_IN_THIS_CHANNEL
        return None if await self._is_listed(caller) else NOT_ON_THE_LIST

    @property
    def _welcome(self) -> frozenset[Kind]:
        extra = {
            Kind.GUEST: self.guests,
            Kind.CONNECT: self.connect,
            Kind.PROGRAM: bool(self.programs.answered),
        }
        return frozenset({Kind.MEMBER, *(kind for kind, on in extra.items() if on)})

    def _is_in_place(self, caller: Caller) -> bool:
        channels = self.table.channels if self.table else None
        if channels is None:
            return True
        scope = caller.scope
        above = f"{scope.platform}/{DIRECT}" if caller.direct else str(scope.above)
        return not {str(scope), above}.isdisjoint(channels)

    async def _is_listed(self, caller: Caller) -> bool:
        if self.table is None or not self.table.names_people:
            return True
        if Kind.PROGRAM in caller.kinds and await caller.kind() is Kind.PROGRAM:
            return True
        if caller.name in (self.table.people or ()):
            return True
        platform = f"{caller.scope.platform}/"
        groups = [*(self.table.roles or ()), *(self.table.groups or ())]
        ours = [one for one in groups if one.startswith(platform)]
        return bool(ours) and await caller.among(ours)


_REFUSED: dict[Kind, Callable[[Caller], Notice]] = {
    Kind.GUEST: lambda _: NO_GUESTS,
    Kind.CONNECT: lambda _: NO_CONNECT,
    Kind.ELSEWHERE: lambda _: OTHER_WORKSPACE,
    Kind.OTHER_SERVER: lambda caller: server_not_allowed(caller.scope.workspace),
    Kind.NO_MEMBER: lambda _: NO_MEMBER,
    Kind.PROGRAM: lambda _: NOT_ON_THE_LIST,
}


def who_may_use(access: Access, platform: str, members: Collection[str]) -> str:
    """Who may use the bot on a platform, in one line for its operator.

    `members` names the workspace, or the servers that are allowed.
    """
    if not members:
        return "nobody: no server is allowed (see parley guilds list)"
    if nobody := _nobody(access, platform):
        return f"nobody: {nobody}"
    return "; ".join(_who(access, platform, members))


def _nobody(access: Access, platform: str) -> str:
    """Why the table admits nobody there; empty when it does."""
    table = access.table
    if table is None:
        return ""
    if table.channels is not None and not _of(platform, table.channels):
        return f"[access] channels in LIMITS_FILE {_lacks(table.channels, platform)}"
    if table.names_people:
        names = [*(table.people or ()), *(table.roles or ()), *(table.groups or ())]
        if not _of(platform, names):
            return f"[access] people, roles and groups in LIMITS_FILE {_lacks(names, platform)}"
    return ""


def _lacks(names: Collection[str], platform: str) -> str:
    return f"name nothing of {platform.capitalize()}" if names else "name nothing at all"


def _who(access: Access, platform: str, members: Collection[str]) -> Iterator[str]:
    table = access.table
    places = "in channels and directly" if access.direct_messages else "in channels only"
    if table and table.channels is not None:
        places = f"only in {', '.join(_of(platform, table.channels))}"
    yield f"members of {', '.join(members)}, {places}"
    if platform == "slack":
        yield f"guests: {_yes(access.guests)}, people of other workspaces: {_yes(access.connect)}"
    if programs := _of(platform, access.programs.answered):
        yield f"other programs: {len(programs)}, {access.programs.exchanges} answers in a row"
    if table and table.names_people:
        kinds = {"people": table.people, "roles": table.roles, "groups": table.groups}
        counts = {kind: len(_of(platform, ids or ())) for kind, ids in kinds.items()}
        listed = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        yield f"of these only who is in LIMITS_FILE: {listed}"


def _of(platform: str, names: Collection[str]) -> list[str]:
    return [one for one in names if one.startswith(f"{platform}/")]


def _yes(on: bool) -> str:
    return "yes" if on else "no"
