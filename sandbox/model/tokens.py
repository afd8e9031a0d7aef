"""How much was said, counted roughly but always the same way."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(r"\w{1,6}|[^\w\s]")
_PER_MESSAGE = 4
_PER_IMAGE = 765


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of one request, as the API reports them."""

    prompt: int
    completion: int
    reasoning: int = 0

    def as_json(self) -> dict[str, Any]:
        """The API's own shape."""
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning, "audio_tokens": 0},
        }


Count = Callable[[str], int]
"""How many tokens a text is."""


def count(text: str) -> int:
    """The tokens of a text: a word is one for every six letters begun."""
    return len(_TOKEN.findall(text))


def count_prompt(messages: Iterable[Mapping[str, Any]], count: Count = count) -> int:
    """The tokens of a whole request."""
    contents = (message.get("content") for message in messages)
    return sum(_PER_MESSAGE + _count_content(content, count) for content in contents)


def text_of(content: Any) -> str:
    """The text of a message's content, whichever of its two shapes it has."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(part["text"] for part in parts if part.get("type") == "text")


def _count_content(content: Any, count: Count) -> int:
    parts = content if isinstance(content, list) else []
    images = [part for part in parts if part.get("type") == "image_url"]
    return count(text_of(content)) + len(images) * _PER_IMAGE
