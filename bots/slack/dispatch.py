"""What came from Slack, by whichever way, handed to Bolt."""

from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

log = structlog.get_logger()

EVENT, COMMAND, INTERACTION = "events_api", "slash_commands", "interactive"
"""What Slack sends, by the names that Socket Mode has for it."""

ANSWERED = "answered"
"""Where a request keeps the event that is set when its answer has been sent, or cannot be."""

UNWANTED = 404
"""Bolt's status for what nobody of ours listens to."""


async def dispatched(
    app: AsyncApp,
    kind: str,
    payload: dict[str, Any],
    headers: Mapping[str, Any],
    context: dict[str, Any],
) -> BoltResponse:
    """Bolt's answer to what is known to be Slack's; status 200: it has been taken.

    An event that nobody understands, or wants, counts as taken: it would be no other again.
    """
    is_event = kind == EVENT
    if is_event and not isinstance(payload.get("event"), dict):
        log.warning("request not understood", error="no event")
        return BoltResponse(status=200)
    try:
        # To Bolt it is what a socket brings: whose it is was found out before it comes here.
        request = AsyncBoltRequest(
            mode="socket_mode", body=payload, headers=dict(headers), context=context
        )
        response = await app.async_dispatch(request)
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        # Bolt reads payloads before anybody has checked them.
        log.warning("request not understood", error=type(error).__name__, said=str(error))
        return BoltResponse(status=200 if is_event else 400)
    if is_event and response.status == UNWANTED:
        return BoltResponse(status=200)
    return response
