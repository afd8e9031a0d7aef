"""The environment of the bot in the sandbox: its platforms are ours, and nothing real gets in."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1,localhost"

_PLACES = ("ADMIN_HOST", "ADMIN_PORT", "DATABASE_URL", "HTTP_HOST", "HTTP_PORT")
_KEPT = ("DISCORD_REPLY",)
_PATIENCE = {"FIRST_TOKEN_TIMEOUT": "10", "IDLE_TIMEOUT": "10", "DRAIN_SECONDS": "3"}
"""Somebody who tries out a time-out does not want to wait for two minutes."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the sandbox's servers listen; no `model_url` where a real model answers."""

    slack_url: str
    discord_url: str
    model_url: str = ""
    model_key: str = ""
    model: str = ""


def has_real_model(environ: Mapping[str, str]) -> bool:
    """Whether the operator has set an endpoint of their own."""
    return any(environ.get(name, "").strip() for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"))


def bot_environment(
    environ: Mapping[str, str], addresses: Addresses, folder: Path, source: Path
) -> dict[str, str]:
    """What the bot sees, made from what we see.

    Every SLACK_ and DISCORD_ variable stays out, also those that Parley does not know:
    the platforms' libraries read some of their own. `folder` is for its data and has no
    .env; `source` is where its code can be imported from there.
    """
    kept = {name: value for name, value in environ.items() if not _stays_out(name, addresses)}
    return {
        **_PATIENCE,
        **kept,
        "SLACK_BOT_TOKEN": "xoxb-sandbox",
        "SLACK_APP_TOKEN": "xapp-sandbox",
        "SLACK_API_URL": addresses.slack_url,
        "DISCORD_TOKEN": "discord-sandbox-token",
        "DISCORD_API_URL": addresses.discord_url,
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'parley.db'}",
        # Some libraries read the one, some the other.
        **dict.fromkeys(("NO_PROXY", "no_proxy"), _unproxied(kept)),
        "PYTHONPATH": ":".join(filter(None, (str(source), kept.get("PYTHONPATH")))),
        "PYTHONUNBUFFERED": "1",
        **_model(addresses),
    }


def _unproxied(environ: Mapping[str, str]) -> str:
    given = environ.get("no_proxy") or environ.get("NO_PROXY")
    return ",".join(filter(None, (given, LOOPBACK)))


def _stays_out(name: str, addresses: Addresses) -> bool:
    upper = name.upper()
    if upper in _KEPT:
        return False
    ours = ("SLACK_", "DISCORD_", *(("OPENAI_",) if addresses.model_url else ()))
    return upper in _PLACES or upper.startswith(ours)


def _model(addresses: Addresses) -> dict[str, str]:
    if not addresses.model_url:
        return {}
    return {
        "OPENAI_BASE_URL": addresses.model_url,
        "OPENAI_API_KEY": addresses.model_key,
        "OPENAI_MODEL": addresses.model,
    }
