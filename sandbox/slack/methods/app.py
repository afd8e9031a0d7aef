"""The app itself: who its token is, and its way to events."""

from sandbox.slack.arguments import Arguments
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
    address = slack.address.replace("http", "ws", 1)
    ticket = slack.tickets.issue()
    return {"url": f"{address}/link/?ticket={ticket}&app_id={slack.app.id}"}


METHODS = {
    "auth.test": Method(auth_test),
    "apps.connections.open": Method(connections_open, app_level=True),
}
