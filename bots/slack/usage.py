"""`/parley usage`: what somebody, the channel or the workspace has used, with a picture."""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from bots.slack.calls import CallFailed
from bots.slack.events import is_direct
from bots.slack.messages import PLATFORM
from bots.slack.parley import Subcommand, Use
from bots.slack.payload import string
from bots.slack.uploads import upload
from bots.slack.workspace import Workspace
from core import notices
from core.errors import PlatformFailed, StoreFailed
from core.pace import Urgency
from core.reports import Report, Reports
from core.surface import CodeFile
from core.usage import Subject, Whose
from core.words import lines

log = structlog.get_logger()

QUICKLY = 1.5
"""Seconds for the figures to be added up; Slack waits for three in all."""

POSTING = 60.0
"""Seconds for the picture to be drawn and posted."""

WORDS = {"": Whose.PERSON, "channel": Whose.CHANNEL, "workspace": Whose.WORKSPACE}


class Usage:
    """The subcommand.

    Slack shows a file to one person alone only in their direct messages, so the picture goes
    there (slackapi/node-slack-sdk#1790).
    """

    def __init__(self, workspace: Workspace, reports: Reports, clock: Callable[[], float]) -> None:
        self._workspace = workspace
        self._reports = reports
        self._clock = clock

    @property
    def subcommands(self) -> Mapping[str, Subcommand]:
        """What is done by which word."""
        return {"usage": self.usage}

    async def usage(self, use: Use) -> None:
        """Tell the figures to whoever may know them."""
        if use.words.lower() not in WORDS:
            await use.tell(notices.USAGE_HOW)
            return
        whose = WORDS[use.words.lower()]
        if refusal := await self._refusal(use, whose):
            await use.tell(refusal)
            return
        try:
            async with asyncio.timeout(QUICKLY):
                report = await self._reports.of(self._subject(use, whose))
        except (StoreFailed, TimeoutError) as error:
            log.error("usage not told", error=str(error))
            await use.tell(notices.NO_FIGURES)
            return
        names = self._names(report)
        sentence = report.words(names)
        if report.is_empty:
            await use.quote(sentence)
            return
        await use.quote(lines([sentence, notices.CHART_FOLLOWS]))
        self._workspace.tasks.start(self._show(use, report), "a chart")

    def _subject(self, use: Use, whose: Whose) -> Subject:
        team = self._workspace.us.team
        parts = {
            Whose.PERSON: (use.user,),
            Whose.CHANNEL: (team, use.channel),
            Whose.WORKSPACE: (team,),
        }
        return Subject(whose, "/".join((PLATFORM, *parts[whose])))

    async def _refusal(self, use: Use, whose: Whose) -> str:
        """Why somebody may not see figures; empty: they may."""
        managers = self._workspace.managers
        try:
            match whose:
                case Whose.CHANNEL if is_direct({"channel": use.channel}):
                    return notices.USAGE_CHANNEL_ONLY
                case Whose.CHANNEL if not await managers.manages(use.user, use.channel):
                    return notices.USAGE_FOR_MANAGERS
                case Whose.WORKSPACE if not await managers.administers(use.user):
                    return notices.USAGE_FOR_ADMINISTRATORS
        except PlatformFailed as failed:
            log.warning("not known who may see figures", error=str(failed))
            return notices.UNSURE_WHO_MAY
        return ""

    def _names(self, report: Report) -> Mapping[str, str]:
        """What people are called, as far as that is known."""
        people = self._workspace.people
        return {one: people.known(one.partition("/")[2]) for one in report.people}

    async def _show(self, use: Use, report: Report) -> None:
        """Put the picture into the direct messages of whoever asked."""
        try:
            async with asyncio.timeout(POSTING):
                await self._workspace.people.resolve(one.partition("/")[2] for one in report.people)
                place = self._place(use, report.subject.whose)
                names = self._names(report)
                picture = await self._reports.picture(report, names, place, use.language)
                if picture is None:
                    await use.add(self._workspace, notices.CHART_FAILED, self._clock)
                    return
                await self._post(use.user, picture)
        except (CallFailed, TimeoutError) as failed:
            log.warning("chart not posted", error=str(failed))
            await use.add(self._workspace, notices.CHART_FAILED, self._clock)

    def _place(self, use: Use, whose: Whose) -> str:
        """What people call that of which there are figures."""
        if whose is Whose.PERSON:
            return use.told(notices.SUBJECTS[whose])
        if whose is Whose.WORKSPACE:
            return use.told(notices.CHART_ALL)
        name = self._workspace.channels.known(use.channel) or string(use.body, "channel_name")
        is_named = name and name != "privategroup"
        return f"#{name}" if is_named else use.told(notices.SUBJECTS[whose])

    async def _post(self, user: str, picture: CodeFile) -> None:
        calls = self._workspace.calls
        opened = await calls.in_turn(
            calls.web.conversations_open,
            self._workspace.budgets.direct,
            Urgency.FIRST,
            users=user,
        )
        channel = string(opened.get("channel"), "id")
        await upload(self._workspace, channel, {}, [picture])
