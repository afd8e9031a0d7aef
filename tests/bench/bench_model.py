"""What a token costs on its way from the socket to an event, and how late it is.

`python -m tests.bench.bench_model` prints, for the SDK's typed stream and for ours, the
microseconds of CPU for each chunk and the seconds that a chunk waits to be read. The
server runs in a process of its own, so that only the reader is measured.
"""

import asyncio
import itertools
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import openai
import uvloop

from core.messages import Role, Text, Turn
from core.model import Model
from core.wire import Parameters, Request

CHUNK = (
    'data: {"id":"chatcmpl-abc123","object":"chat.completion.chunk","created":1700000000,'
    '"model":"gpt-6-luna","service_tier":"default","system_fingerprint":"fp_1","choices":[{"index"'
    ':0,"delta":{"content":" %.6f"},"logprobs":null,"finish_reason":null}],"obfuscation":"abc"}\n\n'
)
END = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'

Stream = Callable[[], Awaitable[list[float]]]
"""Reads one answer; gives for each chunk how many seconds ago it was sent."""


async def serve(chunks: int, rate: float) -> None:
    """Answer every request with so many chunks a second, 0 for as fast as it goes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n")
        writer.write(b"transfer-encoding: chunked\r\n\r\n")
        for _ in range(chunks):
            send(writer, CHUNK % time.time())
            await (asyncio.sleep(1 / rate) if rate else writer.drain())
        send(writer, END)
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=2000)
    say(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def say(line: object) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def send(writer: asyncio.StreamWriter, event: str) -> None:
    """Send an event as one HTTP chunk."""
    writer.write(f"{len(event):x}\r\n{event}\r\n".encode())


@asynccontextmanager
async def serving(chunks: int, rate: float) -> AsyncIterator[str]:
    """The base URL of such a server in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bench_model", str(chunks), str(rate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


def lags(text: str) -> list[float]:
    """How long ago the chunks of this text were sent."""
    now = time.time()
    return [now - float(sent) for sent in text.split()]


@asynccontextmanager
async def by_the_sdk(base_url: str) -> AsyncIterator[Stream]:
    """The SDK's typed stream."""
    client = openai.AsyncOpenAI(
        api_key="k", base_url=base_url, http_client=openai.DefaultAioHttpClient()
    )

    async def stream() -> list[float]:
        read: list[float] = []
        messages = [{"role": "user", "content": "Hi"}]
        async for chunk in await client.chat.completions.create(
            model="m", messages=messages, stream=True
        ):
            read += lags(chunk.choices[0].delta.content or "")
        return read

    yield stream
    await client.close()


@asynccontextmanager
async def by_parley(base_url: str) -> AsyncIterator[Stream]:
    """What the bot does."""
    model = Model(api_key="k", base_url=base_url)
    await model.open()
    request = Request((Turn(Role.USER, (Text("Hi"),)),), Parameters("m"))

    async def stream() -> list[float]:
        read: list[float] = []
        async for events in model.stream(request):
            for event in events:
                read += lags(event.text) if isinstance(event, Text) else []
        return read

    yield stream
    await model.close()


async def measure(reader: Callable, streams: int, chunks: int, rate: float) -> None:
    """Print one line of the table."""
    async with serving(chunks, rate) as base_url, reader(base_url) as stream:
        started = time.process_time()
        answers = await asyncio.gather(*(stream() for _ in range(streams)))
        read = sorted(itertools.chain.from_iterable(answers))
        cost = (time.process_time() - started) / len(read) * 1e6
    mean, worst = sum(read) / len(read), read[int(len(read) * 0.95)]
    lag = f"{mean:9.3f} {worst:9.3f}" if rate else f"{'':19}"
    say(f"{reader.__name__:12} {streams:7} {rate:8} {cost:9.1f} {lag}")


async def table() -> None:
    """Print the table."""
    say(f"{'':12} streams chunks/s  µs/chunk  mean lag  95th pct.")
    for streams, chunks, rate in [(1, 20_000, 0), (20, 250, 50), (100, 250, 50), (400, 200, 50)]:
        for reader in (by_the_sdk, by_parley):
            if (reader, streams) != (by_the_sdk, 400):  # more than one core can do
                await measure(reader, streams, chunks, rate)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), float(sys.argv[2])) if len(sys.argv) > 1 else table())
