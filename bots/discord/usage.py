"""`/parley usage`: what somebody, the channel or the server has used, with a picture."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import discord
import structlog
from discord import app_commands
from discord.app_commands import locale_str

from bots.discord import budgets
from bots.discord.calls import NotRead
from bots.discord.desk import Desk
from bots.discord.managers import administers, may_set
from bots.discord.messages import uploads
from bots.discord.parley import Subcommand
from bots.discord.shown import LIMIT, NO_MENTIONS
from bots.discord.turns import PLATFORM, talk_at
from core import notices
from core.errors import StoreFailed
from core.pace import Urgency
from core.reports import Report, Reports
from core.usage import Subject, Whose
from core.words import Notice, lines, told

log = structlog.get_logger()

QUICKLY = 2.0
"""Seconds for the figures to be added up; Discord waits for three."""

NAMING = 3.0
"""Seconds for the names of people to be found."""

Interaction = discord.Interaction[Any]

CHOICES = {
    Whose.PERSON: Notice("usage_mine"),
    Whose.CHANNEL: Notice("usage_channels"),
    Whose.WORKSPACE: Notice("usage_servers"),
}


class Usage:
    """The subcommand; what it says is for whoever used it alone."""

    def __init__(self, desk: Desk, reports: Reports) -> None:
        self._desk = desk
        self._reports = reports

    @property
    def subcommand(self) -> Subcommand:
        """As Discord is told of it."""

        async def usage(interaction: Interaction, of: str = Whose.PERSON) -> None:
            await self._tell(interaction, Whose(of))

        offered = [
            app_commands.Choice(name=locale_str(CHOICES[one]), value=str(one)) for one in Whose
        ]
        callback = app_commands.describe(of=locale_str(Notice("usage_of")))(usage)
        command: Subcommand = app_commands.Command(
            name="usage",
            description=Notice("usage_description"),
            callback=app_commands.choices(of=offered)(callback),
        )
        return command

    async def _tell(self, interaction: Interaction, whose: Whose) -> None:
        """Tell the figures to whoever may know them."""
        language = self._desk.heard(interaction)
        if refusal := _refusal(interaction, whose):
            await interaction.response.send_message(told(refusal, language), ephemeral=True)
            return
        try:
            async with asyncio.timeout(QUICKLY):
                report = await self._reports.of(_subject(interaction, whose))
        except (StoreFailed, TimeoutError) as error:
            log.error("usage not told", error=str(error))
            sentence = told(notices.NO_FIGURES, language)
            await interaction.response.send_message(sentence, ephemeral=True)
            return
        if report.is_empty:
            await interaction.response.send_message(
                LIMIT.cut(told(report.words({}), language)), ephemeral=True
            )
            return
        # The names and the picture may take longer than Discord waits.
        await interaction.response.defer(ephemeral=True, thinking=True)
        self._desk.tasks.start(self._show(interaction, report, language), "a report")

    async def _show(self, interaction: Interaction, report: Report, language: str) -> None:
        names = await self._names(interaction, report.people)
        place = _place(interaction, report.subject.whose, language)
        picture = await self._reports.picture(report, names, place, language)
        words = report.words(names)
        words = words if picture else lines([words, notices.CHART_FAILED])
        files = [picture] if picture else []
        answer = await self._desk.calls.in_turn(
            budgets.responses(interaction.id),
            Urgency.FIRST,
            lambda: interaction.edit_original_response(
                content=LIMIT.cut(told(words, language)),
                attachments=uploads(files),
                allowed_mentions=NO_MENTIONS,
            ),
        )
        if not answer.ok:
            log.warning("usage not told", outcome=str(answer.outcome))

    async def _names(self, interaction: Interaction, people: Sequence[str]) -> Mapping[str, str]:
        """What people are called on this server, as far as that is found out in time."""
        names: dict[str, str] = {}

        async def learn(person: str) -> None:
            if name := await self._name(interaction, int(person.partition("/")[2])):
                names[person] = name

        known = [one for one in people if one.partition("/")[2].isdecimal()]
        with suppress(TimeoutError):
            async with asyncio.timeout(NAMING), asyncio.TaskGroup() as tasks:
                for one in known:
                    tasks.create_task(learn(one))
        return names

    async def _name(self, interaction: Interaction, person: int) -> str:
        guild = interaction.guild_id
        if guild is None:
            return ""
        http, counted = self._desk.client.http, budgets.members(guild)
        if not await self._desk.calls.turn(counted, Urgency.READ):
            return ""
        try:
            found: Any = await self._desk.calls.read(
                counted, lambda: http.get_member(guild, person)
            )
        except NotRead:  # somebody who has left
            return ""
        user = found.get("user") or {}
        return str(found.get("nick") or user.get("global_name") or user.get("username") or "")


def _refusal(interaction: Interaction, whose: Whose) -> str:
    """Why somebody may not see figures; empty: they may."""
    match whose:
        case Whose.CHANNEL if interaction.guild_id is None:
            return notices.USAGE_CHANNEL_ONLY
        case Whose.WORKSPACE if interaction.guild_id is None:
            return notices.USAGE_SERVER_ONLY
        case Whose.CHANNEL if not may_set(interaction):
            return notices.USAGE_FOR_MANAGERS
        case Whose.WORKSPACE if not administers(interaction):
            return notices.USAGE_FOR_ADMINISTRATORS
    return ""


def _subject(interaction: Interaction, whose: Whose) -> Subject:
    here = talk_at(interaction)
    parts = {
        Whose.PERSON: (str(interaction.user.id),),
        Whose.CHANNEL: (here.workspace, here.channel),
        Whose.WORKSPACE: (here.workspace,),
    }
    return Subject(whose, "/".join((PLATFORM, *parts[whose])))


def _place(interaction: Interaction, whose: Whose, language: str) -> str:
    """What people call that of which there are figures."""
    if whose is Whose.PERSON:
        return told(notices.SUBJECTS[whose], language)
    if whose is Whose.WORKSPACE:
        name = interaction.guild.name if interaction.guild else ""
        return name or told(notices.CHART_ALL, language)
    channel = interaction.channel
    home = channel.parent if isinstance(channel, discord.Thread) else channel
    name = getattr(home, "name", "")
    return f"#{name}" if name else told(notices.SUBJECTS[whose], language)
