"""Writing and changing messages in the world, the bot's way and people's way."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from sandbox.discord import drafts
from sandbox.discord.drafts import Draft
from sandbox.discord.files import Upload
from sandbox.discord.mentions import EVERYTHING
from sandbox.discord.objects.messages import REPLY
from sandbox.discord.permissions import Permission
from sandbox.discord.realm import Json, Realm
from sandbox.discord.refusals import Code, InvalidForm, Limited, Refused
from sandbox.limits import FixedWindow
from sandbox.world import Channel, Kind, Message

NONCE_KEPT = 120.0
"""Seconds for which a nonce is remembered ("the past few minutes")."""

OLD = 3600.0
"""Seconds after which edits of a message fall under a limit of their own (code 30046)."""

OLD_EDITS = 3
"""How many such edits pass in a minute and channel; Discord does not publish its number."""


class Posts:
    """The bot's messages: sent once per nonce, edited by their author alone."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm
        self._nonces: OrderedDict[str, tuple[float, str, str]] = OrderedDict()
        self._old_edits: OrderedDict[str, FixedWindow] = OrderedDict()

    def send(self, channel: Channel, body: Json, uploads: Sequence[Upload]) -> Message:
        """Post a message of the bot; with an enforced nonce, the one that it made before."""
        self.check_may_send(channel)
        draft = drafts.draft(body, uploads, EVERYTHING)
        nonce = _nonce(body)
        reference = self._reference(channel, body)
        self._check_contents(channel, draft)
        if body.get("enforce_nonce") and (known := self._known(nonce)):
            return known
        self.open(channel)
        extra = {"nonce": body["nonce"]} if nonce else {}
        message = self.post(channel, draft, reference=reference, **extra)
        self._remember(nonce, message)
        return message

    def post(
        self,
        channel: Channel,
        draft: Draft,
        *,
        reference: Json | None = None,
        only_for: str = "",
        id: str = "",
        **payload: Any,
    ) -> Message:
        """Write a draft of the bot into a channel; 50006 when nothing in it can be seen."""
        if draft.is_empty():
            raise Refused(Code.EMPTY_MESSAGE)
        replied = self._author_of(reference)
        found = drafts.mentioned(self._realm, draft, replied=replied)
        kept = {
            "embeds": draft.embeds or [],
            "components": draft.components or [],
            "attachments": drafts.attach(self._realm, draft),
            "flags": draft.flags,
            "mentions": list(found.users),
            "pings": found.pings,
            **({"type": REPLY, "reference": reference} if reference else {}),
            **payload,
        }
        bot = self._realm.bot.id
        message = self._realm.space.post(
            channel.id, bot, draft.content or "", payload=kept, only_for=only_for, id=id
        )
        if self._realm.is_thread(channel):
            self._realm.join(channel, bot, *found.users)
        return message

    def edit(self, message: Message, body: Json, uploads: Sequence[Upload]) -> Message:
        """Change a message of the bot by a channel route; 50005 for somebody else's."""
        channel = self._realm.space.channels[message.channel]
        if message.author != self._realm.bot.id:
            raise Refused(Code.NOT_THE_AUTHOR)
        self._check_active(channel)
        self._check_age(message)
        return self.change(message, drafts.draft(body, uploads, EVERYTHING, v2=_is_v2(message)))

    def change(self, message: Message, draft: Draft, **payload: Any) -> Message:
        """Put a draft in place of what a message holds; parts left out stay as they are."""
        before = message.payload
        files = [
            file
            for file in before.get("attachments", ())
            if draft.kept is None or file["id"] in draft.kept
        ]
        kept = {
            **before,
            "embeds": before.get("embeds", []) if draft.embeds is None else draft.embeds,
            "components": (
                before.get("components", []) if draft.components is None else draft.components
            ),
            "attachments": [*files, *drafts.attach(self._realm, draft)],
            "flags": before.get("flags", 0) | draft.flags,
            **payload,
        }
        text = message.text if draft.content is None else draft.content
        if not (
            text or kept["embeds"] or kept["attachments"] or (draft.is_v2 and kept["components"])
        ):
            raise Refused(Code.EMPTY_MESSAGE)
        if draft.content is not None and "mentions" not in payload:
            kept["mentions"] = list(drafts.mentioned(self._realm, draft).users)
        return self._realm.space.edit(message.channel, message.id, text, kept)

    def check_may_send(self, channel: Channel) -> None:
        """Refuse what the bot cannot do in this kind of channel, or may not."""
        if channel.kind is Kind.FORUM:
            raise Refused(Code.NOT_A_TEXT_CHANNEL)
        if channel.kind is Kind.DIRECT:
            if "SEND_MESSAGES" in channel.extra.get("deny", ()):
                raise Refused(Code.CANNOT_MESSAGE_USER)
            return
        is_thread = self._realm.is_thread(channel)
        self._realm.require(
            channel,
            Permission.SEND_MESSAGES_IN_THREADS if is_thread else Permission.SEND_MESSAGES,
        )
        if channel.archived and channel.extra.get("locked"):
            raise Refused(Code.THREAD_LOCKED)

    def open(self, channel: Channel) -> None:
        """Bring an archived thread back; saying something in it does that."""
        if channel.archived:
            channel.archived = False
            channel.extra["archived_at"] = self._realm.now().isoformat()
            self._realm.changed(channel)

    def _check_contents(self, channel: Channel, draft: Draft) -> None:
        if draft.uploads:
            self._realm.require(channel, Permission.ATTACH_FILES)
        if draft.embeds:
            self._realm.require(channel, Permission.EMBED_LINKS)

    def _check_active(self, channel: Channel) -> None:
        if channel.archived:
            raise Refused(Code.THREAD_ARCHIVED)

    def _check_age(self, message: Message) -> None:
        now = self._realm.now()
        if (now - message.created).total_seconds() < OLD:
            return
        window = self._old_edits.setdefault(message.channel, FixedWindow(OLD_EDITS, 60.0))
        if len(self._old_edits) > 1000:
            self._old_edits.popitem(last=False)
        if wait := window.take(now.timestamp()):
            raise Limited(wait, code=Code.OLD_MESSAGE_EDITED_TOO_OFTEN)

    def _reference(self, channel: Channel, body: Json) -> Json | None:
        given = body.get("message_reference")
        if not given:
            return None
        replied = str(given.get("message_id", ""))
        if self._realm.space.message(channel.id, replied) is None:
            if given.get("fail_if_not_exists", True):
                raise InvalidForm("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
            return None
        if Permission.READ_MESSAGE_HISTORY not in self._realm.permissions(channel):
            raise Refused(Code.NO_REPLY_WITHOUT_HISTORY)
        return {"channel_id": channel.id, "message_id": replied}

    def _author_of(self, reference: Json | None) -> str:
        if reference is None:
            return ""
        message = self._realm.space.message(reference["channel_id"], reference["message_id"])
        return message.author if message else ""

    def _known(self, nonce: str) -> Message | None:
        now = self._realm.seconds()
        while self._nonces and next(iter(self._nonces.values()))[0] <= now - NONCE_KEPT:
            self._nonces.popitem(last=False)
        if nonce not in self._nonces:
            return None
        _at, channel, message = self._nonces[nonce]
        return self._realm.space.message(channel, message)

    def _remember(self, nonce: str, message: Message) -> None:
        if nonce:
            self._nonces[nonce] = (self._realm.seconds(), message.channel, message.id)
            self._nonces.move_to_end(nonce)
            if len(self._nonces) > 10_000:
                self._nonces.popitem(last=False)


def _nonce(body: Json) -> str:
    nonce = str(body.get("nonce") or "")
    if len(nonce) > 25:
        raise InvalidForm("nonce", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    return nonce


def _is_v2(message: Message) -> bool:
    return bool(message.payload.get("flags", 0) & 1 << 15)
