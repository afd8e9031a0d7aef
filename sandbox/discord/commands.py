"""The application's commands."""

from sandbox.discord.blueprints import CommandKind, check
from sandbox.discord.realm import Json, Realm
from sandbox.discord.refusals import Code, CommandFailed, InvalidForm, Refused
from sandbox.limits import FixedWindow

GLOBAL = ""
MOST = 100
CREATED_A_DAY = 200


class Commands:
    """The commands of the application, global ones and those of a guild."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm
        self._held: dict[str, list[Json]] = {}
        self._created = FixedWindow(CREATED_A_DAY, 86_400.0)

    def all(self, guild: str = GLOBAL) -> list[Json]:
        """The commands of one place."""
        return list(self._held.get(guild, ()))

    def everywhere(self) -> list[Json]:
        """All commands that people find in the guild."""
        return [command for held in self._held.values() for command in held]

    def replace(self, given: list[Json], guild: str = GLOBAL) -> list[Json]:
        """Overwrite all commands of one place; those of the same name keep their id."""
        if len(given) > MOST:
            raise InvalidForm("", "BASE_TYPE_BAD_LENGTH", "Must be 100 or fewer in length.")
        self._held[guild] = [self._made(command, guild) for command in given]
        return self.all(guild)

    def put(self, given: Json, guild: str = GLOBAL) -> Json:
        """Create a command, or overwrite the one of the same name and type."""
        made = self._made(given, guild)
        others = [one for one in self.all(guild) if one["id"] != made["id"]]
        self._held[guild] = [*others, made]
        return made

    def get(self, id: str, guild: str = GLOBAL) -> Json:
        """One command; 10063 when there is none."""
        for command in self.all(guild):
            if command["id"] == id:
                return command
        raise Refused(Code.UNKNOWN_COMMAND)

    def delete(self, id: str, guild: str = GLOBAL) -> None:
        """Take one command away."""
        command = self.get(id, guild)
        self._held[guild].remove(command)

    def find(self, kind: CommandKind, name: str, guild: str, context: int) -> Json:
        """The command that a person finds under this name, a guild's own first."""
        for place in (guild, GLOBAL) if guild else (GLOBAL,):
            for command in self.all(place):
                contexts = command["contexts"]
                fits = contexts is None or context in contexts
                if command["type"] == kind and command["name"] == name and fits:
                    return command
        raise CommandFailed(f"There is no command /{name} here.")

    def _made(self, given: Json, guild: str) -> Json:
        kind = given.get("type") or CommandKind.SLASH
        check(given, kind)
        known = [
            one for one in self.all(guild) if (one["name"], one["type"]) == (given["name"], kind)
        ]
        if not known and self._created.take(self._realm.seconds()):
            raise Refused(Code.TOO_MANY_COMMANDS_TODAY)
        return {
            "id": known[0]["id"] if known else self._realm.space.new_id(),
            "application_id": self._realm.bot.id,
            "version": self._realm.space.new_id(),
            "default_member_permissions": given.get("default_member_permissions"),
            "type": kind,
            "name": given["name"],
            "name_localizations": given.get("name_localizations"),
            "description": given.get("description") or "",
            "description_localizations": given.get("description_localizations"),
            "dm_permission": given.get("dm_permission", True),
            "contexts": given.get("contexts"),
            "integration_types": given.get("integration_types") or [0],
            "nsfw": bool(given.get("nsfw")),
            **({"options": given["options"]} if given.get("options") else {}),
            **({"guild_id": guild} if guild else {}),
        }
