"""discord.py's rate limits: one for each route in each channel, of which few are in use."""

from discord.http import Ratelimit

MANY = 128
"""How many there may be before one looks for those that nobody needs."""


class Ratelimits(dict[str, Ratelimit]):
    """Forgets those that stand as if they had never been used, whenever there are many.

    discord.py itself keeps each for five minutes, and as long as there are some hundred looks
    through all of them with each new one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._swept = MANY

    def __setitem__(self, key: str, one: Ratelimit) -> None:
        if len(self) >= self._swept:
            for idle in [key for key, one in self.items() if _is_idle(one)]:
                del self[idle]
            self._swept = max(MANY, 2 * len(self))
        super().__setitem__(key, one)


def _is_idle(one: Ratelimit) -> bool:
    """Whether its window is over, and nothing is on its way or waits for its turn."""
    waits = one._pending_requests  # noqa: SLF001 - it tells of them in no other way
    return not (one.outgoing or waits) and (one.expires is None or one.is_expired())
