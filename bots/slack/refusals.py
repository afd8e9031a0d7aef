"""Where Slack has refused something that it grants elsewhere."""

REMEMBERED = 10_000


class Refusals:
    """The channels in which Slack does not do a thing, such as to show a status."""

    def __init__(self) -> None:
        self._channels: dict[str, None] = {}

    def add(self, channel: str) -> None:
        """Remember a channel; the one remembered longest is forgotten when there are many."""
        self._channels[channel] = None
        if len(self._channels) > REMEMBERED:
            del self._channels[next(iter(self._channels))]

    def __contains__(self, channel: str) -> bool:
        return channel in self._channels
