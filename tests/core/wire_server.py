"""A server that sends exactly the bytes that a test wants, and sees who hangs up."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

HEAD = "HTTP/1.1 {} X\r\nx-request-id: req_1\r\nconnection: keep-alive\r\n"
STREAM = "content-type: {}; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"


def event(delta=None, finish=None, **more):
    """One chunk of an answer, as the bytes of an event."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice], **more}).encode() + b"\n\n"


def text(content, finish=None):
    return event({"content": content}, finish)


STOP = event(finish="stop")
USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}\n\n'
DONE = b"data: [DONE]\n\n"


@dataclass
class Exchange:
    """One request, and the means to answer it byte by byte."""

    line: str
    headers: dict[str, str]
    body: Any
    writer: asyncio.StreamWriter
    gone: asyncio.Event

    def begin(self, *headers, kind="text/event-stream"):
        """Send the head of a stream."""
        head = HEAD.format(200) + "".join(f"{header}\r\n" for header in headers)
        self.writer.write((head + STREAM.format(kind)).encode())

    def send(self, data):
        """Send bytes of the stream, as one HTTP chunk."""
        self.writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def end(self):
        """End the stream in order."""
        self.writer.write(b"0\r\n\r\n")

    async def break_off(self):
        """End the connection in the middle of the stream, after what was sent."""
        await self.writer.drain()
        self.writer.close()

    def cut(self):
        """Break the connection at once."""
        self.writer.transport.abort()

    def refuse(self, status, body=b"", *headers):
        """Send a whole answer."""
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        more = "".join(f"{header}\r\n" for header in (*headers, f"content-length: {len(body)}"))
        self.writer.write((HEAD.format(status) + more + "\r\n").encode() + body)


Script = Callable[[Exchange], Awaitable[None]]


def answering(*data):
    """Answer with these pieces of a stream, each an HTTP chunk, and end it in order."""

    async def script(exchange):
        exchange.begin()
        for piece in data:
            exchange.send(piece)
        exchange.end()

    return script


def refusing(status, body=b"", *headers):
    """Answer with an error."""

    async def script(exchange):
        exchange.refuse(status, body, *headers)

    return script


@dataclass
class WireServer:
    """Answers each request by the next script; the last one is used for ever."""

    scripts: list[Script] = field(default_factory=list)
    requests: list[Exchange] = field(default_factory=list)
    connections: int = 0
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    _serving: set[asyncio.Task] = field(default_factory=set)

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1000)
        port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}/v1"

    async def stop(self):
        self._server.close()
        for request in self.requests:
            request.cut()
        await asyncio.gather(*self._serving)

    async def request(self, number):
        """The n-th request, from 1, as soon as it is there."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= number)
        return self.requests[number - 1]

    async def _serve(self, reader, writer):
        self.connections += 1
        self._serving.add(asyncio.current_task())
        gone = asyncio.Event()
        async with asyncio.TaskGroup() as answers:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    exchange = await self._received(reader, writer, gone)
                    answers.create_task(self._answer(exchange))
            gone.set()
        writer.close()

    async def _answer(self, exchange):
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        with suppress(ConnectionError):
            await script(exchange)

    async def _received(self, reader, writer, gone):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = [line.split(": ", 1) for line in head[1:] if line]
        headers = {name.lower(): value for name, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        exchange = Exchange(head[0], headers, json.loads(body or "null"), writer, gone)
        async with self._arrived:
            self.requests.append(exchange)
            self._arrived.notify_all()
        return exchange
