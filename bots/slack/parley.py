"""`/parley`: what people can do with the bot, a subcommand each."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bots.slack.payload import string
from core.words import Notice, told

Ack = Callable[..., Awaitable[Any]]

HELP = Notice("slack_help")


@dataclass(frozen=True, slots=True)
class Use:
    """One use of `/parley`. `words` is what stands after the subcommand.

    `trigger` opens a modal within three seconds, `url` answers five times within half an hour,
    `language` is the asker's.
    """

    words: str
    channel: str
    user: str
    language: str
    trigger: str
    url: str
    ack: Ack

    async def tell(self, sentence: str) -> None:
        """Acknowledge the command with a few words for the asker alone, in Slack's own markup."""
        await self.ack(response_type="ephemeral", text=told(sentence, self.language))


Subcommand = Callable[[Use], Awaitable[None]]
"""What a subcommand does; it acknowledges within three seconds."""


@dataclass(frozen=True, slots=True)
class Parley:
    """Hands each use to its subcommand; what is no subcommand is answered by `help`.

    `language` tells that of somebody.
    """

    language: Callable[[str], str]
    subcommands: Mapping[str, Subcommand] = field(default_factory=dict)

    async def __call__(self, body: dict[str, Any], ack: Ack) -> None:
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
        )
        await self.subcommands.get(word.lower(), _help)(use)


async def _help(use: Use) -> None:
    await use.tell(HELP)
