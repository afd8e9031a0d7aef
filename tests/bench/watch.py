"""What readers see of each reply, and when."""

import asyncio
import time
from dataclasses import dataclass, field

from sandbox.world import Change, Message
from tests.bench.texts import balanced, letters, script
from tests.e2e.places import DISCORD_BOT, SLACK_BOT, read_slack

SIGNS = ("status", "typing", "reacted")


@dataclass
class Reply:
    """One question and what became of it; `shown` are (time, letters that can be read)."""

    number: int
    tokens: int
    text: str
    asked: float
    sign: float | None = None
    complete: float | None = None
    shown: list[tuple[float, int]] = field(default_factory=list)
    broken: int = 0
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def letters(self) -> int:
        """How many there are to read in the end."""
        return script(self.text, self.tokens).letters


class Watch:
    """Notes what people see of the replies that it is told to follow."""

    def __init__(self, platform: str) -> None:
        self._slack = platform == "slack"
        self._bot = SLACK_BOT if self._slack else DISCORD_BOT
        self._texts: dict[str, Reply] = {}
        self._signs: dict[str, list[Reply]] = {}
        self._waited: set[int] = set()
        self.quiet = asyncio.Event()

    def follow(self, reply: Reply, *, texts: list[str], signs: list[str]) -> None:
        """A reply, with the ids of the threads and channels where it may be seen."""
        self._waited.add(reply.number)
        self.quiet.clear()
        self._texts |= dict.fromkeys(texts, reply)
        for place in signs:
            self._signs.setdefault(place, []).append(reply)

    def __call__(self, change: Change) -> None:
        if change.what in SIGNS:
            self._signed(change)
        elif change.what in ("posted", "edited", "deleted") and change.message:
            self._written(change.message, gone=change.what == "deleted")

    def _signed(self, change: Change) -> None:
        message = change.message.id if change.message else ""
        if change.what == "status" and not change.note.get("text"):
            return
        for place in (message, change.note.get("thread", ""), change.channel):
            for reply in self._signs.pop(place, ()):
                reply.sign = reply.sign or time.monotonic()

    def _written(self, message: Message, *, gone: bool) -> None:
        reply = self._texts.get(message.thread or message.channel)
        if reply is None or message.author != self._bot:
            return
        read = read_slack(message).text if self._slack else message.text
        reply.sizes[message.id] = 0 if gone else letters(read)
        seen = sum(reply.sizes.values())
        now = time.monotonic()
        if seen:
            reply.shown.append((now, seen))
        if not self._slack:  # Slack does not keep the Markdown; its requests are looked at
            reply.broken += not balanced(message.text)
        if seen >= reply.letters and reply.complete is None:
            reply.complete = now
            self._waited.discard(reply.number)
            if not self._waited:
                self.quiet.set()
