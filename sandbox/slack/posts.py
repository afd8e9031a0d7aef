"""Events, commands and clicks as requests to the app's own address, signed.

Source: docs.slack.dev/apis/events-api/using-http-request-urls and
docs.slack.dev/authentication/verifying-requests-from-slack.
"""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import aiohttp

from sandbox.faults import Fault, Faults
from sandbox.slack.connection import Frame
from sandbox.slack.sockets import ACK_DEADLINE, NotDelivered

REDIRECTS = 2
FORM = "application/x-www-form-urlencoded"
NEXT_TRY = 0.02
"""Seconds between two looks whether the app listens already."""


def signed(secret: str, body: bytes, at: float) -> dict[str, str]:
    """The headers by which the app knows that a request is Slack's."""
    timestamp = str(int(at))
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256)
    return {
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={digest.hexdigest()}",
    }


def written(kind: str, payload: Frame) -> tuple[str, bytes]:
    """The type and the body of a request of this kind."""
    match kind:
        case "slash_commands":
            return FORM, urlencode(payload).encode()
        case "interactive":
            return FORM, urlencode({"payload": json.dumps(payload)}).encode()
    return "application/json", json.dumps(payload).encode()


class Posts:
    """Delivers to one address; `clock` gives seconds, by which the app is out of reach at times."""

    def __init__(
        self, url: str, signing_secret: str, faults: Faults, clock: Callable[[], float]
    ) -> None:
        self.ack_deadline = ACK_DEADLINE
        self._url = url
        self._secret = signing_secret
        self._faults = faults
        self._clock = clock
        self._refused_until = float("-inf")
        self._session: aiohttp.ClientSession | None = None

    async def exchange(self, kind: str, payload: Frame, attempt: int = 0, why: str = "") -> Frame:
        """Deliver once; what the app answered, empty for nothing.

        `attempt` and `why` say that it was delivered in vain before. Raises `NotDelivered`.
        """
        fault = self._faults.strike("deliver", {"type": kind, "payload": payload})
        if fault is not None:
            await _strike(fault)
        if self._clock() < self._refused_until:
            raise NotDelivered("connection_failed")
        retry = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": why} if attempt else {}
        answer = await self._post(*written(kind, payload), retry)
        if fault is not None and fault.kind in ("after", "reset_after"):
            raise NotDelivered("http_timeout" if fault.kind == "after" else "connection_failed")
        return answer

    async def verified(self) -> None:
        """Return once the app answers at its address as Slack asks for when it is set."""
        challenge = secrets.token_hex(16)
        question = {"type": "url_verification", "token": "of-old", "challenge": challenge}
        while True:
            try:
                if await self._post(*written("", question), {}) == {"challenge": challenge}:
                    return
            except NotDelivered:
                await asyncio.sleep(NEXT_TRY)

    async def drop(self, refuse: float) -> None:
        """Do not reach the app for so many seconds."""
        self._refused_until = self._clock() + refuse

    async def refresh(self) -> None:
        """There is no connection that would have to be renewed."""

    async def close(self) -> None:
        """Close what is left of the connections."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, media_type: str, body: bytes, more: dict[str, str]) -> Frame:
        headers = {
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "Content-Type": media_type,
            **signed(self._secret, body, time.time()),
            **more,
        }
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            async with (
                asyncio.timeout(self.ack_deadline),
                self._session.post(
                    self._url, data=body, headers=headers, max_redirects=REDIRECTS
                ) as response,
            ):
                return await _answer(response)
        except TimeoutError as error:
            raise NotDelivered("http_timeout") from error
        except aiohttp.TooManyRedirects as error:
            raise NotDelivered("too_many_redirects") from error
        except (aiohttp.ClientError, OSError) as error:
            raise NotDelivered("connection_failed") from error


async def _answer(response: aiohttp.ClientResponse) -> Frame:
    text = await response.text()
    if not 200 <= response.status < 300:
        final = response.headers.get("X-Slack-No-Retry") == "1"
        raise NotDelivered("http_error", final=final)
    if not text:
        return {}
    if response.content_type != "application/json":
        return {"text": text}
    try:
        answer: Any = json.loads(text)
    except ValueError as error:
        raise NotDelivered("http_error") from error
    return answer if isinstance(answer, dict) else {}


async def _strike(fault: Fault) -> None:
    """Carry out a fault before anything is sent."""
    match fault.kind:
        case "slow":
            await asyncio.sleep(fault.seconds)
        case "reset":
            raise NotDelivered("connection_failed")
        case "status" | "code":
            raise NotDelivered("http_timeout")
