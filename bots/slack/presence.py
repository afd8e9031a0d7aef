"""Parley in one workspace: who it is there, what it hears, and what it knows of it."""

import asyncio
from collections.abc import Sequence

import aiohttp
import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack import bolt, tokens
from bots.slack.again import revived
from bots.slack.assistant import Assistant
from bots.slack.blocks import content
from bots.slack.budgets import Budgets
from bots.slack.calls import CALL_TIMEOUT, VOID, CallFailed, Calls
from bots.slack.commands import Commands
from bots.slack.dialler import CONNECT_TIMEOUT
from bots.slack.directory import Directory
from bots.slack.door import Door
from bots.slack.files import Files
from bots.slack.forget import Forget
from bots.slack.gate import Gate
from bots.slack.groups import Groups
from bots.slack.identity import Identity
from bots.slack.managers import Managers
from bots.slack.memory import Memory
from bots.slack.menus import Menus
from bots.slack.messages import PLATFORM, Scribe
from bots.slack.parley import Parley
from bots.slack.parts import Parts
from bots.slack.past import Past
from bots.slack.pausing import Pausing
from bots.slack.presses import PressListener
from bots.slack.refusals import Refusals
from bots.slack.settings import Settings
from bots.slack.statuses import Statuses
from bots.slack.subcommands import Subcommands
from bots.slack.surface import SlackSurface, remove
from bots.slack.usage import Usage
from bots.slack.workspace import Workspace
from core.certificates import trusted
from core.messages import Conversation, Question
from core.pace import Urgency
from core.proxies import proxy_to
from core.surface import Outcome, Page, RefusedForGood, Surface
from core.tasks import Tasks

log = structlog.get_logger()


