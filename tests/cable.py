"""A cable between the bot and a platform, in which everything can go wrong that does."""

import asyncio
from contextlib import suppress

HOST = "127.0.0.1"


class Cable:
    """Carries TCP connections to a port of this machine, until something is done to it."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.asked = 0
        self._target = target
        self._server: asyncio.Server | None = None
        self._swallows = False
        self._ends: set[asyncio.StreamWriter] = set()
        self._work: set[asyncio.Task] = set()

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    async def plug(self) -> None:
        """Take connections, from now on or again."""
        self._swallows = False
        self._server = await asyncio.start_server(self._carry, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        """Nobody is there any more: what was open is cut, what is new is refused."""
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.sleep(0)

    def cut(self) -> None:
        """Cut what is open."""
        for end in tuple(self._ends):
            end.transport.abort()

    def deafen(self) -> None:
        """What is open carries nothing more, and nobody is told; what is new is carried."""
        for task in tuple(self._work):
            task.cancel()

    def swallow(self) -> None:
        """What is open carries nothing more; what is new is taken, and never answered."""
        self.deafen()
        self._swallows = True

    def mend(self) -> None:
        """Carry what is new. What was open stays dead."""
        self._swallows = False

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.deafen()
        self.cut()
        await asyncio.gather(*self._work, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        self._ends.add(writer)
        if self._swallows:
            return
        there, onward = await asyncio.open_connection(HOST, self._target)
        self._ends.add(onward)
        for source, sink in ((reader, onward), (there, writer)):
            task = asyncio.create_task(_pump(source, sink))
            self._work.add(task)
            task.add_done_callback(self._work.discard)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
        sink.close()
