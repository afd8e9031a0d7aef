"""What people do in the sandbox's Slack: talk, edit, delete, command, click."""

import uuid
from collections.abc import Iterable
from typing import Any

from sandbox.slack import answers, events, interactions
from sandbox.slack.arguments import Arguments
from sandbox.slack.composer import compose, spoken
from sandbox.slack.deliveries import Carrier, Deliveries
from sandbox.slack.errors import CommandFailed, Refused
from sandbox.slack.files import Upload, describe
from sandbox.slack.sockets import NotDelivered
from sandbox.slack.workspace import Workspace
from sandbox.world import Change, Channel, Message, Person


class Crowd:
    """Everybody who can be played; people go by id, handle or name, channels by id or name.

    `LookupError` for what does not exist, `PermissionError` for what a person may not do,
    `CommandFailed` for what the Slack client shows when the app does not acknowledge.
    """

    def __init__(self, slack: Workspace, carrier: Carrier, deliveries: Deliveries) -> None:
        self._slack = slack
        self._space = slack.space
        self._carrier = carrier
        self._deliveries = deliveries

    def say(
        self,
        person: str,
        channel: str,
        text: str,
        thread: str = "",
        files: Iterable[Upload] = (),
    ) -> Message:
        """Write a message, as typed: "@Parley" becomes a mention, `&<>` are escaped."""
        who, where = self._present(person, channel)
        if thread:
            self._message(where, thread)
        payload = self._typed(text)
        if files:
            payload["files"] = [self._put(upload, who) for upload in files]
        payload["client_msg_id"] = str(uuid.uuid4())
        words = self._composed(text)
        return self._space.post(where.id, who.id, words, thread=thread, payload=payload)

    def edit(self, person: str, channel: str, message: str, text: str) -> Message:
        """Change a message of one's own."""
        before = self._own(person, channel, message)
        payload = {**before.payload, **self._typed(text)}
        return self._space.edit(before.channel, before.id, self._composed(text), payload)

    def delete(self, person: str, channel: str, message: str) -> None:
        """Delete a message of one's own."""
        self._slack.erase(self._own(person, channel, message))

    def invite(self, person: str, channel: str) -> None:
        """Let the app into a channel; what was said there before, it has not heard."""
        _, where = self._present(person, channel)
        app = self._slack.app.user
        if app in where.members:
            return
        where.members.add(app)
        self._space.tell(Change("channel", self._space.name, where.id))
        payload = {"subtype": "channel_join"}
        self._space.post(where.id, app, f"<@{app}> has joined the channel", payload=payload)

    async def command(self, person: str, channel: str, command: str, text: str) -> str:
        """Run a slash command; the id of the message that acknowledges it, empty for none."""
        who, where = self._present(person, channel)
        app = self._slack.app
        missing = command not in app.commands or "commands" not in app.scopes
        if missing or who.home:  # people of other workspaces have only the commands of their own
            raise CommandFailed("unknown_command")
        secret = self._slack.responses.issue(where.id, who.id)
        payload = interactions.command(
            self._slack, who, where, name=command, text=text, secret=secret
        )
        answer = await self._exchange("slash_commands", payload)
        if not answer:
            return ""
        try:
            url = self._slack.responses.get(secret)
            return answers.answer(self._slack, url, Arguments(answer))
        except Refused as refusal:
            raise CommandFailed("invalid_command_response") from refusal

    async def press(
        self, person: str, channel: str, message: str, action_id: str, value: str = ""
    ) -> None:
        """Use a button or a menu in a message; without `value`, the button's own."""
        who, target = self._seen(person, channel, message)
        secret = self._slack.responses.issue(target.channel, who.id, target.thread, target.id)
        payload = interactions.click(
            self._slack, who, target, action_id=action_id, value=value, secret=secret
        )
        await self._exchange("interactive", payload)

    async def shortcut(self, person: str, channel: str, message: str, callback_id: str) -> None:
        """Choose the app's entry in a message's menu."""
        who, target = self._seen(person, channel, message)
        secret = self._slack.responses.issue(target.channel, who.id, target.thread)
        payload = interactions.shortcut(
            self._slack, who, target, callback_id=callback_id, secret=secret
        )
        await self._exchange("interactive", payload)

    async def submit(
        self, person: str, view: str, values: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Submit a modal; what the app answered: nothing, or its `response_action`.

        `values` by block id or action id; what is left out keeps its initial value.
        """
        who = self.person(person)
        try:
            shown = self._slack.views.get(view)
        except Refused as refusal:
            raise LookupError(f"No view {view!r} is open.") from refusal
        interactions.check_length(shown, values or {})
        payload = interactions.submission(self._slack, who, shown, values or {})
        answer = await self._exchange("interactive", payload)
        self._go_on(shown.id, who, answer)
        return answer

    def open_home(self, person: str, tab: str = "home") -> None:
        """Open the app's home or its messages."""
        who = self.person(person)
        self._tell("app_home_opened", events.home_opened(self._slack, who.id, tab))

    def open_assistant(self, person: str) -> Message:
        """Open the older sort of assistant, which begins a thread; its root is the app's.

        `LookupError` where the app is none.
        """
        who, app = self.person(person), self._slack.app
        if app.view != "assistant":
            raise LookupError(f"{app.id} is no assistant.")
        channel = self._slack.direct(who.id)
        payload = {"subtype": "assistant_app_thread"}
        root = self._space.post(channel.id, app.user, "New Assistant Thread", payload=payload)
        event = events.assistant_started(self._slack, who.id, channel.id, root.id)
        self._tell("assistant_thread_started", event)
        return root

    def uninstall(self) -> None:
        """Remove the app from the workspace, as its administrators may."""
        self._slack.remove("account_inactive")
        self._tell("tokens_revoked", events.tokens_revoked(self._slack))
        self._tell("app_uninstalled", events.app_uninstalled(self._slack))

    def stop_session(self, person: str, channel: str, thread: str) -> None:
        """Press the stop button that Slack shows while an agent works in a thread."""
        who, where = self._present(person, channel)
        streams = [
            ts
            for ts in self._slack.streams.open_in(where.id)
            if self._message(where, ts).thread == thread
        ]
        for ts in streams:
            self._slack.streams.stop(where.id, ts, "user")
        event = events.session_stopped(self._slack, who.id, where.id, thread, streams)
        self._tell("agent_session_stopped", event)

    def person(self, key: str) -> Person:
        """Somebody by id, handle or name."""
        for person in self._space.people.values():
            if key in (person.id, person.handle, person.name):
                return person
        raise LookupError(f"Nobody here is called {key!r}.")

    def channel(self, key: str) -> Channel:
        """A channel by id or name."""
        for channel in self._space.channels.values():
            if key in (channel.id, channel.name):
                return channel
        raise LookupError(f"There is no channel {key!r}.")

    def _present(self, person: str, channel: str) -> tuple[Person, Channel]:
        who, where = self.person(person), self.channel(channel)
        if who.id not in where.members:
            raise PermissionError(f"{who.name} is not in {where.name}.")
        if where.archived:
            raise PermissionError(f"{where.name} is archived.")
        return who, where

    def _message(self, channel: Channel, id: str) -> Message:
        message = self._space.message(channel.id, id)
        if message is None or message.payload.get("subtype") == "tombstone":
            raise LookupError(f"There is no message {id} in {channel.name}.")
        return message

    def _own(self, person: str, channel: str, message: str) -> Message:
        who, where = self._present(person, channel)
        found = self._message(where, message)
        if found.author != who.id:
            raise PermissionError(f"The message {message} is not {who.name}'s.")
        return found

    def _seen(self, person: str, channel: str, message: str) -> tuple[Person, Message]:
        who, where = self._present(person, channel)
        found = self._message(where, message)
        if found.only_for not in ("", who.id):
            raise PermissionError(f"{who.name} cannot see the message {message}.")
        return who, found

    def _composed(self, text: str) -> str:
        rooms = [room for room in self._space.channels.values() if room.id.startswith("C")]
        return compose(text, self._space.people.values(), rooms)

    def _typed(self, text: str) -> dict[str, Any]:
        return {"blocks": spoken(self._composed(text))}

    def _put(self, upload: Upload, owner: Person) -> dict[str, Any]:
        file = self._slack.files.add(upload, owner.id)
        return describe(file, self._slack.address, self._slack.app.team)

    def _go_on(self, view: str, person: Person, answer: dict[str, Any]) -> None:
        """What a modal does after it was submitted."""
        match answer.get("response_action"):
            case "errors":
                return
            case "update":
                self._slack.views.update(view, answer["view"], "")
            case "push":
                self._slack.views.open(person.id, answer["view"])
            case _:
                self._slack.views.close(view)

    def _tell(self, subscription: str, event: dict[str, Any]) -> None:
        if self._slack.app.hears(subscription):
            self._deliveries.add(events.callback(self._slack, event))

    async def _exchange(self, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._carrier.exchange(kind, payload)
        except NotDelivered as failure:
            timed_out = failure.reason.endswith("timeout")
            raise CommandFailed(
                "operation_timeout" if timed_out else "dispatch_failed"
            ) from failure
