"""A port of this machine's, and what stands in the way of listening there."""

import errno
import os
import socket

from aiohttp import web

from core.errors import StartError


async def listen(runner: web.AppRunner, host: str, port: int, settings: str) -> None:
    """Serve there; `StartError` names what of `<settings>_HOST` and `<settings>_PORT` is wrong."""
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise StartError(_refusal(error, f"{host}:{port}", settings)) from error


def _refusal(error: OSError, address: str, settings: str) -> str:
    where = f"cannot listen on {address}"
    if isinstance(error, socket.gaierror):
        return f"{settings}_HOST: {where} ({error.strerror}). Set an address of this machine."
    why = os.strerror(error.errno or 0)
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        return (
            f"{settings}_PORT: {where} ({why}). Set another port, or end the program that uses it."
        )
    return f"{settings}_HOST: {where} ({why}). Set an address of this machine, such as 127.0.0.1."
