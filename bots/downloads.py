"""Files that people attach, fetched from a platform's own hosts and from nowhere else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urljoin, urlsplit

import aiohttp

from core.certificates import trusted
from core.errors import FileUnread, Why
from core.proxies import proxy_to
from core.unreached import obstacle

TIMEOUT = aiohttp.ClientTimeout(total=30, connect=5, sock_read=10)
"""Seconds for one file, from the connection to its last byte."""

CHUNK = 64 * 1024

REDIRECTS = 3

_REASONS = {401: Why.LOCKED, 403: Why.LOCKED, 404: Why.GONE, 410: Why.GONE}


def origin(address: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"


class Downloads:
    """Fetches files; `origins` are the only ones that are asked, and that see the `headers`.

    `leads_to_login` says of a redirect's address whether it asks a person to sign in.
    """

    def __init__(
        self,
        origins: Collection[str],
        headers: Mapping[str, str] | None = None,
        leads_to_login: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._proxies = {one: proxy_to(one) for one in origins}
        # What is compressed on its way could be a bomb; what is inside of the file is not ours.
        self._headers = {"Accept-Encoding": "identity", **(headers or {})}
        self._leads_to_login = leads_to_login
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, address: str, most: int) -> tuple[bytes, str]:
        """The bytes at an address, and their media type. Raises `FileUnread`."""
        try:
            async with self._opened(address) as response:
                return await _body(response, most), response.content_type
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise FileUnread(Why.NOT_REACHED, obstacle(error)) from error

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    @asynccontextmanager
    async def _opened(self, address: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """The response with the file, behind redirects that stay where we may be."""
        for _ in range(REDIRECTS):
            async with self._request(address) as response:
                if 300 <= response.status < 400:
                    address = urljoin(address, response.headers.get("Location", ""))
                    if self._leads_to_login(address):
                        raise FileUnread(Why.LOCKED, "a redirect to a login")
                    continue
                if response.status != 200:
                    why = _REASONS.get(response.status, Why.NOT_REACHED)
                    raise FileUnread(why, f"status {response.status}")
                yield response
                return
        raise FileUnread(Why.NOT_REACHED, "too many redirects")

    def _request(self, address: str) -> "aiohttp.client._RequestContextManager":
        where = origin(address)
        if where not in self._proxies:
            raise FileUnread(Why.ELSEWHERE, where)
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=trusted()),
                timeout=TIMEOUT,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session.get(
            address, headers=self._headers, allow_redirects=False, proxy=self._proxies[where]
        )


async def _body(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The body; what a server says of its length is only believed where it is too long."""
    if (response.content_length or 0) > most:
        raise FileUnread(Why.TOO_LARGE, f"{response.content_length} bytes")
    body = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        body += chunk
        if len(body) > most:
            raise FileUnread(Why.TOO_LARGE, f"more than {most} bytes")
        await asyncio.sleep(0)  # a fast host must not keep everybody else waiting
    return bytes(body)
