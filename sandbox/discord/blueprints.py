"""What a command may look like (interactions/application-commands)."""

import re
from enum import IntEnum

from sandbox.discord.realm import Json
from sandbox.discord.refusals import InvalidForm

_NAME = re.compile(r"[-_'\w]{1,32}")


LOCALES = frozenset(
    "bg cs da de el en-GB en-US es-419 es-ES fi fr hi hr hu id it ja ko lt "  # noqa: SIM905
    "nl no pl pt-BR ro ru sv-SE th tr uk vi zh-CN zh-TW".split()
)
"""The languages of Discord's apps (reference#locales)."""


class CommandKind(IntEnum):
    """What a command is used on."""

    SLASH = 1
    USER = 2
    MESSAGE = 3


class Option(IntEnum):
    """The types of options."""

    SUBCOMMAND = 1
    GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10
    ATTACHMENT = 11


def check(given: Json, kind: int) -> None:
    """Refuse a command whose name, description or options Discord would not take."""
    name, description = str(given.get("name") or ""), str(given.get("description") or "")
    if kind == CommandKind.SLASH:
        if not _NAME.fullmatch(name) or name != name.lower():
            raise InvalidForm("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
        if not 1 <= len(description) <= 100:
            raise _bad_length("description")
    elif not 1 <= len(name) <= 32:
        raise _bad_length("name")
    _check_localizations("description_localizations", given)
    _check_options("options", given.get("options") or [])


def _check_options(where: str, options: list[Json]) -> None:
    if len(options) > 25:
        raise _bad_length(where)
    optional_seen = False
    for number, option in enumerate(options):
        _check_option(f"{where}.{number}", option)
        if option.get("required") and optional_seen:
            raise InvalidForm(
                f"{where}.{number}",
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional_seen = optional_seen or not option.get("required")


def _check_option(where: str, option: Json) -> None:
    name = str(option.get("name") or "")
    if option.get("type") not in set(Option):
        raise InvalidForm(f"{where}.type", "BASE_TYPE_CHOICES", "Value must be 1 to 11.")
    if not _NAME.fullmatch(name) or name != name.lower():
        raise InvalidForm(f"{where}.name", "APPLICATION_COMMAND_INVALID_NAME", "Name is invalid")
    if not 1 <= len(str(option.get("description") or "")) <= 100:
        raise _bad_length(f"{where}.description")
    _check_localizations(f"{where}.description_localizations", option)
    if len(option.get("choices") or []) > 25:
        raise _bad_length(f"{where}.choices")
    for choice in option.get("choices") or []:
        if not 1 <= len(str(choice.get("name") or "")) <= 100 or len(str(choice["value"])) > 100:
            raise _bad_length(f"{where}.choices")
    _check_options(f"{where}.options", option.get("options") or [])


def _check_localizations(where: str, given: Json) -> None:
    for locale, description in (given.get("description_localizations") or {}).items():
        if locale not in LOCALES:
            raise InvalidForm(where, "DICT_KEY_INVALID", f"{locale} is no locale of Discord's.")
        if not 1 <= len(str(description)) <= 100:
            raise _bad_length(f"{where}.{locale}")


def _bad_length(field: str) -> InvalidForm:
    return InvalidForm(field, "BASE_TYPE_BAD_LENGTH", "Must be of an allowed length.")
