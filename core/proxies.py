"""Which proxy leads to an address, by the environment (`HTTPS_PROXY`, `NO_PROXY`).

Asked for once for each client: aiohttp's own look-up takes two threads, and reads a file
of passwords, for every request.
"""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_HTTP = {"ws": "http", "wss": "https"}


def proxy_to(address: str) -> str | None:
    """The address of the proxy to an address; none where it is reached directly."""
    parts = urlsplit(address)
    if parts.hostname is None or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return getproxies().get(_HTTP.get(parts.scheme, parts.scheme))
