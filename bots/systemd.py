"""What systemd is told of the process, by the protocol of sd_notify(3); elsewhere nothing is said.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping

import structlog

log = structlog.get_logger()

PERIOD = 10.0
"""Seconds between two signs of life, at most."""

STARTING = 3 * PERIOD
"""Seconds by which each of them prolongs a start, whatever `TimeoutStartSec` says: an upgrade of a
large database may take long, and would begin anew if it were ended."""

SPARE = 5.0
"""Seconds, on top of what a stop takes by itself, before we are killed."""


class Systemd:
    """The service manager that has started this process, if one has.

    Its watchdog hears of us from a task of the event loop, thus nothing while that is held up.
    `variables` are those of the environment.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._address = _address(variables.get("NOTIFY_SOCKET", ""))
        self._period = min(PERIOD, _watchdog(variables) / 2)
        self._socket: socket.socket | None = None
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)
        self._status: Callable[[], str] = lambda: "starting"
        self._starts = True
        self._owed: dict[str, str] = {}
        self._told: dict[str, str] = {}

    async def run(self) -> None:
        """Be heard of until cancelled."""
        if self._socket is None:
            return
        try:
            while True:
                if self._starts:
                    self._owed["EXTEND_TIMEOUT_USEC"] = _microseconds(STARTING)
                self._tell(WATCHDOG="1")
                await asyncio.sleep(self._period)
        finally:
            self._socket.close()
            self._socket = None

    def ready(self, status: Callable[[], str]) -> None:
        """All is connected. `status` is how we are, in a line, whenever it is asked for."""
        self._starts = False
        self._status = status
        self._owed.pop("EXTEND_TIMEOUT_USEC", None)
        self._tell(READY="1")

    def stopping(self, seconds: float) -> None:
        """From now on we come to an end, which takes so many seconds at most."""
        self._starts = False
        self._status = lambda: f"ends what is being answered, within {seconds:g} s"
        # DRAIN_SECONDS may be longer than TimeoutStopSec.
        self._tell(STOPPING="1", EXTEND_TIMEOUT_USEC=_microseconds(seconds + SPARE))

    def _tell(self, **words: str) -> None:
        """Say something; what is not taken is said again with the next."""
        if self._socket is None:
            return
        self._owed |= words
        if (status := self._status()) != self._told.get("STATUS"):
            self._owed["STATUS"] = status
        message = "\n".join(f"{name}={value}" for name, value in self._owed.items())
        try:
            self._socket.sendto(message.encode(), self._address)
        except OSError as error:
            log.warning("systemd does not hear us", error=str(error))
        else:
            self._told |= self._owed
            self._owed = {}


def _address(written: str) -> str:
    """Where to say it: a path, or a name of Linux's own, which begins with a zero byte."""
    if written.startswith("@"):
        return f"\0{written[1:]}"
    return written if written.startswith("/") else ""


def _watchdog(variables: Mapping[str, str]) -> float:
    """Seconds after which systemd takes us for dead; endless where it does not watch us."""
    ours = variables.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    microseconds = variables.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if ours and microseconds.isdecimal() else float("inf")


def _microseconds(seconds: float) -> str:
    return str(round(seconds * 1e6))
