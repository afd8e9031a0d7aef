"""Interactions as the bot hears of them, and as messages remember them."""

from sandbox.discord.files import LARGEST
from sandbox.discord.interaction import Interaction, InteractionKind
from sandbox.discord.objects import channels, guild, members, messages
from sandbox.discord.permissions import EVERYBODY, MODERATOR, NONE
from sandbox.discord.realm import GUILD, Json, Realm
from sandbox.world import Kind


def interaction(realm: Realm, started: Interaction) -> Json:
    """The object of an INTERACTION_CREATE."""
    place = started.channel
    direct = place.kind is Kind.DIRECT
    data = {
        "id": started.id,
        "application_id": realm.bot.id,
        "type": int(started.kind),
        "token": started.token,
        "version": 1,
        "data": started.data,
        "channel": channels.channel(realm, place),
        "channel_id": place.id,
        "locale": started.person.locale,
        "app_permissions": str(int(realm.permissions(place))),
        "entitlements": [],
        "attachment_size_limit": LARGEST,
        "context": 1 if direct else 0,
        "authorizing_integration_owners": {"0": "0" if direct else GUILD},
    }
    if started.source is not None:
        data["message"] = messages.message(realm, started.source)
    return data | ({"user": members.user(started.person)} if direct else _in_guild(realm, started))


def metadata(started: Interaction) -> Json:
    """The `interaction_metadata` of messages that answer it."""
    data: Json = {
        "id": started.id,
        "type": int(started.kind),
        "user": members.user(started.person),
        "authorizing_integration_owners": {"0": GUILD},
    }
    if started.kind is InteractionKind.COMMAND:
        data |= {"name": started.data["name"], "command_type": started.data["type"]}
    if started.source is not None:
        data["interacted_message_id"] = started.source.id
    return data


def message_type(started: Interaction) -> Json:
    """What sort of message answers it: one of a command, or a reply to the source."""
    if started.source is not None:
        source = started.source
        reference = {"channel_id": source.channel, "message_id": source.id}
        return {"type": messages.REPLY, "reference": reference}
    slash = started.data.get("type") == 1
    return {"type": messages.COMMAND if slash else messages.CONTEXT_COMMAND}


def _in_guild(realm: Realm, started: Interaction) -> Json:
    granted = EVERYBODY | (MODERATOR if started.person.manages else NONE)
    return {
        "member": members.member(started.person) | {"permissions": str(int(granted))},
        "guild_id": GUILD,
        "guild": {"id": GUILD, "locale": realm.locale, "features": list(guild.FEATURES)},
        "guild_locale": realm.locale,
    }
