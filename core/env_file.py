"""Names and values as an operator wrote them: the lines of `.env`, and what was mistyped."""

import difflib
import os
import re
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

PREFIXES = ("OPENAI_", "SLACK_", "DISCORD_")
"""How names begin that nobody sets in the environment for another purpose."""

OTHERS = frozenset(
    {
        *("OPENAI_ADMIN_KEY", "OPENAI_LOG", "OPENAI_ORGANIZATION", "OPENAI_ORG_ID"),
        *("OPENAI_PROJECT_ID", "OPENAI_WEBHOOK_SECRET"),
        *("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_VERIFICATION_TOKEN"),
    }
)
"""Names that mean something to the SDKs of OpenAI and Slack, so that they are no mistakes."""

PLAIN = re.compile(r"[\w.:/@%+=,~-]*", re.ASCII)
"""Values that need no quotes, whoever reads the file: we, a shell, systemd, a container engine."""

NEAR = 0.85
"""How alike a name of the environment and a setting's are when the setting was meant."""


def read(env_file: Path | None) -> tuple[dict[str, str], list[str]]:
    """The values of the file, and what is wrong with its lines."""
    if env_file is None or not env_file.exists():
        return {}, []
    try:
        content = env_file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return {}, [f"{env_file} cannot be read: {error}."]
    bindings = list(parse_stream(StringIO(content)))
    problems = [
        f"{env_file}, line {_line(binding)}: this is not NAME=value."
        for binding in bindings
        if binding.error or (binding.key and binding.value is None)
    ]
    set_ = [binding for binding in bindings if binding.key and binding.value is not None]
    problems += _repeated(set_, env_file)
    return {b.key: b.value for b in set_ if b.key and b.value is not None}, problems


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text of a file with more values: in lines that have none yet, else at its end.

    Nothing else of it is touched, and no value is replaced.
    """
    left = dict(values)
    parts = []
    for binding in parse_stream(StringIO(text)):
        line, name = binding.original.string, binding.key or ""
        is_empty = binding.value is not None and not binding.value.strip()
        parts.append(_with(line, left.pop(name)) if is_empty and name in left else line)
    if parts and not parts[-1].endswith("\n"):
        parts.append("\n")
    parts += [f"{name}={_quoted(value)}\n" for name, value in left.items()]
    return "".join(parts)


def write(env_file: Path, text: str) -> None:
    """Put a text in the place of the file, which only its owner may read; whole, or not at all."""
    path = env_file.resolve()  # what a link leads to, not the link
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(file, "w", encoding="utf-8") as writing:
            writing.write(text)
            writing.flush()
            os.fsync(writing.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _with(line: str, value: str) -> str:
    """A line that sets a name to nothing, with a value; what is said behind it stays."""
    name, _, rest = line.partition("=")
    _, hash_, comment = rest.rstrip("\r\n").partition("#")
    end = rest[len(rest.rstrip("\r\n")) :]
    return f"{name.rstrip(' ')}={_quoted(value)}{' #' if hash_ else ''}{comment}{end}"


def _quoted(value: str) -> str:
    if PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def unknown(
    names: Iterable[str], known: set[str], env_file: Path | None, former: Iterable[str] = ()
) -> Iterator[str]:
    """A line for each name of the file that means nothing, with the one that was meant.

    `former` are names that meant something, and are not offered any more.
    """
    for name in sorted(set(names) - known - set(former)):
        near = difflib.get_close_matches(name.upper(), known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        yield f"{name} in {env_file} is no setting of Parley's.{hint}"


def mistyped(names: Iterable[str], known: set[str]) -> Iterator[str]:
    """A line for each name of the environment that is nearly one of ours.

    Other programs have names of their own there, so nothing else is told.
    """
    for name in sorted(set(names) - known - OTHERS):
        near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=NEAR)
        if near and name.upper().startswith(PREFIXES):
            yield f"{name} in the environment is no setting of Parley's. Did you mean {near[0]}?"


def _repeated(bindings: list[Binding], env_file: Path) -> Iterator[str]:
    """A line for each name that is set more than once: only one of its values was meant."""
    lines = defaultdict(list)
    for binding in bindings:
        lines[binding.key].append(str(_line(binding)))
    for name, places in lines.items():
        if len(places) > 1:
            yield f"{name} is set twice in {env_file}, in lines {' and '.join(places)}; keep one."


def _line(binding: Binding) -> int:
    """Where it stands; the parser counts from the blank lines before it."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
