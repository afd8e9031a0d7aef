"""How a person's use of a slash command becomes an interaction's data."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.discord.blueprints import Option
from sandbox.discord.interaction import RESOLVED
from sandbox.discord.objects import channels, members
from sandbox.discord.realm import Json, Realm
from sandbox.discord.refusals import CommandFailed

_TYPES: dict[int, tuple[type, ...]] = {
    Option.STRING: (str,),
    Option.INTEGER: (int,),
    Option.BOOLEAN: (bool,),
    Option.NUMBER: (int, float),
}


@dataclass(slots=True)
class Use:
    """A command as a person fills it in, on the way to an interaction's data."""

    realm: Realm
    command: Json
    resolved: Json = field(default_factory=dict)

    def data(self, subcommands: list[str], given: Json, focused: str = "") -> Json:
        """The interaction's data; raises `CommandFailed` for what the client would not send."""
        options = _descend(self.command.get("options") or [], subcommands, self, given, focused)
        return {
            "id": self.command["id"],
            "name": self.command["name"],
            "type": self.command["type"],
            **({"guild_id": self.command["guild_id"]} if "guild_id" in self.command else {}),
            **({"options": options} if options else {}),
            **({RESOLVED: self.resolved} if self.resolved else {}),
        }

    def options(self, defined: list[Json], given: Json, focused: str) -> Iterator[Json]:
        """Each given option with its type; required ones must be there, unless one still types."""
        unknown = given.keys() - {option["name"] for option in defined}
        if unknown:
            raise CommandFailed(f"There is no option {min(unknown)}.")
        for option in defined:
            name = option["name"]
            if name not in given:
                if option.get("required") and not focused:
                    raise CommandFailed(f"This option is required: {name}.")
                continue
            value = given[name] if focused else self._value(option, given[name])
            typed = {"name": name, "type": option["type"], "value": value}
            yield typed | ({"focused": True} if name == focused else {})

    def _value(self, option: Json, value: Any) -> Any:
        kind = option["type"]
        if type(value) not in _TYPES.get(kind, (type(value),)):
            raise CommandFailed(f"{option['name']} is of the wrong kind.")
        if kind == Option.STRING and not 1 <= len(value) <= option.get("max_length", 6000):
            raise CommandFailed(f"{option['name']} is too long or empty.")
        if kind in (Option.INTEGER, Option.NUMBER):
            _check_bounds(option, value)
        choices = option.get("choices")
        if choices and value not in [choice["value"] for choice in choices]:
            raise CommandFailed(f"{option['name']} is not one of the choices.")
        if kind in (Option.USER, Option.MENTIONABLE):
            self._resolve_person(str(value))
        elif kind == Option.CHANNEL:
            place = self.realm.space.channels[str(value)]
            self._put("channels", place.id, channels.channel(self.realm, place))
        return value

    def _resolve_person(self, id: str) -> None:
        person = self.realm.space.people[id]
        self._put("users", id, members.user(person))
        self._put("members", id, members.partial_member(person) | {"permissions": "0"})

    def _put(self, kind: str, id: str, data: Json) -> None:
        self.resolved.setdefault(kind, {})[id] = data


def _check_bounds(option: Json, value: float) -> None:
    """Discord's own app takes no number outside of what the command allows."""
    least, most = option.get("min_value"), option.get("max_value")
    if (least is not None and value < least) or (most is not None and value > most):
        raise CommandFailed(f"{option['name']} is a number from {least} to {most}.")


def _descend(
    defined: list[Json], subcommands: list[str], use: Use, given: Json, focused: str
) -> list[Json]:
    nested = (Option.SUBCOMMAND, Option.GROUP)
    if not subcommands:
        if any(option["type"] in nested for option in defined):
            raise CommandFailed("This command needs a subcommand.")
        return list(use.options(defined, given, focused))
    for option in defined:
        if option["type"] in nested and option["name"] == subcommands[0]:
            inner = _descend(option.get("options") or [], subcommands[1:], use, given, focused)
            return [{"name": option["name"], "type": option["type"], "options": inner}]
    raise CommandFailed(f"There is no subcommand {subcommands[0]}.")
