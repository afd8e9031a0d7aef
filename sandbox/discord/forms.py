"""What the bot may offer to be filled in or chosen from: modals and suggestions."""

from typing import Any

from sandbox.discord import components
from sandbox.discord.realm import Json
from sandbox.discord.refusals import InvalidForm


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
    return data | {"components": rows}


def filled(row: Json, values: dict[str, str]) -> Json:
    """One row of a modal, or a labelled field, with what a person has put into it."""
    if row["type"] == components.Component.LABEL:
        return {"type": row["type"], "id": row["id"], "component": _field(row["component"], values)}
    fields = [_field(one, values) for one in row.get("components", ())]
    return {"type": row["type"], "id": row["id"], "components": fields}


def _field(field: Json, values: dict[str, str]) -> Json:
    value = values.get(field["custom_id"], field.get("value") or "")
    return {
        "type": field["type"],
        "id": field["id"],
        "custom_id": field["custom_id"],
        "value": value,
    }


def _bad_length(field: str, least: int, most: int) -> InvalidForm:
    return InvalidForm(
        field, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length."
    )
