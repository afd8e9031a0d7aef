"""Who is a member of the workspace, a guest in it, or of another one, as far as Slack has told."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import structlog

from bots.slack.calls import CallFailed
from bots.slack.messages import Message
from bots.slack.payload import string
from core.access import Kind
from core.errors import PlatformFailed

log = structlog.get_logger()

KEPT = 20_000
"""People of whom it is kept in mind."""

BELIEVED = {Kind.MEMBER: 3600.0}
BELIEVED_OTHERS = 300.0
"""Seconds for which an answer of Slack's is believed: whoever is refused may be let in soon."""

PATIENCE = 1.2
"""Seconds that Slack is given to tell; a command has three to be acknowledged in."""

KINDS = frozenset({Kind.MEMBER, Kind.GUEST, Kind.CONNECT, Kind.ELSEWHERE})
"""What people in Slack can be."""


@dataclass(frozen=True, slots=True)
class _Known:
    kind: Kind
    at: float

    def is_fresh(self, now: float) -> bool:
        return now - self.at < BELIEVED.get(self.kind, BELIEVED_OTHERS)


class Standings:
    """Learns it from whatever comes along, and asks Slack only of those of whom nothing did.

    `look_up` asks for a user object, and hands it to `learn`; it raises `CallFailed`.
    """

    def __init__(
        self, team: str, look_up: Callable[[str], Awaitable[object]], clock: Callable[[], float]
    ) -> None:
        self._team = team
        self._look_up = look_up
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def of(self, user: str) -> Kind:
        """What somebody is. Raises `PlatformFailed` where Slack never told."""
        known = self._known.get(user)
        if known is None or not known.is_fresh(self._clock()):
            await self._ask(user)
            known = self._known.get(user)
        if known is None:
            raise PlatformFailed(f"Slack does not tell who {user} is")
        return known.kind

    def learn(self, user: Any) -> None:
        """A user object tells everything."""
        if isinstance(user, Mapping) and string(user, "id"):
            self._keep(string(user, "id"), self._kind(user))

    def seen(self, user: str, team: str, *, guest: bool = False) -> None:
        """Something came from somebody of this workspace; what a user object said counts more."""
        known = self._known.get(user)
        if user and not (known and known.is_fresh(self._clock())):
            if team and team != self._team:
                self._keep(user, Kind.CONNECT)
            elif guest:
                self._keep(user, Kind.GUEST)

    def wrote(self, message: Message) -> None:
        """Somebody wrote a message; in shared channels it says of which workspace they are."""
        if not message.is_bot:
            self.seen(message.user, message.team, guest=message.guest)

    def _kind(self, user: Mapping[str, Any]) -> Kind:
        grid = user.get("enterprise_user")
        teams = grid.get("teams") if isinstance(grid, Mapping) else None
        ours = self._team in (teams if isinstance(teams, list) else ())
        team = string(user, "team_id")
        if user.get("is_stranger") or (team and team != self._team and not ours):
            return Kind.CONNECT
        guest = user.get("is_restricted") or user.get("is_ultra_restricted")
        return Kind.GUEST if guest else Kind.MEMBER

    def _keep(self, user: str, kind: Kind) -> None:
        self._known[user] = _Known(kind, self._clock())
        self._known.move_to_end(user)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)

    async def _ask(self, user: str) -> None:
        """Ask Slack, once for all who need it; what was known before is better than nothing."""
        try:
            async with (
                asyncio.timeout(PATIENCE),
                self._asking.setdefault(user, asyncio.Lock()),
            ):
                known = self._known.get(user)
                if known is None or not known.is_fresh(self._clock()):
                    await self._look_up(user)
        except (CallFailed, TimeoutError) as failed:
            log.warning("not known whether somebody may use the bot", user=user, error=str(failed))
