"""Reactions of the app."""

import re

from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import Refused
from sandbox.slack.method import Answer, Method
from sandbox.slack.workspace import Workspace
from sandbox.world import Message

_NAME = re.compile(r"[a-z0-9_+'-]{1,100}")


def add(slack: Workspace, arguments: Arguments) -> Answer:
    """React to a message."""
    message, mine = _target(slack, arguments)
    if mine in message.reactions:
        raise Refused("already_reacted")
    slack.space.react(message.channel, message.id, slack.app.user, mine[0])
    return {}


def remove(slack: Workspace, arguments: Arguments) -> Answer:
    """Take a reaction back."""
    message, mine = _target(slack, arguments)
    if mine not in message.reactions:
        raise Refused("no_reaction")
    slack.space.react(message.channel, message.id, slack.app.user, mine[0], on=False)
    return {}


def _target(slack: Workspace, arguments: Arguments) -> tuple[Message, tuple[str, str]]:
    name = arguments.need("name").strip(":")
    if not _NAME.fullmatch(name):
        raise Refused("invalid_name")
    if not arguments.has("channel") or not arguments.has("timestamp"):
        raise Refused("no_item_specified")
    channel = slack.joined(arguments.need("channel"))
    if channel.archived:
        raise Refused("is_archived")
    message = slack.message(channel.id, arguments.need("timestamp"))
    return message, (name, slack.app.user)


METHODS = {
    "reactions.add": Method(add, ("reactions:write",)),
    "reactions.remove": Method(remove, ("reactions:write",)),
}
