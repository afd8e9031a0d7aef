"""The messages with which the bot answers interactions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sandbox.discord import drafts, forms
from sandbox.discord.drafts import SETTABLE, Draft
from sandbox.discord.files import Upload
from sandbox.discord.interaction import Answer, Interaction
from sandbox.discord.mentions import ONLY_USERS
from sandbox.discord.objects import interactions, messages
from sandbox.discord.objects.messages import EPHEMERAL, LOADING
from sandbox.discord.posts import Posts
from sandbox.discord.realm import Json, Realm
from sandbox.discord.refusals import Code, Refused
from sandbox.world import Change, Message


class Answers:
    """Carries out first answers, follow-ups and changes."""

    def __init__(self, realm: Realm, posts: Posts) -> None:
        self._realm = realm
        self._posts = posts

    def carry_out(
        self, answer: Answer, interaction: Interaction, data: Json, uploads: Sequence[Upload]
    ) -> None:
        """Do what a first answer asks for."""
        match answer:
            case Answer.MESSAGE:
                draft = drafts.draft(data, uploads, ONLY_USERS, flags=SETTABLE | EPHEMERAL)
                kind = interactions.message_type(interaction)
                interaction.original = self._post(interaction, draft, **kind).id
            case Answer.DEFERRED_MESSAGE:
                interaction.original = self._think(interaction, data).id
            case Answer.DEFERRED_UPDATE:
                interaction.original = self._source(interaction).id
            case Answer.UPDATE:
                interaction.original = self.edit(self._source(interaction), data, uploads).id
            case Answer.CHOICES:
                interaction.choices = forms.choices(data)
            case Answer.MODAL:
                interaction.modal = forms.modal(data)
                self._tell_of_form(interaction)

    def _tell_of_form(self, interaction: Interaction) -> None:
        note = {
            "person": interaction.person.id,
            "view": interaction.id,
            "content": interaction.modal,
        }
        space = self._realm.space
        space.tell(Change("view", space.name, interaction.channel.id, note=note))

    def message(self, interaction: Interaction, id: str) -> Message:
        """A message of this interaction, `@original` the first; 10008 when there is none."""
        if id != "@original" and id not in interaction.own:
            raise Refused(Code.UNKNOWN_MESSAGE)
        wanted = interaction.original if id == "@original" else id
        message = self._realm.space.message(interaction.channel.id, wanted)
        if message is None:
            raise Refused(Code.UNKNOWN_MESSAGE)
        return message

    def edit(self, message: Message, body: Json, uploads: Sequence[Upload]) -> Message:
        """Change an answer; a deferred one becomes a message by that."""
        flags = message.payload.get("flags", 0)
        v2 = bool(flags & messages.COMPONENTS_V2)
        draft = drafts.draft(body, uploads, ONLY_USERS, v2=v2)
        return self._fill(message, draft) if flags & LOADING else self._posts.change(message, draft)

    def follow_up(self, interaction: Interaction, body: Json, uploads: Sequence[Upload]) -> Message:
        """Say more. The first follow-up of a deferred answer takes its place, and its privacy."""
        draft = drafts.draft(body, uploads, ONLY_USERS, flags=SETTABLE | EPHEMERAL)
        original = self._realm.space.message(interaction.channel.id, interaction.original)
        if original is None:
            return self._post(interaction, draft)
        if original.payload.get("flags", 0) & LOADING:
            return self._fill(original, draft)
        reference = {"channel_id": original.channel, "message_id": original.id}
        return self._post(interaction, draft, type=messages.REPLY, reference=reference)

    def delete(self, message: Message) -> None:
        """Take an answer away."""
        self._realm.space.delete(message.channel, message.id)

    def _think(self, interaction: Interaction, data: Json) -> Message:
        """Show that the bot is thinking; this settles whether to all or to one."""
        private = int(data.get("flags") or 0) & EPHEMERAL
        payload = {
            "flags": LOADING | private,
            "embeds": [],
            "components": [],
            "mentions": [],
            "pings": [],
            "interaction": interactions.metadata(interaction),
            "webhook": True,
            **interactions.message_type(interaction),
        }
        message = self._realm.space.post(
            interaction.channel.id,
            self._realm.bot.id,
            "",
            payload=payload,
            only_for=interaction.person.id if private else "",
        )
        interaction.own.add(message.id)
        return message

    def _fill(self, message: Message, draft: Draft) -> Message:
        """Put the answer in place of the thinking."""
        if draft.is_empty():
            raise Refused(Code.EMPTY_MESSAGE)
        found = drafts.mentioned(self._realm, draft)
        flags = message.payload["flags"] & ~LOADING
        thought = replace(message, payload=message.payload | {"flags": flags})
        return self._posts.change(thought, draft, mentions=list(found.users), pings=found.pings)

    def _post(self, interaction: Interaction, draft: Draft, **payload: Any) -> Message:
        message = self._posts.post(
            interaction.channel,
            draft,
            only_for=interaction.person.id if draft.flags & EPHEMERAL else "",
            interaction=interactions.metadata(interaction),
            webhook=True,
            **payload,
        )
        interaction.own.add(message.id)
        return message

    def _source(self, interaction: Interaction) -> Message:
        source = interaction.source
        message = source and self._realm.space.message(source.channel, source.id)
        if message is None:
            raise Refused(Code.UNKNOWN_MESSAGE)
        return message
