"""What the bot has asked of the REST API, for tests and for the curious."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """One request with its answer; `at` is in seconds by the server's clock.

    `route` is the name that faults use, too ("PATCH message"). `status` is 0 when the
    connection was cut instead of an answer; `code` is Discord's error code, else 0.
    """

    at: float
    method: str
    path: str
    route: str
    body: Any
    status: int
    code: int = 0
