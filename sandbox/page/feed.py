"""What one reader of the page has not been told yet."""

import asyncio
from collections.abc import Hashable

from sandbox.page import portrait
from sandbox.page.portrait import Json
from sandbox.world import Change, Space


class Feed:
    """News for one reader. Of each thing only the latest waits, so that a slow one catches up."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, Json] = {}
        self._news = asyncio.Event()

    def add(self, about: Hashable, news: Json) -> None:
        """Something has changed; what was waiting about the same thing is out of date.

        The news take its place in the line: a channel stays before the messages in it.
        """
        self._waiting[about] = news
        self._news.set()

    async def take(self) -> list[Json]:
        """All that waits, the oldest first; waits until there is something."""
        await self._news.wait()
        self._news.clear()
        waiting, self._waiting = list(self._waiting.values()), {}
        return waiting


def news(space: Space, change: Change) -> tuple[Hashable, Json] | None:
    """A change of the world in the page's words, and what it is about."""
    place = {"space": change.space, "channel": change.channel}
    if change.message is not None:
        kind = "gone" if change.what == "deleted" else "message"
        body = {"kind": kind, "message": portrait.message(change.message)}
        return (change.space, change.channel, change.message.id), place | body
    match change.what:
        case "channel":
            body = {"kind": "channel", "channel": portrait.channel(space.channels[change.channel])}
            return (change.space, change.channel), place | body
        case "status" | "typing":
            about = change.note.get("thread", change.note.get("person", ""))
            return (change.space, change.channel, change.what, about), {
                **place,
                "kind": change.what,
                **change.note,
            }
    return None
