"""What a person does on the page, done in the sandbox's Slack and Discord."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from sandbox.discord import CommandFailed as DiscordCommandFailed
from sandbox.discord import DiscordServer
from sandbox.discord import Upload as DiscordUpload
from sandbox.page import commands
from sandbox.slack import CommandFailed as SlackCommandFailed
from sandbox.slack import SlackServer
from sandbox.slack import Upload as SlackUpload

Json = dict[str, Any]
Act = Callable[["Given"], Awaitable[str | None]]
"""Gives the id of what was written, if anything was."""


class Refused(Exception):
    """It did not happen; the sentence says why, as the platform's client would."""


class Given:
    """The words of one act."""

    def __init__(self, values: Json) -> None:
        self._values = values

    def text(self, name: str) -> str:
        """A word that may be missing."""
        value = self._values.get(name, "")
        if not isinstance(value, str):
            raise Refused(f"“{name}” must be a text.")
        return value

    def files(self) -> Iterator[tuple[str, str, bytes]]:
        """Names, media types and contents of what is attached."""
        values = self._values.get("files") or []
        for value in values if isinstance(values, list) else ():
            one = Given(value if isinstance(value, dict) else {})
            try:
                data = base64.b64decode(one.text("data"), validate=True)
            except binascii.Error as error:
                raise Refused(f"{one['name']} did not come whole.") from error
            yield one["name"], one.text("type") or "application/octet-stream", data

    def __getitem__(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise Refused(f"“{name}” is missing.")
        return value


_NOT_THERE = "There is no command {what} here. Type / to see those that there are."
_REASONS = {
    "dispatch_failed": "the bot is not connected",
    "operation_timeout": "the bot did not answer within three seconds",
    "invalid_command_response": "Slack does not understand what the bot answered",
}


def _sentence(command: str, code: str) -> str:
    """What Slack says by a code."""
    what = command or "That"
    if code == "unknown_command":
        return _NOT_THERE.format(what=what)
    return f"{what} did not work: {_REASONS.get(code, 'Slack refused it')} (Slack: {code})."


class Acts:
    """Carries out acts by their name, such as `slack/say`; raises `Refused`."""

    def __init__(self, slack: SlackServer, discord: DiscordServer) -> None:
        self._slack = slack
        self._discord = discord
        self._acts: dict[str, Act] = {
            "slack/say": self._say_in_slack,
            "slack/edit": self._edit_in_slack,
            "slack/delete": self._delete_in_slack,
            "slack/command": self._command_slack,
            "slack/invite": self._invite_in_slack,
            "slack/press": self._press_in_slack,
            "discord/say": self._say_in_discord,
            "discord/edit": self._edit_in_discord,
            "discord/delete": self._delete_in_discord,
            "discord/command": self._command_discord,
            "discord/press": self._press_in_discord,
            "discord/post": self._post_in_forum,
        }

    async def do(self, name: str, values: Any) -> str:
        """Do it; returns once the platform's client would be ready for the next.

        What it returns is the id of the message or the post that was written, or empty.
        """
        act = self._acts.get(name)
        if act is None or not isinstance(values, dict):
            raise Refused("The sandbox does not know how to do that.")
        try:
            return await act(Given(values)) or ""
        except SlackCommandFailed as failed:
            raise Refused(_sentence(Given(values).text("name"), str(failed))) from failed
        except (DiscordCommandFailed, PermissionError, ValueError) as failed:
            raise Refused(str(failed)) from failed
        except LookupError as failed:
            raise Refused(str(failed.args[0]) if failed.args else "It is gone.") from failed

    def commands(self) -> Json:
        """What can be typed after a slash, on each platform."""
        registered = self._discord.commands.everywhere()
        return {"slack": commands.SLACK, "discord": commands.listed(registered)}

    async def _say_in_slack(self, given: Given) -> str:
        files = [SlackUpload(*file) for file in given.files()]
        text = given.text("text") if files else given["text"]
        said = self._slack.say(
            given["person"], given["channel"], text, thread=given.text("thread"), files=files
        )
        return said.id

    async def _edit_in_slack(self, given: Given) -> None:
        self._slack.edit(given["person"], given["channel"], given["message"], given["text"])

    async def _delete_in_slack(self, given: Given) -> None:
        self._slack.delete(given["person"], given["channel"], given["message"])

    async def _command_slack(self, given: Given) -> None:
        await self._slack.command(
            given["person"], given["channel"], given["name"], given.text("text")
        )

    async def _invite_in_slack(self, given: Given) -> None:
        self._slack.invite(given["person"], given["channel"])

    async def _press_in_slack(self, given: Given) -> None:
        await self._slack.press(
            given["person"],
            given["channel"],
            given["message"],
            given["id"],
            given.text("value"),
        )

    async def _say_in_discord(self, given: Given) -> str:
        files = [DiscordUpload(*file) for file in given.files()]
        text = given.text("text") if files else given["text"]
        said = self._discord.say(
            given["person"], given["channel"], text, reply_to=given.text("reply"), files=files
        )
        return said.id

    async def _edit_in_discord(self, given: Given) -> None:
        self._discord.edit(given["person"], given["channel"], given["message"], given["text"])

    async def _delete_in_discord(self, given: Given) -> None:
        self._discord.delete(given["person"], given["channel"], given["message"])

    async def _command_discord(self, given: Given) -> None:
        name = given["name"].removeprefix("/")
        registered = self._discord.commands.everywhere()
        command = next((one for one in registered if one["name"] == name), None)
        if command is None:
            raise Refused(f"There is no command /{name} here.")
        options = commands.options(command, given.text("text"))
        await self._discord.command(given["person"], given["channel"], name, options)

    async def _press_in_discord(self, given: Given) -> None:
        await self._discord.press(given["person"], given["channel"], given["message"], given["id"])

    async def _post_in_forum(self, given: Given) -> str:
        post = self._discord.open_post(
            given["person"], given["channel"], given["title"], given["text"]
        )
        return post.id
