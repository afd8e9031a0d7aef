"""What people type, as Slack stores it: escaped, with mentions and links made out."""

import re
from collections.abc import Iterable
from typing import Any

from sandbox.slack import inline
from sandbox.slack.inline import Element
from sandbox.world import Channel, Person

_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_LINK = re.compile(r"https?://[^\s<>|]+[^\s<>|.,;:!?)'\"]")
_BROADCAST = re.compile(r"(?<![\w@])@(channel|here|everyone)\b")


def escape(text: str) -> str:
    """The three characters that Slack escapes, and no others."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def compose(text: str, people: Iterable[Person], channels: Iterable[Channel]) -> str:
    """The `text` of a message that somebody typed; code stays as it is."""
    mentions = _mentions(people)
    rooms = _rooms(channels)
    parts = _CODE.split(escape(text))
    return "".join(
        part if position % 2 else _marked(part, mentions, rooms)
        for position, part in enumerate(parts)
    )


def _marked(text: str, mentions: dict[str, str], rooms: dict[str, str]) -> str:
    text = _LINK.sub(lambda found: f"<{found[0]}>", text)
    text = _BROADCAST.sub(lambda found: f"<!{found[1]}>", text)
    text = _replaced("@", text, mentions)
    return _replaced("#", text, rooms)


def _replaced(sign: str, text: str, names: dict[str, str]) -> str:
    if not names:
        return text
    longest_first = sorted(names, key=len, reverse=True)
    choice = "|".join(re.escape(name) for name in longest_first)
    pattern = re.compile(rf"(?<![\w@#&/]){sign}({choice})(?!\w)", re.IGNORECASE)
    return pattern.sub(lambda found: names[found[1].lower()], text)


def _mentions(people: Iterable[Person]) -> dict[str, str]:
    names: dict[str, str] = {}
    for person in people:
        names |= dict.fromkeys((person.name.lower(), person.handle.lower()), f"<@{person.id}>")
    return names


def _rooms(channels: Iterable[Channel]) -> dict[str, str]:
    return {room.name.lower(): f"<#{room.id}|{room.name}>" for room in channels}


def spoken(words: str) -> list[dict[str, Any]]:
    """The rich_text of what a person typed, from its `text`."""
    pieces = words.split("```")
    elements: list[Element] = []
    for position, piece in enumerate(pieces):
        if position % 2 and position < len(pieces) - 1:
            code = [inline.text(_unescaped(piece).strip("\n"))]
            elements.append({"type": "rich_text_preformatted", "elements": code, "border": 0})
        elif piece.strip():
            elements.append({"type": "rich_text_section", "elements": _typed(piece.strip("\n"))})
    return [{"type": "rich_text", "elements": elements}] if elements else []


def _typed(words: str) -> list[Element]:
    parts = inline.elements(words)
    return [
        {**part, "text": _unescaped(part["text"])} if "text" in part else part for part in parts
    ]


def _unescaped(words: str) -> str:
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
