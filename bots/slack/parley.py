"""`/parley`: what people can do with the bot, a subcommand each."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from slack_bolt.context.async_context import AsyncBoltContext

from bots.slack import mrkdwn
from bots.slack.calls import CallFailed
from bots.slack.dispatch import ANSWERED
from bots.slack.gate import Gate
from bots.slack.payload import string
from bots.slack.response import ResponseUrl
from bots.slack.workspace import Workspace
from core.surface import Page
from core.words import Notice, told

log = structlog.get_logger()

Ack = Callable[..., Awaitable[Any]]

HELP = Notice("slack_help")

OPEN = ("forget",)
"""What people may do who may not use the bot: there may be records of them all the same."""


@dataclass(frozen=True, slots=True)
class Use:
    """One use of `/parley`. `words` is what stands after the subcommand.

    `trigger` opens a modal within three seconds, `url` answers five times within half an hour,
    `language` is the asker's. `body` is all that Slack says of it; `acknowledged` is set once the
    acknowledgement is sent.
    """

    words: str
    channel: str
    user: str
    language: str
    trigger: str
    url: str
    ack: Ack
    body: Mapping[str, Any]
    acknowledged: asyncio.Event

    def told(self, sentence: str) -> str:
        """A sentence in the asker's language."""
        return told(sentence, self.language)

    async def tell(self, sentence: str) -> None:
        """Acknowledge the command with a few words for the asker alone, in Slack's own markup."""
        await self.ack(response_type="ephemeral", text=self.told(sentence))

    async def quote(self, sentence: str) -> None:
        """The same with what may hold people's own words, in which Slack is to find no marks."""
        await self.ack(response_type="ephemeral", text=mrkdwn.escape(self.told(sentence)))

    async def add(self, workspace: Workspace, sentence: str, clock: Callable[[], float]) -> None:
        """Say something to the asker alone that was not known when the command was acknowledged."""
        budgets = workspace.budgets.response(self.trigger)
        url = ResponseUrl(workspace, self.url, clock, budgets, after=self.acknowledged)
        try:
            await url.add(Page("", self.told(sentence)))
        except CallFailed as failed:
            log.info("command not answered", error=str(failed))


Subcommand = Callable[[Use], Awaitable[None]]
"""What a subcommand does; it acknowledges within three seconds."""


@dataclass(frozen=True, slots=True)
class Parley:
    """Hands each use to its subcommand; what is no subcommand is answered by `help`.

    `language` tells that of somebody; `gate` lets in who may use the bot.
    """

    language: Callable[[str], str]
    gate: Gate
    subcommands: Mapping[str, Subcommand] = field(default_factory=dict)

    async def __call__(self, body: dict[str, Any], ack: Ack, context: AsyncBoltContext) -> None:
        """As one of Bolt's listeners."""
        word, _, words = string(body, "text").strip().partition(" ")
        user = string(body, "user_id")
        use = Use(
            words=words.strip(),
            channel=string(body, "channel_id"),
            user=user,
            language=self.language(user),
            trigger=string(body, "trigger_id"),
            url=string(body, "response_url"),
            ack=ack,
            body=body,
            acknowledged=context[ANSWERED],
        )
        is_open = word.lower() in OPEN
        if not is_open and (refusal := await self.gate.refuses_command(body)):
            await use.tell(refusal)
            return
        await self.subcommands.get(word.lower(), _help)(use)


async def _help(use: Use) -> None:
    await use.tell(HELP)
