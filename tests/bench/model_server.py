"""A model that costs little and is punctual, in a process of its own.

    python -m tests.bench.model_server plan.json

The plan says of each question ("question 7!") how many tokens of which text it gets, and how
fast. A token is one write of a chunk of the API's own shape and size, so that whoever reads
is woken as often as in life. Token k of an answer is due `first_token + k / rate` seconds
after its request; the clock is CLOCK_MONOTONIC, which all processes share. `GET /figures`
tells when each question was asked and how late the tokens were.
"""

import asyncio
import heapq
import itertools
import json
import re
import sys
import time
from array import array
from pathlib import Path

import uvloop

from tests.bench.texts import script

CHUNK = (
    'data: {"id":"chatcmpl-abc123","object":"chat.completion.chunk","created":1700000000,'
    '"model":"gpt-6-luna","service_tier":"default","system_fingerprint":"fp_1","choices":[%s],'
    '"usage":%s,"obfuscation":"abc"}\n\n'
)
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
QUESTION = re.compile(rb"question (\d+)!")
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
USAGE = re.compile(rb'"include_usage": *true')
SHORT = {"tokens": 5, "rate": 100.0, "text": "words"}
"""The answer to a question that the plan does not know."""


def framed(event: str) -> bytes:
    """An event as one HTTP chunk."""
    data = event.encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


def token(piece: str) -> bytes:
    """The chunk that carries a piece of the text."""
    choice = {"index": 0, "delta": {"content": piece}, "logprobs": None, "finish_reason": None}
    return framed(CHUNK % (json.dumps(choice, separators=(",", ":")), "null"))


def ending(tokens: int, prompt: int, *, usage: bool) -> bytes:
    """What follows the last token."""
    finish = '{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}'
    events = [CHUNK % (finish, "null")]
    if usage:
        counts = {
            "prompt_tokens": prompt,
            "completion_tokens": tokens,
            "total_tokens": prompt + tokens,
        }
        events.append(CHUNK % ("", json.dumps(counts)))
    return b"".join(map(framed, [*events, "data: [DONE]\n\n"])) + b"0\r\n\r\n"


class Lateness:
    """How late tokens were sent: a count for each millisecond."""

    def __init__(self) -> None:
        self._counts = array("L", bytes(8 * 2001))
        self._worst = 0.0

    def add(self, seconds: float) -> None:
        """Count one token."""
        self._counts[min(2000, int(seconds * 1000))] += 1
        self._worst = max(self._worst, seconds)

    def figures(self) -> dict[str, float]:
        """Seconds: mean, 95th percentile, worst."""
        total = sum(self._counts) or 1
        mean = sum(ms * n for ms, n in enumerate(self._counts)) / total / 1000
        below = itertools.accumulate(self._counts)
        p95 = next((ms for ms, seen in enumerate(below) if seen >= 0.95 * total), 0) / 1000
        return {"mean": mean, "p95": p95, "worst": self._worst}


class Clockwork:
    """Sends what is due, of all answers together: one timer instead of one for each."""

    def __init__(self) -> None:
        self.lateness = Lateness()
        self._due: list[tuple[float, int, Sending]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, sending: "Sending") -> None:
        """Begin an answer."""
        heapq.heappush(self._due, (sending.due, next(self._order), sending))
        self._wind()

    def _fire(self) -> None:
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            due, order, sending = self._due[0]
            self.lateness.add(now - due)
            if sending.send():
                heapq.heapreplace(self._due, (sending.due, order, sending))
            else:
                heapq.heappop(self._due)
        self._wind()

    def _wind(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._due:
            delay = max(0.0, self._due[0][0] - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay, self._fire)


class Sending:
    """One answer on its way."""

    def __init__(self, transport, chunks: list[bytes], begin: float, rate: float, end: bytes):
        self.due = begin
        self._transport = transport
        self._chunks = chunks
        self._begin = begin
        self._rate = rate
        self._end = end
        self._sent = 0

    def send(self) -> bool:
        """Send the next token; whether there are more."""
        if self._transport.is_closing():
            return False
        self._transport.write(self._chunks[self._sent])
        self._sent += 1
        self.due = self._begin + self._sent / self._rate
        if self._sent == len(self._chunks):
            self._transport.write(self._end)
            return False
        return True


class Server:
    """The plan, and what has become of it."""

    def __init__(self, plan: dict) -> None:
        self._first_token = plan["first_token"]
        self._answers = plan["answers"]
        self._clockwork = Clockwork()
        self._asked: dict[str, float] = {}
        self._tokens: dict[str, bytes] = {}

    def begin(self, transport, body: bytes, arrived: float) -> None:
        """Answer a request."""
        numbers = QUESTION.findall(body)
        number = numbers[-1].decode() if numbers else ""
        answer = self._answers.get(number, SHORT)
        pieces = script(answer["text"], answer["tokens"]).pieces
        chunks = [self._tokens.get(piece) or self._token(piece) for piece in pieces]
        end = ending(len(pieces), len(body) // 4, usage=bool(USAGE.search(body)))
        self._asked.setdefault(number, arrived)
        transport.write(HEAD)
        begin = arrived + self._first_token
        self._clockwork.add(Sending(transport, chunks, begin, answer["rate"], end))

    def figures(self) -> dict:
        """When each question was first asked, and how late its tokens were."""
        return {"asked": self._asked, "late": self._clockwork.lateness.figures()}

    def _token(self, piece: str) -> bytes:
        return self._tokens.setdefault(piece, token(piece))


class Connection(asyncio.Protocol):
    """One client; it asks again when it has been answered."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._received = b""

    def connection_made(self, transport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        arrived = time.monotonic()
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        found = LENGTH.search(head)
        if not blank or len(body) < (int(found[1]) if found else 0):
            return
        self._received = b""
        if head.startswith(b"POST"):
            self._server.begin(self._transport, body, arrived)
        elif head.startswith(b"GET /figures"):
            self._json(self._server.figures())
        else:
            self._json({"object": "list", "data": [{"id": "gpt-4o-mini", "object": "model"}]})

    def _json(self, value: dict) -> None:
        body = json.dumps(value).encode()
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
            % (len(body), body)
        )


async def serve(plan: dict) -> None:
    """Serve until the process is ended; the port is the first line of the output."""
    server = Server(plan)
    for answer in plan["answers"].values():
        script(answer["text"], answer["tokens"])
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Connection(server), "127.0.0.1", 0, backlog=2000)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(json.loads(Path(sys.argv[1]).read_text())))
