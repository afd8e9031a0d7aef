"""Messages of a channel: reading, sending, editing, deleting (resources/message)."""

from collections.abc import Callable
from datetime import timedelta

from sandbox.discord.calls import Call, Route
from sandbox.discord.events import Event
from sandbox.discord.intents import Intent
from sandbox.discord.objects import messages
from sandbox.discord.permissions import Permission
from sandbox.discord.posts import Posts
from sandbox.discord.realm import GUILD, Json, Realm
from sandbox.discord.refusals import Code, InvalidForm, Refused
from sandbox.world import Change, Channel, Kind, Message

_MESSAGES = "/channels/{channel}/messages"
_ONE = _MESSAGES + "/{message}"


class MessageRoutes:
    """What the bot does with messages by their channel."""

    def __init__(self, realm: Realm, posts: Posts, dispatch: Callable[[Event], None]) -> None:
        self._realm = realm
        self._posts = posts
        self._dispatch = dispatch

    def table(self) -> list[Route]:
        """Its rows."""
        return [
            Route("GET", _MESSAGES, "GET messages", self._list),
            Route("POST", _MESSAGES, "POST message", self._send),
            Route("POST", f"{_MESSAGES}/bulk-delete", "POST bulk-delete", self._delete_many),
            Route("GET", _ONE, "GET message", self._get),
            Route("PATCH", _ONE, "PATCH message", self._edit),
            Route("DELETE", _ONE, "DELETE message", self._delete),
            Route("POST", "/channels/{channel}/typing", "POST typing", self._type),
        ]

    def _list(self, call: Call) -> list[Json]:
        channel = self._readable(call)
        limit = call.number("limit", 50, 1, 100)
        said = messages.newest(self._realm, channel)
        if not self._may_read(channel):
            said = []
        return [messages.read(self._realm, one) for one in _page(said, call, limit)]

    def _get(self, call: Call) -> Json:
        channel = self._readable(call)
        if not self._may_read(channel):
            raise Refused(Code.MISSING_ACCESS)
        return messages.read(self._realm, self._realm.message(channel, call.path["message"]))

    def _send(self, call: Call) -> Json:
        channel = self._realm.channel(call.path["channel"])
        message = self._posts.send(channel, call.body, call.uploads)
        answer = messages.message(self._realm, message)
        return answer | ({"nonce": call.body["nonce"]} if "nonce" in call.body else {})

    def _edit(self, call: Call) -> Json:
        message = self._one(call)
        return messages.message(self._realm, self._posts.edit(message, call.body, call.uploads))

    def _delete(self, call: Call) -> None:
        message = self._one(call)
        if message.author != self._realm.bot.id:
            self._realm.require(self._channel(call), Permission.MANAGE_MESSAGES)
        self._realm.space.delete(message.channel, message.id)

    def _delete_many(self, call: Call) -> None:
        channel = self._channel(call)
        if channel.kind is Kind.DIRECT:
            raise Refused(Code.NOT_IN_A_DIRECT_MESSAGE)
        self._realm.require(channel, Permission.MANAGE_MESSAGES)
        ids = [str(one) for one in call.body.get("messages") or ()]
        if not 2 <= len(ids) <= 100:
            raise InvalidForm(
                "messages", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length."
            )
        found = [said for one in ids if (said := self._realm.space.message(channel.id, one))]
        if any(self._realm.now() - one.created > timedelta(days=14) for one in found):
            raise Refused(Code.TOO_OLD_FOR_BULK)
        self._delete_silently(channel, found)

    def _delete_silently(self, channel: Channel, found: list[Message]) -> None:
        ids = [message.id for message in found]
        self._realm.bulk.update(ids)
        for one in ids:
            self._realm.space.delete(channel.id, one)
        self._realm.bulk.difference_update(ids)
        data = {"ids": ids, "channel_id": channel.id, "guild_id": GUILD}
        self._dispatch(Event("MESSAGE_DELETE_BULK", data, Intent.GUILD_MESSAGES))

    def _type(self, call: Call) -> None:
        channel = self._channel(call)
        self._posts.check_may_send(channel)
        space = self._realm.space
        note = {"person": self._realm.bot.id}
        space.tell(Change("typing", space.name, channel.id, note=note))

    def _channel(self, call: Call) -> Channel:
        return self._realm.channel(call.path["channel"])

    def _one(self, call: Call) -> Message:
        return self._realm.message(self._channel(call), call.path["message"])

    def _readable(self, call: Call) -> Channel:
        channel = self._channel(call)
        if channel.kind is Kind.FORUM:
            raise Refused(Code.NOT_A_TEXT_CHANNEL)
        return channel

    def _may_read(self, channel: Channel) -> bool:
        return Permission.READ_MESSAGE_HISTORY in self._realm.permissions(channel)


def _page(newest: list[Message], call: Call, limit: int) -> list[Message]:
    """One page of a history, newest first, as `before`, `after` or `around` ask for it."""
    before, after, around = (call.snowflake(name) for name in ("before", "after", "around"))
    if around is not None:
        older = [one for one in newest if int(one.id) <= around][: limit // 2 + 1]
        newer = [one for one in newest if int(one.id) > around]
        return (newer[len(newer) - limit // 2 :] if len(newer) > limit // 2 else newer) + older
    if after is not None:
        newer = [one for one in newest if int(one.id) > after]
        return newer[-limit:]
    if before is not None:
        newest = [one for one in newest if int(one.id) < before]
    return newest[:limit]
