"""What the app says it is doing in a thread ("is thinking…")."""

import asyncio

from sandbox.world import Change, Space

LIFETIME = 120.0
"""Seconds after which Slack takes a status away (docs.slack.dev, assistant.threads.setStatus)."""


class Statuses:
    """The statuses that people see now; each goes with time or with the app's next post."""

    def __init__(self, space: Space) -> None:
        self.lifetime = LIFETIME
        self._space = space
        self._timers: dict[tuple[str, str], asyncio.TimerHandle] = {}

    def set(self, channel: str, thread: str, text: str) -> None:
        """Show a status; an empty one takes it away."""
        self._forget(channel, thread)
        if text:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(self.lifetime, self.set, channel, thread, "")
            self._timers[channel, thread] = timer
        self._tell(channel, thread, text)

    def posted(self, channel: str, thread: str) -> None:
        """The app has posted in this thread: its status there is gone."""
        if (channel, thread) in self._timers:
            self.set(channel, thread, "")

    def close(self) -> None:
        """Stop all timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _forget(self, channel: str, thread: str) -> None:
        timer = self._timers.pop((channel, thread), None)
        if timer is not None:
            timer.cancel()

    def _tell(self, channel: str, thread: str, text: str) -> None:
        note = {"thread": thread, "text": text}
        self._space.tell(Change("status", self._space.name, channel, note=note))
