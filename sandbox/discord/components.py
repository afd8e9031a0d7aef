"""Buttons, menus and modals: what they may hold (components/reference)."""

import itertools
from collections.abc import Iterator
from enum import IntEnum
from typing import Any

from sandbox.discord.realm import Json
from sandbox.discord.refusals import InvalidForm

ROWS = 5
IN_A_ROW = 5
IN_ALL = 40
OPTIONS = 25


class Component(IntEnum):
    """The types that are told apart here."""

    ROW = 1
    BUTTON = 2
    STRING_SELECT = 3
    TEXT_INPUT = 4
    USER_SELECT = 5
    ROLE_SELECT = 6
    MENTIONABLE_SELECT = 7
    CHANNEL_SELECT = 8
    SECTION = 9
    TEXT_DISPLAY = 10
    LABEL = 18


SELECTS = frozenset({Component.STRING_SELECT, *range(5, 9)})
LINK, PREMIUM = 5, 6


def checked(given: Any, *, v2: bool) -> list[Json]:
    """Components as Discord keeps them (each with a number), or the first complaint."""
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise InvalidForm("components", "MODEL_TYPE_CONVERT", "Only dictionaries may be used.")
    if not v2 and len(given) > ROWS:
        raise InvalidForm("components", "BASE_TYPE_BAD_LENGTH", "Must be 5 or fewer in length.")
    if sum(1 for _ in every(given)) > IN_ALL + (0 if v2 else ROWS):
        raise InvalidForm("components", "BASE_TYPE_BAD_LENGTH", "Must be 40 or fewer in length.")
    for number, component in enumerate(given):
        _check_top(f"components.{number}", component, v2=v2)
    for component in every(given):
        _check(component)
    _check_ids(given)
    return _numbered(given, itertools.count(1))


def every(given: list[Json]) -> Iterator[Json]:
    """All components, also those inside others."""
    for component in given:
        yield component
        inner = component.get("components") or []
        single = [component[name] for name in ("accessory", "component") if component.get(name)]
        yield from every([*inner, *single])


def find(given: list[Json], custom_id: str) -> Json | None:
    """The component with this `custom_id`."""
    return next((one for one in every(given) if one.get("custom_id") == custom_id), None)


def texts(given: list[Json]) -> str:
    """The text that V2 components show, in which mentions count as in content."""
    shown = (one for one in every(given) if one.get("type") == Component.TEXT_DISPLAY)
    return "\n".join(str(one.get("content", "")) for one in shown)


def _check_top(field: str, component: Json, *, v2: bool) -> None:
    kind = component.get("type")
    if not v2 and kind != Component.ROW:
        raise InvalidForm(f"{field}.type", "BASE_TYPE_CHOICES", "Value must be one of (1,).")
    inner = component.get("components") or []
    if kind == Component.ROW and not 1 <= len(inner) <= IN_A_ROW:
        raise InvalidForm(
            f"{field}.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length."
        )


def _check(component: Json) -> None:
    kind = component.get("type")
    if kind == Component.BUTTON:
        _check_button(component)
    elif kind in SELECTS:
        _need_id(component)
        if kind == Component.STRING_SELECT and not 1 <= len(component.get("options") or []) <= 25:
            raise InvalidForm(
                "components.options", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length."
            )


def _check_button(button: Json) -> None:
    style = button.get("style")
    if style not in range(1, 7):
        raise InvalidForm("components.style", "BASE_TYPE_CHOICES", "Value must be 1 to 6.")
    if len(button.get("label") or "") > 80:
        raise InvalidForm("components.label", "BASE_TYPE_MAX_LENGTH", "Must be 80 or fewer.")
    if style == LINK and not button.get("url"):
        raise InvalidForm("components.url", "BASE_TYPE_REQUIRED", "This field is required")
    if style not in (LINK, PREMIUM):
        _need_id(button)
        if not (button.get("label") or button.get("emoji")):
            raise InvalidForm(
                "components.label",
                "BUTTON_COMPONENT_INVALID_LABEL",
                "A button needs a label or an emoji.",
            )


def _need_id(component: Json) -> None:
    if not 1 <= len(component.get("custom_id") or "") <= 100:
        raise InvalidForm(
            "components.custom_id", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."
        )


def _check_ids(given: list[Json]) -> None:
    ids = [one["custom_id"] for one in every(given) if one.get("custom_id")]
    if len(ids) != len(set(ids)):
        raise InvalidForm(
            "components",
            "COMPONENT_CUSTOM_ID_DUPLICATED",
            "Component custom id cannot be duplicated",
        )


def _numbered(given: list[Json], numbers: "itertools.count[int]") -> list[Json]:
    kept = []
    for component in given:
        one = {**component, "id": component.get("id") or next(numbers)}
        if "components" in component:
            one["components"] = _numbered(component["components"], numbers)
        for name in ("accessory", "component"):
            if component.get(name):
                one[name] = _numbered([component[name]], numbers)[0]
        kept.append(one)
    return kept
