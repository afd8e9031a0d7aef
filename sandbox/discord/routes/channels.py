"""Channels and direct messages as such (resources/channel, resources/user)."""

from sandbox.discord.calls import Call, Route
from sandbox.discord.objects import channels
from sandbox.discord.permissions import Permission
from sandbox.discord.realm import Json, Realm
from sandbox.discord.refusals import Code, InvalidForm, Refused
from sandbox.world import Channel, Kind


class ChannelRoutes:
    """What the bot does with channels."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm

    def table(self) -> list[Route]:
        """Its rows."""
        return [
            Route("GET", "/channels/{channel}", "GET channel", self._get),
            Route("PATCH", "/channels/{channel}", "PATCH channel", self._change),
            Route("POST", "/users/@me/channels", "POST dm", self._open_direct),
        ]

    def _get(self, call: Call) -> Json:
        return channels.channel(self._realm, self._realm.channel(call.path["channel"]))

    def _change(self, call: Call) -> Json:
        channel = self._realm.channel(call.path["channel"])
        if channel.kind is Kind.DIRECT:
            raise Refused(Code.NOT_IN_A_DIRECT_MESSAGE)
        if channel.kind is Kind.THREAD:
            self._change_thread(channel, call.body)
        else:
            self._realm.require(channel, Permission.MANAGE_CHANNELS)
            channel.name = _name(call.body, channel.name)
            channel.extra["topic"] = call.body.get("topic", channel.extra.get("topic"))
        self._realm.changed(channel)
        return channels.channel(self._realm, channel)

    def _change_thread(self, thread: Channel, body: Json) -> None:
        self._check_may_change(thread, body)
        if thread.archived and body.get("archived") is not False:
            raise Refused(Code.THREAD_ARCHIVED)
        thread.name = _name(body, thread.name)
        if "archived" in body:
            thread.archived = bool(body["archived"])
            thread.extra["archived_at"] = self._realm.now().isoformat()
        for field, key in (("locked", "locked"), ("auto_archive_duration", "auto_archive")):
            if field in body:
                thread.extra[key] = body[field]

    def _check_may_change(self, thread: Channel, body: Json) -> None:
        """Its owner may rename and archive it; members may bring it back (topics/threads)."""
        own = thread.extra.get("owner") == self._realm.bot.id
        only_back = set(body) == {"archived"} and not body["archived"]
        if "locked" in body or not (own or (only_back and self._realm.bot.id in thread.members)):
            self._realm.require(thread, Permission.MANAGE_THREADS)
        if thread.extra.get("locked") and not own:
            raise Refused(Code.THREAD_LOCKED)

    def _open_direct(self, call: Call) -> Json:
        person = self._realm.space.people.get(str(call.body.get("recipient_id")))
        if person is None or person.is_bot:
            raise InvalidForm("recipient_id", "USER_INVALID", "Invalid Recipient(s)")
        both = {person.id, self._realm.bot.id}
        for channel in self._realm.space.channels.values():
            if channel.kind is Kind.DIRECT and channel.members == both:
                return channels.channel(self._realm, channel)
        channel = Channel(self._realm.space.new_id(), person.name, Kind.DIRECT, both)
        return channels.channel(self._realm, self._realm.space.add_channel(channel))


def _name(body: Json, before: str) -> str:
    name = str(body.get("name", before)).strip()
    if not 1 <= len(name) <= 100:
        raise InvalidForm("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    return name
