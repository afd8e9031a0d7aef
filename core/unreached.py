"""Why somebody was not reached, in words for whoever can change it: the log's reader."""

import os
import ssl

import aiohttp

WANTS_A_NAME = 407

NOT_YET, EXPIRED, ANOTHER_HOST, ANOTHER_ADDRESS = 9, 10, 62, 64
"""OpenSSL's codes (`X509_V_ERR_…`) of certificates that no CA makes better."""

UNREACHED = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
)
"""What aiohttp raises when a request was heard by nobody but a proxy."""

_ITS_OWN = frozenset({NOT_YET, EXPIRED, ANOTHER_HOST, ANOTHER_ADDRESS})


def obstacle(error: BaseException) -> str:
    """What is in the way, by what aiohttp raised, with the setting that leads past it."""
    match error:
        case aiohttp.ClientHttpProxyError():
            return f"the proxy of HTTPS_PROXY {_refusal(error)}"
        case aiohttp.ClientConnectorCertificateError():
            return _mistrust(error.certificate_error, error.host)
        case aiohttp.ClientConnectorError():
            proxy = isinstance(error, aiohttp.ClientProxyConnectionError)
            host = f"{error.host}:{error.port}"
            who = f"the proxy of HTTPS_PROXY ({host})" if proxy else host
            return f"{who} does not answer: {_words(error.os_error)}"
    return _words(error)


def _refusal(error: aiohttp.ClientHttpProxyError) -> str:
    if error.status == WANTS_A_NAME:
        return (
            "wants a name and a password, or others than it gets (407); they stand in it as "
            "http://name:password@host:port"
        )
    return f"does not let it through: {error.status} {error.message}"


def _mistrust(error: Exception, host: str) -> str:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {host} is not right: {error}"
    said = error.verify_message.rstrip(".")
    if error.verify_code in _ITS_OWN:
        return f"the certificate of {host} is not good: {said}"
    return (
        f"the certificate of {host} is not trusted: {said}; if a CA of your own has signed it, or "
        "a proxy has, SSL_CERT_FILE must name a file with that CA's certificate"
    )


def _words(error: BaseException) -> str:
    if not isinstance(error, OSError) or not error.strerror:
        return str(error) or type(error).__name__
    # asyncio's words repeat the address. The codes of TLS, and those of a look-up of names, which
    # are below zero, are no errors of the system's.
    if isinstance(error, ssl.SSLError) or not error.errno or error.errno < 0:
        return error.strerror
    return os.strerror(error.errno)
