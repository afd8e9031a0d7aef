"""LIMITS_FILE: who may use the bot, how often, and for how much; a TOML file, read at the start."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from core import wrong_values
from core.errors import SettingsError

STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)
"""How every table of the file is read."""


class BudgetEntry(BaseModel):
    """A table `[[budget]]`: what may be used by somebody, or somewhere, in a day or a month.

    Without `id` it holds for each one of its kind by itself. Ids are the platform's own, with
    its name before: `slack/T0123`, `slack/T0123/C0456`, `slack/T0123/U0456`,
    `discord/1234/roles/5678`.
    """

    model_config = STRICT

    of: Annotated[
        Literal["deployment", "workspace", "channel", "person", "role", "group"],
        Field(alias="for"),
    ]
    id: str = ""
    usd: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] | None = None
    tokens: Annotated[int, Field(ge=0)] | None = None
    per: Literal["day", "month"] = "day"

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.usd is None) == (self.tokens is None):
            raise ValueError("set usd or tokens, one of them")
        if self.of in ("role", "group") and not self.id:
            raise ValueError(f"a {self.of} needs its id")
        if self.of == "deployment" and self.id:
            raise ValueError("the deployment has no id")
        return self


CHANNEL = re.compile(r"slack/(direct|[TE][A-Z0-9]+(/[CDG][A-Z0-9]+)?)|discord/(direct|\d+(/\d+)?)")
PERSON = re.compile(r"slack/[TE][A-Z0-9]+/[UW][A-Z0-9]+|discord/\d+")
PROGRAM = re.compile(r"slack/[TE][A-Z0-9]+/[ABUW][A-Z0-9]+|discord/\d+")
ROLE = re.compile(r"discord/\d+/roles/\d+")
GROUP = re.compile(r"slack/[TE][A-Z0-9]+/groups/S[A-Z0-9]+")


def _named(pattern: re.Pattern[str], such_as: str) -> BeforeValidator:
    """Every entry of a list looks like this; one that does not would admit nobody, unseen."""

    def check(value: Any) -> Any:
        for one in value if isinstance(value, list) else ():
            if not (isinstance(one, str) and pattern.fullmatch(one)):
                raise ValueError(f"must hold ids such as {such_as}, not {one!r}")
        return value

    return BeforeValidator(check)


Ids = Annotated[list[str], Field(max_length=10_000)]


class AccessTable(BaseModel):
    """The table `[access]`: who alone may use the bot, and where alone.

    A list that is left out (None) limits nothing, one that is empty admits nobody. Somebody who
    is in one of `people`, `roles` and `groups` may use it. A channel stands for its threads, a
    workspace or a server for its channels, `slack/direct` for all direct messages there.
    """

    model_config = STRICT

    channels: Annotated[Ids, _named(CHANNEL, "slack/T0123/C0456 or discord/1234/5678")] | None = (
        None
    )
    people: Annotated[Ids, _named(PERSON, "slack/T0123/U0456 or discord/9012")] | None = None
    roles: Annotated[Ids, _named(ROLE, "discord/1234/roles/5678")] | None = None
    groups: Annotated[Ids, _named(GROUP, "slack/T0123/groups/S0456")] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.channels is None and not self.names_people:
            raise ValueError(
                "set channels, people, roles or groups; to admit everybody, leave [access] out"
            )
        return self

    @property
    def names_people(self) -> bool:
        """Whether it says who, and not only where."""
        return any(one is not None for one in (self.people, self.roles, self.groups))


class Rates(BaseModel):
    """The table `[rates]`: how often people may ask, and how many answers are written at once.

    None: as often, and as many, as they like.
    """

    model_config = STRICT

    questions_per_minute_per_person: Annotated[int, Field(ge=1)] | None = None
    questions_per_minute_per_channel: Annotated[int, Field(ge=1)] | None = None
    replies_at_once_per_person: Annotated[int, Field(ge=1)] | None = None
    replies_at_once_per_workspace: Annotated[int, Field(ge=1)] | None = None
    replies_at_once_in_all: Annotated[int, Field(ge=1)] | None = None


class ProgramsTable(BaseModel):
    """The table `[other_programs]`: which bots, apps and webhooks are answered, and how often.

    `exchanges` is how many answers they get in a conversation, and in its channel with all threads,
    between two questions of people.
    """

    model_config = STRICT

    answered: Annotated[
        Ids, Field(min_length=1), _named(PROGRAM, "slack/T0123/A0456 or discord/9012")
    ]
    exchanges: Annotated[int, Field(ge=1, le=100)] = 3


class Limits(BaseModel):
    """The whole file. `contact` is whom to ask for more; it stands in every refusal."""

    model_config = STRICT

    contact: Annotated[str, Field(max_length=200)] = ""
    budget: Annotated[list[BudgetEntry], Field(max_length=1000)] = []
    access: AccessTable | None = None
    rates: Rates = Rates()
    other_programs: ProgramsTable | None = None


def load(path: Path) -> Limits:
    """The limits of a file. Raises `SettingsError` with every problem, a line each."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SettingsError(f"LIMITS_FILE: {path} cannot be read ({why}).") from error
    return read(text, str(path))


def read(text: str, file: str) -> Limits:
    """The limits in a text; `file` is what problems call it."""
    try:
        return Limits.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"LIMITS_FILE: {file} is not TOML: {error}.") from error
    except ValidationError as error:
        problems = []
        for problem in error.errors():
            where = ".".join(str(p + 1) if isinstance(p, int) else p for p in problem["loc"])
            problems.append(f"LIMITS_FILE, {file}: {wrong_values.line(where, problem)}")
        raise SettingsError("\n".join(problems)) from error
