"""One request of the bot, read and ready for its route; and the table's rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.discord.files import Upload
from sandbox.discord.realm import Json
from sandbox.discord.refusals import Code, InvalidForm, Refused


@dataclass(frozen=True, slots=True)
class Call:
    """What a request says: parts of its path, its query, its body and files."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    payload: Any = None
    uploads: tuple[Upload, ...] = field(default=())

    @property
    def body(self) -> Json:
        """The body where it has to be an object."""
        if self.payload is None:
            return {}
        if not isinstance(self.payload, dict):
            raise InvalidForm("", "MODEL_TYPE_CONVERT", "Only dictionaries may be used.")
        return self.payload

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number of the query within bounds."""
        given = self.query.get(name, str(default))
        if not given.isdecimal() or not least <= int(given) <= most:
            raise InvalidForm(name, "NUMBER_TYPE_MAX", f"Must be between {least} and {most}.")
        return int(given)

    def snowflake(self, name: str) -> int | None:
        """An id of the query, if it is given."""
        given = self.query.get(name)
        if given is None:
            return None
        if not given.isdecimal():
            raise InvalidForm(name, "NUMBER_TYPE_COERCE", f'Value "{given}" is not snowflake.')
        return int(given)

    @property
    def major(self) -> str:
        """The major parameter, for which rate limits are counted apart."""
        return next((self.path[name] for name in _MAJOR if name in self.path), "")


_MAJOR = ("channel", "guild", "token")


@dataclass(frozen=True, slots=True)
class Route:
    """A row of the table: `name` is what limits and faults call it.

    The handler gives the answer's JSON; None is answered with 204, a `Created` with 201.
    `secret` says that a token in the path stands in for the bot's authorization.
    """

    method: str
    path: str
    name: str
    handler: Callable[[Call], Any]
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Created:
    """JSON that is answered with 201."""

    data: Any


def not_found(_call: Call) -> Any:
    """What there is at an address that nothing answers to."""
    raise Refused(Code.GENERAL)
