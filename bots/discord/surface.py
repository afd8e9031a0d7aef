"""A question in a thread, a channel or a direct message, and where its answer grows."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

import discord
import structlog

from bots.discord import budgets
from bots.discord.begun import begun
from bots.discord.caller import DiscordCaller
from bots.discord.calls import NO_TURN
from bots.discord.chains import Link
from bots.discord.desk import Desk
from bots.discord.dress import Dress
from bots.discord.history import is_post, read_starter, read_talk
from bots.discord.managers import manages
from bots.discord.messages import Spot
from bots.discord.shown import LIMIT
from bots.discord.threads import Opened, open_thread
from bots.discord.turns import own_turn, place_of, turn_of
from core.budget import Way
from core.languages import Readers
from core.messages import Attachment, Author, Conversation, Question, Turn
from core.pace import Urgency
from core.presets import Notices, Scope
from core.surface import CodeFile, Delivered, Limit, Outcome, Page, RefusedForGood
from core.words import Notice, told

log = structlog.get_logger()

PAUSE = 0.5
"""Seconds between two interim edits; five in five seconds, which a channel has, are fewer."""

REFUSAL_TRIES = 3

NO = "🚫"
"""The reaction that stands for a refusal."""

YOUNG = 50 * 60.0
"""Seconds for which a message surely takes as many edits as any."""

MAY_NOT_WRITE = frozenset({"50001", "50013", "50083", "160005"})
"""Codes of places where the bot may not write: no permission, an archived or locked thread."""


class DiscordSurface:
    """Where one question is answered; `thread` names the thread to open for it, if any.

    The thread is opened at the first sign of work and beside it: the sign is shown in the
    channel meanwhile. Where no thread can be had, the answer is a reply in the channel.
    `answers_in` is the channel or thread in which an earlier answer stands already.
    """

    def __init__(
        self,
        desk: Desk,
        conversation: Conversation,
        question: discord.Message,
        thread: str = "",
        *,
        answers_in: int = 0,
    ) -> None:
        self._desk = desk
        self._conversation = conversation
        self._question = question
        self._thread = thread
        channel = answers_in or question.channel.id
        self._in_talk = channel != question.channel.id or isinstance(
            question.channel, discord.Thread | discord.DMChannel
        )
        self._spot = Spot(channel, 0 if self._in_talk else question.id, after=question.id)
        self._opening: asyncio.Task[None] | None = None
        self._uncounted = False

    @property
    def conversation(self) -> Conversation:
        """The conversation that it is bound to."""
        return self._conversation

    @property
    def readers(self) -> Readers:
        """The languages of those who read there; without its guild's, the asker's for all."""
        asker, guild = self._question.author.id, self._question.guild
        return self._desk.readers(self._conversation, asker, guild)

    @property
    def wordless(self) -> bool:
        """Discord shows that the bot is typing or thinking, and nothing else."""
        return True

    @property
    def limit(self) -> Limit:
        """The room in one message."""
        return LIMIT

    @property
    def plain(self) -> Way:
        """Posts and edits, in the thread that is being opened if one is."""
        channel = self._question.id if self._awaits_thread else self._spot.channel
        edits = budgets.edits(channel)
        return Way(budgets.sends(channel), edits, edits, PAUSE)

    @property
    def ways(self) -> tuple[Way, ...]:
        """The only way there is."""
        return (self.plain,)

    def way(self, message: str) -> Way:
        """Every message goes on by edits."""
        del message
        return self.plain

    def dress(self) -> Dress:
        """Tables, deep headings and the like as Discord can show them."""
        return Dress()

    async def introduce(self, question: Question) -> Question:
        """The question as it is: Discord's events bring all names along."""
        return question

    async def history(self) -> tuple[Turn, ...]:
        """The thread, the direct messages or the chain of replies, from memory where held."""
        await self._settled()
        if self._in_talk:
            return await self._desk.recall.turns(self._conversation, self._read)
        return await self._desk.chains.up(self._spot.channel, self._question.id, self._desk.me)

    async def read(self, file: Attachment, message: str, most: int) -> bytes:
        """The content of an attachment. Raises `FileUnread`."""
        return await self._desk.files.read(file, message, most)

    async def status(self, text: str, *, waits: bool = False) -> None:
        """Type, for as long as there is nothing to read; the words themselves have no place.

        While the answer to another question is read, typing would say nothing of this one:
        it is marked with a reaction.
        """
        where, question = self._question.channel.id, self._question.id
        if waits:
            self._desk.waiting.put(where, question, self._type)
            return
        removal = self._desk.waiting.take_away(where, question)
        if not text:
            await self._desk.signs.off(self._conversation)
            if removal:  # else a process that stops might leave it behind
                await asyncio.wait({removal})
            return
        await self._type()

    async def _type(self) -> None:
        self._open()
        await self._desk.signs.on(self._conversation, self._spot.channel)

    def began(self) -> None:
        """Nothing else shows that an answer is being written."""

    def ended(self) -> None:
        """Nor that it is not any more."""

    async def post(self, page: Page, nonce: str, way: Way | None = None) -> Outcome:
        """Post a page of the answer."""
        del way
        await self._settled()
        if self._uncounted:
            if not await self._desk.calls.turn(self.plain.begin, Urgency.FIRST):
                return NO_TURN.outcome
            self._uncounted = False
        outcome = await self._desk.messages.post(self._spot, page, nonce)
        if isinstance(outcome, Delivered):
            # There is something to read: a sign that still waits for its turn is not needed.
            await self._desk.signs.off(self._conversation)
            turn = self._said(outcome.message, page)
            if not self._in_talk:
                message = int(outcome.message)
                self._desk.chains.add(message, Link(turn, self._spot.reply_to))
                self._spot = replace(self._spot, reply_to=message)
        return outcome

    async def edit(self, message: str, page: Page) -> Outcome:
        """Replace what a message shows."""
        outcome = await self._desk.messages.edit(self._spot.channel, message, page)
        if isinstance(outcome, Delivered):
            self._desk.chains.changed(int(message), self._said(message, page))
        return outcome

    def caller(self, author: Author) -> DiscordCaller:
        """Somebody who writes here, as one who wants something."""
        asker, guild = self._question.author, self._question.guild
        member = asker if isinstance(asker, discord.Member) else None
        return DiscordCaller(
            self._desk,
            int(author.id),
            guild.id if guild else 0,
            Scope.of(self._conversation),
            self._question.channel,
            member if author.id == str(asker.id) else None,
            program=author.is_bot,
        )

    async def begun(self, reply: str, recorded: Sequence[str]) -> tuple[str, ...]:
        """The messages of an answer that an earlier process has begun. Raises `PlatformFailed`.

        In a channel each page replies to the one before, the first to the question.
        """
        await self._settled()
        found = await begun(self._desk, self._spot, reply, recorded)
        if found and self._spot.reply_to:
            self._spot = replace(self._spot, reply_to=int(found[-1]))
        return found

    async def said(self, messages: Sequence[str]) -> tuple[Turn, ...]:
        """What these messages of the bot's say. Raises `PlatformFailed`."""
        if not messages:
            return ()
        near = await self._desk.reader.around(self._spot.channel, int(messages[0]))
        found = {str(one.id): turn_of(one, self._desk.me) for one in near}
        return tuple(turn for one in messages if (turn := found.get(one)))

    def editable(self, messages: Sequence[str]) -> bool:
        """Messages that are older than an hour take few edits, how few is not published."""
        now = discord.utils.utcnow()
        times = (discord.utils.snowflake_time(int(message)) for message in messages)
        return all((now - time).total_seconds() < YOUNG for time in times)

    async def may_manage(self, person: str) -> bool:
        """Whether the author of the question may manage the channel."""
        author = self._question.author
        return str(author.id) == person and manages(author, self._question.channel)

    async def remove(self, message: str) -> Outcome:
        """Delete a message of the answer."""
        return await self._desk.messages.remove(self._spot.channel, message)

    async def attach(self, files: Sequence[CodeFile], nonce: str) -> Outcome:
        """Post files below the answer."""
        await self._settled()
        return await self._desk.messages.attach(self._spot, files, nonce)

    async def refuse(self, sentence: str, how: Notices = Notices.PLATFORM) -> Outcome:
        """Say it in a reply to the question, which pings nobody, else that nothing can be said."""
        if how in (Notices.PRIVATE, Notices.REACTION):
            told = await self._quietly(sentence, how)
            if isinstance(told, Delivered):
                return told
        where = self._question.channel
        reply_to = 0 if isinstance(where, discord.DMChannel) else self._question.id
        spot = Spot(where.id, reply_to, after=self._question.id)
        outcome: Outcome = RefusedForGood("not tried")
        for _ in range(REFUSAL_TRIES):
            if not await self._desk.calls.turn(budgets.sends(where.id), Urgency.FIRST):
                return NO_TURN.outcome
            nonce = f"no.{self._question.id}"
            outcome = await self._desk.messages.post(spot, Page("", sentence), nonce)
            if isinstance(outcome, Delivered | RefusedForGood):
                break
        if isinstance(outcome, RefusedForGood) and outcome.code in MAY_NOT_WRITE:
            return await self._hint(outcome)
        return outcome

    async def _quietly(self, sentence: str, how: Notices) -> Outcome:
        """By a reaction, or in a direct message."""
        question = self._question
        if how is Notices.PRIVATE:
            return await self._desk.direct.tell(question.author.id, sentence, f"no.{question.id}")
        answer = await self._desk.calls.in_turn(
            budgets.reactions(question.channel.id),
            Urgency.FIRST,
            lambda: question.add_reaction(NO),
        )
        return answer.outcome

    async def _hint(self, refused: RefusedForGood) -> Outcome:
        """Tell the asker directly that nothing can be said to them where they asked."""
        where, asker = self._question.channel, self._question.author
        if asker.bot or not self._desk.hints.due((where.id, asker.id)):
            return refused
        hint = told(Notice("may_not_write", place=place_of(where)), self.readers.asker)
        reached = await self._desk.direct.tell(asker.id, hint, f"dm.{self._question.id}")
        if not isinstance(reached, Delivered):
            log.warning(
                "asker not told: the bot may write neither where they asked nor to them directly",
                conversation=str(self._conversation),
                asker=asker.id,
                there=refused.code,
                directly=str(reached),
            )
        return reached

    @property
    def _awaits_thread(self) -> bool:
        return bool(self._thread) and not (self._opening and self._opening.done())

    def _open(self) -> None:
        if self._thread and self._opening is None:
            self._opening = self._desk.tasks.start(self._opened(), "opening a thread")

    async def _settled(self) -> None:
        """Wait until it is clear where the answer goes."""
        self._open()
        if self._opening:
            await asyncio.wait({self._opening})

    async def _opened(self) -> None:
        # From here on every message of the thread reaches us as an event.
        self._desk.recall.begin(self._conversation)
        for turn in self._begins():
            self._desk.recall.posted(self._conversation, turn)
        name = told(self._thread, self.readers.everybody)
        how = await open_thread(self._question, name, self._desk.calls)
        if how is Opened.REFUSED:
            self._uncounted = True
            return
        if how is Opened.FOUND:
            self._desk.recall.drop(self._conversation.platform, self._conversation.workspace)
        self._in_talk = True
        self._spot = replace(self._spot, channel=self._question.id, reply_to=0)
        self._desk.signs.move(self._conversation, self._spot.channel)

    def _begins(self) -> Iterator[Turn]:
        """What a new thread starts with: the question, and what it replies to."""
        before = self._question.reference.resolved if self._question.reference else None
        for message in (before, self._question):
            if isinstance(message, discord.Message):
                yield from filter(None, [turn_of(message, self._desk.me)])

    async def _read(self) -> tuple[Turn, ...]:
        channel = self._question.channel
        turns = await read_talk(self._desk, self._spot.channel)
        if isinstance(channel, discord.DMChannel) or is_post(channel):
            return turns
        return (*await read_starter(self._desk, self._conversation), *turns)

    def _said(self, message: str, page: Page) -> Turn | None:
        """Keep the memory of the conversation true without waiting for the event."""
        if not page.text.strip():
            return None
        turn = own_turn(self._desk.me, message, page.text)
        self._desk.recall.posted(self._conversation, turn)
        return turn
