"""`/parley settings`, `model` and `prompt`: what holds in a channel, and changing it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from bots.slack import form, mrkdwn
from bots.slack.calls import CallFailed
from bots.slack.form import Form
from bots.slack.gate import Gate
from bots.slack.messages import PLATFORM
from bots.slack.parley import Ack, Subcommand, Use
from bots.slack.payload import string
from bots.slack.workspace import Workspace
from core import notices
from core.entries import Entries
from core.errors import PlatformFailed
from core.pace import Urgency
from core.panel import Panel
from core.presets import Audience, Name, Scope
from core.words import Notice, together

log = structlog.get_logger()

OPENING = 2.6
"""Seconds in which a modal must be open; Slack waits for three."""

WORKSPACE_WIDE = "workspace"
"""What is written after `/parley settings` for the settings of all channels."""


class Settings:
    """Shows the settings to everybody and changes them for those who may."""

    def __init__(self, workspace: Workspace, panel: Panel, gate: Gate) -> None:
        self._workspace = workspace
        self._gate = gate
        self._panel = panel

    @property
    def subcommands(self) -> Mapping[str, Subcommand]:
        """What this adds to `/parley`."""
        return {"settings": self.settings, "model": self.model, "prompt": self.prompt}

    async def settings(self, use: Use) -> None:
        """Open the modal, to be filled in or only read."""
        wide = use.words.lower() == WORKSPACE_WIDE
        try:
            async with asyncio.timeout(OPENING):
                await self._open(use, self._scope("" if wide else use.channel))
        except PlatformFailed:
            await use.tell(notices.UNSURE_WHO_MAY)
        except (CallFailed, TimeoutError) as failed:
            log.warning("modal not opened", error=str(failed))
            await use.tell(notices.NO_MODAL)
        else:
            await use.ack()

    async def model(self, use: Use) -> None:
        """Show the model, or set the one that is named."""
        scope = self._scope(use.channel)
        if not use.words:
            lines = self._panel.lines(scope, self._names, [Name.MODEL])
            how = notices.set_how("/parley model NAME")
            await use.quote(notices.as_lines([*lines, how]))
            return
        await self._set(use, scope, {Name.MODEL: mrkdwn.unescape(use.words)})

    async def prompt(self, use: Use) -> None:
        """Show the system prompt, or set another."""
        scope = self._scope(use.channel)
        if use.words:
            words = mrkdwn.markdown(
                use.words, self._workspace.people.known, self._workspace.channels.known
            )
            await self._set(use, scope, {Name.SYSTEM_PROMPT: words})
            return
        preset = self._panel.preset(scope)
        shown = notices.prompt_shown(preset.system_prompt, preset.origin(Name.SYSTEM_PROMPT))
        await use.quote(notices.as_lines([shown, notices.set_how("/parley prompt TEXT")]))

    async def submitted(self, body: dict[str, Any], ack: Ack) -> None:
        """A form was filled in; as one of Bolt's listeners."""
        view, user = body["view"], string(body.get("user"), "id")
        language = self._workspace.language(user)
        scope = form.scope_of(view, PLATFORM, self._workspace.us.team)
        closed = await self._gate.refuses_press(body, scope.channel)
        if refusal := closed or await self._refusal(user, scope):
            await ack(response_action="update", view=form.saying(refusal, language))
            return
        done = await self._panel.submit(scope, form.entries(view, self._panel.at(scope)), user)
        if done.problems:
            await ack(response_action="errors", errors=form.errors(view, done.problems, language))
            return
        changed = [Name(change.name) for change in done.changes]
        lines = self._panel.lines(scope, self._names, changed)
        said = done.failed or notices.saved(lines)
        await ack(response_action="update", view=form.saying(said, language))

    async def _open(self, use: Use, scope: Scope) -> None:
        may, models, groups = await asyncio.gather(
            self._allowed(use.user, scope),
            self._panel.offer.names(),
            self._workspace.groups.names(),
        )
        listed = self._panel.preset(scope).audience.people
        people = {one: self._workspace.people.known(one) for one in listed}
        drawn = Form(self._panel, scope, models, people, groups, use.language)
        calls = self._workspace.calls
        await calls.in_turn(
            calls.web.views_open,
            self._workspace.budgets.modal,
            Urgency.FIRST,
            trigger_id=use.trigger,
            view=drawn.editable() if may else drawn.read_only(),
        )

    async def _set(self, use: Use, scope: Scope, entries: Entries) -> None:
        if refusal := await self._refusal(use.user, scope):
            await use.tell(refusal)
            return
        done = await self._panel.submit(scope, entries, use.user)
        if done.problems or done.failed:
            await use.quote(done.failed or together(done.problems.values()))
            return
        changed = [Name(change.name) for change in done.changes]
        lines = self._panel.lines(scope, self._names, changed)
        await use.quote(notices.saved(lines))

    async def _refusal(self, user: str, scope: Scope) -> Notice | None:
        """Why somebody may not change this; None when they may."""
        match await self._may(user, scope):
            case None:
                return notices.UNSURE_WHO_MAY
            case False:
                wide = notices.MAY_NOT_CHANGE_WORKSPACE
                return notices.MAY_NOT_CHANGE if scope.channel else wide
        return None

    async def _may(self, user: str, scope: Scope) -> bool | None:
        """Whether somebody may change settings; None when Slack does not tell."""
        try:
            return await self._allowed(user, scope)
        except PlatformFailed as failed:
            log.info("not known who may change settings", error=str(failed))
            return None

    async def _allowed(self, user: str, scope: Scope) -> bool:
        managers = self._workspace.managers
        if scope.channel:
            return await managers.manages(user, scope.channel)
        return await managers.administers(user)

    def _names(self, listed: Audience) -> list[str]:
        return form.named(listed, self._workspace.people.known, lambda _: None)

    def _scope(self, channel: str) -> Scope:
        return Scope(PLATFORM, self._workspace.us.team, channel)
