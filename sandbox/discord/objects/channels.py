"""Channels, threads and direct messages.

What a thread's `extra` may hold: `type` (11, public, or 12), `owner`, `starter` (the id of
the message in the parent that it was opened on), `auto_archive` (minutes), `locked`,
`created` and `archived_at` (ISO times).
"""

from sandbox.discord.objects import members
from sandbox.discord.permissions import NONE, Permission
from sandbox.discord.realm import GUILD, Json, Realm
from sandbox.world import Channel, Kind, Person

TEXT, DIRECT, PUBLIC_THREAD, PRIVATE_THREAD, FORUM = 0, 1, 11, 12, 15

_NEVER = "2020-01-01T00:00:00+00:00"


def channel(realm: Realm, place: Channel) -> Json:
    """The object of any kind of channel."""
    if place.kind is Kind.DIRECT:
        return _direct(realm, place)
    return thread(realm, place) if place.kind is Kind.THREAD else _of_guild(realm, place)


def thread(realm: Realm, place: Channel) -> Json:
    """A thread, with the bot's own membership where it takes part."""
    count = sum(not message.only_for for message in realm.space.messages(place.id))
    membership = {"member": thread_member(place, realm.bot.id)}
    return {
        "id": place.id,
        "type": place.extra.get("type", PUBLIC_THREAD),
        "guild_id": GUILD,
        "parent_id": place.parent,
        "owner_id": place.extra.get("owner", realm.bot.id),
        "name": place.name,
        "last_message_id": last_message(realm, place),
        "message_count": count,
        "total_message_sent": count,
        "member_count": min(50, len(place.members)),
        "rate_limit_per_user": 0,
        "flags": 0,
        "applied_tags": [],
        "thread_metadata": _metadata(place),
        **(membership if realm.bot.id in place.members else {}),
    }


def thread_member(place: Channel, person: str) -> Json:
    """Somebody's membership in a thread."""
    joined = place.extra.get("created", _NEVER)
    return {"id": place.id, "user_id": person, "join_timestamp": joined, "flags": 1}


def last_message(realm: Realm, place: Channel) -> str | None:
    """The id of the newest message for everybody."""
    ids = (message.id for message in realm.space.messages(place.id) if not message.only_for)
    return max(ids, key=int, default=None)


def active_threads(realm: Realm) -> list[Channel]:
    """The threads that are not archived and that the bot can see."""
    return [
        place
        for place in realm.space.channels.values()
        if place.kind is Kind.THREAD and not place.archived and realm.sees(place)
    ]


def of_guild(realm: Realm) -> list[Channel]:
    """The guild's channels, also those that the bot cannot enter; no threads."""
    kinds = (Kind.PUBLIC, Kind.PRIVATE, Kind.FORUM)
    return [place for place in realm.space.channels.values() if place.kind in kinds]


def partner(realm: Realm, place: Channel) -> Person:
    """The person whom the bot talks with in a direct message."""
    return next(realm.space.people[one] for one in sorted(place.members) if one != realm.bot.id)


def _direct(realm: Realm, place: Channel) -> Json:
    return {
        "id": place.id,
        "type": DIRECT,
        "flags": 0,
        "last_message_id": last_message(realm, place),
        "recipients": [members.user(partner(realm, place))],
    }


def _of_guild(realm: Realm, place: Channel) -> Json:
    forum: Json = {
        "available_tags": [],
        "default_reaction_emoji": None,
        "default_sort_order": None,
        "default_forum_layout": 0,
        "template": "",
    }
    return {
        "id": place.id,
        "type": FORUM if place.kind is Kind.FORUM else TEXT,
        "guild_id": GUILD,
        "name": place.name,
        "topic": place.extra.get("topic"),
        "position": list(realm.space.channels).index(place.id),
        "permission_overwrites": _overwrites(realm, place),
        "nsfw": False,
        "parent_id": None,
        "last_message_id": last_message(realm, place),
        "rate_limit_per_user": 0,
        "default_auto_archive_duration": 1440,
        "flags": 0,
        **(forum if place.kind is Kind.FORUM else {}),
    }


def _overwrites(realm: Realm, place: Channel) -> list[Json]:
    view = Permission.VIEW_CHANNEL
    overwrites = []
    if place.kind is Kind.PRIVATE:
        overwrites.append(_overwrite(GUILD, 0, deny=view))
        others = sorted(place.members - {realm.bot.id})
        overwrites += [_overwrite(person, 1, allow=view) for person in others]
    allowed, denied = view | realm.allowed(place), realm.denied(place)
    if allowed != view or denied or place.kind is Kind.PRIVATE:
        overwrites.append(_overwrite(realm.bot.id, 1, allow=allowed & ~denied, deny=denied))
    return overwrites


def _overwrite(id: str, kind: int, *, allow: Permission = NONE, deny: Permission = NONE) -> Json:
    return {"id": id, "type": kind, "allow": str(int(allow)), "deny": str(int(deny))}


def _metadata(place: Channel) -> Json:
    created = place.extra.get("created", _NEVER)
    return {
        "archived": place.archived,
        "auto_archive_duration": place.extra.get("auto_archive", 1440),
        "archive_timestamp": place.extra.get("archived_at", created),
        "create_timestamp": created,
        "locked": bool(place.extra.get("locked")),
    }
