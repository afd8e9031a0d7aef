"""Asks the bot that runs on this machine how it is, as a container's health check does."""

import http.client
import json
from collections.abc import Mapping
from typing import Any

from core.errors import StartError

PATIENCE = 5.0
"""Seconds to wait for an answer: an event loop that is late by more does not turn."""

LONGEST = 65_536
"""Bytes of an answer that are read; ours has some hundred."""

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - it is asked, not opened
"""Where one that listens on all addresses is reached."""


def asked(host: str, port: int, path: str) -> str:
    """What it says at `/healthz` or `/readyz`, in a line. Raises `StartError` if it is not well."""
    where = f"{host}:{port}"
    connection = http.client.HTTPConnection(EVERYWHERE.get(host, host), port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        said = _understood(answer.read(LONGEST))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise StartError(
            f"The bot does not answer on {where} ({error}). See its log, and whether ADMIN_HOST "
            "and ADMIN_PORT are those that it was started with."
        ) from error
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise StartError(f"The bot on {where} {_unwell(said)}.")
    return f"The bot on {where} is {said['status']}."


def _understood(answer: bytes) -> Mapping[str, Any]:
    """What a bot says; ValueError where it is none that says it."""
    said = json.loads(answer)
    if not isinstance(said, dict) or "status" not in said:
        raise ValueError("another program does")
    return said


def _unwell(said: Mapping[str, Any]) -> str:
    if said["status"] == "stuck":
        return f"was stuck for {said['seconds']} s: its event loop did not turn"
    return f"waits for: {', '.join(said['for'])}"
