"""Ports for servers of tests."""

import errno
import secrets
import socket

FIRST, LAST = 10_000, 32_000
"""Below those that a system gives to connections going out; one of these could take the port."""


def free_port():
    """One of this machine's on which nobody listens."""
    while True:
        port = FIRST + secrets.randbelow(LAST - FIRST)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
