"""Hearing Slack all the time: there is always a socket, and a new one before the old goes."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp

from bots.slack import tokens
from bots.slack.calls import CallFailed
from bots.slack.memory import Memory
from bots.slack.socket import NotConnected, Socket
from bots.slack.tokens import REFUSED
from core.hearing import Hearing
from core.redial import Redial, back_off
from core.surface import RefusedForGood, RefusedForNow

log = structlog.get_logger()

SLOW_BACK_OFF = 30.0
"""Seconds until Slack is asked again after a refusal that has nothing to do with us."""

LINGER = 2.0
"""Seconds for which a socket stays after another took over, for what is on its way."""


class Ears:
    """Keeps a socket open and serves whatever comes through it.

    `dial` gives a new socket, or raises `CallFailed` or `NotConnected`. `missed` is called when
    there is one again after there was none; `hearing` is told of both.
    """

    def __init__(
        self,
        app: AsyncApp,
        memory: Memory,
        socket: Socket,
        dial: Callable[[], Coroutine[Any, Any, Socket]],
        missed: Callable[[], None],
        *,
        hearing: Hearing,
    ) -> None:
        self._app = app
        self._memory = memory
        self._dial = dial
        self._missed = missed
        self._hearing = hearing
        hearing.began()
        self._sockets = [socket]
        self._keeping: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    @property
    def open(self) -> bool:
        """Whether events can arrive."""
        return any(socket.is_open for socket in self._sockets)

    async def run(self) -> None:
        """Listen until `stop`.

        Raises `StartError`, in a group, when Slack does not want us any more.
        """
        try:
            async with asyncio.TaskGroup() as serving:
                self._keeping = serving.create_task(self._keep(self._sockets[0], serving))
        finally:
            self._over.set()

    async def stop(self) -> None:
        """Take no more events; returns when those that came have been acknowledged."""
        if self._keeping is not None:
            self._keeping.cancel()
            for socket in self._sockets:
                socket.hush()
            await self._over.wait()
        for socket in self._sockets:
            await socket.close()

    async def _keep(self, socket: Socket, serving: asyncio.TaskGroup) -> None:
        while True:
            serving.create_task(self._serve(socket))
            self._count(socket)
            await socket.leaving.wait()
            successor = await self._reach()
            socket.retire(LINGER)
            self._sockets.append(successor)
            socket = successor

    async def _serve(self, socket: Socket) -> None:
        try:
            await socket.serve(self._app)
        finally:
            self._sockets.remove(socket)
            if not self.open:
                self._memory.missed()
                self._hearing.ended()

    def _count(self, socket: Socket) -> None:
        """Compare Slack's count of the app's connections with ours."""
        if socket.connections > len(self._sockets):
            log.info("another process listens", connections=socket.connections)
            self._memory.distrust()

    async def _reach(self) -> Socket:
        """Dial until somebody answers. Raises `StartError` when there is no use in it."""
        redial = Redial(self._dial, _pause, Socket.close)
        socket = await redial.through()
        if not self.open:
            self._memory.missed()
            self._missed()
        self._hearing.began()
        log.info("connected to Slack again", failures=redial.failures)
        return socket


def _pause(failed: Exception, failures: int) -> float:
    """The seconds to wait before the next try."""
    if not isinstance(failed, CallFailed | NotConnected):
        raise failed
    if not failures:
        log.warning("not connected to Slack", why=str(failed))
    outcome = failed.outcome if isinstance(failed, CallFailed) else None
    if isinstance(outcome, RefusedForNow):
        return outcome.retry_after
    if isinstance(outcome, RefusedForGood) and outcome.code in REFUSED:
        raise tokens.no_longer(outcome.code) from failed
    # A status without a word of Slack's comes from whatever stands before it in an outage.
    if isinstance(outcome, RefusedForGood) and not outcome.code.startswith("http_"):
        return SLOW_BACK_OFF
    return back_off(failures)
