"""Refusals in the API's own shape."""

from collections.abc import Mapping
from typing import Any

KNOWN: dict[str, tuple[int, str, str]] = {
    "invalid_api_key": (
        401,
        "invalid_request_error",
        "Incorrect API key provided. You can find your API key in the sandbox's settings.",
    ),
    "permission_denied": (403, "invalid_request_error", "This key may not use this model."),
    "model_not_found": (
        404,
        "invalid_request_error",
        "The model does not exist or you do not have access to it.",
    ),
    "context_length_exceeded": (
        400,
        "invalid_request_error",
        "Your input exceeds the context window of this model.",
    ),
    "rate_limit_exceeded": (429, "requests", "Rate limit reached. Please try again later."),
    "insufficient_quota": (
        429,
        "insufficient_quota",
        "You exceeded your current quota. Please check your plan and billing details.",
    ),
    "server_error": (500, "server_error", "The server had an error while processing your request."),
    "slow_down": (503, "service_unavailable_error", "The engine is overloaded. Slow down."),
}
"""The codes that the real endpoint is known for: status, type, message."""


class Refused(Exception):
    """The request is answered with an error; `as_json` is the body of the response."""

    def __init__(
        self,
        code: str | None,
        message: str = "",
        *,
        param: str | None = None,
        kind: str = "",
        status: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        known = KNOWN.get(code or "", (400, "invalid_request_error", "The request is not valid."))
        super().__init__(message or known[2])
        self.code = code
        self.message = message or known[2]
        self.param = param
        self.status = status or known[0]
        self.type = kind or (known[1] if code in KNOWN else _type_of(self.status))
        self.headers = dict(headers or {})

    def as_json(self) -> dict[str, Any]:
        """The API's own shape."""
        return {
            "error": {
                "message": self.message,
                "type": self.type,
                "param": self.param,
                "code": self.code,
            }
        }


def _type_of(status: int) -> str:
    return "server_error" if status >= 500 else "invalid_request_error"
