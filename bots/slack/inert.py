"""Text that cannot ping: what Slack would read as a mention is broken, invisibly."""

import html
import re

JOINER = "\u2060"
"""WORD JOINER: no width, no line break, and no part of any of Slack's mentions."""

AHEAD = 120
"""Characters behind a sign that decide whether it begins a mention, however they are written."""

_SIGN = re.compile(r"(?:[<@]|&(?:lt|commat|#0*6[04]|#x0*(?:3c|40));?)\\?", re.IGNORECASE)

_EVERYBODY = r"(?:channel|here|everyone)(?![a-z0-9])"
_BARE = re.compile(_EVERYBODY, re.IGNORECASE)
_CONTROL = re.compile(
    rf"!(?:{_EVERYBODY}|group(?![a-z0-9])|subteam\^)|@(?-i:[UW][A-Z0-9])", re.IGNORECASE
)


_NAMES = (
    *("channel", "here", "everyone", "!channel", "!here", "!everyone"),
    *("!group", "!subteam^", "@u", "@w"),
)
"""What makes a sign in front of it a mention, but for what follows."""

_ENTITY = re.compile(r"&[#\w]{0,9}\Z")


def inert(text: str) -> str:
    """The same text, with nothing in it that notifies anybody.

    `<!channel>`, `<!here>`, `<!everyone>`, `<!subteam^…>`, `<@U…>` and bare @channel, @here and
    @everyone get a word joiner inside, also where entities or escapes of Markdown spell
    them. Nothing else is touched.
    """

    def broken(found: re.Match[str]) -> str:
        return found[0] + JOINER if _pings(text, found) else found[0]

    return _SIGN.sub(broken, text)


def settled(text: str) -> int:
    """How many characters at its start are made inert in the same way whatever comes behind.

    What may become a mention with the next characters is not among them.
    """
    start = max(0, len(text) - AHEAD)
    for found in _SIGN.finditer(text, start):
        if _may_ping(text, found):
            return found.start()
    entity = _ENTITY.search(text, start)
    return entity.start() if entity else len(text)


def plain(text: str) -> str:
    """The text as it was before it was made inert."""
    return text.replace(JOINER, "")


def _pings(text: str, found: re.Match[str]) -> bool:
    rest = _as_shown(text[found.end() : found.end() + AHEAD])
    if found[0].startswith("<") or _as_shown(found[0]).startswith("<"):
        return _CONTROL.match(rest) is not None
    # No mail address ends where a bare mention begins: `ben@here.example` stays as it is.
    return _BARE.match(rest) is not None and not _ends_in_a_word(text[: found.start()][-1:])


def _as_shown(text: str) -> str:
    """What Markdown makes of entities and escapes."""
    text = html.unescape(text) if "&" in text else text
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text) if "\\" in text else text


def _may_ping(text: str, found: re.Match[str]) -> bool:
    """Whether it hangs on what comes behind if a sign begins a mention."""
    rest = text[found.end() :]
    if "&" in rest or "\\" in rest:  # entities and escapes: anything may come of them
        return not any(character.isspace() for character in rest)
    return any(name.startswith(rest.lower()) for name in _NAMES)


def _ends_in_a_word(before: str) -> bool:
    return before.isascii() and before.isalnum()
