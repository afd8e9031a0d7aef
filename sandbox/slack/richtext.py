"""Markdown as Slack keeps it: translated into rich_text, divider and table blocks.

Slack gives `markdown` blocks back in this form, from every method and in every event.
The languages of code and the levels of headings are lost on the way.
"""

from typing import Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from sandbox.slack import inline
from sandbox.slack.inline import Element, Style

Block = dict[str, Any]

_STYLES = {"strong": "bold", "em": "italic", "s": "strike"}


def translate(markdown: str) -> list[Block]:
    """The blocks that Slack makes of a Markdown text."""
    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    translation = _Translation()
    translation.read(SyntaxTreeNode(reader.parse(markdown)).children)
    return translation.finished()


class _Translation:
    """The blocks made so far, and the rich_text that is still growing."""

    def __init__(self, border: int = 0) -> None:
        self._blocks: list[Block] = []
        self._growing: list[Element] = []
        self._border = border

    def finished(self) -> list[Block]:
        self._close()
        return self._blocks

    def read(self, nodes: list[SyntaxTreeNode]) -> None:
        for node in nodes:
            self._read_one(node)

    def _read_one(self, node: SyntaxTreeNode) -> None:
        match node.type:
            case "heading":
                self._write(_inline(node, {"bold": True}))
            case "fence" | "code_block":
                self._grow("rich_text_preformatted", [inline.text(node.content.rstrip("\n"))])
            case "bullet_list" | "ordered_list":
                self._read_list(node, 0)
            case "blockquote":
                self._read_quote(node)
            case "hr":
                self._add({"type": "divider"})
            case "table":
                self._add(_table(node))
            case _:
                self._write(_inline(node))

    def _write(self, words: list[Element]) -> None:
        """Go on in the open section, as Slack does: an empty line is part of its text."""
        last = self._growing[-1] if self._growing else None
        if last is None or last["type"] != "rich_text_section":
            self._grow("rich_text_section", words)
        else:
            last["elements"] = inline.merged([*last["elements"], inline.text("\n\n"), *words])

    def _read_quote(self, node: SyntaxTreeNode) -> None:
        inner = _Translation(border=1)
        inner.read(node.children)
        for block in inner.finished():
            if block["type"] == "rich_text":
                self._growing += [_quoted(element) for element in block["elements"]]
            else:
                self._add(block)

    def _read_list(self, node: SyntaxTreeNode, indent: int) -> None:
        """Slack's lists are flat: whatever stands inside an item interrupts its list."""
        style = "ordered" if node.type == "ordered_list" else "bullet"
        first = int(node.attrs.get("start", 1)) - 1
        for number, item in enumerate(node.children):
            self._read_item(item, style, indent, first + number)

    def _read_item(self, item: SyntaxTreeNode, style: str, indent: int, offset: int) -> None:
        words: list[Element] = []
        rest: list[SyntaxTreeNode] = []
        for child in item.children:
            if child.type != "paragraph" or rest:
                rest.append(child)
            else:
                words += [inline.text("\n")] * bool(words) + _inline(child)
        self._add_item(words, style, indent, offset)
        for child in rest:
            if child.type in ("bullet_list", "ordered_list"):
                self._read_list(child, indent + 1)
            else:
                self._read_one(child)

    def _add_item(self, words: list[Element], style: str, indent: int, offset: int) -> None:
        section = {"type": "rich_text_section", "elements": inline.merged(words)}
        last = self._growing[-1] if self._growing else {}
        goes_on = last.get("type") == "rich_text_list" and last["style"] == style
        if goes_on and last["indent"] == indent and offset > 0:
            last["elements"].append(section)
            return
        extra: dict[str, Any] = {"style": style, "indent": indent, "border": self._border}
        if style == "ordered" and offset:
            extra["offset"] = offset
        self._growing.append({"type": "rich_text_list", "elements": [section], **extra})

    def _grow(self, kind: str, words: list[Element]) -> None:
        extra = {"border": self._border} if kind == "rich_text_preformatted" else {}
        self._growing.append({"type": kind, "elements": words, **extra})

    def _add(self, block: Block) -> None:
        self._close()
        self._blocks.append(block)

    def _close(self) -> None:
        if self._growing:
            self._blocks.append({"type": "rich_text", "elements": self._growing})
            self._growing = []


def _quoted(element: Element) -> Element:
    if element["type"] == "rich_text_section":
        return {**element, "type": "rich_text_quote"}
    return element


def _inline(node: SyntaxTreeNode, style: Style | None = None) -> list[Element]:
    """The words under a node, with their styles."""
    words: list[Element] = []
    for child in node.children:
        words += _run(child, style or {})
    return inline.merged(words)


def _run(node: SyntaxTreeNode, style: Style) -> list[Element]:
    match node.type:
        case "text":
            return inline.elements(node.content, style, shouts=True)
        case "code_inline":
            return [inline.text(node.content, {**style, "code": True})]
        case "softbreak" | "hardbreak":
            return [inline.text("\n", style)]
        case "link" | "image":
            address = str(node.attrs["href" if node.type == "link" else "src"])
            return [inline.link(address, inline.plain(_inline(node)), style)]
        case "strong" | "em" | "s":
            return _inline(node, {**style, _STYLES[node.type]: True})
        case _:
            return _inline(node, style)


def _table(node: SyntaxTreeNode) -> Block:
    rows = [row for part in node.children for row in part.children]
    aligned = [{"align": _alignment(cell)} for cell in rows[0].children]
    cells = [[_cell(cell) for cell in row.children] for row in rows]
    return {"type": "table", "rows": cells, "column_settings": aligned}


def _alignment(cell: SyntaxTreeNode) -> str:
    return str(cell.attrs.get("style", "text-align:left")).removeprefix("text-align:")


def _cell(cell: SyntaxTreeNode) -> Element:
    words = _inline(cell)
    if all(word["type"] == "text" and "style" not in word for word in words):
        return {"type": "raw_text", "text": inline.plain(words)}
    section = {"type": "rich_text_section", "elements": words}
    return {"type": "rich_text", "elements": [section]}
