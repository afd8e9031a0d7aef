"""What the app wants a message to say, checked and as Slack would keep it."""

from dataclasses import dataclass
from typing import Any

from sandbox.slack import blocks, inline
from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import Refused

NO_PREVIEW = "This content can't be displayed."
"""Slack's `text` of a message that was given blocks alone."""

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """Text, blocks and metadata; `metadata` is None where the call brought none."""

    text: str
    blocks: tuple[Block, ...] = ()
    metadata: dict[str, Any] | None = None

    @property
    def payload(self) -> dict[str, Any]:
        """What is kept besides the text."""
        kept: dict[str, Any] = {"blocks": list(self.blocks)} if self.blocks else {}
        return kept | ({"metadata": self.metadata} if self.metadata else {})

    def over(self, before: dict[str, Any]) -> dict[str, Any]:
        """What is kept when it replaces a message: old metadata too, unless it brings its own.

        `quiet`: Slack marks a message as edited only when its text was replaced.
        """
        gone = {"blocks", "streaming_state"} | (
            {"metadata"} if self.metadata is not None else set()
        )
        kept = {name: value for name, value in before.items() if name not in gone}
        return {**kept, **self.payload, "quiet": bool(self.blocks)}


def read(arguments: Arguments) -> Draft:
    """The message in a call; `Refused` with `no_text` and all that can be wrong with it."""
    if arguments.has("markdown_text"):
        return _from_markdown(arguments)
    text = arguments.text("text")
    given = arguments.items("blocks", "invalid_blocks_format")
    if not given and not text:
        raise Refused("no_text")
    kept = blocks.accept(given) if given else []
    return Draft(text or NO_PREVIEW, tuple(kept), metadata(arguments))


def _from_markdown(arguments: Arguments) -> Draft:
    if arguments.has("text") or arguments.has("blocks"):
        raise Refused("markdown_text_conflict")
    markdown = arguments.text("markdown_text")
    if not markdown:
        raise Refused("no_text")
    return written(markdown, metadata(arguments))


def written(markdown: str, about: dict[str, Any] | None = None) -> Draft:
    """The draft of a Markdown text; its `text` has lost the marks."""
    kept = blocks.accept([{"type": "markdown", "text": markdown}])
    return Draft(plain(kept) or NO_PREVIEW, tuple(kept), about)


def plain(kept: list[Block]) -> str:
    """The words of rich_text blocks."""
    parts = [element for block in kept for element in block.get("elements", [])]
    return "\n".join(filter(None, map(_plain, parts)))


def _plain(element: dict[str, Any]) -> str:
    if element["type"] == "rich_text_list":
        return "\n".join(inline.plain(item["elements"]) for item in element["elements"])
    return inline.plain(element.get("elements", []))


def metadata(arguments: Arguments) -> dict[str, Any] | None:
    """The metadata of a call; an empty object takes away what was there."""
    given = arguments.mapping("metadata", "invalid_metadata_format")
    if not given:
        return given
    if not isinstance(given.get("event_type"), str) or not given["event_type"]:
        raise Refused("invalid_metadata_schema")
    if not isinstance(given.get("event_payload"), dict):
        raise Refused("invalid_metadata_schema")
    return {"event_type": given["event_type"], "event_payload": given["event_payload"]}
