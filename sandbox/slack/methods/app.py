"""The app itself: who its token is, and its way to events."""

from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import Refused
from sandbox.slack.method import Answer, Method
from sandbox.slack.workspace import Workspace


def auth_test(slack: Workspace, _arguments: Arguments) -> Answer:
    """Who the token speaks for."""
    app = slack.app
    return {
        "url": f"https://{app.team_domain}.slack.com/",
        "team": app.team_name,
        "user": slack.space.people[app.user].handle,
        "team_id": app.team,
        "user_id": app.user,
        "bot_id": app.bot,
        "is_enterprise_install": False,
    }


def connections_open(slack: Workspace, _arguments: Arguments) -> Answer:
    """An address that opens one socket, once."""
    if not slack.app.socket_mode:
        raise Refused("socket_mode_not_enabled")
    address = slack.address.replace("http", "ws", 1)
    ticket = slack.tickets.issue()
    return {"url": f"{address}/link/?ticket={ticket}&app_id={slack.app.id}"}


def manifest_export(slack: Workspace, arguments: Arguments) -> Answer:
    """What the app asks for; of it, what the sandbox goes by."""
    app = slack.app
    if arguments.need("app_id") != app.id:
        raise Refused("app_not_found")
    settings = {
        "event_subscriptions": {"bot_events": sorted(app.events)},
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": app.socket_mode,
    }
    features = {
        "app_home": {"messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
        "slash_commands": [{"command": name} for name in sorted(app.commands)],
    }
    scopes = {"scopes": {"bot": sorted(app.scopes)}}
    return {"manifest": {"settings": settings, "features": features, "oauth_config": scopes}}


def auth_revoke(slack: Workspace, arguments: Arguments) -> Answer:
    """Make the token void."""
    if not arguments.flag("test"):
        slack.remove("token_revoked")
    return {"revoked": not arguments.flag("test")}


METHODS = {
    "auth.revoke": Method(auth_revoke, writes=False),
    "auth.test": Method(auth_test),
    "apps.manifest.export": Method(manifest_export, config_level=True),
    "apps.connections.open": Method(connections_open, app_level=True),
}
