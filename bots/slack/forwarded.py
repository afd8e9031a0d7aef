"""Messages inside a message: forwarded with it, or shown below a link to them.

Source: docs.slack.dev/reference/messaging/attachments; the fields of shared messages are
not documented, so that nothing in them is relied on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bots.slack.payload import string


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Another message that one carries: who wrote it, and what."""

    author: str
    text: str
    blocks: Any


def read(attachments: Any) -> Iterator[Forwarded]:
    """The messages among the attachments; cards of programs and previews of links are none."""
    for one in attachments if isinstance(attachments, list) else ():
        if isinstance(one, dict) and (one.get("is_share") or one.get("is_msg_unfurl")):
            yield Forwarded(
                author=string(one, "author_name") or string(one, "author_subname") or "Somebody",
                text=string(one, "text") or string(one, "fallback"),
                blocks=list(_blocks(one.get("message_blocks"))),
            )


def quoted(author: str, words: str) -> str:
    """What somebody else wrote, as it stands below one's own words."""
    return f"{author} wrote:\n" + "\n".join(f"> {line}" for line in words.split("\n"))


def _blocks(parts: Any) -> Iterator[Any]:
    for part in parts if isinstance(parts, list) else ():
        message = part.get("message") if isinstance(part, dict) else None
        blocks = message.get("blocks") if isinstance(message, dict) else None
        yield from blocks if isinstance(blocks, list) else ()
