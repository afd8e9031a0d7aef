"""A page of an answer as the content of a Slack message.

The answer stands in `markdown` blocks, everything else in `context` blocks, so that
history can tell them apart.
"""

from typing import Any

from bots.slack import controls
from bots.slack.inert import inert
from bots.slack.mrkdwn import escape
from core.pages import utf8
from core.surface import Limit, Page

LONGEST_FALLBACK = 2_900
"""Bytes of `text`, which stands where blocks do not: in notifications, for screen readers.

chat.update refuses 4,000 bytes and more, a response URL 3,000 characters.
"""

HEADLINE = "parley_asked"
"""The id of a block that says who asked what, above a public answer to a command."""

LONGEST_HEADLINE = 600
"""Characters of a headline; a context block holds 3,000."""

NOTICE = Limit(2_500, len)
"""The room for a notice; a context block holds 3,000 characters, made inert they are more."""

NOTHING_YET = "…"
"""What stands for a page of white space, which Slack would refuse."""


LIMIT = Limit(9_000, utf8)
"""One limit for every way of sending. A markdown block holds 12,000 characters."""


def content(page: Page, headline: str = "") -> dict[str, Any]:
    """The `blocks` and the `text` of a message; pings in them are inert."""
    headline = _shortened(headline)
    blocks = [_context(headline, HEADLINE)] if headline else []
    if page.text or not page.notice.strip():
        text = page.text if page.text.strip() else NOTHING_YET
        blocks.append({"type": "markdown", "text": inert(text)})
    words = page.text.strip() or page.notice.strip()
    return {"blocks": [*blocks, *below(page)], "text": fallback(words)}


def below(page: Page) -> list[dict[str, Any]]:
    """The blocks below the text of a page: its notice and its controls, if there are any."""
    notice = NOTICE.cut(page.notice.strip())
    return [*([_context(notice)] if notice else []), *controls.blocks(page.controls)]


def fallback(text: str) -> str:
    """The beginning of a text where only Slack's own markup is known."""
    shown = escape(inert(text[:LONGEST_FALLBACK]))
    while utf8(shown) > LONGEST_FALLBACK:
        text = text[: len(text[:LONGEST_FALLBACK]) * 3 // 4]
        shown = escape(inert(text))
    return shown or NOTHING_YET


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_HEADLINE else f"{line[: LONGEST_HEADLINE - 2]} …"


def _context(words: str, block_id: str = "") -> dict[str, Any]:
    block = {"type": "context", "elements": [{"type": "plain_text", "text": inert(words)}]}
    return block | ({"block_id": block_id} if block_id else {})
