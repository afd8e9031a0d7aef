"""Threads: opening them, and who is in them (resources/channel, "Start Thread")."""

from sandbox.discord.calls import Call, Created, Route
from sandbox.discord.objects import channels, messages
from sandbox.discord.realm import Json, Realm
from sandbox.discord.refusals import Code, Refused
from sandbox.discord.threads import Threads
from sandbox.world import Channel, Kind

_MEMBERS = "/channels/{channel}/thread-members"


class ThreadRoutes:
    """What the bot does with threads."""

    def __init__(self, realm: Realm, threads: Threads) -> None:
        self._realm = realm
        self._threads = threads

    def table(self) -> list[Route]:
        """Its rows."""
        on_message = "/channels/{channel}/messages/{message}/threads"
        return [
            Route("POST", on_message, "POST thread", self._open_on_message),
            Route("POST", "/channels/{channel}/threads", "POST thread", self._open),
            Route("GET", _MEMBERS, "GET thread-members", self._members),
            Route("PUT", f"{_MEMBERS}/@me", "PUT thread-member", self._join),
            Route("DELETE", f"{_MEMBERS}/@me", "DELETE thread-member", self._leave),
            Route("GET", f"{_MEMBERS}/{{user}}", "GET thread-member", self._member),
            Route("PUT", f"{_MEMBERS}/{{user}}", "PUT thread-member", self._add),
        ]

    def _open_on_message(self, call: Call) -> Created:
        channel = self._realm.channel(call.path["channel"])
        message = self._realm.message(channel, call.path["message"])
        thread = self._threads.on_message(channel, message, call.body)
        return Created(channels.thread(self._realm, thread))

    def _open(self, call: Call) -> Created:
        channel = self._realm.channel(call.path["channel"])
        if channel.kind is not Kind.FORUM:
            thread = self._threads.alone(channel, call.body)
            return Created(channels.thread(self._realm, thread))
        thread, first = self._threads.in_forum(channel, call.body, call.uploads)
        message = messages.message(self._realm, first)
        return Created(channels.thread(self._realm, thread) | {"message": message})

    def _members(self, call: Call) -> list[Json]:
        if "members" not in self._realm.privileged:
            raise Refused(Code.MISSING_ACCESS)
        thread = self._thread(call)
        return [channels.thread_member(thread, person) for person in sorted(thread.members)]

    def _member(self, call: Call) -> Json:
        thread, person = self._thread(call), call.path["user"]
        if person not in thread.members:
            raise Refused(Code.UNKNOWN_MEMBER)
        return channels.thread_member(thread, person)

    def _join(self, call: Call) -> None:
        self._realm.join(self._active(call), self._realm.bot.id)

    def _add(self, call: Call) -> None:
        person = call.path["user"]
        if person not in self._realm.space.people:
            raise Refused(Code.UNKNOWN_USER)
        self._realm.join(self._active(call), person)

    def _leave(self, call: Call) -> None:
        thread = self._active(call)
        thread.members.discard(self._realm.bot.id)
        self._realm.changed(thread)

    def _thread(self, call: Call) -> Channel:
        channel = self._realm.channel(call.path["channel"])
        if channel.kind is not Kind.THREAD:
            raise Refused(Code.WRONG_CHANNEL_TYPE)
        return channel

    def _active(self, call: Call) -> Channel:
        thread = self._thread(call)
        if thread.archived:
            raise Refused(Code.THREAD_ARCHIVED)
        return thread
