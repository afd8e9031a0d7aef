"""Who the bot is in its workspace."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Identity:
    """The bot as Slack knows it: its workspace, its user, its bot id and its handle."""

    team: str
    user: str
    bot: str
    name: str

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "Identity":
        """Read the answer of auth.test."""
        team, user, bot, name = (
            str(answer.get(part) or "") for part in ("team_id", "user_id", "bot_id", "user")
        )
        return cls(team, user, bot, name)

    def wrote(self, user: str, bot: str) -> bool:
        """Whether a message by these is the bot's own."""
        return (bool(user) and user == self.user) or (bool(bot) and bot == self.bot)
