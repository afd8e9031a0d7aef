"""What a person does on the page, done in the sandbox's Slack and Discord."""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sandbox.discord import CommandFailed as DiscordCommandFailed
from sandbox.discord import DiscordServer
from sandbox.discord import Upload as DiscordUpload
from sandbox.discord.objects import members
from sandbox.page import commands, forms
from sandbox.page.troubles import Troubles
from sandbox.slack import CommandFailed as SlackCommandFailed
from sandbox.slack import SlackServer
from sandbox.slack import Upload as SlackUpload
from sandbox.world import Change

Json = dict[str, Any]
Act = Callable[["Given"], Awaitable[str | None]]
"""Gives the id of what was written, if anything was."""

FORM_TIMEOUT = 1.0
"""Seconds that a modal is waited for after an acknowledgement, on this machine."""


class Refused(Exception):
    """It did not happen; the sentence says why, as the platform's client would."""


class Given:
    """The words of one act."""

    def __init__(self, values: Json) -> None:
        self._values = values
        self.form: Json = {}

    def text(self, name: str) -> str:
        """A word that may be missing."""
        value = self._values.get(name, "")
        if not isinstance(value, str):
            raise Refused(f"“{name}” must be a text.")
        return value

    def texts(self, name: str) -> dict[str, str]:
        """Words by name."""
        values = self._values.get(name)
        if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
            raise Refused(f"“{name}” must be texts by name.")
        return values

    def open(self, form: Json) -> None:
        """The act has opened a form."""
        self.form = form

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
    "too_long": "a text in it is longer than Slack lets anybody type",
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
            "slack/open": self._open_messages_in_slack,
            "slack/stop": self._stop_in_slack,
            "slack/press": self._press_in_slack,
            "slack/choose": self._choose_in_slack,
            "slack/submit": self._submit_in_slack,
            "discord/say": self._say_in_discord,
            "discord/edit": self._edit_in_discord,
            "discord/delete": self._delete_in_discord,
            "discord/command": self._command_discord,
            "discord/press": self._press_in_discord,
            "discord/choose": self._choose_in_discord,
            "discord/submit": self._submit_in_discord,
            "discord/post": self._post_in_forum,
        }

    async def do(self, name: str, values: Any) -> str:
        """Do it; returns once the platform's client would be ready for the next.

        What it returns is the id of the message or the post that was written, or empty.
        """
        return str((await self.done(name, values))["id"])

    async def done(self, name: str, values: Any) -> Json:
        """The same, with the `form` that the bot has opened, if it has."""
        act = self._acts.get(name)
        if act is None or not isinstance(values, dict):
            raise Refused("The sandbox does not know how to do that.")
        given = Given(values)
        try:
            id_ = await act(given) or ""
        except SlackCommandFailed as failed:
            raise Refused(_sentence(given.text("name"), str(failed))) from failed
        except (DiscordCommandFailed, PermissionError, ValueError) as failed:
            raise Refused(str(failed)) from failed
        except LookupError as failed:
            raise Refused(str(failed.args[0]) if failed.args else "It is gone.") from failed
        return {"id": id_} | ({"form": given.form} if given.form else {})

    def commands(self, person: str = "") -> Json:
        """What can be typed after a slash, or chosen from a message's menu, on each platform.

        Discord has it in the language of this person there.
        """
        registered = self._discord.commands.everywhere()
        return {
            "slack": commands.SLACK,
            "discord": commands.listed(registered, self._locale(person)),
            "menus": {
                "slack": commands.MENU,
                "discord": commands.menu(registered, self._locale(person)),
            },
        }

    def _locale(self, person: str) -> str:
        """The language in which somebody uses Discord."""
        found = self._discord.realm.space.people.get(person)
        return found.locale if found else ""

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
        with self._watching(given):
            await self._slack.command(
                given["person"], given["channel"], given["name"], given.text("text")
            )

    async def _invite_in_slack(self, given: Given) -> None:
        self._slack.invite(given["person"], given["channel"])

    async def _open_messages_in_slack(self, given: Given) -> None:
        self._slack.open_home(given["person"], "messages")

    async def _stop_in_slack(self, given: Given) -> None:
        self._slack.stop_session(given["person"], given["channel"], given["thread"])

    async def _press_in_slack(self, given: Given) -> None:
        with self._watching(given):
            await self._slack.press(
                given["person"],
                given["channel"],
                given["message"],
                given["id"],
                given.text("value"),
            )

    async def _submit_in_slack(self, given: Given) -> None:
        view = given["view"]
        answer = await self._slack.submit(given["person"], view, given.texts("values"))
        if answer.get("response_action") in ("errors", "update"):
            given.open(self._slack_form(view, given["person"], answer.get("errors")))

    @contextmanager
    def _watching(self, given: Given) -> Iterator[asyncio.Event]:
        """Notice a modal that the bot opens for this person meanwhile; the event says so."""
        opened = asyncio.Event()

        def changed(change: Change) -> None:
            if change.what == "view" and change.note["person"] == given["person"]:
                given.open(self._slack_form(change.note["view"], given["person"]))
                opened.set()

        unwatch = self._slack.workspace.space.watch(changed)
        try:
            yield opened
        finally:
            unwatch()

    def _slack_form(self, view: str, person: str, wrong: Json | None = None) -> Json:
        shown = self._slack.workspace.views.get(view)
        people = self._slack.workspace.space.people.values()
        return forms.of_slack(view, shown.content, person, people, wrong)

    async def _choose_in_slack(self, given: Given) -> None:
        with self._watching(given) as opened:
            await self._slack.shortcut(
                given["person"], given["channel"], given["message"], given["entry"]
            )
            # A modal may be opened after the acknowledgement, and some entries open none.
            with suppress(TimeoutError):
                async with asyncio.timeout(FORM_TIMEOUT):
                    await opened.wait()

    async def _choose_in_discord(self, given: Given) -> None:
        used = await self._discord.context_menu(
            given["person"], given["channel"], given["entry"], given["message"]
        )
        self._open_in_discord(given, used)

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
        command, text = commands.chosen(command, given.text("text"))
        options = commands.options(command, text)
        used = await self._discord.command(
            given["person"], given["channel"], command["name"], options
        )
        self._open_in_discord(given, used)

    async def _press_in_discord(self, given: Given) -> None:
        pressed = await self._discord.press(
            given["person"], given["channel"], given["message"], given["id"]
        )
        self._open_in_discord(given, pressed)

    async def _submit_in_discord(self, given: Given) -> None:
        await self._discord.submit(
            given["person"], given["channel"], given["interaction"], given.texts("values")
        )

    def _open_in_discord(self, given: Given, used: str) -> None:
        """Show the form with which the bot answered, if it did."""
        interaction = self._discord.interaction(used)
        if interaction is None or not interaction.modal:
            return
        realm = self._discord.realm
        people = [one for one in realm.space.people.values() if not one.is_bot]
        roles = [role for role in members.roles(realm) if not role["managed"]]
        choices = [{"value": one.id, "words": one.name} for one in people]
        choices += [
            {"value": role["id"], "words": f"@{role['name'].lstrip('@')}"} for role in roles
        ]
        modal, person, channel = interaction.modal, given["person"], given["channel"]
        locale = self._locale(person)
        given.open(forms.of_discord(modal, used, person, channel, choices, locale=locale))

    async def _post_in_forum(self, given: Given) -> str:
        post = self._discord.open_post(
            given["person"], given["channel"], given["title"], given["text"]
        )
        return post.id


async def fail(troubles: Troubles, act: str, values: Any) -> None:
    """Have something go wrong, or not any more; raises `Refused`."""
    given = Given(values if isinstance(values, dict) else {})
    try:
        match act:
            case "add":
                troubles.add(given["where"], given.text("call"), given["kind"], given["span"])
            case "remove":
                troubles.remove(given["id"])
            case "break":
                await troubles.break_line(given["line"])
            case _:
                raise Refused("The sandbox does not know how to do that.")
    except (LookupError, ValueError) as failed:
        raise Refused(str(failed.args[0])) from failed
