"""The road to the model's endpoint: aiohttp, below the SDK.

The SDK has an aiohttp transport of its own. This one differs in what hundreds of
streams at once need: tokens can wait in the kernel, where they cost nothing, and are
then taken together (`Body.rest`); no request queues for a connection; a connection that
breaks is not taken for a time-out.
"""

from collections.abc import AsyncIterator

import aiohttp
import httpx2

from core.certificates import trusted
from core.nap import Nap
from core.proxies import proxy_to
from core.unreached import obstacle

KEEP_ALIVE = 60.0
"""Seconds for which an idle connection is kept for the next question."""

BROKEN = (aiohttp.ClientError, OSError)
"""What aiohttp raises when there is no connection (any more), or no HTTP on it."""

BODY = "parley.body"
"""The extension of a response under which its `Body` is found."""


class Body(httpx2.AsyncByteStream):
    """The bytes of an answer, decompressed."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._ends: Nap | None = None

    async def read(self) -> bytes:
        """All bytes that have arrived, b"" after the last."""
        try:
            return await self._response.content.readany()
        except BROKEN as error:
            raise httpx2.ReadError(str(error)) from error

    async def rest(self, seconds: float, nap: Nap) -> None:
        """Take nothing from the network while that nap lasts; none if all has arrived."""
        connection = self._response.connection
        transport = connection.transport if connection else None
        if transport is None:
            return
        transport.pause_reading()
        try:
            await nap.sleep(seconds)
        finally:
            transport.resume_reading()

    async def gather(self, seconds: float, nap: Nap) -> None:
        """Take what comes while that nap lasts; what comes last ends it."""
        content = self._response.content
        if self._ends is None:
            content.on_eof(self._ended)
        self._ends = nap
        if not content.is_eof():
            await nap.sleep(seconds)

    def _ended(self) -> None:
        if self._ends is not None:
            self._ends.wake()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while data := await self.read():
            yield data

    async def aclose(self) -> None:
        """Hang up, unless everything was read."""
        self._response.close()


class Transport(httpx2.AsyncBaseTransport):
    """Sends requests over pooled connections, which are as many as there are requests.

    `connect` is the seconds that a connection may take, name look-up and TLS included.
    The proxy and the certificates are those of the environment (`HTTPS_PROXY`,
    `NO_PROXY`, `SSL_CERT_FILE`). Raises httpx2's errors, as the SDK expects them.
    """

    def __init__(self, *, connect: float) -> None:
        self._timeout = aiohttp.ClientTimeout(connect=connect)
        self._certificates = trusted()
        self._opened: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; returns when the headers of the answer are there."""
        try:
            response = await self._send(request)
        except TimeoutError as error:  # aiohttp's own are among them
            raise httpx2.ConnectTimeout(str(error)) from error
        except BROKEN as error:
            raise httpx2.ConnectError(obstacle(error)) from error
        body = Body(response)
        return httpx2.Response(
            response.status,
            headers=_headers(response),
            stream=body,
            request=request,
            extensions={BODY: body},
        )

    async def aclose(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            await self._opened.close()

    async def _send(self, request: httpx2.Request) -> aiohttp.ClientResponse:
        return await self._session().request(
            request.method,
            str(request.url),
            headers=request.headers.multi_items(),
            data=request.content or None,
            proxy=proxy_to(str(request.url)),
            timeout=self._timeout,
            allow_redirects=False,
        )

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0, ssl=self._certificates, keepalive_timeout=KEEP_ALIVE
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._opened


def _headers(response: aiohttp.ClientResponse) -> list[tuple[bytes, bytes]]:
    """Without what was true of the bytes before they were decompressed."""
    changed = (b"content-encoding", b"content-length")
    return [header for header in response.raw_headers if header[0].lower() not in changed]
