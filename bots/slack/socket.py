"""Socket Mode: one connection, and what comes through it.

The SDK's own client stays away for up to a minute after a broken connection, tries a
spent address again, and hands events to tasks that nobody awaits; so only its requests
and responses are used here, and Bolt behind them.

Source: docs.slack.dev/apis/events-api/using-socket-mode.
"""

import asyncio
import json
from contextlib import suppress
from typing import Any

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bots.slack.dispatch import ANSWERED, dispatched
from bots.slack.payload import decoded, string
from core.proxies import proxy_to
from core.unreached import obstacle

log = structlog.get_logger()

HEARTBEAT = 10.0
"""Seconds between pings; without a pong within half of that the connection is dead."""

HELLO_TIMEOUT = 10.0
"""Seconds from dialling to Slack's greeting."""

FAREWELL = 0.5
"""Seconds for a close to be answered."""

LAST_ANSWERS = 1.0
"""Seconds in which what has been heard may still be acknowledged, when the bot stops."""


class NotConnected(Exception):
    """The address cannot be dialled, or nobody greets us there.

    `spent`: Slack has seen the address, which is good for one connection.
    """

    def __init__(self, why: str, *, spent: bool = False) -> None:
        super().__init__(why)
        self.spent = spent


class Socket:
    """One WebSocket to Slack, from its greeting to its end.

    `leaving` is set when Slack asks us to come again, or when the connection has gone.
    """

    def __init__(self, web_socket: aiohttp.ClientWebSocketResponse, connections: int) -> None:
        self.connections = connections
        self.leaving = asyncio.Event()
        self._web_socket = web_socket
        self._deadline = asyncio.timeout(None)
        self._serving = False
        self._unanswered = 0
        self._hushed = False

    @classmethod
    async def dial(cls, session: aiohttp.ClientSession, url: str) -> "Socket":
        """Connect and await Slack's hello. Raises `NotConnected`."""
        try:
            async with asyncio.timeout(HELLO_TIMEOUT):
                web_socket = await _connected(session, url)
                try:
                    return cls(web_socket, await _greeted(web_socket))
                except BaseException:
                    await web_socket.close()
                    raise
        except TimeoutError as error:
            raise NotConnected(f"no hello within {HELLO_TIMEOUT:.0f} s") from error
        except (aiohttp.ClientError, OSError, ValueError, TypeError) as error:
            raise NotConnected(f"{type(error).__name__}: {error}", spent=True) from error

    @property
    def is_open(self) -> bool:
        """Whether events can arrive."""
        return not self._web_socket.closed and not self._hushed

    async def serve(self, app: AsyncApp) -> None:
        """Hand every request to Bolt and send its answer back, until the connection ends."""
        try:
            async with self._deadline, asyncio.TaskGroup() as answers:
                self._serving = True
                if self._hushed:
                    self.retire(0)
                async for frame in self._web_socket:
                    if frame.type is aiohttp.WSMsgType.TEXT:
                        self._receive(decoded(frame.data), app, answers)
                self.leaving.set()
        except TimeoutError:
            log.debug("socket retired")
        finally:
            self._serving = False
            self.leaving.set()
            await self.close()

    def retire(self, seconds: float) -> None:
        """Another socket has taken over: stay for what is still under way, but no longer."""
        if self._serving and not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time() + seconds)

    def hush(self) -> None:
        """Take no more requests; Slack delivers them again, to somebody else or later."""
        self._hushed = True
        self.retire(LAST_ANSWERS if self._unanswered else 0)

    async def close(self) -> None:
        """Close the connection."""
        with suppress(aiohttp.ClientError, OSError):
            await self._web_socket.close()

    def _receive(self, frame: dict[str, Any], app: AsyncApp, answers: asyncio.TaskGroup) -> None:
        if frame.get("type") == "disconnect":
            log.info("slack asks to reconnect", reason=string(frame, "reason"))
            self.leaving.set()
        elif not self._hushed and (request := _request(frame)) is not None:
            self._unanswered += 1
            answers.create_task(self._answer(request, app))

    async def _answer(self, request: SocketModeRequest, app: AsyncApp) -> None:
        answered = asyncio.Event()
        try:
            if answer := await _answer_to(request, app, {ANSWERED: answered}):
                await self._web_socket.send_str(json.dumps(answer))
        except (ConnectionError, aiohttp.ClientError) as error:
            # Slack delivers it again; whatever was claimed is not claimed twice.
            log.info("not acknowledged", error=type(error).__name__)
        finally:
            answered.set()
            self._unanswered -= 1
            if self._hushed and not self._unanswered:
                self.retire(0)


async def _connected(session: aiohttp.ClientSession, url: str) -> aiohttp.ClientWebSocketResponse:
    """Shake hands. Raises `NotConnected` where Slack itself has perhaps not seen the address."""
    try:
        return await session.ws_connect(
            url,
            proxy=proxy_to(url),
            heartbeat=HEARTBEAT,
            timeout=aiohttp.ClientWSTimeout(ws_close=FAREWELL),
            max_msg_size=0,
        )
    except aiohttp.WSServerHandshakeError as error:
        refused_by_slack = error.status < 500
        raise NotConnected(f"status {error.status}", spent=refused_by_slack) from error
    except (aiohttp.ClientConnectionError, aiohttp.ClientHttpProxyError, OSError) as error:
        raise NotConnected(obstacle(error)) from error


async def _greeted(web_socket: aiohttp.ClientWebSocketResponse) -> int:
    """Await hello; how many connections the app has now, this one included."""
    while True:
        frame = decoded(await web_socket.receive_str())
        if frame.get("type") == "hello":
            connections = frame.get("num_connections")
            return connections if isinstance(connections, int) else 1


def _request(frame: dict[str, Any]) -> SocketModeRequest | None:
    if not string(frame, "envelope_id") or not isinstance(frame.get("payload"), dict):
        return None
    return SocketModeRequest.from_dict(frame)


async def _answer_to(
    request: SocketModeRequest, app: AsyncApp, context: dict[str, Any]
) -> dict[str, Any] | None:
    """What Slack is sent. None: nothing, so that it delivers an event again, or says it failed."""
    headers = build_headers(request) or {}
    response = await dispatched(app, request.type, request.payload, headers, context)
    return _acknowledgement(request, response) if response.status == 200 else None


def _acknowledgement(request: SocketModeRequest, response: BoltResponse) -> dict[str, Any]:
    """Bolt's answer as Socket Mode wants it (slack_bolt.adapter.socket_mode)."""
    payload: Any = None
    if response.body:
        is_json = response.first_headers().get("content-type", "").startswith("application/json")
        payload = json.loads(response.body) if is_json else {"text": response.body}
    return SocketModeResponse(request.envelope_id, payload).to_dict()
