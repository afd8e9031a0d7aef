"""Response URLs: five uses in thirty minutes, with or without the bot in the channel.

Source: docs.slack.dev/interactivity/handling-user-interaction#message_responses.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.slack.errors import Refused

USES = 5
LIFETIME = 1800.0
KEPT = 2000


@dataclass(slots=True)
class ResponseUrl:
    """Where one command or click may be answered.

    `original` is the message that `replace_original` replaces: the one that was
    clicked, or the first one that came through the URL.
    """

    channel: str
    person: str
    issued: float
    thread: str = ""
    original: str = ""
    used: int = 0


class ResponseUrls:
    """The response URLs that were given out, by their secret."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._given: OrderedDict[str, ResponseUrl] = OrderedDict()

    def issue(self, channel: str, person: str, thread: str = "", original: str = "") -> str:
        """A new secret for an answer to this person in this channel."""
        secret = secrets.token_urlsafe(18)
        self._given[secret] = ResponseUrl(channel, person, self._clock(), thread, original)
        if len(self._given) > KEPT:
            self._given.popitem(last=False)
        return secret

    def get(self, secret: str) -> ResponseUrl:
        """The URL without a use of it; `KeyError` for one that was never given out."""
        return self._given[secret]

    def use(self, secret: str) -> ResponseUrl:
        """Count one use; `Refused` with `expired_url` or `used_url`."""
        url = self._given.get(secret)
        if url is None or self._clock() - url.issued >= LIFETIME:
            raise Refused("expired_url")
        if url.used >= USES:
            raise Refused("used_url")
        url.used += 1
        return url
