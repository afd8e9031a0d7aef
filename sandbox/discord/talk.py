"""What people say in the sandbox's Discord; the bot's limits do not bind them."""

from collections.abc import Sequence

from sandbox.discord.composer import composed
from sandbox.discord.drafts import Draft, attach
from sandbox.discord.embeds import units
from sandbox.discord.files import Upload
from sandbox.discord.mentions import EVERYTHING, mentions
from sandbox.discord.objects import messages
from sandbox.discord.posts import Posts
from sandbox.discord.realm import Json, Realm
from sandbox.world import Change, Channel, Kind, Message, Person

LONGEST = 4000
"""UTF-16 units that the client lets a person send (2,000 without Nitro)."""


MOST_FILES = 10
"""Files that the client lets a person send with one message."""


class Talk:
    """Saying, changing, reacting. People, places and messages go by their ids.

    All methods raise `LookupError` for what does not exist, `PermissionError` for what
    Discord would not let that person do, `ValueError` for what its client would not send.
    """

    def __init__(self, realm: Realm, posts: Posts) -> None:
        self._realm = realm
        self._posts = posts

    def say(
        self,
        person: str,
        channel: str,
        text: str,
        *,
        reply_to: str = "",
        ping: bool = True,
        files: Sequence[Upload] = (),
    ) -> Message:
        """Write a message; names after an @ or a # become mentions.

        `reply_to` is a message in the same channel; `ping` notifies its author.
        """
        who, place = self._realm.present(person, channel)
        if place.kind is Kind.FORUM:
            raise ValueError("A forum holds posts; give this one a title.")
        text = self._sendable(text, files)
        payload = self._payload(text, self._replied(place, reply_to), ping=ping)
        payload["attachments"] = attach(self._realm, Draft(uploads=tuple(files)))
        self._posts.open(place)
        message = self._realm.space.post(place.id, who.id, text, payload=payload)
        if place.kind is Kind.THREAD:
            self._realm.join(place, who.id, *payload["mentions"])
        return message

    def open_post(self, person: str, channel: str, title: str, text: str) -> Channel:
        """Write a post into a forum: a thread whose first message has the thread's id."""
        who, forum = self._realm.present(person, channel)
        if forum.kind is not Kind.FORUM:
            raise ValueError(f"#{forum.name} is no forum.")
        if not 1 <= len(title) <= 100:
            raise ValueError("A title has 1 to 100 characters.")
        text = self._sendable(text, ())
        extra = {"owner": who.id, "created": self._realm.now().isoformat()}
        number = self._realm.space.new_id()
        post = Channel(number, title, Kind.THREAD, {who.id}, parent=forum.id, extra=extra)
        self._realm.space.add_channel(post)
        payload = self._payload(text, None, ping=False)
        self._realm.space.post(post.id, who.id, text, payload=payload, id=post.id)
        self._realm.join(post, *payload["mentions"])
        return post

    def edit(self, person: str, channel: str, message: str, text: str) -> Message:
        """Change a message of one's own; an edit pings nobody."""
        who, before = self._seen(person, channel, message)
        if before.author != who.id:
            raise PermissionError("You can only edit your own messages.")
        text = self._sendable(text, before.payload.get("attachments", ()))
        found = EVERYTHING.among(mentions(text), self._realm.space.people)
        payload = before.payload | {"mentions": list(found.users)}
        return self._realm.space.edit(before.channel, before.id, text, payload)

    def delete(self, person: str, channel: str, message: str) -> Message:
        """Take a message of one's own away; those who manage the guild take any."""
        who, found = self._seen(person, channel, message)
        if who.id not in (found.author, found.only_for) and not who.manages:
            raise PermissionError("You can only delete your own messages.")
        return self._realm.space.delete(found.channel, found.id)

    def react(
        self, person: str, channel: str, message: str, emoji: str, *, on: bool = True
    ) -> Message:
        """React to a message, or take a reaction back."""
        who, found = self._seen(person, channel, message)
        return self._realm.space.react(found.channel, found.id, who.id, emoji, on=on)

    def type(self, person: str, channel: str) -> None:
        """Be seen typing."""
        who, place = self._realm.present(person, channel)
        space = self._realm.space
        space.tell(Change("typing", space.name, place.id, note={"person": who.id}))

    def _seen(self, person: str, channel: str, message: str) -> tuple[Person, Message]:
        who, place = self._realm.present(person, channel)
        return who, self._realm.shown(who, place, message)

    def _sendable(self, text: str, files: Sequence[object]) -> str:
        text = composed(self._realm, text.strip())
        if len(files) > MOST_FILES:
            raise ValueError(f"A message has at most {MOST_FILES} files.")
        if not text and not files:
            raise ValueError("There is nothing to send.")
        if (length := units(text)) > LONGEST:
            raise ValueError(
                f"A message has at most {LONGEST:,} characters, and this one has {length:,}. "
                "Shorten it, then send it again."
            )
        return text

    def _replied(self, place: Channel, id: str) -> Message | None:
        if not id:
            return None
        message = self._realm.space.message(place.id, id)
        if message is None:
            raise LookupError("The message that this replies to is gone.")
        return message

    def _payload(self, text: str, replied: Message | None, *, ping: bool) -> Json:
        author = replied.author if replied and ping else ""
        found = EVERYTHING.among(mentions(text), self._realm.space.people, author)
        payload: Json = {"mentions": list(found.users), "pings": found.pings}
        if replied is None:
            return payload
        reference = {"channel_id": replied.channel, "message_id": replied.id}
        return payload | {"type": messages.REPLY, "reference": reference}
