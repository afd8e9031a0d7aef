"""The sandbox's workspace as the app is allowed to see it."""

from collections.abc import Callable

from sandbox.slack.app import App
from sandbox.slack.errors import Refused
from sandbox.slack.files import Files
from sandbox.slack.responses import ResponseUrls
from sandbox.slack.statuses import Statuses
from sandbox.slack.streams import Streams
from sandbox.slack.tickets import Tickets
from sandbox.slack.triggers import Triggers
from sandbox.slack.views import Views
from sandbox.world import Channel, Kind, Message, Person, Space


class Workspace:
    """One Slack workspace with the app in it, and what Slack remembers for the app.

    `groups` are user groups by id, each a handle and its people; `void` are tokens that were
    good, and how they are refused. `clock` gives seconds; `address` is where its server listens ("http://host:port").
    """

    def __init__(self, space: Space, app: App, clock: Callable[[], float]) -> None:
        self.space = space
        self.app = app
        self.clock = clock
        self.address = ""
        self.installed = True
        self.void: dict[str, str] = {}
        self.files = Files()
        self.groups: dict[str, tuple[str, frozenset[str]]] = {}
        self.responses = ResponseUrls(clock)
        self.statuses = Statuses(space)
        self.streams = Streams(clock)
        self.tickets = Tickets()
        self.triggers = Triggers(clock)
        self.views = Views()

    def remove(self, code: str) -> None:
        """The app's token is void from now on; `code` is how Slack refuses it."""
        self.installed = False
        self.void[self.app.bot_token] = code

    def channel(self, id: str) -> Channel:
        """A channel that the app can see, or `channel_not_found`."""
        channel = self.space.channels.get(id)
        if channel is None or not (channel.kind is Kind.PUBLIC or self.is_in(channel)):
            raise Refused("channel_not_found")
        return channel

    def joined(self, id: str) -> Channel:
        """A channel that the app is a member of, or `not_in_channel`."""
        channel = self.channel(id)
        if not self.is_in(channel):
            raise Refused("not_in_channel")
        return channel

    def is_in(self, channel: Channel) -> bool:
        """Whether the app's bot is a member."""
        return self.app.user in channel.members

    def person(self, id: str) -> Person:
        """Somebody of the workspace, or `user_not_found`."""
        person = self.space.people.get(id)
        if person is None:
            raise Refused("user_not_found")
        return person

    def message(self, channel: str, ts: str) -> Message:
        """A message that everybody sees, or `message_not_found`."""
        message = self.space.message(channel, ts)
        if message is None or message.only_for:
            raise Refused("message_not_found")
        return message

    def erase(self, message: Message) -> None:
        """Delete as Slack does: the root of a thread leaves a tombstone."""
        replies = self.space.messages(message.channel, message.id)
        if any(reply.thread == message.id and not reply.only_for for reply in replies):
            text = "This message was deleted."
            self.space.edit(message.channel, message.id, text, {"subtype": "tombstone"})
        else:
            self.space.delete(message.channel, message.id)

    def direct(self, *people: str) -> Channel:
        """The app's direct (group) message with these people, opened when there is none."""
        members = {*people, self.app.user}
        for channel in self.space.channels.values():
            if channel.kind is Kind.DIRECT and channel.members == members:
                return channel
        names = ", ".join(sorted(self.person(one).name for one in people))
        sort = "D" if len(people) == 1 else "G"
        own = sort + "0".join(["", *sorted(one.removeprefix("U0") for one in people)])
        return self.space.add_channel(Channel(own, names, Kind.DIRECT, members))

    def needs(self, scope: str) -> None:
        """Raise `missing_scope` unless the app was granted it."""
        if scope not in self.app.scopes:
            raise missing(scope, self.app.scopes)


def missing(needed: str, granted: frozenset[str]) -> Refused:
    """The refusal of a call for which the token has no scope."""
    return Refused("missing_scope", needed=needed, provided=",".join(sorted(granted)))


def sort_of(channel: Channel) -> str:
    """Slack's four sorts of channels, as in `channel_type`: channel, group, im, mpim."""
    if channel.kind is Kind.PUBLIC:
        return "channel"
    if channel.kind is Kind.PRIVATE:
        return "group"
    return "im" if len(channel.members) <= 2 else "mpim"


SCOPE_PREFIX = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
