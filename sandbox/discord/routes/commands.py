"""Registering commands (interactions/application-commands)."""

from sandbox.discord.calls import Call, Created, Route
from sandbox.discord.commands import Commands
from sandbox.discord.realm import GUILD, Json, Realm
from sandbox.discord.refusals import Code, InvalidForm, Refused

_GLOBAL = "/applications/{application}/commands"
_GUILD = "/applications/{application}/guilds/{guild}/commands"


class CommandRoutes:
    """What the bot does with its commands."""

    def __init__(self, realm: Realm, commands: Commands) -> None:
        self._realm = realm
        self._commands = commands

    def table(self) -> list[Route]:
        """Its rows, for global commands and for those of a guild."""
        rows = []
        for path in (_GLOBAL, _GUILD):
            one = f"{path}/{{command}}"
            rows += [
                Route("GET", path, "GET commands", self._all),
                Route("PUT", path, "PUT commands", self._replace),
                Route("POST", path, "POST command", self._create),
                Route("GET", one, "GET command", self._get),
                Route("PATCH", one, "PATCH command", self._change),
                Route("DELETE", one, "DELETE command", self._delete),
            ]
        return rows

    def _all(self, call: Call) -> list[Json]:
        return self._commands.all(self._place(call))

    def _replace(self, call: Call) -> list[Json]:
        if not isinstance(call.payload, list):
            raise InvalidForm("", "LIST_TYPE_CONVERT", "Only iterables may be used.")
        return self._commands.replace(call.payload, self._place(call))

    def _create(self, call: Call) -> Created:
        return Created(self._commands.put(call.body, self._place(call)))

    def _get(self, call: Call) -> Json:
        return self._commands.get(call.path["command"], self._place(call))

    def _change(self, call: Call) -> Json:
        before = self._get(call)
        changed = self._commands.put(before | call.body, self._place(call))
        if changed["id"] != before["id"]:
            self._commands.delete(before["id"], self._place(call))
        return changed

    def _delete(self, call: Call) -> None:
        self._commands.delete(call.path["command"], self._place(call))

    def _place(self, call: Call) -> str:
        if call.path["application"] != self._realm.bot.id:
            raise Refused(Code.MISSING_ACCESS)
        guild = call.path.get("guild", "")
        if guild not in ("", GUILD):
            raise Refused(Code.MISSING_ACCESS)
        return guild
