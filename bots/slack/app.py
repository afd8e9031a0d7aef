"""The bot on Slack: started, running, stopped."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack import bolt, tokens
from bots.slack.again import revived
from bots.slack.assistant import Assistant
from bots.slack.blocks import content
from bots.slack.budgets import Budgets, unknown
from bots.slack.calls import CALL_TIMEOUT, VOID, CallFailed, Calls
from bots.slack.commands import Commands
from bots.slack.dialler import CONNECT_TIMEOUT, Dialler
from bots.slack.directory import Directory
from bots.slack.door import Door
from bots.slack.ears import Ears
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
from bots.slack.past import Past
from bots.slack.pausing import Pausing
from bots.slack.presses import PressListener
from bots.slack.refusals import Refusals
from bots.slack.settings import Settings
from bots.slack.socket import NotConnected, Socket
from bots.slack.statuses import Statuses
from bots.slack.subcommands import Subcommands
from bots.slack.surface import SlackSurface, remove
from bots.slack.usage import Usage
from bots.slack.workspace import Workspace
from core.access import Access, who_may_use
from core.catch_up import CatchUp
from core.certificates import trusted
from core.chat import Chat
from core.errors import PlatformFailed, StartError
from core.forgetting import Forgetting
from core.hearing import Hearing
from core.languages import Languages
from core.messages import Conversation, Question
from core.pace import Governor, Urgency
from core.panel import Panel
from core.presses import Presses
from core.proxies import proxy_to
from core.recall import Recall
from core.reports import Reports
from core.surface import Outcome, Page, RefusedForGood, Surface
from core.tasks import Tasks

log = structlog.get_logger()

SLACK = "https://slack.com/api/"

START_TIMEOUT = 6.0
"""Seconds in which the tokens are found right or wrong."""

STOP_TIMEOUT = 1.2
"""Seconds in which what has been heard is acknowledged and the connections are closed."""


class SlackBot:
    """Parley in one Slack workspace, through Socket Mode."""

    def __init__(
        self,
        *,
        bot_token: str,
        app_token: str,
        api_url: str | None,
        streaming: str,
        bursts: Mapping[str, int],
        chat: Chat,
        presses: Presses,
        governor: Governor,
        recall: Recall,
        panel: Panel,
        reports: Reports,
        forgetting: Forgetting,
        languages: Languages,
        access: Access,
        catch_up: CatchUp,
        managers: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bot_token = bot_token
        self._app_token = app_token
        self._api_url = api_url or SLACK
        self._streaming = streaming
        self._bursts = bursts
        self._chat = chat
        self._presses = presses
        self._governor = governor
        self._recall = recall
        self._managers = managers
        self._access = access
        self._catch_up = catch_up
        self._panel = panel
        self._reports = reports
        self._forgetting = forgetting
        forgetting.heard.append(self._forget)
        self._languages = languages
        self._clock = clock
        self._tasks = Tasks()
        self.hearing = Hearing(time.time)
        self._session: aiohttp.ClientSession | None = None
        self._dialler: Dialler | None = None
        self._ears: Ears | None = None
        self._posting: tuple[Calls, Budgets] | None = None
        self._directory: Directory | None = None
        self._memory: Memory | None = None
        self._door: Door | None = None
        self._past: Past | None = None
        self._files: Files | None = None
        self._home: Workspace | None = None
        self._commands: Commands | None = None
        self._team = ""
        self._stopped = False
        self._over = asyncio.Event()
        self._over.set()

    @property
    def ready(self) -> bool:
        """Whether Slack has greeted us and events arrive."""
        return self._ears is not None and self._ears.open

    async def start(self) -> None:
        """Check the tokens and connect.

        Raises `StartError` with one line that names the setting, within ten seconds;
        nothing is left open then.
        """
        if wrong := unknown(self._bursts):
            raise StartError(wrong)
        try:
            async with asyncio.timeout(START_TIMEOUT):
                await self._start()
        except TimeoutError as error:
            await self.stop()
            raise StartError(tokens.too_slow(self._api_url)) from error
        except BaseException:
            await self.stop()
            raise

    async def who_may_use(self) -> str:
        """Who may use the bot, in one line."""
        return who_may_use(self._access, PLATFORM, (f"workspace {self._team}",))

    async def run(self) -> None:
        """Stay connected until `stop`; `StartError` when Slack ends it for good."""
        ears, directory, door = self._ears, self._directory, self._door
        past, posting = self._past, self._posting
        if not (ears and directory and door and past and posting):
            raise StartError("The bot on Slack runs only after its start.")
        if self._stopped:
            return
        self._over.clear()
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = [
                    tasks.create_task(directory.read()),
                    tasks.create_task(door.until_revoked()),
                    tasks.create_task(self._catch_up.run(past.look)),
                    tasks.create_task(posting[0].doubt.watch(partial(_look, posting[0]))),
                ]
                await ears.run()
                for task in beside:
                    task.cancel()
        except* StartError as errors:
            raise _first(errors) from None
        finally:
            self._over.set()

    async def announce(self, channel: str, text: str) -> None:
        """Say something in a channel, as a notice; what becomes of it is a line of the log."""
        if self._posting is None:
            return
        calls, budgets = self._posting
        try:
            await calls.in_turn(
                calls.web.chat_postMessage,
                budgets.post(channel),
                Urgency.PAGE,
                channel=channel,
                **content(Page("", text)),
            )
        except CallFailed as failed:
            log.warning("not announced", channel=channel, told=text, outcome=str(failed.outcome))

    async def revive(
        self, question: Question, messages: Sequence[str]
    ) -> tuple[Question, Surface] | None:
        """A question that an earlier process has heard (`core.resuming.Platform`)."""
        del messages
        if question.is_command:
            return (question, await self._commands.revive(question)) if self._commands else None
        return await revived(self._here, question)

    async def begun(
        self, question: Question, reply: str, recorded: Sequence[str]
    ) -> tuple[str, ...]:
        """The messages of an answer to a question that is gone."""
        return await SlackSurface(self._here, question).begun(reply, recorded)

    async def unsay(self, conversation: Conversation, message: str) -> Outcome:
        """Take a message of an answer away."""
        return await remove(self._here, conversation.channel, message)

    @property
    def _here(self) -> Workspace:
        if self._home is None:
            raise PlatformFailed("Slack is not connected")
        return self._home

    async def stop(self) -> None:
        """Hear nothing more and disconnect, within seconds."""
        self._stopped = True
        if self._ears is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_TIMEOUT):
                    await self._ears.stop()
                    await self._over.wait()
            await self._catch_up.close()
        await self._tasks.close(0)
        if self._files is not None:
            await self._files.close()
        if self._dialler is not None:
            await self._dialler.close()
        if self._session is not None:
            await self._session.close()

    def _forget(self, platform: str, person: str) -> None:
        """Know nothing of somebody any more."""
        if platform == PLATFORM and self._directory is not None:
            self._directory.people.forget(person)
            self._directory.locales.forget(person)
        if platform == PLATFORM and self._memory is not None:
            self._memory.forms.forget(person)
            self._memory.missed()

    async def _start(self) -> None:
        self._stopped = False
        self._session = session = aiohttp.ClientSession(
            # Their number is held by budgets; in a queue for connections one would wait for all.
            connector=aiohttp.TCPConnector(limit=0, ssl=trusted()),
            timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT, connect=CONNECT_TIMEOUT),
        )
        web = AsyncWebClient(self._bot_token, self._api_url, session=session, retry_handlers=[])
        web.proxy = proxy_to(self._api_url)  # the SDK knows none that is not for all
        calls = Calls(web, self._governor, self._clock)
        us = await self._identity(calls)
        budgets = Budgets(us.team, self._bursts)
        self._dialler = dialler = Dialler(
            self._app_token, self._api_url, budgets, self._governor, self._clock
        )
        self._directory = Directory(calls, budgets, self._clock)
        self._directory.people.learn(us.user, us.name)
        self._files = Files(self._bot_token, self._api_url, calls, budgets)
        self._posting = calls, budgets
        workspace = self._workspace(us, calls, self._directory, self._files)
        self._home, self._memory = workspace, workspace.memory
        self._door = door = Door(workspace, self._chat, self._catch_up)
        self._past = Past(workspace, self._directory, door.late)
        gate = Gate(workspace, self._chat)
        self._commands = commands = Commands(workspace, self._chat, gate, self._clock)
        menus = Menus(workspace, commands, gate, self._clock)
        talk = Subcommands(workspace, self._chat, self._clock)
        settings = Settings(workspace, self._panel, gate)
        forget = Forget(workspace, self._forgetting, self._clock)
        subcommands = {
            "summary": menus.summary,
            "new": talk.new,
            **Usage(workspace, self._reports, self._clock).subcommands,
            **forget.subcommands,
            **Pausing(workspace, self._chat).subcommands,
            **settings.subcommands,
        }
        app = bolt.build(
            us,
            web,
            door=door,
            commands=commands,
            menus=menus,
            parley=Parley(workspace.language, gate, subcommands),
            presses=PressListener(workspace, self._presses, commands, self._clock),
            settings=settings,
            forget=forget,
        )
        if await self._catch_up.begin(f"{PLATFORM}/{us.team}"):
            self._catch_up.due()
        socket = await self._first_socket(dialler)
        self._team = us.team
        self._ears = Ears(
            app, workspace.memory, socket, dialler.dial, self._catch_up.due, hearing=self.hearing
        )

    async def _identity(self, calls: Calls) -> Identity:
        try:
            us = Identity.of(await calls.now(calls.web.auth_test, ()))
        except CallFailed as failed:
            raise tokens.bot_token(failed.outcome, self._api_url) from failed
        if not tokens.is_a_bots(self._bot_token, us.bot):
            raise tokens.no_bot()
        return us

    async def _first_socket(self, dialler: Dialler) -> Socket:
        try:
            return await dialler.dial()
        except CallFailed as failed:
            raise tokens.app_token(failed.outcome, self._api_url) from failed
        except NotConnected as failed:
            raise tokens.no_socket(failed) from failed

    def _workspace(
        self, us: Identity, calls: Calls, directory: Directory, files: Files
    ) -> Workspace:
        scribe = Scribe(us, directory.people, directory.channels)
        budgets = Budgets(us.team, self._bursts)
        groups = Groups(calls, budgets, self._clock)
        return Workspace(
            us=us,
            programs=self._access.programs,
            calls=calls,
            budgets=budgets,
            people=directory.people,
            channels=directory.channels,
            managers=Managers(calls, budgets, groups, self._clock, self._managers),
            groups=groups,
            standings=directory.standings,
            scribe=scribe,
            memory=Memory(self._recall, scribe, us.team, self._clock),
            files=files,
            statusless=Refusals(),
            unstreamed=Refusals(),
            tasks=self._tasks,
            statuses=Statuses(),
            assistant=Assistant(
                calls,
                budgets,
                self._tasks,
                self._clock,
                lambda person: self._languages.of(directory.locales.of(person)),
            ),
            streaming=self._streaming,
            languages=self._languages,
            locales=directory.locales,
        )


async def _look(calls: Calls) -> None:
    """Look whether the bot token is good. Raises `StartError` when it is not any more."""
    try:
        await calls.now(calls.web.auth_test, ())
    except CallFailed as failed:
        if isinstance(failed.outcome, RefusedForGood) and failed.outcome.code in VOID:
            raise tokens.revoked(failed.outcome.code) from failed


def _first(errors: BaseExceptionGroup[StartError]) -> StartError:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, StartError) else StartError(str(error))
