"""The bot in all workspaces whose people have installed it: one address, a presence in each.

Source: docs.slack.dev/authentication/installing-with-oauth.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import aiohttp
import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.internals import extract_team_id

from bots.slack import tokens
from bots.slack.app import START_TIMEOUT, STOP_TIMEOUT, Address
from bots.slack.budgets import unknown
from bots.slack.calls import CallFailed, Calls
from bots.slack.http import Receiver
from bots.slack.install import Granted, Install
from bots.slack.messages import PLATFORM
from bots.slack.parts import Parts
from bots.slack.presence import Presence, client, new_session
from bots.slack.stay import Stay
from core.access import who_may_use
from core.errors import PlatformFailed, Sealed, StartError
from core.hearing import Hearing
from core.messages import Conversation, Question
from core.store import Installation, Installations
from core.store.patience import write_in_the_end
from core.surface import Outcome, Surface
from core.tasks import Tasks
from core.vault import Vault

log = structlog.get_logger()


class DistributedBot:
    """Parley in any number of Slack workspaces, over HTTP."""

    def __init__(
        self,
        parts: Parts,
        *,
        address: Address,
        client_id: str,
        client_secret: str,
        installations: Installations,
        vault: Vault,
    ) -> None:
        self._parts = parts
        self._installations = installations
        self._vault = vault
        self._session: aiohttp.ClientSession | None = None
        self._install = Install(client_id, client_secret, parts.api_url, vault, self)
        self._receiver = Receiver(
            address.host,
            address.port,
            address.signing_secret,
            self._find,
            routes=self._install.routes(),
        )
        self._stays: dict[str, tuple[Stay, asyncio.Task[None]]] = {}
        self._installing = asyncio.Lock()
        self._tasks = Tasks()
        self.hearing = Hearing(time.time)
        parts.forgetting.heard.append(self._forget)

    @property
    def ready(self) -> bool:
        """Whether events can arrive."""
        return self._receiver.open

    async def start(self) -> None:
        """Be present in all workspaces and listen; one whose token is void keeps none from it.

        Raises `StartError` with one line that names the setting.
        """
        if wrong := unknown(self._parts.bursts):
            raise StartError(wrong)
        self._session = new_session()
        try:
            await self._load()
            await self._receiver.start()
            self.hearing.began()
        except BaseException:
            await self.stop()
            raise
        if not self._stays:
            log.warning("not installed in any workspace yet; open /slack/install in a browser")

    async def who_may_use(self) -> str:
        """Who may use the bot, in one line."""
        places = tuple(f"workspace {team}" for team in self._stays) or (
            "the workspaces that install it",
        )
        return who_may_use(self._parts.access, PLATFORM, places)

    async def run(self) -> None:
        """Listen until `stop`."""
        await self._receiver.run()

    async def stop(self) -> None:
        """Hear nothing more and disconnect, within seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT):
                await self._receiver.stop()
        await self._tasks.close(0)
        if self._session is not None:
            await self._session.close()

    async def announce(self, channel: str, text: str) -> None:
        """Say something in a channel, of whichever workspace it is."""
        outcome = "in no workspace"
        for presence in self._presences:
            try:
                await presence.announce(channel, text)
            except CallFailed as failed:
                outcome = str(failed.outcome)
            else:
                return
        log.warning("not announced", channel=channel, told=text, outcome=outcome)

    async def revive(
        self, question: Question, messages: Sequence[str]
    ) -> tuple[Question, Surface] | None:
        """A question that an earlier process has heard (`core.resuming.Platform`)."""
        del messages
        return await self._at(question.conversation).revive(question)

    async def begun(
        self, question: Question, reply: str, recorded: Sequence[str]
    ) -> tuple[str, ...]:
        """The messages of an answer to a question that is gone."""
        return await self._at(question.conversation).begun(question, reply, recorded)

    async def unsay(self, conversation: Conversation, message: str) -> Outcome:
        """Take a message of an answer away."""
        return await self._at(conversation).unsay(conversation, message)

    def calls(self) -> Calls:
        """The Web API without a token. Raises `PlatformFailed`."""
        if self._session is None or self._session.closed:
            raise PlatformFailed("Slack is not connected")
        web = client(self._parts.api_url, self._session)
        return Calls(web, self._parts.governor, self._parts.clock)

    async def welcome(self, granted: Granted) -> bool:
        """A workspace has let the bot in: keep its token, and be present there at once.

        False: Slack does not answer; it will be present as soon as it does. Raises `StoreFailed`.
        """
        sealed = self._vault.seal(granted.token)
        installation = Installation(f"{PLATFORM}/{granted.team}", granted.name, sealed)
        async with self._installing:
            await self._installations.save(installation)
            log.info("installed in a workspace", workspace=granted.team, name=granted.name)
            stay = await self._stay_at(installation)
        return await self._arrived(stay)

    async def _load(self) -> None:
        """Be present wherever it is installed, as far as Slack answers."""
        installed = [await self._renewed(one) for one in await self._installations.all()]
        stays = [await self._stay_at(one) for one in installed]
        await asyncio.gather(*map(self._arrived, stays))

    async def _arrived(self, stay: Stay) -> bool:
        """Whether the bot is present there within some seconds."""
        arriving = asyncio.create_task(stay.arrived.wait())
        staying = [task for one, task in self._stays.values() if one is stay]
        await asyncio.wait(
            {arriving, *staying}, timeout=START_TIMEOUT, return_when=asyncio.FIRST_COMPLETED
        )
        arriving.cancel()
        return stay.presence is not None

    async def _renewed(self, one: Installation) -> Installation:
        """The same with a token that the first key opens. Raises `StartError`."""
        try:
            token = self._vault.renewed(one.token)
        except Sealed as error:
            raise StartError(
                f"TOKEN_KEY does not open the token of the workspace {one.name} ({_team(one)}). "
                "Set the key with which it was kept; after a change of keys the former one stands "
                "behind the new one and a comma."
            ) from error
        if token != one.token:
            await self._installations.reseal(one.workspace, one.token, token)
        return replace(one, token=token)

    async def _stay_at(self, installation: Installation) -> Stay:
        """Be in a workspace with this token from now on."""
        if self._session is None:
            raise PlatformFailed("Slack is not connected")
        team, token = _team(installation), self._vault.open(installation.token)
        if team in self._stays:
            stay, task = self._stays[team]
            if stay.token == token:
                return stay
            await _cancelled(task)
        stay = Stay(self._parts, self._session, team, token)
        staying = self._tasks.start(self._stay_out(stay, installation), f"workspace {team}")
        self._stays[team] = stay, staying
        return stay

    async def _stay_out(self, stay: Stay, installation: Installation) -> None:
        """Stay until the token is void, and erase it then."""
        team = _team(installation)
        try:
            await stay.run()
        except tokens.Revoked as revoked:
            if self._stays.get(team, (None,))[0] is stay:
                del self._stays[team]
            await write_in_the_end(partial(self._installations.erase, installation), workspace=team)
            log.warning(
                "gone from a workspace: its token is erased",
                workspace=team,
                name=installation.name,
                why=revoked.code,
            )

    async def _find(self, payload: dict[str, Any]) -> AsyncApp | None:
        """The app of the workspace that a payload is for; as `bots.slack.http.Find`."""
        team = _team_of(payload)
        if team not in self._stays:
            # Another process on this database may have been where it was installed.
            installation = await self._installations.get(f"{PLATFORM}/{team}")
            if installation is None:
                return None
            try:
                await self._stay_at(installation)
            except Sealed as error:
                raise PlatformFailed(f"TOKEN_KEY does not open the token of {team}") from error
        presence = self._stays[team][0].presence
        if presence is None:
            raise PlatformFailed(f"not present in the workspace {team} yet")
        return presence.app

    @property
    def _presences(self) -> list[Presence]:
        return [stay.presence for stay, _ in self._stays.values() if stay.presence]

    def _at(self, conversation: Conversation) -> Presence:
        stay = self._stays.get(conversation.workspace)
        if stay is None or stay[0].presence is None:
            raise PlatformFailed(f"not present in the workspace {conversation.workspace}")
        return stay[0].presence

    def _forget(self, platform: str, person: str) -> None:
        """Know nothing of somebody any more."""
        for presence in self._presences if platform == PLATFORM else ():
            presence.forget(person)


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


def _team(installation: Installation) -> str:
    return installation.workspace.removeprefix(f"{PLATFORM}/")


def _team_of(payload: dict[str, Any]) -> str:
    """The workspace in which Slack says that the bot is asked; empty for none."""
    try:
        team = extract_team_id(payload)
    except (AttributeError, LookupError, TypeError):  # Bolt reads it unchecked
        return ""
    return team if isinstance(team, str) else ""
