"""Modals of both platforms as the page shows them: a title, fields, and a button to send them."""

from collections.abc import Iterator
from typing import Any

from sandbox.discord.components import Component

Json = dict[str, Any]

LONG = 2
"""The style of a text input with several lines ("Text Input Styles")."""


def of_slack(id: str, view: Json) -> Json:
    """A view's input blocks; what else it shows is text."""
    fields = [_slack_field(block) for block in view["blocks"] if block["type"] == "input"]
    return {
        "id": id,
        "title": view["title"]["text"],
        "submit": (view.get("submit") or {}).get("text", ""),
        "fields": fields,
    }


def of_discord(id: str, modal: Json) -> Json:
    """A modal's labelled fields, and those in rows."""
    return {
        "id": id,
        "title": modal["title"],
        "submit": "Submit",
        "fields": [field for row in modal["components"] for field in _discord_fields(row)],
    }


def _slack_field(block: Json) -> Json:
    element = block["element"]
    options = element.get("options") or []
    initial = element.get("initial_option") or {}
    return {
        "id": block["block_id"],
        "label": block["label"]["text"],
        "hint": (block.get("hint") or {}).get("text", ""),
        "long": bool(element.get("multiline")),
        "most": element.get("max_length", 3000),
        "value": element.get("initial_value") or initial.get("value", ""),
        "required": not block.get("optional"),
        "options": [[one["value"], one["text"]["text"]] for one in options],
    }


def _discord_fields(row: Json) -> Iterator[Json]:
    if row["type"] == Component.LABEL:
        yield _discord_field(row["component"], row["label"], row.get("description") or "")
    for field in row.get("components") or []:
        yield _discord_field(field, field.get("label") or field["custom_id"], "")


def _discord_field(field: Json, label: str, hint: str) -> Json:
    options = field.get("options") or []
    chosen = [one["value"] for one in options if one.get("default")]
    return {
        "id": field["custom_id"],
        "label": label,
        "hint": hint,
        "long": field.get("style") == LONG,
        "most": field.get("max_length", 4000),
        "value": field.get("value") or next(iter(chosen), ""),
        "required": field.get("required", True),
        "options": [[one["value"], one["label"]] for one in options],
    }
