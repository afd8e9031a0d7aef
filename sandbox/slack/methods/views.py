"""Modals and the home tab."""

from typing import Any

from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import InvalidArguments
from sandbox.slack.method import Answer, Method
from sandbox.slack.views import View, shown
from sandbox.slack.workspace import Workspace
from sandbox.world import Change


def open_view(slack: Workspace, arguments: Arguments) -> Answer:
    """Show a modal to whoever has just clicked or commanded."""
    trigger, content = arguments.need("trigger_id"), _content(arguments)
    return _answer(slack, slack.views.open(slack.triggers.redeem(trigger), content))


def update(slack: Workspace, arguments: Arguments) -> Answer:
    """Replace what a modal shows."""
    content = _content(arguments)
    named = arguments.text("view_id")
    view = slack.views.get(named) if named else slack.views.find(arguments.need("external_id"))
    return _answer(slack, slack.views.update(view.id, content, arguments.text("hash")))


def publish(slack: Workspace, arguments: Arguments) -> Answer:
    """Fill somebody's home tab."""
    person = slack.person(arguments.need("user_id"))
    return _answer(slack, slack.views.publish(person.id, _content(arguments)))


def _content(arguments: Arguments) -> dict[str, Any]:
    content = arguments.mapping("view", "invalid_arguments")
    if content is None:
        raise InvalidArguments("missing required field: view")
    return content


def _answer(slack: Workspace, view: View) -> Answer:
    note = {"person": view.person, "view": view.id, "content": view.content}
    slack.space.tell(Change("view", slack.space.name, "", note=note))
    app = slack.app
    return {"view": shown(view, app.team, app.id, app.bot)}


METHODS = {
    "views.open": Method(open_view),
    "views.update": Method(update),
    "views.publish": Method(publish),
}
