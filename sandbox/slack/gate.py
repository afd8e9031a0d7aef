"""What every request to the sandbox's Slack goes through: latency and faults."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.faults import Fault, Faults

CUT = 0
"""The status of a reply that was never sent: the connection was cut instead."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer over HTTP; a `body` that is a dict goes out as JSON."""

    body: dict[str, Any] | str | bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "text/plain"

    @property
    def code(self) -> str:
        """Slack's own word for what went wrong, empty when nothing did."""
        return str(self.body.get("error", "")) if isinstance(self.body, dict) else ""

    def response(self) -> web.Response:
        """For aiohttp to send."""
        if isinstance(self.body, dict):
            return web.json_response(self.body, status=self.status, headers=self.headers)
        body = self.body.encode() if isinstance(self.body, str) else self.body
        return web.Response(
            body=body, status=self.status, headers=self.headers, content_type=self.media_type
        )


def limited(seconds: int) -> Reply:
    """The 429 that asks to wait."""
    headers = {"Retry-After": str(seconds)}
    return Reply({"ok": False, "error": "ratelimited"}, 429, headers)


class Gate:
    """Lets requests through after half of the latency, and replies after the other half."""

    def __init__(self, faults: Faults, latency: float) -> None:
        self._faults = faults
        self._latency = latency

    async def admit(
        self,
        request: web.Request,
        event: str,
        about: dict[str, Any],
        effect: Callable[[], Reply],
    ) -> Reply:
        """The reply to a request: that of `effect`, or that of the fault which waits for it."""
        await asyncio.sleep(self._latency / 2)
        fault = self._faults.strike(event, about)
        reply = effect() if fault is None else await _struck(fault, effect)
        if reply.status == CUT:
            cut(request)
        await asyncio.sleep(self._latency / 2)
        return reply


def cut(request: web.Request) -> None:
    """Cut the connection as a network does that breaks."""
    if request.transport is not None:
        request.transport.abort()


async def _struck(fault: Fault, effect: Callable[[], Reply]) -> Reply:
    match fault.kind:
        case "slow":
            await asyncio.sleep(fault.seconds)
            return effect()
        case "after" | "reset_after":
            effect()
            return _broken(fault.status if fault.kind == "after" else CUT)
        case "status":
            return _broken(fault.status)
        case "reset":
            return _broken(CUT)
        case "rate_limit":
            return limited(max(1, math.ceil(fault.seconds)))
        case "code":
            return Reply({"ok": False, "error": fault.code})
        case _:
            raise ValueError(f"Slack has no fault of the kind {fault.kind!r}.")


def _broken(status: int) -> Reply:
    page = "<!DOCTYPE html><title>Error</title><p>Something went wrong on our side.</p>"
    return Reply(page, status, media_type="text/html")
