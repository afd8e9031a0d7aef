"""What happens in the world, told as gateway events (events/gateway-events)."""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.discord.events import Event
from sandbox.discord.intents import Intent
from sandbox.discord.objects import channels, members, messages
from sandbox.discord.realm import GUILD, Json, Realm
from sandbox.world import Change, Channel, Kind, Message

_VOLATILE = frozenset(
    {"last_message_id", "message_count", "total_message_sent", "member_count", "member"}
)
"""Fields of a channel whose change is no news of its own."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A channel as it was last told of."""

    data: Json
    members: frozenset[str]

    @property
    def essence(self) -> Json:
        return {name: value for name, value in self.data.items() if name not in _VOLATILE}


class Feed:
    """Turns changes into events; it remembers channels, to tell what is new about them."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm
        self._known = {key: self._look(place) for key, place in realm.space.channels.items()}

    def events(self, change: Change) -> Iterator[Event]:
        """The events that tell of a change; none for what the bot cannot see."""
        if change.what == "channel":
            yield from self._channel(change.channel)
            return
        place = self._realm.space.channels.get(change.channel)
        if place is None or not self._realm.sees(place):
            return
        if change.what == "typing":
            yield self._typing(place, change.note["person"])
        elif change.message is not None and not change.message.only_for:
            yield from self._message(change, change.message)

    def _message(self, change: Change, message: Message) -> Iterator[Event]:
        if change.what == "posted":
            yield self._said("MESSAGE_CREATE", message)
        elif change.what == "edited":
            yield self._said("MESSAGE_UPDATE", message)
        elif change.what == "deleted" and message.id not in self._realm.bulk:
            data = {"id": message.id, "channel_id": message.channel, **self._where(message)}
            yield Event("MESSAGE_DELETE", data, self._intent("MESSAGES", message))
        elif change.what == "reacted" and change.before is not None:
            yield from self._reactions(change.before, message)

    def _said(self, name: str, message: Message) -> Event:
        data = messages.created(self._realm, message)
        veiled = messages.veiled(self._realm, message, data)
        return Event(name, data, self._intent("MESSAGES", message), veiled)

    def _reactions(self, before: Message, after: Message) -> Iterator[Event]:
        old, new = set(before.reactions), set(after.reactions)
        intent = self._intent("MESSAGE_REACTIONS", after)
        for emoji, person in sorted(new - old):
            data = self._reaction(after, emoji, person)
            if messages.in_guild(self._realm, after):
                data["member"] = members.member(self._realm.space.people[person])
            yield Event("MESSAGE_REACTION_ADD", data, intent)
        for emoji, person in sorted(old - new):
            yield Event("MESSAGE_REACTION_REMOVE", self._reaction(after, emoji, person), intent)

    def _reaction(self, message: Message, emoji: str, person: str) -> Json:
        return {
            "user_id": person,
            "channel_id": message.channel,
            "message_id": message.id,
            "message_author_id": message.author,
            "emoji": messages.partial_emoji(emoji),
            "burst": False,
            "type": 0,
            **self._where(message),
        }

    def _typing(self, place: Channel, person: str) -> Event:
        direct = place.kind is Kind.DIRECT
        member = members.member(self._realm.space.people[person])
        where = {} if direct else {"guild_id": GUILD, "member": member}
        data = {
            "channel_id": place.id,
            "user_id": person,
            "timestamp": int(self._realm.seconds()),
            **where,
        }
        intent = Intent.DIRECT_MESSAGE_TYPING if direct else Intent.GUILD_MESSAGE_TYPING
        return Event("TYPING_START", data, intent)

    def _channel(self, id: str) -> Iterator[Event]:
        before, place = self._known.get(id), self._realm.space.channels.get(id)
        if place is None:
            if self._known.pop(id, None) is not None and before is not None:
                yield self._gone(before.data)
            return
        now = self._known[id] = self._look(place)
        was_in = before is not None and self._realm.bot.id in before.members
        if place.kind is Kind.DIRECT or not (self._realm.sees(place) or was_in):
            return
        if before is None:
            yield from self._opened(place, now.data)
            return
        if before.essence != now.essence:
            yield Event(_named("UPDATE", place), now.data, Intent.GUILDS)
        if place.kind is Kind.THREAD and before.members != now.members:
            yield from self._members(place, now, before.members)

    def _opened(self, place: Channel, data: Json) -> Iterator[Event]:
        if place.kind is not Kind.THREAD:
            yield Event("CHANNEL_CREATE", data, Intent.GUILDS)
            return
        yield Event("THREAD_CREATE", data | {"newly_created": True}, Intent.GUILDS)
        starter = self._realm.space.message(place.parent, place.id)
        if starter is not None:
            yield self._said("MESSAGE_UPDATE", starter)

    def _gone(self, data: Json) -> Event:
        if data["type"] not in (channels.PUBLIC_THREAD, channels.PRIVATE_THREAD):
            return Event("CHANNEL_DELETE", data, Intent.GUILDS)
        kept = {name: data[name] for name in ("id", "guild_id", "parent_id", "type")}
        return Event("THREAD_DELETE", kept, Intent.GUILDS)

    def _members(self, place: Channel, now: _Known, before: frozenset[str]) -> Iterator[Event]:
        """Without the members intent a bot hears only of its own coming and going."""
        added, removed = now.members - before, before - now.members
        bot = self._realm.bot.id
        everything = self._membership(place, added, removed)
        if bot in added | removed:
            if bot in added:
                yield Event("THREAD_CREATE", now.data, Intent.GUILDS)
            own = self._membership(place, added & {bot}, removed & {bot})
            yield Event("THREAD_MEMBERS_UPDATE", own, Intent.GUILDS)
        else:
            yield Event("THREAD_MEMBERS_UPDATE", everything, Intent.GUILD_MEMBERS)

    def _membership(self, place: Channel, added: frozenset[str], removed: frozenset[str]) -> Json:
        people = self._realm.space.people
        return {
            "id": place.id,
            "guild_id": GUILD,
            "member_count": min(50, len(place.members)),
            "added_members": [
                channels.thread_member(place, one) | {"member": members.member(people[one])}
                for one in sorted(added)
            ],
            "removed_member_ids": sorted(removed),
        }

    def _look(self, place: Channel) -> _Known:
        return _Known(channels.channel(self._realm, place), frozenset(place.members))

    def _where(self, message: Message) -> Json:
        return {"guild_id": GUILD} if messages.in_guild(self._realm, message) else {}

    def _intent(self, what: str, message: Message) -> Intent:
        place = "GUILD" if messages.in_guild(self._realm, message) else "DIRECT"
        return Intent[f"{place}_{what}"]


def _named(what: str, place: Channel) -> str:
    return f"{'THREAD' if place.kind is Kind.THREAD else 'CHANNEL'}_{what}"
