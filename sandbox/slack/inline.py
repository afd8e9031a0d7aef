"""Runs of text as elements of a rich_text block, with what Slack finds in them."""

import re
from collections.abc import Iterator
from typing import Any

Element = dict[str, Any]
Style = dict[str, bool]

_EMOJI = (
    r"\+1|-1|bulb|eyes|fire|heart|memo|point_right|question|rocket|smile|tada|thinking_face"
    "|thumbsup|warning|wave|white_check_mark|x"
)
_FOUND = re.compile(
    r"<@(?P<user>[UW][A-Z0-9]+)(?:\|[^<>]*)?>"
    r"|<\#(?P<channel>[CDG][A-Z0-9]+)(?:\|[^<>]*)?>"
    r"|<!subteam\^(?P<group>S[A-Z0-9]+)(?:\|[^<>]*)?>"
    r"|<!(?P<range>channel|here|everyone)(?:\|[^<>]*)?>"
    r"|<(?P<url>(?:https?|mailto):[^<>|]+)(?:\|(?P<label>[^<>]*))?>"
    r"|(?P<bare>https?://[^\s<>|]+[^\s<>|.,;:!?)'\"*_~])"
    rf"|:(?P<emoji>{_EMOJI}):"
)
_KINDS = {
    "user": ("user", "user_id"),
    "channel": ("channel", "channel_id"),
    "group": ("usergroup", "usergroup_id"),
    "range": ("broadcast", "range"),
    "emoji": ("emoji", "name"),
}
_SHOUT = re.compile(r"(?<![\w@])@(channel|here|everyone)\b")


def text(words: str, style: Style | None = None) -> Element:
    """A plain run of text."""
    return {"type": "text", "text": words, **styled(style)}


def link(url: str, words: str = "", style: Style | None = None) -> Element:
    """A link; without words it shows its address."""
    return {"type": "link", "url": url, **({"text": words} if words else {}), **styled(style)}


def styled(style: Style | None) -> dict[str, Any]:
    """The `style` of an element, absent when there is none."""
    return {"style": dict(style)} if style else {}


def elements(words: str, style: Style | None = None, *, shouts: bool = False) -> list[Element]:
    """A run of text with its mentions, links and emoji made out.

    `shouts`: a bare @channel, @here or @everyone counts as well. Whether it does in
    Markdown is not documented, so the sandbox assumes the worst.
    """
    if shouts:
        words = _SHOUT.sub(lambda found: f"<!{found[1]}>", words)
    return list(_made_out(words, style))


def merged(parts: list[Element]) -> list[Element]:
    """The same elements, with neighbouring text of one style as one element."""
    result: list[Element] = []
    for part in parts:
        last = result[-1] if result else None
        if last and last["type"] == part["type"] == "text" and _alike(last, part):
            result[-1] = {**last, "text": last["text"] + part["text"]}
        else:
            result.append(part)
    return result


def plain(parts: list[Element]) -> str:
    """What is left of elements when only their words are kept."""
    return "".join(str(part.get("text") or part.get("url") or "") for part in parts)


def _alike(one: Element, other: Element) -> bool:
    return one.get("style") == other.get("style")


def _made_out(words: str, style: Style | None) -> Iterator[Element]:
    position = 0
    for found in _FOUND.finditer(words):
        if found.start() > position:
            yield text(words[position : found.start()], style)
        yield _element(found, style)
        position = found.end()
    if position < len(words):
        yield text(words[position:], style)


def _element(found: re.Match[str], style: Style | None) -> Element:
    for kind, (type_, name) in _KINDS.items():
        if found[kind] is not None:
            return {"type": type_, name: found[kind], **styled(style)}
    return link(found["bare"] or found["url"], found["label"] or "", style)
