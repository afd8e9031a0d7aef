"""Blocks, as Slack gives them back, in Markdown.

Slack translates `markdown` blocks on their way in; languages of code and levels of
headings are lost there (docs.slack.dev/reference/block-kit/blocks/markdown-block).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from bots.slack.mrkdwn import Name, link, mention
from bots.slack.mrkdwn import markdown as from_mrkdwn

Json = dict[str, Any]


def markdown(blocks: Any, person: Name, channel: Name) -> str:
    """The text of a message's blocks.

    What is no part of the text is left out: `context` blocks, which hold our notices,
    buttons and whatever is not known.
    """
    return _Reader(person, channel).read(_dicts(blocks))


def mentioned(blocks: Any) -> Iterator[str]:
    """The people whom blocks mention; groups and whole channels as `mrkdwn` names them."""
    for part in _dicts(blocks):
        match part.get("type"):
            case "user":
                yield _text(part, "user_id")
            case "usergroup":
                yield f"!subteam^{_text(part, 'usergroup_id')}"
            case "broadcast":
                yield f"!{_text(part, 'range')}"
            case _:
                yield from mentioned(part.get("elements"))


def _dicts(values: Any) -> Iterator[Json]:
    """The objects in what should be a list of objects."""
    if isinstance(values, list):
        yield from (value for value in values if isinstance(value, dict))


def _text(value: Json, name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _number(value: Json, name: str) -> int:
    found = value.get(name)
    return found if isinstance(found, int) and 0 <= found < 100_000 else 0


class _Reader:
    def __init__(self, person: Name, channel: Name) -> None:
        self._person = person
        self._channel = channel

    def read(self, blocks: Iterable[Json]) -> str:
        return "\n\n".join(filter(None, map(self._block, blocks)))

    def _block(self, block: Json) -> str:
        reader = self._blocks.get(_text(block, "type"))
        return reader(self, block) if reader else ""

    def _section(self, block: Json) -> str:
        texts = [block.get("text"), *_dicts(block.get("fields"))]
        return "\n".join(filter(None, map(self._object, texts)))

    def _header(self, block: Json) -> str:
        return f"# {self._object(block.get('text'))}"

    def _object(self, text: Any) -> str:
        """A text object: plain, or in Slack's own markup."""
        if not isinstance(text, dict):
            return ""
        words = _text(text, "text")
        if text.get("type") == "mrkdwn":
            return from_mrkdwn(words, self._person, self._channel)
        return words

    def _rich_text(self, block: Json) -> str:
        """Its parts, an empty line between two; the pieces of one nested list stay together."""
        text, before = "", ""
        for element in _dicts(block.get("elements")):
            kind = _text(element, "type")
            part = self._part(element)
            if not part:
                continue
            together = kind == before == "rich_text_list"
            text += ("\n" if together else "\n\n" if text else "") + part
            before = kind
        return text

    def _part(self, element: Json) -> str:
        match element.get("type"):
            case "rich_text_section":
                return self._inline(element).strip("\n")
            case "rich_text_preformatted":
                return _fenced(self._bare(element), _text(element, "language"))
            case "rich_text_quote":
                return _prefixed(self._inline(element).strip("\n"), "> ")
            case "rich_text_list":
                return self._list(element)
            case _:
                return ""

    def _list(self, element: Json) -> str:
        ordered = element.get("style") == "ordered"
        margin = "   " * _number(element, "indent")
        first = _number(element, "offset") + 1
        lines = []
        for number, item in enumerate(_dicts(element.get("elements")), first):
            marker = f"{number}. " if ordered else "- "
            inside = self._inline(item).replace("\n", "\n" + margin + " " * len(marker))
            lines.append(margin + marker + inside)
        quoted = "> " if element.get("border") else ""
        return _prefixed("\n".join(lines), quoted)

    def _table(self, block: Json) -> str:
        rows = block.get("rows")
        rows = rows if isinstance(rows, list) else []
        cells = [[self._cell(cell) for cell in _dicts(row)] for row in rows]
        lines = [f"| {' | '.join(row)} |" for row in cells if row]
        if lines:
            lines.insert(1, "|" + " --- |" * len(cells[0]))
        return "\n".join(lines)

    def _cell(self, cell: Json) -> str:
        words = _text(cell, "text") if cell.get("type") == "raw_text" else self._rich_text(cell)
        return words.replace("|", "\\|").replace("\n", " ")

    def _inline(self, element: Json) -> str:
        return "".join(
            _styled(self._word(word), word.get("style")) for word in _dicts(element.get("elements"))
        )

    def _bare(self, element: Json) -> str:
        """The words without their styles, as they stand in code."""
        words = _dicts(element.get("elements"))
        return "".join(_text(word, "text") or self._word(word) for word in words)

    def _word(self, word: Json) -> str:
        reader = self._words.get(_text(word, "type"))
        return reader(self, word) if reader else _text(word, "fallback")

    def _mention(self, word: Json) -> str:
        user = _text(word, "user_id")
        return mention(self._person(user) or user)

    def _reference(self, word: Json) -> str:
        channel = _text(word, "channel_id")
        return f"#{self._channel(channel) or channel}"

    _blocks: ClassVar[dict[str, Callable[["_Reader", Json], str]]] = {
        "rich_text": _rich_text,
        "markdown": lambda _, block: _text(block, "text").strip("\n"),
        "section": _section,
        "header": _header,
        "table": _table,
        "divider": lambda _, __: "---",
    }
    _words: ClassVar[dict[str, Callable[["_Reader", Json], str]]] = {
        "text": lambda _, word: _text(word, "text"),
        "link": lambda _, word: link(_text(word, "url"), _text(word, "text")),
        "user": _mention,
        "channel": _reference,
        "usergroup": lambda _, word: mention(_text(word, "usergroup_id")),
        "broadcast": lambda _, word: mention(_text(word, "range")),
        "emoji": lambda _, word: _emoji(word),
        "color": lambda _, word: _text(word, "value"),
    }


def _emoji(word: Json) -> str:
    """The character itself where Slack names its code points."""
    try:
        return "".join(chr(int(point, 16)) for point in _text(word, "unicode").split("-"))
    except (ValueError, OverflowError):
        return f":{_text(word, 'name')}:"


def _styled(words: str, style: Any) -> str:
    """Words with their marks; spaces at their ends stay outside, as Markdown wants it."""
    core = words.strip()
    if not core or not isinstance(style, dict):
        return words
    before, after = words[: words.index(core)], words[words.index(core) + len(core) :]
    if style.get("code"):
        core = _code(core)
    for name, mark in (("strike", "~~"), ("italic", "_"), ("bold", "**")):
        if style.get(name):
            core = mark + core + mark
    return before + core + after


def _code(words: str) -> str:
    ticks = "`" * (_longest_run(words) + 1)
    gap = " " if words.startswith("`") or words.endswith("`") else ""
    return f"{ticks}{gap}{words}{gap}{ticks}"


def _fenced(words: str, language: str) -> str:
    fence = "`" * max(3, _longest_run(words) + 1)
    return f"{fence}{language}\n{words}\n{fence}"


def _longest_run(words: str) -> int:
    return max((len(run) for run in re.findall("`+", words)), default=0)


def _prefixed(text: str, prefix: str) -> str:
    return "\n".join(prefix + line for line in text.split("\n")) if prefix else text
