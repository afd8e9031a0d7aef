"""What Slack sends, taken as it comes: nothing in it is relied on."""

from typing import Any


def string(raw: Any, name: str) -> str:
    """A member that should be a string; empty when it is none."""
    value = raw.get(name) if isinstance(raw, dict) else None
    return value if isinstance(value, str) else ""
