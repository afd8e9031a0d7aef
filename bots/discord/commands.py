"""The slash commands: what Discord is told of them, and what they do."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import replace
from typing import Any, Protocol

import discord
import structlog
from discord import app_commands
from discord.app_commands import TranslationContextTypes, locale_str

from bots.discord.address import read, written
from bots.discord.desk import Desk
from bots.discord.gate import Gate
from bots.discord.interaction import InteractionSurface
from bots.discord.oddities import ODD, not_understood
from bots.discord.readable import Names, readable
from bots.discord.refusals import DEADLINE, OTHERS_FIRST
from bots.discord.settings import suggestions
from bots.discord.turns import PLATFORM, author_of, place_of, talk_at
from core.chat import Chat
from core.errors import NotAdmitted, ShuttingDown, StoreFailed
from core.languages import Languages
from core.messages import Question, Role, Text, Turn
from core.words import ENGLISH, Notice, told

log = structlog.get_logger()

GRACE = 1.5
"""Seconds after which a command is deferred though it is not claimed yet; Discord waits 3."""

SYNC_TIMEOUT = 3.0
"""Seconds that the start waits until Discord knows the commands."""

OPEN = ("parley forget",)
"""What people may do who may not use the bot: there may be records of them all the same."""

QUESTION_LENGTH = 6000
"""Characters of a text option, at most."""

LONGEST_PERSONA = 32
"""Characters of a persona's name."""

Asked = Callable[["discord.Interaction[Any]", str, bool, str], Awaitable[None]]


class Marks(Protocol):
    """Small facts that outlive the process."""

    async def get(self, name: str) -> str | None:
        """The value under this name."""

    async def set(self, name: str, value: str) -> None:
        """Remember a value."""


class Commands(app_commands.CommandTree[discord.AutoShardedClient]):
    """The bot's commands; errors go to the log."""

    def __init__(
        self,
        client: discord.AutoShardedClient,
        *,
        asked: Asked,
        parley: app_commands.Group,
        gate: Gate,
        languages: Languages,
        entries: Iterable[app_commands.ContextMenu] = (),
        personas: Collection[str] = (),
    ) -> None:
        super().__init__(client)
        self._languages = languages
        self._gate = gate
        self.add_command(_ask(asked, personas))
        self.add_command(parley)
        for entry in entries:
            self.add_command(entry)

    async def interaction_check(self, interaction: "discord.Interaction[Any]", /) -> bool:
        """Whether somebody may use a command, or an entry of a message's menu."""
        if interaction.command and interaction.command.qualified_name in OPEN:
            return True
        return await self._gate.passes(interaction)

    async def on_error(
        self, interaction: "discord.Interaction[Any]", error: app_commands.AppCommandError, /
    ) -> None:
        """Log what a command could not do."""
        match error:
            case app_commands.CommandInvokeError(original=discord.HTTPException() as refused):
                # It is over, or answered already: Discord has waited for 3 seconds.
                log.warning("command not answered", interaction=interaction.id, error=str(refused))
            case app_commands.CommandInvokeError() | app_commands.CheckFailure():
                log.error("command failed", interaction=interaction.id, exc_info=error)
            case _:
                not_understood("command", error)

    async def _call(self, interaction: "discord.Interaction[Any]") -> None:
        """discord.py reads what a command brings before anybody has checked it."""
        try:
            await super()._call(interaction)
        except ODD as error:
            not_understood("command", error)

    async def sync_if_changed(self, marks: Marks) -> None:
        """Tell Discord of the commands, unless it was told the same before.

        Without them the bot still answers messages, so a failure goes to the log.
        """
        mark = f"discord/commands/{self.client.application_id}"
        translator = Translator(self._languages)
        await self.set_translator(translator)
        commands = self.get_commands()
        payload = [await command.get_translated_payload(self, translator) for command in commands]
        digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
        try:
            async with asyncio.timeout(SYNC_TIMEOUT):
                if await marks.get(mark) != digest:
                    await self.sync()
                    await marks.set(mark, digest)
                    log.debug("commands synced", platform=PLATFORM)
        except (discord.DiscordException, OSError, StoreFailed) as error:
            log.warning("commands not synced", platform=PLATFORM, error=str(error))


