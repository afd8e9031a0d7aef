"""What people use in the sandbox's Discord: commands, menus, buttons and forms."""

from collections.abc import Sequence

from sandbox.discord import components, forms
from sandbox.discord.blueprints import CommandKind
from sandbox.discord.commands import Commands
from sandbox.discord.interaction import RESOLVED, Interaction, InteractionKind
from sandbox.discord.interactions import Interactions
from sandbox.discord.objects import members, messages
from sandbox.discord.realm import GUILD, Json, Realm
from sandbox.discord.refusals import CommandFailed
from sandbox.discord.usage import Use
from sandbox.world import Kind, Message


class Controls:
    """Starts interactions, and waits until the bot has answered them in any way.

    All methods raise `CommandFailed` for what the client would not send and when no
    answer comes within 3 seconds, `LookupError` and `PermissionError` as `Talk` does.
    Most return the interaction's id; `interaction` tells what has become of it.
    """

    def __init__(self, realm: Realm, commands: Commands, interactions: Interactions) -> None:
        self._realm = realm
        self._commands = commands
        self._interactions = interactions

    async def command(
        self, person: str, channel: str, name: str, options: Json | None = None
    ) -> str:
        """Use a slash command ("ask", or "parley help" with a subcommand)."""
        data = self._use(channel, name, options or {})
        return (await self._start(InteractionKind.COMMAND, person, channel, data)).id

    async def autocomplete(
        self, person: str, channel: str, name: str, options: Json, focused: str
    ) -> list[Json]:
        """The choices that the bot suggests while a person types the option `focused`."""
        data = self._use(channel, name, options, focused)
        return (await self._start(InteractionKind.AUTOCOMPLETE, person, channel, data)).choices

    async def context_menu(self, person: str, channel: str, name: str, target: str) -> str:
        """Use a command of the menu on a message or on a person."""
        message = self._realm.space.message(channel, target)
        command = self._find(CommandKind.MESSAGE if message else CommandKind.USER, name, channel)
        data = {
            "id": command["id"],
            "name": command["name"],
            "type": command["type"],
            "target_id": target,
            RESOLVED: self._resolved(message) if message else self._resolved_person(target),
        }
        return (await self._start(InteractionKind.COMMAND, person, channel, data)).id

    async def press(
        self, person: str, channel: str, message: str, custom_id: str, values: Sequence[str] = ()
    ) -> str:
        """Press a button of a message, or choose `values` from its menu."""
        who, place = self._realm.present(person, channel)
        source = self._realm.shown(who, place, message)
        component = components.find(source.payload.get("components", []), custom_id)
        if component is None or component.get("disabled"):
            raise CommandFailed("This button is gone or disabled.")
        chosen = {"values": list(values)} if component["type"] in components.SELECTS else {}
        data = {
            "custom_id": custom_id,
            "component_type": component["type"],
            "id": component["id"],
            **chosen,
        }
        return (await self._start(InteractionKind.COMPONENT, person, channel, data, source)).id

    async def submit(
        self, person: str, channel: str, interaction: str, values: dict[str, str]
    ) -> str:
        """Send the form that an interaction has opened, with a value for each `custom_id`."""
        opener = self._interactions.get(interaction)
        if opener is None or not opener.modal:
            raise CommandFailed("No form is open.")
        data = forms.filled(self._realm, opener.modal, values)
        return (await self._start(InteractionKind.MODAL, person, channel, data, opener.source)).id

    def interaction(self, id: str) -> Interaction | None:
        """What has become of an interaction: the form that it opened, its messages."""
        return self._interactions.get(id)

    async def _start(
        self,
        kind: InteractionKind,
        person: str,
        channel: str,
        data: Json,
        source: Message | None = None,
    ) -> Interaction:
        who, place = self._realm.present(person, channel)
        if place.archived:
            raise CommandFailed("This thread is archived.")
        return await self._interactions.start(kind, who, place, data, source)

    def _use(self, channel: str, name: str, options: Json, focused: str = "") -> Json:
        root, *subcommands = name.removeprefix("/").split() or [""]
        command = self._find(CommandKind.SLASH, root, channel)
        return Use(self._realm, command).data(subcommands, options, focused)

    def _find(self, kind: CommandKind, name: str, channel: str) -> Json:
        direct = self._realm.space.channels[channel].kind is Kind.DIRECT
        return self._commands.find(kind, name, "" if direct else GUILD, 1 if direct else 0)

    def _resolved(self, message: Message) -> Json:
        return {"messages": {message.id: messages.message(self._realm, message)}}

    def _resolved_person(self, id: str) -> Json:
        person = self._realm.space.people[id]
        member = members.partial_member(person) | {"permissions": "0"}
        return {"users": {id: members.user(person)}, "members": {id: member}}
