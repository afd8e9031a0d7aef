"""One connection to Discord's gateway, which notices when nobody hears it any more.

discord.py's own counts every event as a sign of life, and beats in a thread of its own; its
parsers and its handshake are used, and its heart is replaced.

Source: Discord's developer documentation, "Gateway".
"""

import asyncio
import json
from contextlib import suppress
from typing import Any

import discord
from discord.gateway import DiscordWebSocket

from bots.discord.oddities import not_understood
from core.errors import ParleyError

LONGEST_INTERVAL = 15.0
"""Seconds between two heartbeats, at most, however rarely Discord wants them: of the 120
messages that it takes in a minute, four."""

ACKNOWLEDGED_IN = 10.0
"""Seconds for a heartbeat to be acknowledged."""

FAREWELL = 0.5
"""Seconds for a close to be answered."""

RESUMABLE = 4000
"""The code with which a connection is closed whose session goes on."""


class Deaf(ParleyError):
    """The connection stands, but nothing comes through it any more."""


class Gateway(DiscordWebSocket):
    """A WebSocket as discord.py reads it; `from_client` dials it and awaits HELLO.

    It does not say who it is before `begin`: of several that are dialled, one is taken.
    """

    def __init__(self, socket: Any, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(socket, loop=loop)
        self._acknowledged = asyncio.Event()
        self._interval = LONGEST_INTERVAL

    async def identify(self) -> None:
        """Nothing yet."""

    async def resume(self) -> None:
        """Nothing yet."""

    async def begin(self) -> None:
        """Go on with the session, or begin one."""
        if self.session_id:
            await super().resume()
        else:
            await super().identify()

    async def received_message(self, msg: Any, /) -> None:
        """Take in a message; HELLO gives it a heart. One that is no JSON is left out."""
        try:
            await super().received_message(msg)
        except json.JSONDecodeError as error:
            not_understood("frame", error)
        if self._keep_alive is not None and not isinstance(self._keep_alive, _Heart):
            self._keep_alive.stop()
            self._interval = min(self._keep_alive.interval or LONGEST_INTERVAL, LONGEST_INTERVAL)
            self._keep_alive = _Heart(self)  # type: ignore[assignment]  # what is used of it

    def acknowledge(self) -> None:
        """Discord has heard the last heartbeat."""
        self._acknowledged.set()

    async def beat(self) -> None:
        """Beat until cancelled. Raises `Deaf` when it is not acknowledged."""
        while True:
            await asyncio.sleep(self._interval)
            self._acknowledged.clear()
            await self.send_heartbeat({"op": self.HEARTBEAT, "d": self.sequence})
            try:
                async with asyncio.timeout(ACKNOWLEDGED_IN):
                    await self._acknowledged.wait()
            except TimeoutError as error:
                raise Deaf(f"no heartbeat acknowledged in {ACKNOWLEDGED_IN:.0f} s") from error

    async def poll_event(self) -> None:
        """Take in what comes next. However it fails, the connection is closed then."""
        try:
            await super().poll_event()
        except BaseException:
            await self.close()
            raise

    async def close(self, code: int = RESUMABLE) -> None:
        """Close it; one that is not answered is closed all the same."""
        with suppress(TimeoutError, OSError, discord.DiscordException):
            async with asyncio.timeout(FAREWELL):
                await super().close(code)


class _Heart:
    """In place of discord.py's thread: what its WebSocket uses of one."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.latency = float("inf")

    def ack(self) -> None:
        self._gateway.acknowledge()

    def beat(self) -> dict[str, Any]:
        return {"op": self._gateway.HEARTBEAT, "d": self._gateway.sequence}

    def tick(self) -> None:
        pass

    def stop(self) -> None:
        pass
