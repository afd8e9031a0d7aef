"""Messages that are kept while somebody fills in a form about them."""

from collections import OrderedDict

from bots.slack.messages import Message

KEPT = 500
"""Messages that are kept at once; the oldest gives way."""


class Forms:
    """The messages by who asks about them; one that is changed or deleted is not kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, str], Message] = OrderedDict()

    def keep(self, person: str, message: Message) -> None:
        """Keep a message about which somebody will ask."""
        self._kept[person, message.channel, message.ts] = message
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def take(self, person: str, channel: str, ts: str) -> Message | None:
        """The message, which is not kept any longer; None when it is not there."""
        return self._kept.pop((person, channel, ts), None)

    def gone(self, channel: str, ts: str) -> None:
        """A message is not what it was."""
        for key in [key for key in self._kept if key[1:] == (channel, ts)]:
            del self._kept[key]

    def forget(self, person: str) -> None:
        """Keep nothing that somebody wrote, or asks about."""
        for key, message in [*self._kept.items()]:
            if person in (key[0], message.user):
                del self._kept[key]
