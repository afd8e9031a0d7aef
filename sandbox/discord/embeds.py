"""What embeds may hold (resources/message, "Embed Limits"), counted in UTF-16 units."""

from collections.abc import Iterator
from typing import Any

from sandbox.discord.realm import Json
from sandbox.discord.refusals import InvalidForm

MOST = 10
TOGETHER = 6000
FIELDS = 25


def units(text: str) -> int:
    """The length of a text as Discord counts it."""
    return len(text) + sum(character > "\uffff" for character in text)


def checked(given: Any) -> list[Json]:
    """The embeds as Discord keeps them, or the complaint about the first that is too large."""
    if not isinstance(given, list):
        raise InvalidForm("embeds", "LIST_TYPE_CONVERT", "Only iterables may be used.")
    if len(given) > MOST:
        raise InvalidForm("embeds", "BASE_TYPE_BAD_LENGTH", "Must be 10 or fewer in length.")
    if not all(isinstance(embed, dict) for embed in given):
        raise InvalidForm("embeds", "MODEL_TYPE_CONVERT", "Only dictionaries may be used.")
    total = 0
    for number, embed in enumerate(given):
        for field, text, limit in _texts(embed):
            total += units(text)
            if units(text) > limit:
                raise _too_long(f"embeds.{number}.{field}", limit)
        _check_fields(number, embed)
    if total > TOGETHER:
        raise InvalidForm(
            "embeds",
            "MAX_EMBED_SIZE_EXCEEDED",
            f"Embed size exceeds maximum size of {TOGETHER}",
        )
    return [{"type": "rich", **embed} for embed in given]


def _texts(embed: Json) -> Iterator[tuple[str, str, int]]:
    yield "title", embed.get("title") or "", 256
    yield "description", embed.get("description") or "", 4096
    yield "footer.text", (embed.get("footer") or {}).get("text") or "", 2048
    yield "author.name", (embed.get("author") or {}).get("name") or "", 256
    for number, field in enumerate(embed.get("fields") or ()):
        yield f"fields.{number}.name", field.get("name") or "", 256
        yield f"fields.{number}.value", field.get("value") or "", 1024


def _check_fields(number: int, embed: Json) -> None:
    fields = embed.get("fields") or ()
    if len(fields) > FIELDS:
        raise _too_long(f"embeds.{number}.fields", FIELDS)
    for index, field in enumerate(fields):
        for part in ("name", "value"):
            if not field.get(part):
                raise InvalidForm(
                    f"embeds.{number}.fields.{index}.{part}",
                    "BASE_TYPE_REQUIRED",
                    "This field is required",
                )


def _too_long(field: str, limit: int) -> InvalidForm:
    return InvalidForm(field, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")
