"""Both platforms' modals in one shape that the page can draw.

A form has a `title`, `words` above it, `fields` and the words on its buttons (`save`, empty for
one that is only read, and `close`). Of a field: `id`, `label`, `hint`, `placeholder` (what the
empty field says), `kind` (text, long, choice), `value`, `options` (value and words), `many`.
`send` is the act by which it is sent, `about` what goes with it, besides `values`; `wrong` is
what the bot complains about, by field.
"""

from collections.abc import Iterable
from typing import Any

from sandbox.world import Person

Json = dict[str, Any]

TEXT_INPUT, STRING_SELECT = 4, 3
PARAGRAPH = 2


def of_slack(
    view: str, content: Json, person: str, people: Iterable[Person], wrong: Json | None = None
) -> Json:
    """A modal of Slack's."""
    inputs = [block for block in content["blocks"] if block["type"] == "input"]
    words = [
        block["text"]["text"]
        for block in content["blocks"]
        if block["type"] in ("section", "header")
    ]
    return {
        "title": content["title"]["text"],
        "words": words,
        "fields": [_slack_field(block, list(people)) for block in inputs],
        "save": content.get("submit", {}).get("text", ""),
        "close": (content.get("close") or {}).get("text") or _closes(content),
        "send": "slack/submit",
        "about": {"person": person, "view": view},
        "wrong": wrong or {},
    }


def of_discord(
    modal: Json,
    interaction: str,
    person: str,
    channel: str,
    mentionable: list[Json],
    *,
    locale: str = "",
) -> Json:
    """A modal of Discord's, whose buttons its client words for the person's locale.

    `mentionable` are the people and roles that can be chosen.
    """
    fields = []
    for row in modal["components"]:
        inner = [row["component"]] if "component" in row else row.get("components", [])
        fields += [_discord_field(row, one, mentionable) for one in inner]
    return {
        "title": modal["title"],
        "words": [row["content"] for row in modal["components"] if "content" in row],
        "fields": fields,
        "save": "Absenden" if locale == "de" else "Submit",
        "close": "Abbrechen" if locale == "de" else "Cancel",
        "send": "discord/submit",
        "about": {"person": person, "channel": channel, "interaction": interaction},
        "wrong": {},
    }


def _closes(content: Json) -> str:
    """What Slack writes on the button where the app has left that open."""
    return "Cancel" if content.get("submit") else "Close"


def _slack_field(block: Json, people: list[Person]) -> Json:
    element = block["element"]
    kind = element["type"]
    if kind in ("plain_text_input", "number_input"):
        shape = "long" if element.get("multiline") else "text"
        value, options = element.get("initial_value", ""), []
    elif kind.endswith("users_select"):
        shape, options = "choice", [_choice(one.id, one.name) for one in people if not one.is_bot]
        value = ",".join(element.get("initial_users") or [element.get("initial_user", "")])
    else:
        given = element.get("options") or [
            option for group in element.get("option_groups", ()) for option in group["options"]
        ]
        shape, options = "choice", [_choice(one["value"], one["text"]["text"]) for one in given]
        initial = element.get("initial_options") or [element.get("initial_option") or {}]
        value = ",".join(one.get("value", "") for one in initial)
    return {
        "id": block["block_id"],
        "label": block["label"]["text"],
        "hint": block.get("hint", {}).get("text", ""),
        "placeholder": (element.get("placeholder") or {}).get("text", ""),
        "kind": shape,
        "value": value,
        "options": options,
        "many": kind.startswith("multi_"),
    }


def _discord_field(row: Json, field: Json, mentionable: list[Json]) -> Json:
    is_text = field["type"] == TEXT_INPUT
    options = [_choice(one["value"], one["label"]) for one in field.get("options", ())]
    chosen = [one["value"] for one in field.get("options", ()) if one.get("default")]
    chosen += [str(one["id"]) for one in field.get("default_values") or ()]
    return {
        "id": field["custom_id"],
        "label": row.get("label") or field.get("label", ""),
        "hint": row.get("description") or "",
        "placeholder": field.get("placeholder") or "",
        "kind": ("long" if field.get("style") == PARAGRAPH else "text") if is_text else "choice",
        "value": field.get("value") or "" if is_text else ",".join(chosen),
        "options": options if field["type"] == STRING_SELECT else mentionable,
        "many": (field.get("max_values") or 1) > 1,
    }


def _choice(value: str, words: str) -> Json:
    return {"value": value, "words": words}
