"""What Slack shows of an agent besides messages: prompts, titles, and its own stop button."""

from collections import defaultdict
from typing import Any

from sandbox.world import Change

Json = dict[str, Any]


class Assistant:
    """The app's assistant side as it stands, by channel, for pages that are opened later.

    Of a channel: `prompts` that are suggested, `titles` of threads, and which of them it is
    `working` in, where Slack shows its stop button.
    """

    def __init__(self) -> None:
        self._channels: defaultdict[str, Json] = defaultdict(
            lambda: {"prompts": [], "titles": {}, "working": []}
        )

    def heard(self, change: Change) -> Json | None:
        """Take in a change of the world; how its channel stands now, if it is about this."""
        if change.what != "assistant":
            return None
        here, note = self._channels[change.channel], change.note
        thread = note.get("thread", "")
        if "prompts" in note:
            here["prompts"] = [
                {"title": one["title"], "message": one["message"]} for one in note["prompts"]
            ]
        if title := note.get("title"):
            here["titles"][thread] = title
        if "session" in note:
            others = [one for one in here["working"] if one != thread]
            here["working"] = [*others, thread] if note["session"] == "processing" else others
        return self.shown(change.channel)

    def shown(self, channel: str) -> Json:
        """How one channel stands."""
        return {
            "kind": "assistant",
            "space": "slack",
            "channel": channel,
            **self._channels[channel],
        }

    def all(self) -> list[Json]:
        """How each channel stands of which there is something to show."""
        return [self.shown(channel) for channel in tuple(self._channels)]
