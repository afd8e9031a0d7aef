"""Whether somebody may use the bot, for what is no question: menus, forms and subcommands."""

from typing import Any

import structlog

from bots.slack.caller import SlackCaller
from bots.slack.payload import string
from bots.slack.workspace import Workspace
from core.chat import Chat
from core.errors import StoreFailed
from core.messages import Author
from core.surface import Surface
from core.words import told

log = structlog.get_logger()


class Gate:
    """Asks the chat, in Slack's words."""

    def __init__(self, workspace: Workspace, chat: Chat) -> None:
        self._workspace = workspace
        self._chat = chat

    async def check(self, surface: Surface, author: Author) -> None:
        """Raises `LeftOut` where a message is not to be read, for whoever wrote it."""
        await self._chat.outsiders.check(surface, author)

    async def refusal(self, user: str, channel: str, *, elsewhere: bool = False) -> str:
        """Why somebody may not use the bot in a channel, in their language; empty: they may."""
        caller = SlackCaller(self._workspace, user, channel, elsewhere)
        try:
            refusal = await self._chat.refusal_of(caller)
        except StoreFailed as error:
            log.error("not known whether somebody may use the bot", user=user, error=str(error))
            return told(error.sentence, self._workspace.language(user))
        return told(refusal, self._workspace.language(user)) if refusal else ""

    async def refuses_command(self, body: dict[str, Any]) -> str:
        """The same for whoever uses a command; what it says of them is kept in mind."""
        user, team = string(body, "user_id"), string(body, "team_id")
        elsewhere = is_elsewhere(self._workspace, team)
        return await self.refusal(user, string(body, "channel_id"), elsewhere=elsewhere)

    async def refuses_press(self, body: dict[str, Any], channel: str) -> str:
        """The same for whoever uses a button, a menu or a form."""
        met(self._workspace, body)
        return await self.refusal(string(body.get("user"), "id"), channel)


def is_elsewhere(workspace: Workspace, team: str) -> bool:
    """Whether a command comes from another workspace that has the same app.

    People of other workspaces see no commands in channels that are shared with them.
    """
    return bool(team) and team != workspace.us.team


def met(workspace: Workspace, body: dict[str, Any]) -> None:
    """An interaction says of which workspace whoever started it is."""
    user = body.get("user")
    workspace.standings.seen(string(user, "id"), string(user, "team_id"))
