"""A message's menu, and `/parley summary`: answers about messages, to the asker alone."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

import discord
import structlog
from discord import app_commands
from discord.app_commands import locale_str

from bots.discord.address import written
from bots.discord.calls import NotRead
from bots.discord.commands import Asking
from bots.discord.desk import Desk
from bots.discord.gate import Gate
from bots.discord.headline import asked_above
from bots.discord.history import NEWEST, read_starter, read_talk
from bots.discord.interaction import InteractionSurface
from bots.discord.parley import Subcommand
from bots.discord.shown import answer_in
from bots.discord.turns import (
    attachments_of,
    author_of,
    place_of,
    talk_at,
    talk_in,
    talk_on,
    text_of,
    turn_of,
)
from core.errors import MessageGone, NothingThere, NotInvited, ParleyError
from core.messages import Question, Role, Text, Turn
from core.notices import (
    ASK_ABOUT,
    EXPLAINED,
    THREAD_SUMMARY,
    WISH,
    WISH_HINT,
    channel_summary,
)
from core.prepared import IN_POINTS, MOST, USUAL, Preparation, Prepared, about
from core.surface import RefusedForGood
from core.words import Notice, told

log = structlog.get_logger()

SUMMARISE = Notice("summarise")

WISH_LENGTH = 3_000
"""Characters of what somebody wants to know; the form takes 4,000."""

FORM_LIFE = 1800.0
"""Seconds for which a form that is open can be sent."""

NOT_IN = frozenset({"50001", "50013"})
"""Codes of a channel that the bot may not read."""

Interaction = discord.Interaction[Any]


class PreparedSurface(InteractionSurface):
    """Answers the asker alone, to a question that `prepare` words once the bot is at work."""

    def __init__(
        self, desk: Desk, question: Question, interaction: Interaction, prepare: Preparation
    ) -> None:
        turn = Turn(Role.USER, (Text(question.text),), question.asker, question.message)
        super().__init__(desk, question.conversation, interaction, private=True, turn=turn)
        self._prepare = prepare
        self._prepared: Prepared | None = None

    async def introduce(self, question: Question) -> Question:
        """The question in the words that the model reads."""
        self._prepared = await self._prepare(question)
        return self._prepared.question

    async def history(self) -> tuple[Turn, ...]:
        """The messages that it is about."""
        return self._prepared.history if self._prepared else ()


class Menus:
    """What can be wanted to know of messages."""

    def __init__(self, desk: Desk, asking: Asking, gate: Gate) -> None:
        self._desk = desk
        self._gate = gate
        self._asking = asking

    def entries(self) -> tuple[app_commands.ContextMenu, ...]:
        """The entries of a message's menu."""

        async def ask_about(interaction: Interaction, message: discord.Message) -> None:
            await self._open(interaction, message)

        async def summarise(interaction: Interaction, message: discord.Message) -> None:
            await self._summarise(interaction, message)

        return (_entry(ASK_ABOUT, ask_about), _entry(SUMMARISE, summarise))

    def summary(self) -> Subcommand:
        """`/parley summary`: the newest messages of the channel in a few points."""

        async def summary(
            interaction: Interaction, messages: app_commands.Range[int, 1, MOST] = USUAL
        ) -> None:
            async def prepare(question: Question) -> Prepared:
                return _of(question, await self._newest(interaction.channel_id or 0, messages))

            await self._ask(interaction, channel_summary(messages), prepare)

        command: Subcommand = app_commands.Command(
            name="summary",
            description=Notice("summary_description"),
            callback=app_commands.describe(messages=locale_str(Notice("summary_messages")))(
                summary
            ),
        )
        return command

    async def _summarise(self, interaction: Interaction, message: discord.Message) -> None:
        async def prepare(question: Question) -> Prepared:
            return _of(question, await self._thread(interaction, message))

        await self._ask(interaction, THREAD_SUMMARY, prepare)

    async def _open(self, interaction: Interaction, message: discord.Message) -> None:
        """Open the form, unless there is nothing to ask about."""
        if not self._says_something(message):
            await interaction.response.send_message(
                told(MessageGone.says, self._desk.heard(interaction)), ephemeral=True
            )
            return

        async def sent(submission: Interaction, wish: str) -> None:
            await self._about(submission, message, wish)

        await interaction.response.send_modal(Form(sent, self._desk.heard(interaction)))

    async def _about(self, interaction: Interaction, message: discord.Message, wish: str) -> None:
        async def prepare(question: Question) -> Prepared:
            found = await self._now(message)
            await self._gate.check(surface, author_of(found.author))
            name, text = author_of(found.author).name, self._text(found) or "(no text)"
            files = attachments_of(found)
            return Prepared(replace(question, text=about(name, text, wish), attachments=files))

        question = _question(interaction, wish or EXPLAINED)
        surface = PreparedSurface(self._desk, question, interaction, prepare)
        await self._asking.take(question, surface)

    async def _ask(self, interaction: Interaction, label: str, prepare: Preparation) -> None:
        question = _question(interaction, label)
        surface = PreparedSurface(self._desk, question, interaction, prepare)
        await self._asking.take(question, surface)

    async def _newest(self, channel: int, count: int) -> tuple[Turn, ...]:
        """The newest messages in which somebody says something, oldest first."""
        try:
            found = await self._desk.reader.newest(channel, min(2 * count, count + 100))
        except NotRead as error:
            raise _why(error) from error
        spoken = [turns for message in found if (turns := tuple(self._turns(message)))]
        return tuple(turn for turns in reversed(spoken[:count]) for turn in turns)

    async def _thread(self, interaction: Interaction, message: discord.Message) -> tuple[Turn, ...]:
        """The thread in which a message stands or that hangs on it, or its chain of replies."""
        try:
            return await self._read_thread(interaction, message)
        except NotRead as error:
            raise _why(error) from error

    async def _read_thread(
        self, interaction: Interaction, message: discord.Message
    ) -> tuple[Turn, ...]:
        talk = talk_in(interaction.channel)
        if talk and not talk.thread:
            return await self._newest(message.channel.id, NEWEST)
        if talk is None and message.flags.has_thread:
            talk = talk_on(interaction.guild_id or 0, message.channel.id, message.id)
        if talk:
            starter = await read_starter(self._desk, talk)
            return (*starter, *await read_talk(self._desk, int(talk.thread)))
        chain = await self._desk.chains.up(message.channel.id, message.id, self._desk.me)
        if not chain:  # it may say nothing, or not be for us to read
            await self._desk.reader.one(message.channel.id, message.id)
        return chain

    async def _now(self, message: discord.Message) -> discord.Message:
        """The message as it stands; as it stood when it was chosen, where we cannot look."""
        try:
            found = await self._desk.reader.one(message.channel.id, message.id)
        except NotRead as error:
            if isinstance(error.outcome, RefusedForGood) and error.outcome.gone:
                raise MessageGone(str(error)) from error
            return message
        if not self._says_something(found):
            raise MessageGone("nothing is left in it")
        return found

    def _says_something(self, message: discord.Message) -> bool:
        return bool(self._text(message) or message.attachments)

    def _text(self, message: discord.Message) -> str:
        if message.author.id == self._desk.me.id:
            return answer_in(message.content)
        return "\n\n".join(filter(None, (text_of(message, self._desk.me), *_cards(message))))

    def _turns(self, message: discord.Message) -> Iterable[Turn]:
        both = (asked_above(message, self._desk.me), turn_of(message, self._desk.me))
        return filter(None, both)


