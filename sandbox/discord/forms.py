"""What the bot may offer to be filled in or chosen from: modals and suggestions.

Limits: components/reference ("Label", "Text Input"), interactions ("Modal").
"""

from collections.abc import Iterator
from typing import Any

from sandbox.discord import components
from sandbox.discord.components import Component
from sandbox.discord.interaction import RESOLVED
from sandbox.discord.objects import members
from sandbox.discord.realm import Json, Realm
from sandbox.discord.refusals import CommandFailed, InvalidForm

LONGEST_TEXT = 4000


def choices(data: Json) -> list[Json]:
    """The suggestions of an autocompletion: at most 25, each with a name."""
    given: Any = data.get("choices")
    if not isinstance(given, list) or len(given) > 25:
        raise _bad_length("data.choices", 0, 25)
    if any(not 1 <= len(str(choice.get("name", ""))) <= 100 for choice in given):
        raise _bad_length("data.choices.name", 1, 100)
    return given


def modal(data: Json) -> Json:
    """A modal as the client opens it."""
    for field, most in (("title", 45), ("custom_id", 100)):
        if not 1 <= len(str(data.get(field) or "")) <= most:
            raise _bad_length(f"data.{field}", 1, most)
    rows = components.checked(data.get("components"), v2=True)
    if not 1 <= len(rows) <= 5:
        raise _bad_length("data.components", 1, 5)
    for number, row in enumerate(rows):
        _check_row(f"data.components.{number}", row)
    return data | {"components": rows}


def filled(realm: Realm, modal: Json, values: dict[str, str]) -> Json:
    """The data of a submitted modal; `values` by `custom_id`, of menus separated by commas.

    What is left out stays as it was. Raises `CommandFailed` for what the client would not send.
    """
    rows = [_filled(row, values) for row in modal["components"]]
    chosen = {one for field in _fields(rows) for one in field.get("values", ())}
    resolved = _resolved(realm, chosen)
    data = {"custom_id": modal["custom_id"], "components": rows}
    return data | ({RESOLVED: resolved} if resolved else {})


def _check_row(field: str, row: Json) -> None:
    if row["type"] not in (Component.ROW, Component.LABEL, Component.TEXT_DISPLAY):
        raise InvalidForm(f"{field}.type", "BASE_TYPE_CHOICES", "Value must be one of (1, 10, 18).")
    if row["type"] == Component.LABEL:
        if not 1 <= len(row.get("label") or "") <= 45:
            raise _bad_length(f"{field}.label", 1, 45)
        if len(row.get("description") or "") > 100:
            raise _bad_length(f"{field}.description", 0, 100)
        if "component" not in row:
            raise InvalidForm(f"{field}.component", "BASE_TYPE_REQUIRED", "This field is required")
    for one in _fields([row]):
        _check_field(field, one)


def _check_field(field: str, one: Json) -> None:
    most = one.get("max_length", LONGEST_TEXT)
    if one["type"] == Component.TEXT_INPUT and len(one.get("value") or "") > most:
        raise _bad_length(f"{field}.value", 0, most)
    for option in one.get("options", ()):
        for name in ("label", "value"):
            if not 1 <= len(str(option.get(name) or "")) <= 100:
                raise _bad_length(f"{field}.options.{name}", 1, 100)


def _fields(rows: list[Json]) -> Iterator[Json]:
    return (one for one in components.every(rows) if "custom_id" in one)


def _filled(row: Json, values: dict[str, str]) -> Json:
    """One row of a modal, or a labelled field, with what a person has put into it."""
    if row["type"] == Component.LABEL:
        return {"type": row["type"], "id": row["id"], "component": _field(row["component"], values)}
    if row["type"] == Component.TEXT_DISPLAY:
        return {"type": row["type"], "id": row["id"]}
    fields = [_field(one, values) for one in row.get("components", ())]
    return {"type": row["type"], "id": row["id"], "components": fields}


def _field(field: Json, values: dict[str, str]) -> Json:
    given = values.get(field["custom_id"])
    about = {name: field[name] for name in ("type", "id", "custom_id")}
    if field["type"] in components.SELECTS:
        return about | {"values": _chosen(field, given)}
    text = (field.get("value") or "") if given is None else given
    if field.get("required", True) and not text:
        raise CommandFailed("This is required.")
    if len(text) > field.get("max_length", LONGEST_TEXT):
        raise CommandFailed("This is too long.")
    return about | {"value": text}


def _chosen(menu: Json, given: str | None) -> list[str]:
    options = menu.get("options", ())
    if given is None:
        defaults = [one["value"] for one in options if one.get("default")]
        chosen = [*defaults, *(one["id"] for one in menu.get("default_values") or ())]
    else:
        chosen = [one for one in given.split(",") if one]
    if menu["type"] == Component.STRING_SELECT and set(chosen) - {one["value"] for one in options}:
        raise CommandFailed("This is none of the options.")
    if len(chosen) > (menu.get("max_values") or 1):
        raise CommandFailed("These are too many.")
    if menu.get("required", True) and not chosen:
        raise CommandFailed("This is required.")
    return chosen


def _resolved(realm: Realm, chosen: set[str]) -> Json:
    """The people and roles among what was chosen, as Discord tells of them."""
    people = [realm.space.people[one] for one in chosen & realm.space.people.keys()]
    roles = {role["id"]: role for role in members.roles(realm) if role["id"] in chosen}
    found = {
        "users": {person.id: members.user(person) for person in people},
        "members": {
            person.id: members.partial_member(person) | {"permissions": "0"} for person in people
        },
        "roles": roles,
    }
    return {kind: all_ for kind, all_ in found.items() if all_}


def _bad_length(field: str, least: int, most: int) -> InvalidForm:
    return InvalidForm(
        field, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length."
    )
