"""Hearing Discord all the time: each shard has a session, and a connection to hear it through.

discord.py itself comes back after a random pause that grows with every failure, up to a
quarter of an hour; here it is within two seconds of Discord's return, whatever kept it away.

Source: Discord's developer documentation, "Gateway".
"""

import asyncio
import random
from collections.abc import Awaitable, Callable

import aiohttp
import discord
import structlog
from discord.gateway import ReconnectWebSocket

from bots.discord.gateway import Deaf, Gateway
from core.redial import Redial, back_off
from core.unreached import UNREACHED, obstacle

log = structlog.get_logger()

HELLO_TIMEOUT = 10.0
"""Seconds from dialling to Discord's HELLO."""

READY_TIMEOUT = 20.0
"""Seconds from saying who we are to READY, or to the last of the events that were missed."""

SETTLED = 10.0
"""Seconds after which a connection has held; one that has not is followed by a pause."""

NOT_AT_ONCE = 1.0, 1.2
"""Seconds between the loss of a session and the next one: Discord wants one to five."""

ELSEWHERE = 4
"""Each so manieth try goes to Discord's first address: that of a session may be gone."""

FOR_GOOD = frozenset({4004, 4010, 4011, 4012, 4013, 4014})
"""Close codes after which there is no use in coming back."""

OVER = frozenset({4007, 4009})
"""Close codes after which the session is no more."""

TOO_MANY = 429
DEFAULT_RETRY_AFTER = 5.0
"""Seconds to wait after a 429 that does not say for how long."""

_AWAY = (
    OSError,
    aiohttp.ClientError,
    TimeoutError,
    discord.ConnectionClosed,
    ReconnectWebSocket,
    Deaf,
)
"""What a try that may be repeated ends with."""


class Ears:
    """Listens with all shards of a client. `turn` is granted to each new session."""

    def __init__(
        self, client: discord.AutoShardedClient, turn: Callable[[], Awaitable[None]]
    ) -> None:
        self._shards = [Shard(client, number, turn) for number in range(client.shard_count or 1)]
        self._listening: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Listen until `close`. Raises what ends it for good."""
        self._listening = asyncio.create_task(self._listen())
        try:
            await asyncio.wait({self._listening})
        finally:
            self._listening.cancel()
        if not self._listening.cancelled() and (error := self._listening.exception()):
            raise _first(error)

    async def close(self) -> None:
        """Say goodbye, so that the sessions end, and listen no more."""
        await asyncio.gather(*(shard.leave() for shard in self._shards))
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait({self._listening})

    async def _listen(self) -> None:
        async with asyncio.TaskGroup() as shards:
            for shard in self._shards:
                shards.create_task(shard.run())


class Shard:
    """One session after the other, each heard through one connection after the other."""

    def __init__(
        self,
        client: discord.AutoShardedClient,
        number: int,
        turn: Callable[[], Awaitable[None]],
    ) -> None:
        self._client = client
        self._number = number
        self._turn = turn
        self._gateway: Gateway | None = None
        self._session: Gateway | None = None
        self._left = False
        self._tries = 0

    async def run(self) -> None:
        """Listen until `leave`. Raises `discord.ConnectionClosed` when we are not wanted."""
        clock = asyncio.get_running_loop().time
        failures = 0
        while True:
            self._gateway = gateway = await self._reach()
            began = clock()
            lost = await self._served(gateway)
            if self._left:
                return
            self._client.dispatch("shard_disconnect", self._number)
            failures = 0 if clock() - began > SETTLED else failures + 1
            pause = max(self._lost(gateway, lost), back_off(failures) if failures else 0.0)
            await asyncio.sleep(pause)

    async def leave(self) -> None:
        """Say goodbye."""
        self._left = True
        if self._gateway is not None:
            await self._gateway.close(code=1000)

    async def _reach(self) -> Gateway:
        redial = Redial(self._dial, self._pause, Gateway.close)
        gateway = await redial.through()
        if self._gateway is not None:
            log.info("connected to Discord again", shard=self._number, tries=self._tries)
        self._tries = 0
        return gateway

    async def _dial(self) -> Gateway:
        """Connect and await HELLO."""
        self._tries += 1
        session = self._session
        there = session and self._tries % ELSEWHERE
        async with asyncio.timeout(HELLO_TIMEOUT):
            return await Gateway.from_client(
                self._client,
                gateway=session.gateway if session and there else None,
                shard_id=self._number,
                session=session.session_id if session else None,
                sequence=session.sequence if session else None,
                resume=session is not None,
            )

    def _pause(self, failed: Exception, failures: int) -> float:
        """The seconds to wait before the next try."""
        if not isinstance(failed, _AWAY) or _is_for_good(failed):
            raise failed
        if not failures:
            log.warning("not connected to Discord", shard=self._number, why=_words(failed))
        return max(back_off(failures), _asked_to_wait(failed))

    async def _served(self, gateway: Gateway) -> BaseException:
        """Take in what comes through a connection; returns what ended it."""
        try:
            async with asyncio.TaskGroup() as tasks:
                greeted = gateway.wait_for(
                    "RESUMED" if gateway.session_id else "READY", lambda _: True
                )
                tasks.create_task(gateway.beat())
                tasks.create_task(self._begin(gateway, greeted))
                while True:
                    await gateway.poll_event()
        except BaseExceptionGroup as errors:
            return _first(errors)

    async def _begin(self, gateway: Gateway, greeted: "asyncio.Future[object]") -> None:
        if not gateway.session_id:
            await self._turn()
        await gateway.begin()
        try:
            async with asyncio.timeout(READY_TIMEOUT):
                await greeted
        except TimeoutError as error:
            raise Deaf(f"no READY within {READY_TIMEOUT:.0f} s") from error

    def _lost(self, gateway: Gateway, error: BaseException) -> float:
        """What is left of a session whose connection has ended, and when to come back."""
        if _is_for_good(error):
            raise error
        code = gateway.socket.close_code
        ended = isinstance(error, ReconnectWebSocket) and not error.resume
        if isinstance(error, discord.ConnectionClosed):
            ended = True
        elif not isinstance(error, _AWAY):
            # What nobody foresaw would be sent again with the session.
            log.error("unexpected", platform="discord", shard=self._number, exc_info=error)
            ended = True
        ended = ended or code in OVER or not gateway.session_id
        log.info(
            "lost Discord",
            shard=self._number,
            why=_words(error),
            code=None if code is None else int(code),
        )
        self._session = None if ended else gateway
        if isinstance(error, ReconnectWebSocket) and ended:
            return random.uniform(*NOT_AT_ONCE)  # noqa: S311  # spreads processes, hides nothing
        return 0.0


def _is_for_good(error: BaseException) -> bool:
    return isinstance(error, discord.ConnectionClosed) and error.code in FOR_GOOD


def _asked_to_wait(error: Exception) -> float:
    """Seconds for which the wall in front of Discord wants to hear nothing of us."""
    if not isinstance(error, aiohttp.WSServerHandshakeError) or error.status != TOO_MANY:
        return 0.0
    try:
        return float(error.headers["Retry-After"]) if error.headers else DEFAULT_RETRY_AFTER
    except (LookupError, ValueError):
        return DEFAULT_RETRY_AFTER


def _words(error: BaseException) -> str:
    if isinstance(error, UNREACHED):
        return obstacle(error)
    if isinstance(error, ReconnectWebSocket):  # it holds the number of the shard alone
        return "the connection has ended"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
