"""An answer as server-sent events and as one JSON object: bytes, no sending."""

from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.model.answer import (
    Answer,
    Comment,
    Fail,
    NoChoices,
    Piece,
    Raw,
    Reasoning,
    Refusal,
)
from sandbox.model.errors import Refused
from sandbox.model.tokens import Usage


@dataclass(frozen=True, slots=True)
class Chunks:
    """Writes the events of one stream; `newline` ends each of their lines.

    With `with_usage` each chunk has a `usage` that is null, as the API sends it.
    """

    id: str
    model: str
    created: int
    newline: str = "\n"
    with_usage: bool = False

    def begin(self) -> bytes:
        """The first chunk, which only names the role."""
        return self._delta({"role": "assistant", "content": "", "refusal": None})

    def piece(self, piece: Piece) -> bytes:  # noqa: PLR0911  # one for each kind
        """The bytes of a piece; those that are no bytes (pauses, cuts) are empty."""
        match piece:
            case str() | None:
                return self._delta({"content": piece})
            case Reasoning(text):
                return self._delta({"reasoning_content": text})
            case Refusal(text):
                return self._delta({"refusal": text})
            case NoChoices():
                return self._chunk([])
            case Comment(text):
                return f": {text}{self.newline * 2}".encode()
            case Raw(data):
                return data
            case Fail(code):
                return self._event(Refused(code).as_json())
            case _:
                return b""

    def finish(self, reason: str, text: str = "") -> bytes:
        """The chunk that says why the answer ends."""
        return self._delta({"content": text} if text else {}, reason)

    def usage(self, usage: Usage) -> bytes:
        """The chunk without choices that carries the usage."""
        return self._event(self._base() | {"choices": [], "usage": usage.as_json()})

    def done(self) -> bytes:
        """The end of the stream."""
        return f"data: [DONE]{self.newline * 2}".encode()

    def _delta(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return self._chunk([choice])

    def _chunk(self, choices: list[dict[str, Any]]) -> bytes:
        chunk = self._base() | {"choices": choices}
        return self._event(chunk | {"usage": None} if self.with_usage else chunk)

    def _base(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": None,
        }

    def _event(self, payload: dict[str, Any]) -> bytes:
        return b"data: " + orjson.dumps(payload) + (self.newline * 2).encode()


def completion(id: str, model: str, created: int, answer: Answer, usage: Usage) -> dict[str, Any]:
    """The response to a request that does not stream."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": answer.text or None,
        "refusal": answer.refusal or None,
        "annotations": [],
    }
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish}
    return {
        "id": id,
        "object": "chat.completion",
        "created": created,
        "model": model,
        "service_tier": "default",
        "system_fingerprint": None,
        "choices": [choice],
        "usage": usage.as_json(),
    }
