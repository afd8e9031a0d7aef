"""What has been said before, and need not be said again."""


class Once:
    """The newest things of which it is known that they were said; bounded."""

    def __init__(self, kept: int = 10_000) -> None:
        self._kept = kept
        self._said: dict[str, None] = {}

    def add(self, thing: str) -> bool:
        """Note that something is said now; whether it was not before."""
        is_new = thing not in self._said
        self._said[thing] = None
        if len(self._said) > self._kept:
            del self._said[next(iter(self._said))]
        return is_new
