"""Ports for servers of tests."""

import socket


def free_port():
    """One of this machine's on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]
