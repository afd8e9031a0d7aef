"""Listening on loopback, and stopping whatever happens at that moment."""

import asyncio
import gc
import socket

import pytest
from aiohttp import web

from sandbox.listener import HOST, Listener


async def listening(port: int = 0) -> Listener:
    listener = Listener(web.Application(), shutdown_timeout=0.1)
    await listener.start(port)
    return listener


@pytest.mark.parametrize("turns", range(6))
async def test_whoever_connects_while_it_stops_is_hung_up_on(turns):
    listener = await listening()
    with socket.create_connection((HOST, listener.port), timeout=1) as caller:
        for _ in range(turns):  # the server accepts, makes a transport, reads
            await asyncio.sleep(0)
        await listener.stop()
        await asyncio.sleep(0)
        gc.collect()  # a connection left open is a warning, and so a failure

        try:
            rest = caller.recv(1)
        except ConnectionResetError:
            rest = b""
    assert rest == b""


async def test_its_port_is_free_again_once_it_has_stopped():
    listener = await listening()
    await listener.stop()

    again = await listening(listener.port)
    await again.stop()

    assert again.port == listener.port


async def test_a_port_that_is_in_use_is_an_error():
    listener = await listening()

    with pytest.raises(OSError, match="in use"):
        await listening(listener.port)
    await listener.stop()
