"""The ports on which the bot listens: free, or held by the bot itself."""

import asyncio
import errno
import os
import socket
from collections.abc import AsyncGenerator

import aiohttp

from bots.doctor.database import company
from bots.doctor.finding import Finding, well, wrong
from bots.doctor.patient import Patient
from core.certificates import trusted

AREA = "ports"
ASKING = 2.0
"""Seconds for whoever holds a port to say who it is."""


async def examine(patient: Patient) -> AsyncGenerator[Finding, None]:
    """Look at each port that is set."""
    values = patient.values
    ports = {
        name: values[name]
        for name in ("ADMIN_PORT", "HTTP_PORT")
        if values.get(name, "").isdecimal()
    }
    if len(ports) == 2 and len(set(ports.values())) == 1:
        yield wrong(
            AREA,
            f"ADMIN_PORT and HTTP_PORT are both {ports['HTTP_PORT']}",
            "Set HTTP_PORT to another port.",
            "HTTP_PORT",
        )
        return
    url = patient.records.database_url if patient.records else ""
    runs = await asyncio.to_thread(company, url) if url and ports else False
    for setting, port in ports.items():
        host = values.get(setting.replace("PORT", "HOST")) or "127.0.0.1"
        yield await _port(setting, host, int(port), runs=runs)


async def _port(setting: str, host: str, port: int, *, runs: bool) -> Finding:
    where = f"{host}:{port}"
    try:
        addresses = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )
        for family, _, _, _, address in addresses:
            _try(family, address)
    except OSError as error:
        is_taken = error.errno == errno.EADDRINUSE
        if is_taken and runs and await _is_ours(setting, host, port):
            return well(AREA, f"{setting}: the bot that runs listens on {where}.")
        return _refusal(setting, where, error)
    return well(AREA, f"{setting}: {where} is free.")


def _try(family: int, address: tuple[object, ...]) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        # As asyncio does it, or a port would seem taken for a minute after each end of the bot.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()


async def _is_ours(setting: str, host: str, port: int) -> bool:
    """Whether whoever listens there answers as the bot does."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not ours to choose
    name = f"[{reached}]" if ":" in reached else reached
    method, path, status = ("GET", "/healthz", 200)
    if setting == "HTTP_PORT":  # what nobody has signed is refused there
        method, path, status = ("POST", "/slack/events", 401)
    try:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=trusted()),
                timeout=aiohttp.ClientTimeout(total=ASKING),
            ) as session,
            session.request(method, f"http://{name}:{port}{path}") as answer,
        ):
            return answer.status == status
    except (aiohttp.ClientError, OSError):
        return False


def _refusal(setting: str, where: str, error: OSError) -> Finding:
    if isinstance(error, socket.gaierror) or error.errno not in (errno.EADDRINUSE, errno.EACCES):
        why = error.strerror or str(error)
        host = setting.replace("PORT", "HOST")
        return wrong(
            AREA,
            f"Nobody can listen on {where} ({why})",
            f"Set {host} to an address of this machine, such as 127.0.0.1.",
            host,
        )
    return wrong(
        AREA,
        f"The bot cannot listen on {where} ({os.strerror(error.errno)})",
        f"Set {setting} to another port, or end the program that uses it.",
        setting,
    )
