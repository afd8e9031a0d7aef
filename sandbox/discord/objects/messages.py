"""Messages, and what of them a bot without the message content intent is shown.

What a message's `payload` may hold, besides what Discord calls by the same name
(`type`, `embeds`, `components`, `attachments`, `flags`, `nonce`): `mentions` (the users
mentioned), `pings` (whom its posting pinged: users, roles, "everyone"), `reference` (the
message replied to), `interaction` (what caused it), `webhook` (an answer to an interaction).
"""

from sandbox.discord.mentions import mentions
from sandbox.discord.objects import channels, members
from sandbox.discord.realm import GUILD, Json, Realm
from sandbox.world import Channel, Kind, Message

DEFAULT, REPLY, COMMAND, THREAD_STARTER, CONTEXT_COMMAND = 0, 19, 20, 21, 23
THREAD_CREATED = 18
SYSTEM = frozenset({THREAD_CREATED, THREAD_STARTER})

HAS_THREAD = 1 << 5
EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15


def message(realm: Realm, said: Message, *, nested: bool = False) -> Json:
    """A message object; the one that it refers to is in it, but no further one in that."""
    payload = said.payload
    thread = realm.space.channels.get(said.id)
    has_thread = thread is not None and thread.parent == said.channel
    flags = payload.get("flags", 0) | (HAS_THREAD if has_thread else 0)
    data = {
        "id": said.id,
        "channel_id": said.channel,
        "author": members.user(realm.space.people[said.author]),
        "type": payload.get("type", DEFAULT),
        "content": said.text,
        "timestamp": said.created.isoformat(),
        "edited_timestamp": said.edited.isoformat() if said.edited else None,
        "tts": False,
        "pinned": False,
        "flags": flags,
        "mention_everyone": "everyone" in payload.get("pings", ()),
        "mentions": [members.user(realm.space.people[one]) for one in mentioned(realm, said)],
        "mention_roles": _roles(realm, said),
        "attachments": [_attachment(realm, said, file) for file in payload.get("attachments", ())],
        "embeds": payload.get("embeds", []),
        "components": payload.get("components", []),
        **_optional(realm, said),
    }
    if has_thread and thread is not None:
        data["thread"] = channels.thread(realm, thread)
    return data if nested else data | _reference(realm, said)


def created(realm: Realm, said: Message) -> Json:
    """A message as events show it: with its place in the guild, and its nonce."""
    data = message(realm, said) | {"channel_type": kind(realm, said)}
    if "nonce" in said.payload:
        data["nonce"] = said.payload["nonce"]
    if not in_guild(realm, said):
        return data
    for one in data["mentions"]:
        one["member"] = members.partial_member(realm.space.people[one["id"]])
    if "webhook" not in said.payload:
        data["member"] = members.partial_member(realm.space.people[said.author])
    return data | {"guild_id": GUILD}


def kind(realm: Realm, said: Message) -> int:
    """The type of the channel that holds it."""
    place = realm.space.channels[said.channel]
    return int(_KINDS.get(place.kind, place.extra.get("type", channels.PUBLIC_THREAD)))


def in_guild(realm: Realm, said: Message) -> bool:
    """Whether it was said in the guild, not in a direct message."""
    return realm.space.channels[said.channel].kind is not Kind.DIRECT


def mentioned(realm: Realm, said: Message) -> list[str]:
    """The ids of the users that it mentions."""
    if "mentions" in said.payload:
        return list(said.payload["mentions"])
    return [one for one in mentions(said.text).users if one in realm.space.people]


def _roles(realm: Realm, said: Message) -> list[str]:
    """The ids of the roles that it mentions; the bot's own messages only those that they ping."""
    known = {role["id"] for role in members.roles(realm)}
    found = (
        mentions(said.text).roles if said.author != realm.bot.id else said.payload.get("pings", ())
    )
    return [one for one in found if one in known]


def open_to_all(realm: Realm, said: Message) -> bool:
    """Whether its content is shown without the message content intent.

    The bot's own messages, direct messages, and those that mention the bot
    (events/gateway, "Message Content Intent").
    """
    return (
        said.author == realm.bot.id
        or not in_guild(realm, said)
        or realm.bot.id in mentioned(realm, said)
    )


def veiled(realm: Realm, said: Message, data: Json) -> Json:
    """The object of `said` as an application without the message content intent gets it."""
    referred = referenced(realm, said)
    if referred is not None and not open_to_all(realm, referred):
        data = data | {"referenced_message": data["referenced_message"] | _NOTHING_SAID}
    return data if open_to_all(realm, said) else data | _NOTHING_SAID


def read(realm: Realm, said: Message) -> Json:
    """A message as REST shows it to this application."""
    data = message(realm, said)
    return data if "message_content" in realm.privileged else veiled(realm, said, data)


def referenced(realm: Realm, said: Message) -> Message | None:
    """The message that it replies to, if that still exists."""
    reference = said.payload.get("reference")
    if reference is None or "message_id" not in reference:
        return None
    return realm.space.message(reference["channel_id"], reference["message_id"])


def newest(realm: Realm, place: Channel) -> list[Message]:
    """A channel's messages for everybody, newest first."""
    visible = [said for said in realm.space.messages(place.id) if not said.only_for]
    return sorted(visible, key=lambda said: int(said.id), reverse=True)


_NOTHING_SAID: Json = {"content": "", "embeds": [], "attachments": [], "components": []}

_KINDS = {
    Kind.PUBLIC: channels.TEXT,
    Kind.PRIVATE: channels.TEXT,
    Kind.DIRECT: channels.DIRECT,
    Kind.FORUM: channels.FORUM,
}


def _optional(realm: Realm, said: Message) -> Json:
    optional: Json = {}
    if said.reactions:
        optional["reactions"] = _reactions(realm, said)
    if "interaction" in said.payload:
        optional["interaction_metadata"] = said.payload["interaction"]
    if "webhook" in said.payload:
        optional |= {"webhook_id": realm.bot.id, "application_id": realm.bot.id}
    return optional


def _reference(realm: Realm, said: Message) -> Json:
    reference = said.payload.get("reference")
    if reference is None:
        return {}
    place = {"guild_id": GUILD} if in_guild(realm, said) else {}
    found = referenced(realm, said)
    target = message(realm, found, nested=True) if found else None
    shown = {} if "message_id" not in reference else {"referenced_message": target}
    return {"message_reference": {"type": 0, **reference, **place}, **shown}


def _reactions(realm: Realm, said: Message) -> list[Json]:
    kinds = dict.fromkeys(emoji for emoji, _person in said.reactions)
    return [_reaction(realm, said, emoji) for emoji in kinds]


def _reaction(realm: Realm, said: Message, emoji: str) -> Json:
    count = sum(one == emoji for one, _person in said.reactions)
    return {
        "emoji": partial_emoji(emoji),
        "count": count,
        "count_details": {"burst": 0, "normal": count},
        "burst_colors": [],
        "me": (emoji, realm.bot.id) in said.reactions,
        "me_burst": False,
    }


def partial_emoji(emoji: str) -> Json:
    """An emoji as reactions name it: a character, or `name:id`."""
    name, _, number = emoji.partition(":")
    return {"id": number or None, "name": name}


def _attachment(realm: Realm, said: Message, file: Json) -> Json:
    url = realm.files.url(said.channel, file["id"], file["filename"], realm.now())
    return {**file, "url": url, "proxy_url": url}
