"""The settings: whether they are right, who may read them, and the way out that they name."""

import asyncio
import os
import stat
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bots.doctor.finding import Finding, lines, remark, well, wrong
from bots.doctor.patient import Patient
from core.errors import SettingsError
from core.settings import names

AREA = "settings"
DIALLING = 5.0
"""Seconds to reach a proxy."""


async def examine(patient: Patient, problem: SettingsError | None) -> AsyncGenerator[Finding, None]:
    """Look at `.env` and at what the settings say by themselves; `problem` is what is wrong."""
    for finding in _file(patient.env_file, bool(problem)):
        yield finding
    if problem:
        for finding in lines(AREA, problem, patient.env_file.name, names()):
            yield finding
        yield remark(AREA, "The services are not asked before the settings are right.")
    if (settings := patient.settings) is None:
        return
    yield well(AREA, "All settings are understood.")
    for note in settings.notes:
        yield next(lines_as_remarks(note))
    if settings.https_proxy:
        yield await _proxy(settings.https_proxy)


def lines_as_remarks(note: str) -> Iterator[Finding]:
    """What is probably not meant as it was set."""
    for finding in lines(AREA, SettingsError(note), "", names()):
        yield remark(AREA, finding.what, finding.do, finding.setting)


def _file(path: Path, is_missed: bool) -> Iterator[Finding]:
    if not path.exists():
        where = f"There is no {path.name} in {path.absolute().parent}"
        if is_missed:
            yield remark(
                AREA, where, "Run this where the bot runs, or make one with `parley init`."
            )
        else:
            yield well(AREA, f"{where}; the settings come from the environment.")
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if not os.access(path, os.R_OK):
        return  # what is wrong with it is told among the problems
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield remark(
            AREA,
            f"{path} may be read by others of this machine ({mode:04o}), and there are keys in it.",
            f"chmod 600 {path}",
        )
    else:
        yield well(AREA, f"{path} is there, and only its owner may read it.")


async def _proxy(address: str) -> Finding:
    url = urlsplit(address)
    port = url.port or (443 if url.scheme == "https" else 80)
    where = f"{url.hostname}:{port}"
    try:
        async with asyncio.timeout(DIALLING):
            _, writer = await asyncio.open_connection(url.hostname, port)
    except OSError as error:  # TimeoutError is one
        why = error.strerror or f"no answer within {DIALLING:.0f} s"
        return wrong(
            AREA,
            f"The proxy {where} is not reached ({why})",
            "Set HTTPS_PROXY to a proxy that runs, or leave it out.",
            "HTTPS_PROXY",
        )
    writer.close()
    return well(AREA, f"The proxy {where} is reached.")
