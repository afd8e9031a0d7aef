"""How wide a text is where every letter is as wide as any other (pure)."""

import re
import unicodedata

_EMOJI_STYLE = "\ufe0f"
_JOINER = "\u200d"
_CLUSTER = re.compile(
    r"[\U0001f1e6-\U0001f1ff]{2}"  # a flag
    r"|.[\ufe0f\U0001f3fb-\U0001f3ff]*(?:\u200d.[\ufe0f\U0001f3fb-\U0001f3ff]*)*",
    re.DOTALL,
)


def width(text: str) -> int:
    """The columns that a text takes: wide East Asian characters and emoji two each."""
    if text.isascii():
        return len(text)
    return sum(_columns(found[0]) for found in _CLUSTER.finditer(text))


def _columns(cluster: str) -> int:
    """The columns of what is shown as one: its first character's, or two for an emoji."""
    first = cluster[0]
    if len(cluster) > 1 and (_EMOJI_STYLE in cluster or _JOINER in cluster or _is_flag(first)):
        return 2
    if unicodedata.category(first) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(first) in ("W", "F") else 1


def _is_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
