"""Which certificates are trusted: the system's, and those of `SSL_CERT_FILE` besides.

Besides and not instead: whoever runs a model behind a CA of their own still talks to the
real Slack. aiohttp makes its own context when it is imported, before `.env` was read.
"""

import ssl
from functools import cache

import httpx2


def trusted() -> ssl.SSLContext:
    """The one context for all that we connect to. Raises `OSError` for an unreadable file."""
    return _context(ssl.get_default_verify_paths())


def check(file: str) -> None:
    """Raise `ValueError`, with what is wrong, unless a file holds certificates."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError as error:
        raise ValueError(
            "must name a file with certificates in PEM form (-----BEGIN CERTIFICATE-----), "
            f"{file} holds none"
        ) from error
    except OSError as error:
        raise ValueError(f"must name a file that can be read, {file}: {error.strerror}") from error


@cache  # each holds a megabyte, and takes a while to read
def _context(paths: ssl.DefaultVerifyPaths) -> ssl.SSLContext:
    context = httpx2.create_ssl_context(trust_env=False)
    file = paths.cafile if paths.cafile != paths.openssl_cafile else None
    folder = paths.capath if paths.capath != paths.openssl_capath else None
    if file or folder:
        context.load_verify_locations(file, folder)
    return context
