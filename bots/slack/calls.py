"""One call of Slack's Web API: it is answered, or it fails in one of three ways."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bots.slack.payload import string
from core.budget import Budget
from core.doubt import Doubt
from core.pace import Governor, Urgency
from core.surface import RefusedForGood, RefusedForNow, Unknown
from core.unreached import UNREACHED, obstacle

CALL_TIMEOUT = 15.0
"""Seconds for one call, from the connection to the last byte of its answer."""

TURN_TIMEOUT = 180.0
"""Seconds for which a call waits until its budgets allow it."""

READ_TRIES = 3

DEFAULT_RETRY_AFTER = 5.0
"""Seconds to wait where Slack refuses for now and does not say for how long."""

NOT_REACHED = "not_reached"
"""No connection could be made, so nothing was sent."""

UNCERTAIN = frozenset(
    {"fatal_error", "internal_error", "request_timeout", "service_unavailable", "update_failed"}
)
"""Codes that leave open whether Slack did it (docs.slack.dev, each method's errors)."""

LATER = frozenset({"ratelimited", "rate_limited", "team_added_to_org"})
"""Codes that ask to wait."""

VOID = frozenset(
    {"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"}
)
"""Codes by which Slack says that a token is not good, or not any more."""

Arguments = Any
Answer = dict[str, Any]
Method = Callable[..., Awaitable[AsyncSlackResponse]]
Failure = RefusedForNow | RefusedForGood | Unknown


class CallFailed(Exception):
    """Slack did not do it, or did not say so; `outcome` is which of these."""

    def __init__(self, outcome: Failure) -> None:
        super().__init__((isinstance(outcome, Unknown) and outcome.why) or str(outcome))
        self.outcome = outcome


class Calls:
    """The Web API with a deadline for each call, within what Slack allows.

    The SDK's own retries are off: they post twice when an answer is lost.
    """

    def __init__(self, web: AsyncWebClient, governor: Governor, clock: Callable[[], float]) -> None:
        self.web = web
        self._governor = governor
        self._clock = clock
        self._part_closed: dict[str, float] = {}
        self.doubt = Doubt()

    async def now(
        self, method: Method, budgets: tuple[Budget, ...], **arguments: Arguments
    ) -> Answer:
        """Call it at once; whoever asks has been granted its turn. Raises `CallFailed`."""
        return await self.attempt(_request(method, arguments), budgets)

    async def in_turn(
        self,
        method: Method,
        budgets: tuple[Budget, ...],
        urgency: Urgency,
        **arguments: Arguments,
    ) -> Answer:
        """Wait for its turn, then call it. Raises `CallFailed`."""
        await self.turn(budgets, urgency)
        return await self.now(method, budgets, **arguments)

    async def read(
        self,
        method: Method,
        budgets: tuple[Budget, ...],
        urgency: Urgency,
        **arguments: Arguments,
    ) -> Answer:
        """Call what changes nothing, in its turn, and again where it fails for now.

        Raises `CallFailed`.
        """
        for _ in range(READ_TRIES - 1):
            try:
                return await self.in_turn(method, budgets, urgency, **arguments)
            except CallFailed as failed:
                if isinstance(failed.outcome, RefusedForGood):
                    raise
        return await self.in_turn(method, budgets, urgency, **arguments)

    async def turn(self, budgets: tuple[Budget, ...], urgency: Urgency) -> None:
        """Wait until one request is allowed. Raises `CallFailed` when that takes too long."""
        try:
            async with asyncio.timeout(TURN_TIMEOUT):
                await self._governor.turn(budgets, urgency)
        except TimeoutError as error:
            raise CallFailed(RefusedForNow(DEFAULT_RETRY_AFTER)) from error

    def left(self, *budgets: Budget) -> float:
        """How many requests may be sent at once that count against all these budgets."""
        return self._governor.left(budgets)

    def sharing(self, *budgets: Budget) -> int:
        """How many replies grow that count on the most wanted of these budgets."""
        return self._governor.sharing(budgets)

    async def attempt(self, request: Awaitable[Answer], budgets: tuple[Budget, ...]) -> Answer:
        """Await a request within the deadline, and tell the governor of a refusal for now."""
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                return await request
        except CallFailed as failed:
            outcome = failed.outcome
        except (AttributeError, TypeError):  # the SDK met JSON that is no object
            outcome = Unknown("no_answer")
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            outcome = failure(error)
        if isinstance(outcome, RefusedForGood) and outcome.code in VOID:
            self.doubt.rise()
        if isinstance(outcome, RefusedForNow):
            self._refused(budgets, outcome.retry_after)
        raise CallFailed(outcome)

    def _refused(self, budgets: tuple[Budget, ...], retry_after: float) -> None:
        """Close what was refused. Slack does not say whether it means a channel or all of them.

        It is taken for the one of which less is left; if another channel is refused while
        one is closed, for the whole workspace's.
        """
        if not budgets:
            return
        now, whole = self._clock(), budgets[-1]
        another = now < self._part_closed.get(whole.key, now)
        suspect = whole if another else self._governor.tightest(budgets)
        if suspect != whole:
            self._part_closed[whole.key] = now + retry_after
        self._governor.refused((suspect,), retry_after)


async def _request(method: Method, arguments: Mapping[str, Any]) -> Answer:
    response = await method(**arguments)
    if not isinstance(response.data, dict):
        raise CallFailed(Unknown("no_answer"))
    return response.data


def failure(error: Exception) -> Failure:
    """Which way a call failed, by what the SDK or the network raised."""
    if isinstance(error, UNREACHED):
        return Unknown(NOT_REACHED, obstacle(error))
    if isinstance(error, TimeoutError):
        return Unknown("timeout")
    if not isinstance(error, SlackApiError):
        return Unknown(type(error).__name__)
    response = error.response
    if not isinstance(response, AsyncSlackResponse):
        # The SDK hands on the HTTP response itself when its body was no JSON.
        return Unknown("no_answer")
    return answered(response.status_code, response.headers, string(response.data, "error"))


def answered(status: int, headers: Mapping[str, str], code: str) -> Failure:
    """What an HTTP answer without `ok` means, by its status and Slack's code, if any."""
    if status == 429 or code in LATER:
        return RefusedForNow(retry_after(headers))
    if status >= 500 or code in UNCERTAIN:
        return Unknown(code or f"http_{status}")
    if code or status >= 400:
        return RefusedForGood(code or f"http_{status}", gone=code == "message_not_found")
    return Unknown("no_answer")


def retry_after(headers: Mapping[str, str]) -> float:
    """The seconds that Slack asks to wait."""
    try:
        return max(0.0, min(float(headers.get("Retry-After", "")), 3600.0))
    except ValueError:
        return DEFAULT_RETRY_AFTER
