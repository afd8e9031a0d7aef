"""Block Kit as Slack checks and keeps it.

Limits: slack_sdk/models/blocks, docs.slack.dev/reference/block-kit; the sum of all
texts (13,200) is reported in slackapi/bolt-js#2509.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from sandbox.slack import richtext
from sandbox.slack.errors import Refused

Block = dict[str, Any]

MOST_BLOCKS = 50
MOST_MARKDOWN = 12_000
MOST_TEXT = 13_200
MOST_INPUT = 3000
"""Characters that a text input takes (docs.slack.dev, "Plain-text input")."""

_ids = itertools.count(1)


def accept(blocks: list[Any]) -> list[Block]:
    """Message blocks as Slack keeps them: checked, named, Markdown translated.

    Raises `Refused` with `invalid_blocks`, `msg_too_long` or `msg_blocks_too_long`.
    """
    check(blocks, MOST_BLOCKS)
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MOST_MARKDOWN:
        raise Refused("msg_too_long")
    if sum(map(len, _texts(blocks))) > MOST_TEXT:
        raise Refused("msg_blocks_too_long")
    return [named(kept) for block in blocks for kept in _kept(block)]


def check(blocks: list[Any], most: int) -> None:
    """Raise `Refused` (`invalid_blocks`) unless Slack would take these blocks."""
    if len(blocks) > most:
        _wrong("/blocks", f"no more than {most} items allowed")
    for number, block in enumerate(blocks):
        _check_block(block, f"/blocks/{number}")
    _unique((b["block_id"] for b in blocks if "block_id" in b), "/blocks", "block_id")


def named(block: Block) -> Block:
    """A block with the ids that Slack gives where the app gave none."""
    block = {"type": block["type"], "block_id": block.get("block_id") or _new_id(), **block}
    if "elements" in block and block["type"] in ("actions", "context_actions"):
        block["elements"] = [_named_element(element) for element in block["elements"]]
    place = {"section": "accessory", "input": "element"}.get(block["type"], "")
    if place in block and block[place]["type"] != "image":
        block[place] = _named_element(block[place])
    return block


def interactive(blocks: list[Block]) -> Iterator[tuple[Block, dict[str, Any]]]:
    """Every element that a person can use, with the block that holds it."""
    for block in blocks:
        inside = block.get("elements", []) if "actions" in block["type"] else []
        for element in (*inside, block.get("accessory"), block.get("element")):
            if element and "action_id" in element:
                yield block, element


def _kept(block: Block) -> list[Block]:
    return richtext.translate(block["text"]) if block["type"] == "markdown" else [block]


def _named_element(element: dict[str, Any]) -> dict[str, Any]:
    return {**element, "action_id": element.get("action_id") or _new_id()}


def _new_id() -> str:
    return f"b{next(_ids):x}"


def _texts(value: Any) -> Iterator[str]:
    """All that a reader would see as text in blocks."""
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "text" and isinstance(item, str):
                yield item
            else:
                yield from _texts(item)


def _wrong(pointer: str, complaint: str) -> NoReturn:
    line = f"{complaint} [json-pointer:{pointer}]"
    metadata = {"messages": [f"[ERROR] {line}"]}
    raise Refused("invalid_blocks", errors=[line], response_metadata=metadata)


def _check_block(block: Any, at: str) -> None:
    if not isinstance(block, dict):
        _wrong(at, "must be an object")
    check = _BLOCKS.get(str(block.get("type")))
    if check is None:
        _wrong(f"{at}/type", f"unsupported type: {block.get('type')}")
    _string(block, "block_id", at, 255, needed=False)
    check(block, at)


def _string(of: dict[str, Any], name: str, at: str, most: int, *, needed: bool = True) -> None:
    value = of.get(name)
    if value is None:
        if needed:
            _wrong(at, f"missing required field: {name}")
        return
    if not isinstance(value, str):
        _wrong(f"{at}/{name}", "must be a string")
    if len(value) > most:
        _wrong(f"{at}/{name}", f"must be less than {most + 1} characters")
    if needed and not value:
        _wrong(f"{at}/{name}", "must be more than 0 characters")


def _text(of: dict[str, Any], name: str, at: str, most: int, kinds: str = "plain_text") -> None:
    value = of.get(name)
    if not isinstance(value, dict):
        _wrong(at, f"missing required field: {name}")
    if value.get("type") not in kinds.split():
        _wrong(f"{at}/{name}/type", f"must be one of: {kinds}")
    _string(value, "text", f"{at}/{name}", most)


def _list(of: dict[str, Any], name: str, at: str, most: int, kind: type = dict) -> list[Any]:
    value = of.get(name)
    if not isinstance(value, list) or not value:
        _wrong(f"{at}/{name}", "must have at least 1 item")
    if len(value) > most:
        _wrong(f"{at}/{name}", f"no more than {most} items allowed")
    for number, item in enumerate(value):
        if not isinstance(item, kind):
            _wrong(f"{at}/{name}/{number}", f"must be {_JSON_NAMES[kind]}")
    return value


def _unique(values: Iterator[Any], at: str, what: str) -> None:
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            _wrong(at, f"`{what}` {value} already exists")
        seen.add(value)


def _section(block: Block, at: str) -> None:
    if "text" not in block and "fields" not in block:
        _wrong(at, "missing required field: text")
    if "text" in block:
        _text(block, "text", at, 3000, "mrkdwn plain_text")
    if "fields" in block:
        fields = _list(block, "fields", at, 10)
        for number, field in enumerate(fields):
            _text({"field": field}, "field", f"{at}/fields/{number}", 2000, "mrkdwn plain_text")
    if "accessory" in block:
        _check_element(block["accessory"], f"{at}/accessory", (*_ELEMENTS, "image"))


def _header(block: Block, at: str) -> None:
    _text(block, "text", at, 150)


def _divider(_block: Block, _at: str) -> None:
    """A line has nothing that could be wrong."""


def _markdown(block: Block, at: str) -> None:
    # Its length counts over the whole message and has a code of its own.
    _string(block, "text", at, 10**9)


def _image(block: Block, at: str) -> None:
    if "image_url" not in block and "slack_file" not in block:
        _wrong(at, "missing required field: image_url")
    _string(block, "image_url", at, 3000, needed=False)
    _string(block, "alt_text", at, 2000)
    if "title" in block:
        _text(block, "title", at, 2000)


def _context(block: Block, at: str) -> None:
    for number, element in enumerate(_list(block, "elements", at, 10)):
        where = f"{at}/elements/{number}"
        if element.get("type") == "image":
            _image(element, where)
        else:
            _text({"element": element}, "element", where, 3000, "mrkdwn plain_text")


def _actions(block: Block, at: str) -> None:
    elements = _list(block, "elements", at, 25)
    for number, element in enumerate(elements):
        _check_element(element, f"{at}/elements/{number}", tuple(_ELEMENTS))
    _unique((e["action_id"] for e in elements if "action_id" in e), at, "action_id")


def _context_actions(block: Block, at: str) -> None:
    elements = _list(block, "elements", at, 5)
    for number, element in enumerate(elements):
        _check_element(element, f"{at}/elements/{number}", ("feedback_buttons", "icon_button"))


def _input(block: Block, at: str) -> None:
    _text(block, "label", at, 2000)
    if "hint" in block:
        _text(block, "hint", at, 2000)
    if not isinstance(block.get("element"), dict):
        _wrong(at, "missing required field: element")
    _check_element(block["element"], f"{at}/element", (*_CHOICES, *_FIELDS))


def _rich_text(block: Block, at: str) -> None:
    kinds = ("section", "list", "preformatted", "quote")
    for number, element in enumerate(_list(block, "elements", at, 1000)):
        if str(element.get("type")).removeprefix("rich_text_") not in kinds:
            _wrong(f"{at}/elements/{number}/type", f"unsupported type: {element.get('type')}")
        if not isinstance(element.get("elements"), list):
            _wrong(f"{at}/elements/{number}", "missing required field: elements")


def _table(block: Block, at: str) -> None:
    for number, row in enumerate(_list(block, "rows", at, 100, list)):
        if len(row) > 20:
            _wrong(f"{at}/rows/{number}", "no more than 20 items allowed")


def _check_element(element: Any, at: str, allowed: tuple[str, ...]) -> None:
    kind = element.get("type") if isinstance(element, dict) else None
    if kind not in allowed:
        _wrong(f"{at}/type", f"unsupported type: {kind}")
    _string(element, "action_id", at, 255, needed=False)
    if kind == "button":
        _button(element, at)
    elif kind == "image":
        _image(element, at)
    elif kind in _CHOICES:
        _choice(element, at)
    elif kind == "plain_text_input":
        _text_input(element, at)
    elif kind == "feedback_buttons":
        _feedback(element, at)
    elif kind == "icon_button":
        _text(element, "text", at, 75)


def _button(element: dict[str, Any], at: str) -> None:
    _text(element, "text", at, 75)
    _string(element, "value", at, 2000, needed=False)
    _string(element, "url", at, 3000, needed=False)
    if element.get("style") not in (None, "primary", "danger"):
        _wrong(f"{at}/style", "must be one of: primary danger")


def _text_input(element: dict[str, Any], at: str) -> None:
    most = element.get("max_length", MOST_INPUT)
    if not isinstance(most, int) or not 1 <= most <= MOST_INPUT:
        _wrong(f"{at}/max_length", f"must be between 1 and {MOST_INPUT}")
    _string(element, "initial_value", at, most, needed=False)


def _feedback(element: dict[str, Any], at: str) -> None:
    for name in ("positive_button", "negative_button"):
        button = element.get(name)
        if not isinstance(button, dict):
            _wrong(at, f"missing required field: {name}")
        _text(button, "text", f"{at}/{name}", 75)
        _string(button, "value", f"{at}/{name}", 2000)


def _choice(element: dict[str, Any], at: str) -> None:
    if element["type"] not in _OPTIONS:
        return
    if "option_groups" in element and "options" not in element:
        _list(element, "option_groups", at, 100)
        return
    for number, option in enumerate(_list(element, "options", at, _OPTIONS[element["type"]])):
        where = f"{at}/options/{number}"
        _text(option, "text", where, 75, "plain_text mrkdwn")
        _string(option, "value", where, 150)


_JSON_NAMES: dict[type, str] = {dict: "an object", list: "an array"}
_OPTIONS = {
    "static_select": 100,
    "multi_static_select": 100,
    "overflow": 5,
    "checkboxes": 10,
    "radio_buttons": 10,
}
_CHOICES = (
    *_OPTIONS,
    *(f"{many}{kind}_select" for many in ("", "multi_") for kind in ("users", "channels")),
    *(f"{many}{kind}_select" for many in ("", "multi_") for kind in ("conversations", "external")),
)
_FIELDS = ("plain_text_input", "number_input", "datepicker", "timepicker")
_ELEMENTS = ("button", *_CHOICES, "datepicker", "timepicker")

_BLOCKS: dict[str, Callable[[Block, str], None]] = {
    "actions": _actions,
    "context": _context,
    "context_actions": _context_actions,
    "divider": _divider,
    "header": _header,
    "image": _image,
    "input": _input,
    "markdown": _markdown,
    "rich_text": _rich_text,
    "section": _section,
    "table": _table,
}
