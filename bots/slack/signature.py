"""Whether a request is Slack's own, and new: signed with the app's signing secret just now.

Source: docs.slack.dev/authentication/verifying-requests-from-slack.
"""

import re
import time
from collections.abc import Callable, Mapping

from aiohttp import web
from slack_sdk.signature import Clock, SignatureVerifier

TIMESTAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"

_FORMS: Mapping[str, re.Pattern[str]] = {
    TIMESTAMP: re.compile(r"[0-9]{1,12}"),
    SIGNATURE: re.compile(r"v0=[0-9a-f]{64}"),
}
"""What Slack sends. The SDK's check raises at anything else instead of refusing it."""

WINDOW = 300.0
"""Seconds by which a request may be old; what is older was perhaps kept by somebody."""


class Signatures:
    """Checks what requests say of themselves; `clock` gives seconds since 1970."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._verifier = SignatureVerifier(secret, _Clock(clock))

    def plausible(self, request: web.Request) -> bool:
        """Whether it is worth it to read the body: each header is there once, and fresh."""
        for name, form in _FORMS.items():
            given = request.headers.getall(name, [])
            if len(given) != 1 or not form.fullmatch(given[0]):
                return False
        return abs(self._clock() - int(request.headers[TIMESTAMP])) <= WINDOW

    def good(self, request: web.Request, body: bytes) -> bool:
        """Whether a plausible request was signed with our secret."""
        headers = request.headers
        try:
            return self._verifier.is_valid(body, headers[TIMESTAMP], headers[SIGNATURE])
        except UnicodeDecodeError:  # Slack signs texts
            return False


class _Clock(Clock):
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def now(self) -> float:
        return self._now()
