"""Names and values as an operator wrote them: the lines of `.env`, and what was mistyped."""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator
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
