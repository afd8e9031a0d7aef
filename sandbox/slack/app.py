"""The app as it is installed in the sandbox's workspace: ids, scopes, events, commands."""

from dataclasses import dataclass

SCOPES = frozenset(
    {
        "app_mentions:read",
        "assistant:write",
        "channels:history",
        "channels:read",
        "chat:write",
        "chat:write.public",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "mpim:history",
        "mpim:read",
        "reactions:write",
        "usergroups:read",
        "users:read",
    }
)

EVENTS = frozenset(
    {
        "agent_session_stopped",
        "app_home_opened",
        "app_mention",
        "app_uninstalled",
        "message.channels",
        "message.groups",
        "message.im",
        "message.mpim",
        "tokens_revoked",
    }
)

EVENT_SCOPES = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
}

COMMANDS = frozenset({"/ask", "/parley"})


@dataclass(frozen=True, slots=True)
class App:
    """One installation: who the bot is there and what it was granted.

    `view` is how it is declared: as an "agent" (`agent_view`), as an "assistant" of the
    older sort (`assistant_view`), or as none, an empty string. `config_token` is that of whoever
    manages apps; `socket_mode` the switch on its page of that name.
    """

    bot_token: str
    app_token: str
    scopes: frozenset[str] = SCOPES
    events: frozenset[str] = EVENTS
    commands: frozenset[str] = COMMANDS
    view: str = "agent"
    socket_mode: bool = True
    config_token: str = "xoxe.xoxp-sandbox"  # noqa: S105  # it opens nothing
    id: str = "A0PARLEY"
    user: str = "U0PARLEY"
    bot: str = "B0PARLEY"
    team: str = "T0SANDBOX"
    team_name: str = "Sandbox"
    team_domain: str = "sandbox"

    def hears(self, event: str) -> bool:
        """Whether it is subscribed to an event and holds the scope that the event needs."""
        scope = EVENT_SCOPES.get(event)
        return event in self.events and (scope is None or scope in self.scopes)
