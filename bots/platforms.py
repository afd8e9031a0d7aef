"""The platforms that are set up, each with a bot."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from bots.building import Built
from core.catch_up import CatchUp
from core.guilds import Guilds
from core.hearing import Hearing
from core.messages import Conversation, Question
from core.proxies import proxy_to
from core.settings import Settings
from core.surface import Outcome, Surface
from core.vault import Vault


class Bot(Protocol):
    """One platform, connected."""

    @property
    def hearing(self) -> Hearing:
        """Since when events arrive, and how often that was interrupted."""

    @property
    def ready(self) -> bool:
        """Whether the platform has greeted us and events arrive."""

    async def start(self) -> None:
        """Check the tokens and connect; `StartError` says in one line what is wrong."""

    async def who_may_use(self) -> str:
        """Who may use the bot there, in one line for its operator."""

    async def run(self) -> None:
        """Stay connected until `stop`; `StartError` when the platform ends it for good."""

    async def revive(
        self, question: Question, messages: Sequence[str]
    ) -> tuple[Question, Surface] | None:
        """A question that an earlier process has heard, as `core.resuming.Platform`."""

    async def begun(
        self, question: Question, reply: str, recorded: Sequence[str]
    ) -> tuple[str, ...]:
        """The messages of an answer to a question that is gone."""

    async def unsay(self, conversation: Conversation, message: str) -> Outcome:
        """Take a message of an answer away."""

    async def stop(self) -> None:
        """Hear nothing more and disconnect, within seconds."""

    async def announce(self, channel: str, text: str) -> None:
        """Say something in a channel, as a notice; what becomes of it is a line of the log."""


def platforms(settings: Settings, built: Built) -> dict[str, Bot]:
    """The platforms whose tokens are set; the others' libraries are not even imported."""
    store = built.store
    catch_up = partial(
        CatchUp,
        store.marks,
        store.questions,
        settings.catch_up_minutes * 60,
        time.time,
        built.figures,
    )
    bots: dict[str, Bot] = {}
    if settings.slack_bot_token or settings.slack_client_id:
        bots["slack"] = _slack(settings, built, catch_up)
    if settings.discord_token:
        from bots.discord.bot import DiscordBot  # noqa: PLC0415

        bots["discord"] = DiscordBot(
            token=settings.discord_token.get_secret_value(),
            api_url=settings.discord_api_url,
            panel=built.panel,
            reports=built.reports,
            forgetting=built.forgetting,
            chat=built.chat,
            presses=built.presses,
            governor=built.governor,
            recall=built.recall,
            languages=built.languages,
            marks=store.marks,
            guilds=Guilds(store.guilds, settings.discord_guilds, time.monotonic),
            access=built.access,
            catch_up=catch_up(),
            proxy=proxy_to(settings.discord_api_url),
        )
    return bots


def _slack(settings: Settings, built: Built, catch_up: Callable[[], CatchUp]) -> Bot:
    """Slack by the way that the settings say: Socket Mode, HTTP, or HTTP in many workspaces."""
    from bots.slack import Address, DistributedBot, Parts, SlackBot  # noqa: PLC0415

    parts = Parts(
        api_url=settings.slack_api_url,
        streaming=settings.slack_streaming,
        bursts=settings.slack_bursts,
        chat=built.chat,
        presses=built.presses,
        governor=built.governor,
        recall=built.recall,
        panel=built.panel,
        reports=built.reports,
        forgetting=built.forgetting,
        managers=settings.slack_managers,
        access=built.access,
        catch_up=catch_up,
        languages=built.languages,
    )
    bot, app = settings.slack_bot_token, settings.slack_app_token.get_secret_value()
    if app or settings.http_port is None:
        return SlackBot(parts, bot_token=bot.get_secret_value(), app_token=app)
    signing_secret = settings.slack_signing_secret.get_secret_value()
    address = Address(settings.http_host, settings.http_port, signing_secret)
    if bot:
        return SlackBot(parts, bot_token=bot.get_secret_value(), address=address)
    return DistributedBot(
        parts,
        address=address,
        client_id=settings.slack_client_id,
        client_secret=settings.slack_client_secret.get_secret_value(),
        installations=built.store.installations,
        vault=Vault(settings.token_key.get_secret_value()),
    )