class Form(discord.ui.Modal):
    """Asks what somebody wants to know of a message."""

    def __init__(self, sent: Callable[[Interaction, str], Awaitable[None]], language: str) -> None:
        super().__init__(title=told(ASK_ABOUT, language), timeout=FORM_LIFE)
        self._sent = sent
        self._wish: discord.ui.TextInput[Any] = discord.ui.TextInput(
            style=discord.TextStyle.paragraph,
            custom_id="wish",
            required=False,
            max_length=WISH_LENGTH,
        )
        self.add_item(
            discord.ui.Label(
                text=told(WISH, language),
                description=told(WISH_HINT, language),
                component=self._wish,
            )
        )

    async def on_submit(self, interaction: Interaction, /) -> None:
        """It was sent."""
        await self._sent(interaction, self._wish.value.strip())

    async def on_error(  # type: ignore[override]  # a form has no item that failed
        self, interaction: Interaction, error: Exception, /
    ) -> None:
        """Log what a form could not do."""
        log.error("form failed", interaction=interaction.id, exc_info=error)


def _entry(
    name: str, chosen: Callable[[Interaction, discord.Message], Awaitable[None]]
) -> app_commands.ContextMenu:
    return app_commands.ContextMenu(
        name=locale_str(name),
        callback=chosen,  # type: ignore[arg-type]  # it wants a coroutine function's type
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        allowed_contexts=app_commands.AppCommandContext(
            guild=True, dm_channel=True, private_channel=False
        ),
    )


def _of(question: Question, turns: tuple[Turn, ...]) -> Prepared:
    """A summary of these messages."""
    if not turns:
        raise NothingThere("no messages")
    return Prepared(replace(question, text=IN_POINTS), turns)


def _question(interaction: Interaction, label: str) -> Question:
    return Question(
        conversation=replace(talk_at(interaction), thread=f"ask-{interaction.id}"),
        message=str(interaction.id),
        asker=author_of(interaction.user),
        text=label,
        asked_at=interaction.created_at,
        place=place_of(interaction.channel),
        cause=f"command:{interaction.id}",
        address=written(interaction, private=True),
    )


def _why(error: NotRead) -> ParleyError:
    """In the words for a channel that the bot may not read, or a message that is gone."""
    outcome = error.outcome
    if isinstance(outcome, RefusedForGood) and outcome.code in NOT_IN:
        return NotInvited(str(error))
    gone = isinstance(outcome, RefusedForGood) and outcome.gone
    return MessageGone(str(error)) if gone else error


def _cards(message: discord.Message) -> Iterable[str]:
    """What other programs say in embeds."""
    for embed in message.embeds:
        fields = (f"{field.name}: {field.value}" for field in embed.fields)
        yield "\n".join(filter(None, (embed.title, embed.description, *fields)))
