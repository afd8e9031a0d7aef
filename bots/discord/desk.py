"""What all conversations of the bot share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import discord

from bots.discord import budgets
from bots.discord.calls import Calls, NotRead
from bots.discord.chains import Chains
from bots.discord.direct import Direct
from bots.discord.files import Files
from bots.discord.members import Members
from bots.discord.messages import Messages
from bots.discord.places import Places
from bots.discord.reader import Reader
from bots.discord.signs import Signs
from bots.discord.waiting import Waiting
from core.guilds import Guilds
from core.languages import Languages, Locales, Readers
from core.messages import Conversation
from core.pace import Urgency
from core.programs import Programs
from core.recall import Recall
from core.surface import RefusedForGood
from core.tasks import Tasks
from core.told import Told

CLOSING = 0.8
"""Seconds, at most, that requests and tasks on their way are given at the end."""

HINT_PERIOD = 600.0
"""Seconds in which a person is told once, directly, of one place where the bot may not write."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The tools of every surface; `clock` gives seconds that only ever grow."""

    client: discord.Client
    calls: Calls
    places: Places
    members: Members
    guilds: Guilds
    programs: Programs
    reader: Reader
    messages: Messages
    files: Files
    direct: Direct
    hints: Told
    recall: Recall
    chains: Chains
    signs: Signs
    waiting: Waiting
    tasks: Tasks
    timers: Tasks
    languages: Languages
    locales: Locales
    clock: Callable[[], float]

    @property
    def me(self) -> discord.ClientUser:
        """The bot's own account."""
        if self.client.user is None:
            raise RuntimeError("nothing happens before the login")
        return self.client.user

    def readers(
        self, conversation: Conversation, person: int, guild: discord.Guild | None = None
    ) -> Readers:
        """Who reads a conversation in which somebody asks; `guild`: everybody in it.

        A guild that has not chosen a language has Discord's default, which says nothing.
        """
        chosen = guild and guild.preferred_locale is not discord.Locale.american_english
        place = str(guild.preferred_locale) if guild and chosen else ""
        return self.languages.readers(conversation, self.locales.of(str(person)), place)

    def heard(self, interaction: "discord.Interaction[Any]") -> str:
        """Learn the language of whoever uses a command, a button, a modal: only these tell it."""
        self.locales.learn(str(interaction.user.id), str(interaction.locale))
        return self.languages.of(str(interaction.locale))

    async def close(self) -> None:
        """End what is still on its way, in bounded time."""
        await self.signs.close()
        await self.timers.close(0)
        await self.tasks.close(CLOSING / 2)
        await self.calls.close(CLOSING / 2)
        await self.files.close()


def desk(
    client: discord.Client,
    calls: Calls,
    recall: Recall,
    languages: Languages,
    clock: Callable[[], float],
    *,
    guilds: Guilds,
    programs: Programs,
    api_url: str | None = None,
) -> Desk:
    """Put the tools together; `api_url` is where Discord is, if it is not the real one."""
    reader = Reader(client, calls)
    tasks = Tasks(NotRead)
    messages = Messages(client, calls, reader, clock)

    async def type_in(channel: int) -> bool:
        counted = budgets.typing(channel)
        answer = await calls.in_turn(
            counted, Urgency.SIGN, lambda: client.http.send_typing(channel)
        )
        return not isinstance(answer.outcome, RefusedForGood)

    return Desk(
        client=client,
        calls=calls,
        places=Places(client, calls, tasks),
        members=Members(client, calls, clock),
        guilds=guilds,
        programs=programs,
        reader=reader,
        messages=messages,
        files=Files(client, calls, api_url),
        direct=Direct(client, calls, messages),
        hints=Told(clock, HINT_PERIOD),
        recall=recall,
        chains=Chains(reader),
        signs=Signs(type_in),
        waiting=Waiting(client, calls, tasks),
        tasks=tasks,
        timers=Tasks(),
        languages=languages,
        locales=Locales(),
        clock=clock,
    )
