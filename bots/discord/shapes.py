"""What Discord's payloads look like, as far as discord.py believes them unseen.

Sources: Discord's developer documentation, "Message" and "Interaction".
"""

from typing import Any

NUMBER = "a number in a text"

NEEDED = frozenset(
    {
        *("id", "username", "discriminator", "avatar"),
        *("author", "content", "mentions", "mention_roles"),
    }
)
"""What must be there; discord.py passes over it where it is missing, and fails later."""

PERSON = {
    "id": NUMBER,
    "username": str,
    "discriminator": str,
    "avatar": (str, type(None)),
    "global_name": (str, type(None)),
    "bot": bool,
}
FILE = {
    "id": NUMBER,
    "filename": str,
    "size": int,
    "url": str,
    "content_type": (str, type(None)),
}
MEMBER = {"roles": [NUMBER], "nick": (str, type(None)), "user": PERSON}
MESSAGE = {
    "id": NUMBER,
    "channel_id": NUMBER,
    "content": str,
    "type": int,
    "author": PERSON,
    "member": MEMBER,
    "mentions": [PERSON],
    "mention_roles": [NUMBER],
    "mention_everyone": bool,
    "attachments": [FILE],
    "timestamp": str,
    "edited_timestamp": (str, type(None)),
    "embeds": [dict],
    "webhook_id": NUMBER,
}
INTERACTION = {
    "id": NUMBER,
    "type": int,
    "token": str,
    "channel_id": NUMBER,
    "locale": str,
    "user": PERSON,
    "member": MEMBER,
    "message": MESSAGE,
    "data": {"name": str, "custom_id": str, "options": [{"name": str, "type": int}]},
}

VALUES = {3: str, 4: int, 5: bool}
"""The values of options by their types: a text, a number, a choice of two."""


def check(value: Any, shape: Any, name: str = "") -> None:
    """Raise `TypeError` or `KeyError` where something is not what it should be, or is missing."""
    if shape is NUMBER:
        good = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 21
    else:
        kind = type(shape) if isinstance(shape, list | dict) else shape
        good = isinstance(value, kind)
    if not good:
        raise TypeError(f"{name} is {type(value).__name__}")
    if isinstance(shape, list):
        for one in value:
            check(one, shape[0], name)
    if isinstance(shape, dict):
        for member in shape.keys() & (value.keys() | NEEDED):
            check(value[member], shape[member], member)


def check_use(data: dict[str, Any]) -> None:
    """`check` what a command brings: its options, and the messages that it is about."""
    _check_options(data.get("options", []))
    for message in data.get("resolved", {}).get("messages", {}).values():
        check(message, MESSAGE)


def _check_options(options: list[dict[str, Any]]) -> None:
    for option in options:
        if kind := VALUES.get(option["type"]):
            # A number that is still being typed is a text.
            check(option.get("value"), (kind, str) if option.get("focused") else kind, "value")
        _check_options(option.get("options", []))
