"""Asks the bot that runs on this machine how it is, as a container's health check does."""

import http.client
import json

from core.errors import StartError

PATIENCE = 5.0
"""Seconds to wait for an answer: an event loop that is late by more does not turn."""

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - it is asked, not opened
"""Where one that listens on all addresses is reached."""


def asked(host: str, port: int, path: str) -> str:
    """What it says at `/healthz` or `/readyz`, in a line. Raises `StartError` if it is not well."""
    where = f"{host}:{port}"
    connection = http.client.HTTPConnection(EVERYWHERE.get(host, host), port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        said = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise StartError(
            f"The bot does not answer on {where} ({error}). See its log, and whether ADMIN_HOST "
            "and ADMIN_PORT are those that it was started with."
        ) from error
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise StartError(f"The bot on {where} waits for: {', '.join(said.get('for', ['?']))}.")
    return f"The bot on {where} is {said['status']}."
