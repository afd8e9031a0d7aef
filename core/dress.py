"""How the text of an answer is written anew for a platform, piece by piece.

It comes before pages are cut, so that their limits hold for what is shown. What it gives
depends on the text alone, never on how it was cut into pieces.
"""

from typing import Protocol


class Dress(Protocol):
    """One answer on its way to pages."""

    @property
    def held(self) -> str:
        """What was fed and is not given yet."""

    def feed(self, text: str) -> str:
        """Take a piece; what can be shown now."""

    def flush(self) -> str:
        """The text is complete; what was held back of it."""


class Plain:
    """Markdown as the model wrote it."""

    held = ""

    def feed(self, text: str) -> str:
        """The piece itself."""
        return text

    def flush(self) -> str:
        """Nothing: nothing is held back."""
        return ""
