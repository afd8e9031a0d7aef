"""Messages that grow by chat.appendStream.

What is not in Slack's documentation was observed by others: a stream ends about five
minutes after its start whatever happens (slackapi/python-slack-sdk#1859), holds about
12,000 characters in all (CopilotKit PR 6064), and takes either text or chunks for life.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack import blocks
from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import Refused

LIFETIME = 300.0
MOST = 12_000
KEPT = 1000


@dataclass(slots=True)
class Stream:
    """What one streamed message has been given so far."""

    started: float
    by_chunks: bool
    markdown: str = ""
    extra: list[blocks.Block] = field(default_factory=list)
    stopped_by: str = ""

    def take(self, arguments: Arguments) -> None:
        """Add what a call brings."""
        chunks = arguments.items("chunks", "invalid_chunks")
        words = arguments.text("markdown_text")
        if chunks is not None and arguments.has("markdown_text"):
            raise Refused("cannot_provide_both_markdown_text_and_chunks")
        if (chunks is not None or words) and self.by_chunks != (chunks is not None):
            raise Refused("streaming_mode_mismatch")
        given: list[Any] = []
        for chunk in chunks or []:
            words += _words(chunk)
            given += chunk["blocks"] if chunk["type"] == "blocks" else []
        self.add(words, given)

    def add(self, words: str, given: list[Any]) -> None:
        """Add text and blocks, or nothing when one of them is refused."""
        if len(self.markdown) + len(words) > MOST:
            raise Refused("msg_too_long")
        self.extra += blocks.accept(given)
        self.markdown += words


def _words(chunk: Any) -> str:
    if not isinstance(chunk, dict):
        raise Refused("invalid_chunks")
    match chunk.get("type"):
        case "markdown_text" if isinstance(chunk.get("text"), str):
            return str(chunk["text"])
        case "blocks" if isinstance(chunk.get("blocks"), list):
            return ""
        case "plan_update" if chunk.get("title"):
            return ""
        case "task_update" if chunk.get("id") and chunk.get("title"):
            return ""
        case _:
            raise Refused("invalid_chunks")


class Streams:
    """The streams that are open, and those that ended not long ago."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.lifetime = LIFETIME
        self._clock = clock
        self._streams: OrderedDict[tuple[str, str], Stream] = OrderedDict()

    def begin(self, *, by_chunks: bool) -> Stream:
        """A stream that starts now; `keep` it once it has its message."""
        return Stream(self._clock(), by_chunks)

    def keep(self, channel: str, ts: str, stream: Stream) -> None:
        """Remember the stream of a message."""
        self._streams[channel, ts] = stream
        if len(self._streams) > KEPT:
            self._streams.popitem(last=False)

    def open(self, channel: str, ts: str) -> Stream:
        """The stream of a message, or the refusal of one that takes no more."""
        stream = self._streams.get((channel, ts))
        if stream is not None and stream.stopped_by == "user":
            raise Refused("stopped_by_user")
        if stream is None or not self.is_open(channel, ts):
            raise Refused("message_not_in_streaming_state")
        return stream

    def is_open(self, channel: str, ts: str) -> bool:
        """Whether a message still takes text."""
        stream = self._streams.get((channel, ts))
        if stream is None or stream.stopped_by:
            return False
        return self._clock() - stream.started < self.lifetime

    def stop(self, channel: str, ts: str, by: str) -> None:
        """End a stream; `by` is "app" or "user"."""
        self._streams[channel, ts].stopped_by = by

    def open_in(self, channel: str) -> list[str]:
        """The messages of a channel that still take text."""
        return [ts for room, ts in self._streams if room == channel and self.is_open(room, ts)]
