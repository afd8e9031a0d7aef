"""What all parts of the server share: the world's Discord, the bot in it, and the clock."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.discord.files import Files
from sandbox.discord.permissions import EVERYBODY, NONE, Permission
from sandbox.discord.refusals import Code, Refused
from sandbox.world import Change, Channel, Kind, Message, Person, Space

Json = dict[str, Any]

GUILD = "4000"
"""The one guild's id, which is also that of its @everyone role."""

PRIVATE_THREAD = 12


class Realm:
    """The one guild and the direct messages, as the bot may see them."""

    def __init__(
        self, space: Space, privileged: frozenset[str], clock: Callable[[], datetime]
    ) -> None:
        self.space = space
        self.privileged = privileged
        self.now = clock
        self.locale = "en-US"
        """The guild's preferred one; this is Discord's default."""
        self.joined = True
        """Whether the bot is in the guild."""
        self.withheld = NONE
        """What its role in the guild does not let the bot do, of what everybody may."""
        self.portal: Json = {}
        """What is set in the portal otherwise than usual, as the application shows it."""
        self.files = Files()
        self.bulk: set[str] = set()
        """Ids of messages that a bulk deletion takes away: one event tells of all of them."""
        self.bot: Person = next(person for person in space.people.values() if person.is_bot)

    def seconds(self) -> float:
        """The clock in seconds."""
        return self.now().timestamp()

    def is_thread(self, channel: Channel) -> bool:
        """Whether it hangs under another channel."""
        return channel.kind is Kind.THREAD

    def parent(self, channel: Channel) -> Channel:
        """The channel that a thread hangs under; any other channel itself."""
        return self.space.channels[channel.parent] if self.is_thread(channel) else channel

    @property
    def granted(self) -> Permission:
        """What the bot may do in the guild, unless a channel says otherwise."""
        return EVERYBODY & ~self.withheld

    def allowed(self, channel: Channel) -> Permission:
        """What the bot may do in a channel besides what everybody may: `extra["allow"]`."""
        allowed = NONE
        for name in channel.extra.get("allow", ()):
            allowed |= Permission[name]
        return allowed

    def denied(self, channel: Channel) -> Permission:
        """What the bot may not do in a channel: `extra["deny"]`, and all if it is no member."""
        denied = NONE
        for name in channel.extra.get("deny", ()):
            denied |= Permission[name]
        if self.bot.id not in channel.members:
            denied |= Permission.VIEW_CHANNEL
        return denied

    def permissions(self, channel: Channel) -> Permission:
        """What the bot may do in a channel; threads follow their parent."""
        if channel.kind is Kind.DIRECT:
            return EVERYBODY
        parent = self.parent(channel)
        granted = (self.granted | self.allowed(parent)) & ~self.denied(parent)
        return granted if Permission.VIEW_CHANNEL in granted else NONE

    def sees(self, channel: Channel) -> bool:
        """Whether the bot has access; private threads and talks need membership."""
        if channel.kind is Kind.DIRECT or channel.extra.get("type") == PRIVATE_THREAD:
            return self.bot.id in channel.members
        return self.joined and Permission.VIEW_CHANNEL in self.permissions(channel)

    @property
    def members(self) -> dict[str, Person]:
        """The people of the guild: all who have no other home."""
        return {id_: one for id_, one in self.space.people.items() if not one.home}

    def channel(self, id: str) -> Channel:
        """A channel that the bot can see; 10003 or 50001."""
        channel = self.space.channels.get(id)
        if channel is None:
            raise Refused(Code.UNKNOWN_CHANNEL)
        if not self.sees(channel):
            raise Refused(Code.MISSING_ACCESS)
        return channel

    def require(self, channel: Channel, *needed: Permission) -> None:
        """Refuse with 50013 what the bot may not do in a channel."""
        granted = self.permissions(channel)
        if any(permission not in granted for permission in needed):
            raise Refused(Code.MISSING_PERMISSIONS)

    def message(self, channel: Channel, id: str) -> Message:
        """A message for everybody; 10008 when there is none."""
        message = self.space.message(channel.id, id)
        if message is None or message.only_for:
            raise Refused(Code.UNKNOWN_MESSAGE)
        return message

    def present(self, person: str, channel: str) -> tuple[Person, Channel]:
        """A person and the place where they are; `LookupError`, or `PermissionError` outside."""
        who, place = self.space.people.get(person), self.space.channels.get(channel)
        if who is None or place is None:
            raise LookupError("There is no such person or channel.")
        closed = place if place.extra.get("type") == PRIVATE_THREAD else self.parent(place)
        if who.id not in closed.members:
            raise PermissionError(f"{who.name} is not in {place.name}.")
        return who, place

    def shown(self, who: Person, channel: Channel, id: str) -> Message:
        """A message that a person can see; `LookupError` when there is none."""
        message = self.space.message(channel.id, id)
        if message is None or message.only_for not in ("", who.id):
            raise LookupError("This message is gone.")
        return message

    def changed(self, channel: Channel) -> None:
        """Say that a channel, its members or its state have changed."""
        self.space.tell(Change("channel", self.space.name, channel.id))

    def join(self, thread: Channel, *people: str) -> None:
        """Make people members of a thread."""
        if not thread.members.issuperset(people):
            thread.members.update(people)
            self.changed(thread)
