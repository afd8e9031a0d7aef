"""What Slack sends, taken as it comes: nothing in it is relied on."""

import json
from typing import Any


def string(raw: Any, name: str) -> str:
    """A member that should be a string; empty when it is none."""
    value = raw.get(name) if isinstance(raw, dict) else None
    return value if isinstance(value, str) else ""


def decoded(data: str) -> dict[str, Any]:
    """The object that a text of JSON says, as any database takes it; an empty one for no object."""
    try:
        found = json.loads(data)
        if "\\ud" in data.lower():  # half an emoji
            whole = json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")
            found = json.loads(whole)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
