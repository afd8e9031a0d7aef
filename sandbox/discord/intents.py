"""Gateway intents: which events a session has asked for (events/gateway, "Gateway Intents")."""

from enum import IntFlag


class Intent(IntFlag):
    """All intents there are; the values are Discord's."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_INTEGRATIONS = 1 << 4
    GUILD_WEBHOOKS = 1 << 5
    GUILD_INVITES = 1 << 6
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15
    GUILD_SCHEDULED_EVENTS = 1 << 16
    AUTO_MODERATION_CONFIGURATION = 1 << 20
    AUTO_MODERATION_EXECUTION = 1 << 21
    GUILD_MESSAGE_POLLS = 1 << 24
    DIRECT_MESSAGE_POLLS = 1 << 25


NOTHING = Intent(0)

PRIVILEGED = {
    "message_content": (Intent.MESSAGE_CONTENT, 1 << 19),
    "members": (Intent.GUILD_MEMBERS, 1 << 15),
    "presences": (Intent.GUILD_PRESENCES, 1 << 13),
}
"""Name of the portal's switch → the intent, and the application flag (below 100 guilds)."""


def disallowed(asked: Intent, enabled: frozenset[str]) -> bool:
    """Whether a privileged intent is asked for that the portal does not allow."""
    return any(
        asked & intent for name, (intent, _flag) in PRIVILEGED.items() if name not in enabled
    )


def application_flags(enabled: frozenset[str]) -> int:
    """The flags by which an application shows its privileged intents."""
    return sum(flag for name, (_intent, flag) in PRIVILEGED.items() if name in enabled)
