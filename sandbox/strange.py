"""What can be in the place of a file that somebody asks for."""

import asyncio
import contextlib

from aiohttp import web

from sandbox.faults import Fault, Faults

EVENT = "file"
"""The event at which these faults strike, on both platforms."""

LOGIN = "<!DOCTYPE html><title>Sign in | Slack</title><p>Sign in to your workspace.</p>"

CHUNK = b"\0" * 64 * 1024
MOST = 4096
"""Chunks after which even an endless file ends: a quarter of a gigabyte."""


async def struck(request: web.Request, faults: Faults) -> web.StreamResponse | None:
    """What comes instead of a file, if a fault waits for it.

    `login` is a page to sign in, with status 200; `elsewhere` a redirect to the address in
    `code`; `status` an error; `endless` a file that does not end and tells no length; `slow`
    waits `seconds` and then lets the file come; `length` says that it has as many bytes as
    `code`, and sends ten.
    """
    fault = faults.strike(EVENT)
    if fault is None:
        return None
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
        return None
    return await _instead(request, fault)


async def _instead(request: web.Request, fault: Fault) -> web.StreamResponse:
    match fault.kind:
        case "login":
            return web.Response(text=LOGIN, content_type="text/html")
        case "elsewhere":
            return web.Response(status=302, headers={"Location": fault.code})
        case "status":
            return web.Response(status=fault.status)
        case "endless":
            return await _endless(request)
        case "length":
            return await _of_length(request, fault)
        case _:
            raise ValueError(f"A file has no fault of the kind {fault.kind!r}.")


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    response.enable_chunked_encoding()
    with contextlib.suppress(ConnectionError):
        await response.prepare(request)
        for _ in range(MOST):
            await response.write(CHUNK)
    return response


async def _of_length(request: web.Request, fault: Fault) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": fault.code})
    await response.prepare(request)
    await response.write(b"ten bytes.")
    if request.transport is not None:
        request.transport.close()
    return response
