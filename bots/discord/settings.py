"""`/parley settings`, `model` and `prompt`: what holds in a channel, and changing it."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import discord
import structlog
from discord import app_commands
from discord.app_commands import locale_str

from bots.discord.desk import Desk
from bots.discord.form import Form, FormButtons, Part, Typed, mentions, outlived
from bots.discord.gate import Gate
from bots.discord.managers import administers, may_set
from bots.discord.parley import Subcommand
from bots.discord.shown import content
from bots.discord.turns import DIRECT, PLATFORM
from core import notices
from core.entries import Entries
from core.panel import Panel
from core.presets import Name, Scope
from core.surface import Page
from core.words import Notice, together, told

log = structlog.get_logger()

LONGEST_PROMPT = 6000
LONGEST_MODEL = 100
SUGGESTED = 25

LABELS = {Part.ANSWERS: notices.CHANGE_ANSWERS, Part.PEOPLE: notices.CHANGE_PEOPLE}

DRAFTS = 100
"""Forms that were wrong, and can be corrected without typing everything again."""

Interaction = discord.Interaction[Any]


class Settings:
    """Shows the settings to everybody and changes them for those who may."""

    def __init__(self, desk: Desk, panel: Panel, gate: Gate) -> None:
        self._desk = desk
        self._gate = gate
        self._panel = panel
        self._drafts: OrderedDict[tuple[int, Scope, Part], Typed] = OrderedDict()

    @property
    def subcommands(self) -> tuple[Subcommand, ...]:
        """What this adds to `/parley`."""
        return (self._settings(), self._model(), self._prompt())

    @property
    def buttons(self) -> FormButtons:
        """All buttons, so that those of old messages work after a restart."""
        return FormButtons(
            self._press, [(part, wide, LABELS[part]) for part in Part for wide in (False, True)]
        )

    def forget(self, person: str) -> None:
        """Keep nothing of what somebody typed."""
        for key in [key for key in self._drafts if str(key[0]) == person]:
            del self._drafts[key]

    async def sent(self, interaction: Interaction) -> None:
        """A form was sent that was opened before a restart, or is forgotten: say so.

        discord.py answers none that it does not know, and Discord then blames the app.
        """
        data: Any = interaction.data or {}
        if outlived(str(data.get("custom_id", ""))):
            await self._tell(interaction, notices.FORM_OUTLIVED)

    def _settings(self) -> Subcommand:
        async def settings(interaction: Interaction, server: bool = False) -> None:
            await self._show(interaction, wide=server)

        command: Subcommand = app_commands.Command(
            name="settings",
            description=Notice("settings_description"),
            callback=app_commands.describe(server=locale_str(Notice("settings_server")))(settings),
        )
        return command

    def _model(self) -> Subcommand:
        async def model(
            interaction: Interaction,
            name: app_commands.Range[str, 1, LONGEST_MODEL] | None = None,
        ) -> None:
            if name is None:
                how = notices.set_how("/parley model name:…")
                await self._tell(
                    interaction, notices.as_lines([*self._lines(interaction, [Name.MODEL]), how])
                )
            else:
                await self._set(interaction, {Name.MODEL: name})

        async def offered(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
            del interaction
            names = [one for one in await self._panel.offer.names() if typed.lower() in one.lower()]
            return suggestions(names)

        command: Subcommand = app_commands.Command(
            name="model",
            description=Notice("model_description"),
            callback=app_commands.describe(name=locale_str(Notice("model_name")))(model),
        )
        command.autocomplete("name")(offered)
        return command

    def _prompt(self) -> Subcommand:
        async def prompt(
            interaction: Interaction,
            text: app_commands.Range[str, 1, LONGEST_PROMPT] | None = None,
        ) -> None:
            if text is not None:
                await self._set(interaction, {Name.SYSTEM_PROMPT: text})
                return
            preset = self._panel.preset(scope_of(interaction))
            shown = notices.prompt_shown(preset.system_prompt, preset.origin(Name.SYSTEM_PROMPT))
            how = notices.set_how("/parley prompt text:…")
            await self._tell(interaction, notices.as_lines([shown, how]))

        command: Subcommand = app_commands.Command(
            name="prompt",
            description=Notice("prompt_description"),
            callback=app_commands.describe(text=locale_str(Notice("prompt_text")))(prompt),
        )
        return command

    async def _show(self, interaction: Interaction, *, wide: bool) -> None:
        """Show everything, with the buttons to change it for those who may."""
        lines = self._lines(interaction, list(Name), wide=wide)
        if _may(interaction, wide=wide):
            of = notices.SETTINGS_OF_WORKSPACE if wide else notices.SETTINGS_OF_CHANNEL
            language = self._desk.heard(interaction)
            parts = [(part, wide, told(LABELS[part], language)) for part in Part]
            await self._tell(
                interaction, notices.as_lines([of, *lines]), FormButtons(self._press, parts)
            )
        else:
            why = notices.READ_ONLY_WORKSPACE if wide else notices.READ_ONLY
            await self._tell(interaction, notices.as_lines([why, *lines]))

    async def _press(self, interaction: Interaction, part: Part, wide: bool) -> None:
        """A button was pressed that opens a form."""
        if await self._gate.passes(interaction):
            await self._open(interaction, part, wide)

    async def _open(self, interaction: Interaction, part: Part, wide: bool) -> None:
        """Open a form, for those who may."""
        if refusal := _refusal(interaction, wide=wide):
            await self._tell(interaction, refusal)
            return
        scope = scope_of(interaction, wide=wide)
        form = Form(
            self._panel,
            scope,
            part,
            self._submitted,
            language=self._desk.heard(interaction),
            models=await self._panel.offer.names(),
            typed=self._drafts.get((interaction.user.id, scope, part)),
        )
        response = interaction.response
        answer = await self._desk.calls.ask((), lambda: response.send_modal(form))
        if not answer.ok:
            log.warning("form not opened", code=answer.code)

    async def _submitted(self, interaction: Interaction, form: Form) -> None:
        """A form was sent: all of it holds now, or nothing, and what is wrong is said."""
        if not await self._gate.passes(interaction):
            return
        wide, draft = not form.scope.channel, (interaction.user.id, form.scope, form.part)
        if refusal := _refusal(interaction, wide=wide):
            await self._tell(interaction, refusal)
            return
        done = await self._panel.submit(form.scope, form.entries, str(interaction.user.id))
        if done.problems or done.failed:
            self._drafts[draft] = form.typed
            while len(self._drafts) > DRAFTS:
                self._drafts.popitem(last=False)
            problems = [notices.setting_problem(*problem) for problem in done.problems.items()]
            correct = FormButtons(
                self._press,
                [(form.part, wide, told(notices.CORRECT, self._desk.heard(interaction)))],
            )
            said = done.failed or notices.as_lines(problems)
            await self._tell(interaction, said, correct)
            return
        self._drafts.pop(draft, None)
        changed = [Name(change.name) for change in done.changes]
        lines = self._lines(interaction, changed, wide=wide)
        await self._tell(interaction, notices.saved(lines))

    async def _set(self, interaction: Interaction, entries: Entries) -> None:
        if refusal := _refusal(interaction, wide=False):
            await self._tell(interaction, refusal)
            return
        done = await self._panel.submit(scope_of(interaction), entries, str(interaction.user.id))
        if done.problems or done.failed:
            await self._tell(interaction, done.failed or together(done.problems.values()))
            return
        changed = [Name(change.name) for change in done.changes]
        await self._tell(interaction, notices.saved(self._lines(interaction, changed)))

    def _lines(
        self, interaction: Interaction, names: Sequence[Name], *, wide: bool = False
    ) -> list[Notice]:
        return self._panel.lines(scope_of(interaction, wide=wide), mentions, names)

    async def _tell(
        self, interaction: Interaction, text: str, view: FormButtons | None = None
    ) -> None:
        """Say something to this person alone."""
        page = Page("", told(text, self._desk.heard(interaction)))
        parts = content(page) | ({"view": view} if view else {})
        response = interaction.response
        answer = await self._desk.calls.ask(
            (), lambda: response.send_message(**parts, ephemeral=True)
        )
        if not answer.ok:
            log.warning("command not answered", code=answer.code)


def scope_of(interaction: Interaction, *, wide: bool = False) -> Scope:
    """The channel in which something was started, a thread's being its parent, or its server."""
    workspace = str(interaction.guild_id) if interaction.guild_id else DIRECT
    return Scope(PLATFORM, workspace, "" if wide else str(home_of(interaction)))


def home_of(interaction: Interaction) -> int:
    """The channel whose settings hold where something was started."""
    parent = getattr(interaction.channel, "parent_id", None)
    return parent or interaction.channel_id or 0


def suggestions(names: Sequence[str]) -> list[app_commands.Choice[str]]:
    """What Discord suggests while somebody types."""
    fitting = [one for one in names if len(one) <= LONGEST_MODEL]
    return [app_commands.Choice(name=one, value=one) for one in fitting[:SUGGESTED]]


def _may(interaction: Interaction, *, wide: bool) -> bool:
    return administers(interaction) if wide else may_set(interaction)


def _refusal(interaction: Interaction, *, wide: bool) -> Notice | None:
    if _may(interaction, wide=wide):
        return None
    return notices.MAY_NOT_CHANGE_WORKSPACE if wide else notices.MAY_NOT_CHANGE
