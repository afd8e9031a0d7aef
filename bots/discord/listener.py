"""What the bot does with what it hears: questions go to the chat, changes to its memory."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import discord
import structlog

from bots.discord.again import asked_again, read_question
from bots.discord.calls import NotRead
from bots.discord.desk import Desk
from bots.discord.readable import mentions, roles
from bots.discord.refusals import DEADLINE, OTHERS_FIRST
from bots.discord.surface import DiscordSurface
from bots.discord.threads import may_open, thread_name
from bots.discord.trigger import Seen, Verdict, verdict
from bots.discord.turns import (
    DIRECT,
    PLATFORM,
    is_by_program,
    is_spoken,
    names_of,
    own_role,
    own_turn_of,
    question_of,
    talk_in,
    talk_on,
    text_of,
    turn_of,
)
from bots.discord.waiting import REACTION
from core.catch_up import CatchUp, Late
from core.chat import Chat
from core.errors import PlatformFailed, ShuttingDown, StoreFailed
from core.etiquette import Saying
from core.messages import Conversation, Question, Role, Turn
from core.panel import Panel
from core.presets import Place, Scope
from core.recent import Recent
from core.surface import RefusedForGood, refuse
from core.told import Told

log = structlog.get_logger()


Spoken = discord.Thread | discord.TextChannel | discord.VoiceChannel | discord.StageChannel
"""Where people write in a server."""

EDITABLE = 300.0
"""Seconds after a question in which an edit of it counts."""


class Listener:
    """Hears the gateway's events; `panel` says where mentions in a channel are answered."""

    def __init__(self, desk: Desk, chat: Chat, panel: Panel, catch_up: CatchUp) -> None:
        self._desk = desk
        self._chat = chat
        self._panel = panel
        self._catch_up = catch_up
        self._read_edited = Recent()
        self._refusals = Told(desk.clock)

    async def heard(self, message: discord.Message) -> None:
        """A message came: remember it, and ask the chat if it is for the bot."""
        await self.locate(message)
        self._desk.members.saw(message.author)
        if surface := await self._asked_on(message):
            await self._ask(message, surface)
        self._catch_up.heard(str(message.id), message.created_at.timestamp())

    def late(self, message: discord.Message, back_at: float) -> Iterator[Late]:
        """A message that may have come before we were back, if it may be for the bot."""
        if verdict(self._seen(message)) is not Verdict.IGNORE:
            guild = message.guild.id if message.guild else 0
            talk = talk_in(message.channel) or talk_on(guild, message.channel.id, message.id)
            yield Late(
                name=str(message.id),
                question=question_of(message, talk, self._desk.me).key,
                at=message.created_at.timestamp(),
                hear=partial(self._heard_late, message, back_at),
            )

    async def _heard_late(self, message: discord.Message, back_at: float) -> bool:
        """Whether it is a question that was not taken before. Raises as `Chat.accept` does."""
        if message.edited_at:
            # It is taken as it stands; Discord tells of the edit with every later change of it.
            self._read_edited.add(_edit(message))
        surface = await self._asked_on(message, back_at)
        if surface is None:
            return False
        question = question_of(message, surface.conversation, self._desk.me)
        return await self._chat.accept(question, surface)

    async def _asked_on(
        self, message: discord.Message, back_at: float = 0.0
    ) -> DiscordSurface | None:
        """Remember a message; where it is answered, if it is for the bot."""
        talk = talk_in(message.channel)
        if talk and (turn := turn_of(message, self._desk.me)):
            self._desk.recall.posted(talk, turn)
        seen = self._seen(message)
        found = verdict(seen)
        if found is not Verdict.IGNORE and seen.in_thread and talk and not seen.by_program:
            found = await self._in_thread(talk, message, seen, found, back_at)
        if found is not Verdict.ASK:
            return None
        return self._surface(message)

    async def edited(self, message: discord.Message) -> None:
        """A message was edited: remember it so; a question of late is answered as it is now."""
        turn, own = turn_of(message, self._desk.me), message.author.id == self._desk.me.id
        self._says(message.guild, message.channel.id, message.id, turn, own=own)
        await self._asked_otherwise(message)

    def went_on(
        self, guild: discord.Guild | None, channel: int, message: int, content: str
    ) -> None:
        """A message of the bot's own was edited, by whichever process."""
        self._says(guild, channel, message, own_turn_of(content, message, self._desk.me), own=True)

    def _says(
        self,
        guild: discord.Guild | None,
        channel: int,
        message: int,
        turn: Turn | None,
        *,
        own: bool,
    ) -> None:
        """Remember what a message says now."""
        self._desk.chains.changed(message, turn)
        for talk in self._talks(guild, channel, message):
            if turn is None:
                self._desk.recall.emptied(talk, Turn(Role.USER, (), None, str(message)))
            elif own:
                self._desk.recall.reworded(talk, turn)
            else:
                self._desk.recall.edited(talk, turn)

    async def _asked_otherwise(self, message: discord.Message) -> None:
        if message.edited_at is None or is_by_program(message):
            return
        too_late = (message.edited_at - message.created_at).total_seconds() > EDITABLE
        if too_late or _edit(message) in self._read_edited:
            return
        await self.locate(message)
        where = _answered_in(message)
        guild = message.guild.id if message.guild else 0
        talk = talk_in(message.channel) or talk_on(guild, message.channel.id, message.id)
        surface = DiscordSurface(self._desk, talk, message, answers_in=where)
        question = question_of(message, talk, self._desk.me)
        question = replace(question, cause=f"edit:{message.edited_at.timestamp()}")
        find = partial(asked_again, self._desk, self.locate, where)
        try:
            await self._chat.edited(question, surface, find)
        except (StoreFailed, PlatformFailed, ShuttingDown) as error:
            log.warning("edit not taken", question=question.key, error=str(error))

    async def revive(
        self, question: Question, messages: Sequence[str]
    ) -> tuple[Question, DiscordSurface] | None:
        """A question that an earlier process has heard (`core.resuming.Platform`)."""
        talk, id_ = question.conversation, int(question.message)
        message = await read_question(self._desk, int(talk.thread or talk.channel), talk, id_)
        if message is None:
            return None
        await self.locate(message)
        if any(one.me and str(one.emoji) == REACTION for one in message.reactions):
            self._desk.waiting.adopt(message.id)
        surface = await self._where_begun(message, talk) if messages else self._surface(message)
        now = question_of(message, talk, self._desk.me)
        return replace(now, cause=question.cause), surface

    async def _where_begun(self, message: discord.Message, talk: Conversation) -> DiscordSurface:
        """Where an answer was begun: in the thread on its question, or where that stands."""
        if talk_in(message.channel):
            return DiscordSurface(self._desk, talk, message)
        try:
            thread = await self._desk.places.find(message.id)
        except NotRead as error:
            if not isinstance(error.outcome, RefusedForGood):
                raise
            thread = None
        where = message.id if isinstance(thread, discord.Thread) else 0
        return DiscordSurface(self._desk, talk, message, answers_in=where)

    def _surface(self, message: discord.Message) -> DiscordSurface:
        """Where a question is answered."""
        if talk := talk_in(message.channel):
            return DiscordSurface(self._desk, talk, message)
        return self._in_channel(message, self._seen(message))

    async def joined(self, guild: discord.Guild) -> None:
        """The bot was let into a server, in which it answers when that is allowed."""
        await self._desk.guilds.joined(str(guild.id), guild.name)

    def deleted(self, guild: discord.Guild | None, channel: int, message: int) -> None:
        """A message is gone."""
        self._desk.chains.changed(message, None)
        for talk in self._talks(guild, channel, message):
            self._desk.recall.deleted(talk, str(message))
        where = guild.get_channel_or_thread(channel) if guild else None
        parent = where.parent_id if isinstance(where, discord.Thread) else channel
        workspace = str(guild.id) if guild else DIRECT
        identity = f"{PLATFORM}/{workspace}/{parent}/{message}"
        stands = message if guild and guild.get_thread(message) else channel
        remove = partial(self._desk.messages.remove, stands)
        self._desk.tasks.start(self._chat.deleted(identity, remove), "deletion")

    def missed(self, guild: discord.Guild | None = None) -> None:
        """Events may have been missed, everywhere or in a guild: believe only Discord."""
        self._desk.recall.drop(PLATFORM, str(guild.id) if guild else "")
        self._desk.chains.forget()
        self._desk.places.forget()

    def away(self, places: Iterable[str]) -> None:
        """A new session: what was said in these servers, or directly, before it may be missed."""
        for place in places:
            self._catch_up.missed(place)

    def back(self, place: str) -> None:
        """What was said in a server, or directly, can be read again."""
        self._catch_up.due(place)

    async def locate(self, message: discord.Message) -> None:
        """Put a message that somebody wrote into its channel, where discord.py cannot."""
        channel = message.channel
        if not isinstance(channel, discord.PartialMessageable) or not self._may_ask(message):
            return
        try:
            found = await self._desk.places.find(channel.id)
        except NotRead as error:
            log.warning("channel not known", channel=channel.id, error=str(error))
            return
        if isinstance(found, Spoken | discord.DMChannel):
            message.channel = found
        if isinstance(found, Spoken):
            message.guild = found.guild

    def _talks(
        self, guild: discord.Guild | None, channel: int, message: int
    ) -> tuple[Conversation, ...]:
        """The conversations that a message can be part of: where it stands, and its thread."""
        place = (
            guild.get_channel_or_thread(channel)
            if guild
            else self._desk.client.get_channel(channel)
        )
        talk = talk_in(place)
        if guild is None:
            return (talk,) if talk else ()
        starts = talk_on(guild.id, channel, message)
        return (talk, starts) if talk else (starts,)

    def _may_ask(self, message: discord.Message) -> bool:
        """Whether a person wrote it, or a program that is answered; never we ourselves."""
        me = str(self._desk.me.id)
        if not is_by_program(message):
            return True
        names = names_of(message)
        return f"{PLATFORM}/{me}" not in names and self._desk.programs.admits(*names)

    def _seen(self, message: discord.Message) -> Seen:
        me, author = self._desk.me.id, message.author
        channel, reference = message.channel, message.reference
        named = mentions(message.content) & {user.id for user in message.mentions}
        called = roles(message.content) & {role.id for role in message.role_mentions}
        groups = bool(called - {own_role(message)}) or message.mention_everyone
        is_reply = message.type is discord.MessageType.reply
        resolved = reference.resolved if is_reply and reference else None
        to = resolved.author.id if isinstance(resolved, discord.Message) else None
        if is_reply and to is None and me in {user.id for user in message.mentions}:
            # The message replied to is gone; its ping still says that it was ours.
            to = me
        return Seen(
            may_ask=is_spoken(message) and self._may_ask(message),
            by_program=is_by_program(message),
            direct=isinstance(channel, discord.DMChannel),
            in_thread=isinstance(channel, discord.Thread),
            own_thread=isinstance(channel, discord.Thread) and channel.owner_id == me,
            mentions_me=me in named or own_role(message) in called,
            mentions_others=bool(named - {me}) or groups,
            replies_to_me=to == me,
            replies_to_others=to not in (None, me, author.id),
        )

    async def _in_thread(
        self,
        talk: Conversation,
        message: discord.Message,
        seen: Seen,
        found: Verdict,
        back_at: float,
    ) -> Verdict:
        """Whether a message is for the bot as it stands between it and the people there.

        Where that is not known, a word from the bot might be one into other people's talk;
        in a thread of its own it tells the asker so.
        """
        saying = Saying(
            who=str(message.author.id),
            at=message.created_at.timestamp(),
            to_bot=found is Verdict.ASK,
            to_others=found is Verdict.PAST_ME,
            back_at=back_at,
        )
        try:
            listens = await self._chat.listens(
                talk, saying, text_of(message, self._desk.me), invited=seen.own_thread
            )
        except StoreFailed as error:
            listens = saying.to_bot or (seen.own_thread and not saying.to_others)
            if not listens:
                log.error(
                    "message left unanswered: the database does not say whether it is for the bot",
                    conversation=str(talk),
                    message=message.id,
                    error=str(error),
                )
        return Verdict.ASK if listens else Verdict.IGNORE

    async def _ask(self, message: discord.Message, surface: DiscordSurface) -> None:
        question = question_of(message, surface.conversation, self._desk.me)
        try:
            await self._chat.accept(question, surface)
        except StoreFailed as error:
            log.warning("question not taken", question=question.key, error=str(error))
            await self._decline(message, surface, error.sentence)
        except ShuttingDown as error:
            log.info("question not taken: stopping", question=question.key)
            if not await self._taken_elsewhere(surface.conversation, message):
                await self._decline(message, surface, error.sentence)

    async def _taken_elsewhere(self, talk: Conversation, message: discord.Message) -> bool:
        """Whether another process on our database is seen to have taken up a question.

        That shows only where the question begins a conversation. In one that goes on
        nobody can know, and a word too many is better than silence: Discord never
        delivers a message again.
        """
        if talk.thread != str(message.id):
            return False
        await asyncio.sleep(OTHERS_FIRST)
        with suppress(StoreFailed):  # it says nothing, and so nobody is seen
            return await self._chat.takes_part(talk)
        return False

    async def _decline(
        self, message: discord.Message, surface: DiscordSurface, sentence: str
    ) -> None:
        if is_by_program(message):  # it would answer
            return
        if not self._refusals.due((message.channel.id, message.author.id)):
            return
        try:
            async with asyncio.timeout(DEADLINE):
                await refuse(surface, sentence)
        except TimeoutError:
            log.warning("asker not told in time", conversation=str(surface.conversation))

    def _in_channel(self, message: discord.Message, seen: Seen) -> DiscordSurface:
        """A chain of replies goes on; any other mention begins a talk of its own."""
        self._desk.chains.saw(message, self._desk.me)
        guild, channel = message.guild, message.channel
        parent = message.reference.message_id if message.reference else None
        start = parent if seen.replies_to_me and parent else message.id
        talk = talk_on(guild.id if guild else 0, channel.id, start)
        place = self._panel.preset(Scope.of(talk)).place
        opens = place is Place.THREAD and not seen.replies_to_me
        if not (opens and may_open(channel, guild.me if guild else None)):
            return DiscordSurface(self._desk, talk, message)
        name = thread_name(text_of(message, self._desk.me))
        return DiscordSurface(self._desk, talk, message, name)


def _edit(message: discord.Message) -> str:
    return f"{message.id}/{message.edited_at}"


def _answered_in(message: discord.Message) -> int:
    """Where a message was answered, if it was: in the thread on it, or where it stands."""
    thread = message.guild.get_thread(message.id) if message.guild else None
    return thread.id if thread else message.channel.id
