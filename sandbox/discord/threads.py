"""Opening threads: on a message, without one, and as posts of a forum."""

from collections.abc import Sequence
from datetime import timedelta

from sandbox.discord import drafts
from sandbox.discord.drafts import Draft
from sandbox.discord.files import Upload
from sandbox.discord.mentions import EVERYTHING
from sandbox.discord.objects.channels import PRIVATE_THREAD, PUBLIC_THREAD
from sandbox.discord.objects.messages import SYSTEM, THREAD_CREATED, THREAD_STARTER
from sandbox.discord.permissions import Permission
from sandbox.discord.posts import Posts
from sandbox.discord.realm import Json, Realm
from sandbox.discord.refusals import Code, InvalidForm, Refused
from sandbox.world import Channel, Kind, Message

ARCHIVE_AFTER = frozenset({60, 1440, 4320, 10080})
"""Minutes after which a thread may be set to archive itself."""

OLDER = timedelta(minutes=1)
"""A thread on a message older than this is announced in the channel (topics/threads)."""


class Threads:
    """Opens threads for the bot and for people."""

    def __init__(self, realm: Realm, posts: Posts) -> None:
        self._realm = realm
        self._posts = posts

    def on_message(self, channel: Channel, message: Message, body: Json) -> Channel:
        """Open a thread on a message; it gets the message's id. 160004 when it has one."""
        if channel.kind not in (Kind.PUBLIC, Kind.PRIVATE):
            raise Refused(Code.WRONG_CHANNEL_TYPE)
        self._realm.require(channel, Permission.CREATE_PUBLIC_THREADS)
        name, extra = self._described(body)
        if message.id in self._realm.space.channels:
            raise Refused(Code.THREAD_EXISTS)
        if message.payload.get("type") in SYSTEM:
            raise Refused(Code.SYSTEM_MESSAGE)
        thread = self._add(channel, message.id, name, extra | {"starter": message.id})
        reference = {"channel_id": channel.id, "message_id": message.id}
        self._announce(thread, THREAD_STARTER, "", message.author, reference)
        if self._realm.now() - message.created > OLDER:
            self._announce_in_parent(channel, thread)
        return thread

    def alone(self, channel: Channel, body: Json) -> Channel:
        """Open a thread on no message."""
        if channel.kind not in (Kind.PUBLIC, Kind.PRIVATE):
            raise Refused(Code.WRONG_CHANNEL_TYPE)
        is_public = body.get("type", PRIVATE_THREAD) == PUBLIC_THREAD
        self._realm.require(
            channel,
            Permission.CREATE_PUBLIC_THREADS if is_public else Permission.CREATE_PRIVATE_THREADS,
        )
        name, extra = self._described(body)
        kind = PUBLIC_THREAD if is_public else PRIVATE_THREAD
        thread = self._add(channel, self._realm.space.new_id(), name, extra | {"type": kind})
        if is_public:
            self._announce_in_parent(channel, thread)
        return thread

    def in_forum(
        self, forum: Channel, body: Json, uploads: Sequence[Upload]
    ) -> tuple[Channel, Message]:
        """Write a post of the bot into a forum."""
        self._realm.require(forum, Permission.SEND_MESSAGES)
        name, extra = self._described(body)
        draft = drafts.draft(body.get("message") or {}, uploads, EVERYTHING)
        return self._write(forum, name, extra, draft)

    def _write(
        self, forum: Channel, name: str, extra: Json, draft: Draft
    ) -> tuple[Channel, Message]:
        if draft.is_empty():
            raise Refused(Code.EMPTY_MESSAGE)
        thread = self._add(forum, self._realm.space.new_id(), name, extra)
        return thread, self._posts.post(thread, draft, id=thread.id)

    def _described(self, body: Json) -> tuple[str, Json]:
        name = str(body.get("name") or "").strip()
        if not 1 <= len(name) <= 100:
            raise InvalidForm(
                "name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."
            )
        minutes = body.get("auto_archive_duration") or 1440
        if minutes not in ARCHIVE_AFTER:
            raise InvalidForm(
                "auto_archive_duration",
                "BASE_TYPE_CHOICES",
                "Value must be one of (60, 1440, 4320, 10080).",
            )
        created = self._realm.now().isoformat()
        return name, {"auto_archive": minutes, "created": created, "owner": self._realm.bot.id}

    def _add(self, parent: Channel, id: str, name: str, extra: Json) -> Channel:
        members = {self._realm.bot.id}
        thread = Channel(id, name, Kind.THREAD, members, parent=parent.id, extra=extra)
        return self._realm.space.add_channel(thread)

    def _announce(self, place: Channel, kind: int, text: str, author: str, reference: Json) -> None:
        payload = {"type": kind, "reference": reference, "mentions": [], "pings": []}
        self._realm.space.post(place.id, author, text, payload=payload)

    def _announce_in_parent(self, parent: Channel, thread: Channel) -> None:
        reference = {"channel_id": thread.id}
        self._announce(parent, THREAD_CREATED, thread.name, self._realm.bot.id, reference)
