"""Users, members of the guild, and their roles."""

from sandbox.discord.permissions import EVERYBODY, MODERATOR
from sandbox.discord.realm import GUILD, Json, Realm
from sandbox.world import Person

BOT_ROLE = "4001"
MODERATOR_ROLE = "4002"
FOUNDED = "2020-01-01T00:00:00+00:00"


def user(person: Person) -> Json:
    """A user object; bots have no display name of their own."""
    return {
        "id": person.id,
        "username": person.name if person.is_bot else person.handle,
        "discriminator": "0001" if person.is_bot else "0",
        "global_name": None if person.is_bot else person.name,
        "avatar": None,
        "avatar_decoration_data": None,
        "bot": person.is_bot,
        "public_flags": 0,
    }


def oneself(person: Person) -> Json:
    """The bot's own user object, which says a little more."""
    return {
        **user(person),
        "mfa_enabled": True,
        "verified": True,
        "locale": "en-US",
        "email": None,
        "flags": 0,
    }


def partial_member(person: Person) -> Json:
    """A member object without its user, as it comes beside one."""
    return {
        "roles": _roles_of(person),
        "nick": None,
        "avatar": None,
        "banner": None,
        "joined_at": FOUNDED,
        "premium_since": None,
        "communication_disabled_until": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }


def member(person: Person) -> Json:
    """A member object."""
    return {"user": user(person), **partial_member(person)}


def roles(realm: Realm) -> list[Json]:
    """All roles of the guild."""
    return [
        _role(GUILD, "@everyone", int(EVERYBODY), 0),
        {
            **_role(BOT_ROLE, realm.bot.name, int(EVERYBODY), 1, managed=True),
            "tags": {"bot_id": realm.bot.id},
        },
        _role(MODERATOR_ROLE, "Moderators", int(EVERYBODY | MODERATOR), 2),
    ]


def _roles_of(person: Person) -> list[str]:
    if person.is_bot:
        return [BOT_ROLE]
    return [MODERATOR_ROLE] if person.manages else []


def _role(id: str, name: str, permissions: int, position: int, *, managed: bool = False) -> Json:
    return {
        "id": id,
        "name": name,
        "permissions": str(permissions),
        "position": position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "managed": managed,
        "mentionable": True,
        "flags": 0,
    }