class Translator(app_commands.Translator):
    """What commands and options are described by, where it is a notice, in every language."""

    def __init__(self, languages: Languages) -> None:
        self._languages = languages

    async def translate(
        self, string: locale_str, locale: discord.Locale, context: TranslationContextTypes
    ) -> str | None:
        """The description for those with this locale; None where the English one will do."""
        del context
        language = self._languages.of(str(locale))
        is_english = language == ENGLISH or not isinstance(string.message, Notice)
        return None if is_english else told(string.message, language)


def _ask(asked: Asked, personas: Collection[str]) -> "app_commands.Command[Any, ..., None]":
    async def ask(
        interaction: "discord.Interaction[Any]",
        question: app_commands.Range[str, 1, QUESTION_LENGTH],
        private: bool = False,
        persona: app_commands.Range[str, 1, LONGEST_PERSONA] = "",
    ) -> None:
        await asked(interaction, question, private, persona.strip().lower())

    async def offered(
        interaction: "discord.Interaction[Any]", typed: str
    ) -> list[app_commands.Choice[str]]:
        del interaction
        return suggestions([one for one in personas if typed.lower() in one])

    command: app_commands.Command[Any, ..., None] = app_commands.Command(
        name="ask",
        description=Notice("ask_description"),
        callback=app_commands.rename(persona="as")(
            app_commands.describe(
                question=locale_str(Notice("ask_question")),
                private=locale_str(Notice("ask_private")),
                persona=locale_str(Notice("ask_persona")),
            )(ask)
        ),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        allowed_contexts=app_commands.AppCommandContext(
            guild=True, dm_channel=True, private_channel=False
        ),
    )
    command.autocomplete("persona")(offered)
    return command


class Asking:
    """What `/ask` does: claims the question and lets the chat answer it under the command."""

    def __init__(self, desk: Desk, chat: Chat) -> None:
        self._desk = desk
        self._chat = chat

    async def __call__(
        self,
        interaction: "discord.Interaction[Any]",
        text: str,
        private: bool,
        persona: str,
        afresh: bool = False,
    ) -> None:
        """Take what was asked."""
        asked = _question(interaction, text, self._desk.me.id)
        address = written(interaction, private=private)
        question = replace(
            asked, persona=persona, stands_alone=True, afresh=afresh, address=address
        )
        await self.take(question, self._surface(question, interaction, private=private))

    def _surface(
        self, question: Question, interaction: "discord.Interaction[Any]", *, private: bool
    ) -> InteractionSurface:
        turn = Turn(Role.USER, (Text(question.text),), question.asker, question.message)
        return InteractionSurface(
            self._desk, question.conversation, interaction, private=private, turn=turn
        )

    def revive(self, client: discord.Client, question: Question) -> InteractionSurface:
        """Where a command is answered that an earlier process has heard."""
        interaction, private = read(client, question.address)
        surface = self._surface(question, interaction, private=private)
        surface.resume((discord.utils.utcnow() - question.asked_at).total_seconds())
        return surface

    async def take(self, question: Question, surface: InteractionSurface) -> None:
        """Claim first; a claim that takes long is overtaken by the deferral."""
        async with asyncio.TaskGroup() as tasks:
            grace = tasks.create_task(surface.acknowledge_within(GRACE))
            try:
                if not await self._chat.accept(question, surface):
                    grace.cancel()
            except NotAdmitted as error:
                grace.cancel()
                log.info("question not admitted", question=question.key, why=error.sentence)
                await _decline(surface, error.sentence)
            except StoreFailed as error:
                grace.cancel()
                log.warning("question not taken", question=question.key, error=str(error))
                await _decline(surface, error.sentence)
            except ShuttingDown as error:
                grace.cancel()
                log.info("question not taken: stopping", question=question.key)
                # Whichever process responds first has the command.
                await asyncio.sleep(OTHERS_FIRST)
                await _decline(surface, error.sentence)


async def _decline(surface: InteractionSurface, sentence: str) -> None:
    try:
        async with asyncio.timeout(DEADLINE):
            await surface.decline(told(sentence, surface.readers.asker))
    except TimeoutError:
        log.warning("asker not told in time", conversation=str(surface.conversation))


def _question(interaction: "discord.Interaction[Any]", text: str, me: int) -> Question:
    return Question(
        conversation=replace(talk_at(interaction), thread=f"ask-{interaction.id}"),
        message=str(interaction.id),
        asker=author_of(interaction.user),
        text=readable(text, Names(me)),
        asked_at=interaction.created_at,
        place=place_of(interaction.channel),
        direct=interaction.guild_id is None,
        cause=f"command:{interaction.id}",
    )
