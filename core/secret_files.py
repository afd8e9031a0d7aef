"""Secrets in files of their own: `NAME_FILE` names the file that holds the value of `NAME`.

So systemd's credentials and the secrets of containers reach the bot without standing in an
environment, which other programs of the same user can read.
"""

import os
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

SUFFIX = "_FILE"

CREDENTIAL = "parley_{}"
"""The name of a secret among systemd's credentials, which it loads as
`LoadCredential=parley:FOLDER` from a folder with a file for each."""

LONGEST = 65_536
"""Bytes of a secret, so that a wrong path does not read a disk into memory."""


@dataclass(frozen=True, slots=True)
class Found:
    """The secrets and what is wrong, by their names, and what is unwise; a line each."""

    values: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def names(secret: Collection[str]) -> set[str]:
    """The settings by which files of these secrets are named."""
    return {f"{name}{SUFFIX}" for name in secret}


def credentials(folder: str, secret: Collection[str]) -> dict[str, str]:
    """The secrets that systemd has laid into its folder for us, as if settings named the files."""
    paths = {name: Path(folder) / CREDENTIAL.format(name.lower()) for name in secret}
    return {f"{name}{SUFFIX}": str(path) for name, path in paths.items() if path.is_file()}


def read(given: Mapping[str, str], secret: Collection[str]) -> Found:
    """The values of those secrets that stand in files."""
    found = Found()
    for name in sorted(secret):
        setting = f"{name}{SUFFIX}"
        path = given.get(setting, "").strip()
        if not path:
            continue
        if given.get(name, "").strip():
            found.problems[name] = f"{name} is set, and {setting} ({path}), too. Leave one out."
            continue
        try:
            found.values[name] = _value(Path(path))
        except (OSError, ValueError) as error:
            found.problems[name] = _refusal(setting, path, error)
        else:
            found.notes.extend(_doubts(setting, Path(path)))
    return found


def _value(path: Path) -> str:
    # Opening a pipe would wait for whoever writes to it.
    if path.exists() and not path.is_file():
        raise ValueError("is no file")
    with path.open("rb") as file:
        content = file.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise ValueError(f"is longer than {LONGEST:,} bytes, so it is no secret")
    try:
        value = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise ValueError("is no text in UTF-8") from error
    if not value:
        raise ValueError("is empty")
    return value


def _refusal(setting: str, path: str, error: OSError | ValueError) -> str:
    if isinstance(error, PermissionError):
        return (
            f"{setting}: {path} cannot be read by the user who runs Parley (id {os.getuid()}). "
            "Give the file to that user, readable for nobody else."
        )
    if isinstance(error, OSError):
        return f"{setting}: {path} cannot be read ({error.strerror}). Name the file of the secret."
    return f"{setting}: {path} {error}. Write the secret into it, and nothing else."


def _doubts(setting: str, path: Path) -> list[str]:
    if not path.stat().st_mode & stat.S_IROTH:
        return []
    return [
        f"{setting}: every user of this machine can read {path}; take that right away (chmod o-r)."
    ]
