"""The one guild of the sandbox."""

from sandbox.discord.objects import channels, members
from sandbox.discord.realm import GUILD, Json, Realm

NAME = "Parley Sandbox"
FEATURES = ("COMMUNITY",)


def guild(realm: Realm) -> Json:
    """The guild object as REST gives it."""
    people = realm.members.values()
    owner = next((person.id for person in people if person.manages), realm.bot.id)
    return {
        "id": GUILD,
        "name": NAME,
        "owner_id": owner,
        "icon": None,
        "icon_hash": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "vanity_url_code": None,
        "region": "deprecated",
        "preferred_locale": realm.locale,
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "widget_enabled": False,
        "widget_channel_id": None,
        "application_id": None,
        "verification_level": 1,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "max_members": 25_000_000,
        "max_video_channel_users": 25,
        "features": list(FEATURES),
        "emojis": [],
        "stickers": [],
        "incidents_data": None,
        "roles": members.roles(realm),
    }


def partial(realm: Realm) -> Json:
    """The guild as a list of them shows it."""
    return {
        "id": GUILD,
        "name": NAME,
        "icon": None,
        "banner": None,
        "owner": False,
        "permissions": str(int(realm.granted)),
        "features": list(FEATURES),
    }


def created(realm: Realm, *, everybody: bool) -> Json:
    """The guild as GUILD_CREATE shows it; other people only with the members intent."""
    people = realm.members.values()
    shown = [person for person in people if everybody or person.id == realm.bot.id]
    return {
        **guild(realm),
        "unavailable": False,
        "large": False,
        "joined_at": members.FOUNDED,
        "member_count": len(people),
        "members": [members.member(person) for person in shown],
        "channels": [channels.channel(realm, place) for place in channels.of_guild(realm)],
        "threads": [channels.thread(realm, place) for place in channels.active_threads(realm)],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }
