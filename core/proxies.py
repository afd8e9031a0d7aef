"""Which proxy leads to an address, by the environment (`HTTPS_PROXY`, `NO_PROXY`).

Asked for once for each client: aiohttp's own look-up takes two threads, and reads a file
of passwords, for every request.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_HTTP = {"ws": "http", "wss": "https"}


def proxy_to(address: str) -> str | None:
    """The address of the proxy to an address; none where it is reached directly."""
    parts = urlsplit(address)
    if parts.hostname is None or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxies = getproxies()
    if _is_in(parts.hostname, proxies.get("no", "").split(",")):
        return None
    return proxies.get(_HTTP.get(parts.scheme, parts.scheme))


def _is_in(host: str, entries: Iterable[str]) -> bool:
    """Whether a host is an address in such as 10.0.0.0/8, which Python takes for a name."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for entry in entries for network in _networks(entry.strip()))


def _networks(entry: str) -> Iterator[IPv4Network | IPv6Network]:
    with suppress(ValueError):
        yield ip_network(entry, strict=False)