class Presence:
    """The bot in one workspace, whatever brings the events to its `app`."""

    def __init__(self, parts: Parts, us: Identity, calls: Calls) -> None:
        self.us = us
        self.tasks = Tasks()
        self.catch_up = parts.catch_up()
        self._parts = parts
        self._calls = calls
        self.budgets = budgets = Budgets(us.team, parts.bursts)
        self.directory = Directory(calls, budgets, parts.clock)
        self.directory.people.learn(us.user, us.name)
        self._files = Files(str(calls.web.token), parts.api_url, calls, budgets)
        self.workspace = workspace = self._workspace()
        self.memory = workspace.memory
        self.door = Door(workspace, parts.chat, self.catch_up)
        self._past = Past(workspace, self.directory, self.door.late)
        gate = Gate(workspace, parts.chat)
        self._commands = Commands(workspace, parts.chat, gate, parts.clock)
        self.app = self._app(gate)

    @classmethod
    async def open(cls, parts: Parts, session: aiohttp.ClientSession, token: str) -> "Presence":
        """The bot in the workspace of this token. Raises `CallFailed`."""
        calls = Calls(client(parts.api_url, session, token), parts.governor, parts.clock)
        return cls(parts, Identity.of(await calls.now(calls.web.auth_test, ())), calls)

    async def begin(self) -> None:
        """Find out what was missed; before anything is heard. Raises `StoreFailed`."""
        if await self.catch_up.begin(f"{PLATFORM}/{self.us.team}"):
            self.catch_up.due()

    @property
    def token(self) -> str:
        """The bot token with which it speaks there."""
        return str(self._calls.web.token)

    async def run(self) -> None:
        """Do what there is to do besides answering, until cancelled.

        Raises `StartError`, in a group, when the bot may not speak there any more.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.directory.read())
            tasks.create_task(self.door.until_revoked())
            tasks.create_task(self.catch_up.run(self._past.look))
            tasks.create_task(self._calls.doubt.watch(self.look))

    async def look(self) -> None:
        """Look whether the bot token is good. Raises `StartError` when it is not any more."""
        try:
            await self._calls.now(self._calls.web.auth_test, ())
        except CallFailed as failed:
            if isinstance(failed.outcome, RefusedForGood) and failed.outcome.code in VOID:
                raise tokens.Revoked(failed.outcome.code) from failed

    async def announce(self, channel: str, text: str) -> None:
        """Say something in a channel, as a notice. Raises `CallFailed`."""
        await self._calls.in_turn(
            self._calls.web.chat_postMessage,
            self.budgets.post(channel),
            Urgency.PAGE,
            channel=channel,
            **content(Page("", text)),
        )

    async def revive(self, question: Question) -> tuple[Question, Surface] | None:
        """A question that an earlier process has heard (`core.resuming.Platform`)."""
        if question.is_command:
            return question, await self._commands.revive(question)
        return await revived(self.workspace, question)

    async def begun(
        self, question: Question, reply: str, recorded: Sequence[str]
    ) -> tuple[str, ...]:
        """The messages of an answer to a question that is gone."""
        return await SlackSurface(self.workspace, question).begun(reply, recorded)

    async def unsay(self, conversation: Conversation, message: str) -> Outcome:
        """Take a message of an answer away."""
        return await remove(self.workspace, conversation.channel, message)

    def forget(self, person: str) -> None:
        """Know nothing of somebody any more."""
        self.directory.people.forget(person)
        self.directory.locales.forget(person)
        self.memory.forms.forget(person)
        self.memory.missed()

    async def close(self) -> None:
        """End what runs beside; nothing is heard any more."""
        await self.tasks.close(0)
        await self._files.close()

    def _app(self, gate: Gate) -> AsyncApp:
        parts, workspace, commands = self._parts, self.workspace, self._commands
        menus = Menus(workspace, commands, gate, parts.clock)
        talk = Subcommands(workspace, parts.chat, parts.clock)
        settings = Settings(workspace, parts.panel, gate)
        forget = Forget(workspace, parts.forgetting, parts.clock)
        subcommands = {
            "summary": menus.summary,
            "new": talk.new,
            **Usage(workspace, parts.reports, parts.clock).subcommands,
            **forget.subcommands,
            **Pausing(workspace, parts.chat).subcommands,
            **settings.subcommands,
        }
        return bolt.build(
            self.us,
            self._calls.web,
            door=self.door,
            commands=commands,
            menus=menus,
            parley=Parley(workspace.language, gate, subcommands),
            presses=PressListener(workspace, parts.presses, commands, parts.clock),
            settings=settings,
            forget=forget,
        )

    def _workspace(self) -> Workspace:
        parts, us, calls, directory = self._parts, self.us, self._calls, self.directory
        scribe = Scribe(us, directory.people, directory.channels)
        groups = Groups(calls, self.budgets, parts.clock)
        return Workspace(
            us=us,
            programs=parts.access.programs,
            calls=calls,
            budgets=self.budgets,
            people=directory.people,
            channels=directory.channels,
            managers=Managers(calls, self.budgets, groups, parts.clock, parts.managers),
            groups=groups,
            standings=directory.standings,
            scribe=scribe,
            memory=Memory(parts.recall, scribe, us.team, parts.clock),
            files=self._files,
            statusless=Refusals(),
            unstreamed=Refusals(),
            tasks=self.tasks,
            statuses=Statuses(),
            assistant=Assistant(
                calls,
                self.budgets,
                self.tasks,
                parts.clock,
                lambda person: parts.languages.of(directory.locales.of(person)),
            ),
            streaming=parts.streaming,
            languages=parts.languages,
            locales=directory.locales,
        )


def new_session() -> aiohttp.ClientSession:
    """The connections for calls of the Web API, of all workspaces."""
    return aiohttp.ClientSession(
        # Their number is held by budgets; in a queue for connections one would wait for all.
        connector=aiohttp.TCPConnector(limit=0, ssl=trusted()),
        timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT, connect=CONNECT_TIMEOUT),
    )


def client(api_url: str, session: aiohttp.ClientSession, token: str = "") -> AsyncWebClient:
    """The Web API for a token."""
    web = AsyncWebClient(token, api_url, session=session, retry_handlers=[])
    web.proxy = proxy_to(api_url)  # the SDK knows none that is not for all
    return web
