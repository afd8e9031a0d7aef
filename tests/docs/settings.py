"""`docs/settings.md` and `.env.example`, from the code and from what `docs/settings.toml` says.

`python -m tests.docs.settings` writes both; `make docs` does.
"""

import re
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin
from zoneinfo import ZoneInfo

from annotated_types import Ge, Gt, Le, Lt
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from core.settings import Settings

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "docs/settings.toml"
PAGE = ROOT / "docs/settings.md"
EXAMPLE = ROOT / ".env.example"

HEAD = """\
# Settings

Every setting is an environment variable, or a line of the file `.env` in the folder where Parley
starts; the environment wins. An empty value counts as not set. All problems are told at once when
Parley starts, each in a line that names its setting; a name in `.env` that is no setting is one.

What is **secret** is kept out of the log and of everything else that Parley says. It can stand in a
file of its own, such as `OPENAI_API_KEY_FILE=/run/secrets/openai_api_key` in the place of
`OPENAI_API_KEY`, or come from systemd: `LoadCredential=parley:/etc/parley/secrets` hands over a
folder with files such as `openai_api_key`.
"""

EXAMPLE_HEAD = """\
# Copy this file to .env, fill in what you use, and start Parley with `make run`.
# Every line can be set in the environment instead. Lines that begin with # are defaults or, where
# there is none, examples. docs/settings.md says the same with more room.
# A secret can stand in a file of its own: OPENAI_API_KEY_FILE=/run/secrets/openai_api_key instead
# of OPENAI_API_KEY, and so with every token and key.
"""

FOOT = """\
<!-- Written by `make docs` from core/settings.py and docs/settings.toml: change those. -->
"""


@dataclass(frozen=True)
class Setting:
    """One setting: what the code knows of it, and what is said of it."""

    name: str
    field: FieldInfo
    said: Mapping[str, Any]

    @property
    def secret(self) -> bool:
        """Whether its value is kept out of the log, and can stand in a file of its own."""
        return self.name in Settings.secret_names()

    @property
    def default(self) -> str:
        """What holds unless it is set, as one would write it; empty: nothing."""
        value = self.field.default
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, ZoneInfo):
            return value.key
        if value is None or isinstance(value, tuple | dict):
            return ""
        return f"{value:g}" if isinstance(value, float) else str(value)

    @property
    def values(self) -> str:
        """Which values it takes, in words; empty: any text."""
        if "values" in self.said:
            return str(self.said["values"])
        kinds = [kind for kind in _parts(self.field.annotation) if kind is not NoneType]
        for kind in kinds:
            if get_origin(kind) is Literal:
                return _either([f"`{value}`" for value in get_args(kind)])
        if bool in kinds:
            return "`on` or `off`"
        return _range(self._bounds) if {int, float} & set(kinds) else ""

    @property
    def _bounds(self) -> list[Any]:
        found = list(self.field.metadata)
        for part in get_args(self.field.annotation):
            found += getattr(part, "__metadata__", ())
        return [bound for one in found for bound in getattr(one, "metadata", [one])]

    def lines(self) -> Iterator[str]:
        """Its part of the page."""
        facts = [f"Default: {self._default_told}"]
        if self.values:
            facts.append(f"values: {self.values}" + (f" {self._unit}" if self._unit else ""))
        elif self._unit:
            facts.append(f"in {self._unit}")
        if self.secret:
            facts.append(f"**secret**: can stand in a file, which `{self.name}_FILE` names")
        yield f"### {self.name}\n\n{_filled(self.said['says'])}\n\n{_filled('; '.join(facts))}.\n"
        yield f"```env\n{self.name}={self.said['example']}\n```\n"

    @property
    def _unit(self) -> str:
        return str(self.said.get("unit", ""))

    @property
    def _default_told(self) -> str:
        if "default" in self.said:
            return str(self.said["default"])
        unit = f" {self._unit}" if self._unit else ""
        return f"`{self.default}`{unit}" if self.default else "none"

    def example_lines(self) -> Iterator[str]:
        """Its part of `.env.example`."""
        unit = f" In {self._unit}." if self._unit else ""
        yield from _comment(_plain(self.said["says"]) + unit)
        if self.said.get("fill"):
            yield f"{self.name}="
        else:
            value = self.said.get("shown") or _quoted(self.default) or self.said["example"]
            yield f"# {self.name}={value}"


def problems() -> list[str]:
    """What is missing and what is too much in `docs/settings.toml`, a sentence each."""
    fields = {name.upper() for name in Settings.model_fields}
    names = {name for section in _told() for name in section["settings"]}
    missing = [
        f"docs/settings.toml says nothing of {name}: give it a table there, with `says` and "
        "`example`, and run `make docs`."
        for name in sorted(fields - names)
    ]
    return missing + [
        f"docs/settings.toml speaks of {name}, which core/settings.py does not know: take it away "
        "there, and run `make docs`."
        for name in sorted(names - fields)
    ]


def sections() -> Iterator[tuple[Mapping[str, Any], list[Setting]]]:
    """All that there is to be said, in order."""
    fields = {name.upper(): field for name, field in Settings.model_fields.items()}
    for section in _told():
        said = section["settings"].items()
        yield section, [Setting(name, fields[name], one) for name, one in said if name in fields]


def _told() -> list[Any]:
    return list(tomllib.loads(SOURCE.read_text())["section"])


def page() -> str:
    """`docs/settings.md`."""
    parts, index = [HEAD], []
    for section, settings in sections():
        links = ", ".join(f"[`{one.name}`](#{one.name.lower()})" for one in settings)
        index.append(f"- **{section['title']}**: {links}")
        parts.append(f"## {section['title']}\n\n{_filled(section['says'])}\n")
        parts += [line for one in settings for line in one.lines()]
    parts.insert(1, "\n".join(index) + "\n")
    return "\n".join([*parts, FOOT])


def example() -> str:
    """`.env.example`."""
    parts = [EXAMPLE_HEAD]
    for section, settings in sections():
        title = f"--- {section['title']} "
        head = [f"# {title:-<98}", *_comment(_plain(section["says"]))]
        body = ["\n".join(one.example_lines()) for one in settings]
        parts.append("\n\n".join(["\n".join(head), *body]) + "\n")
    return "\n".join(parts)


def _parts(annotation: Any) -> Iterator[Any]:
    """The types of a union, without what they are annotated with."""
    inner = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        yield from _parts(inner[0])
    elif inner and get_origin(annotation) is not Literal:
        for one in inner:
            yield from _parts(one)
    else:
        yield annotation


def _range(bounds: list[Any]) -> str:
    low = next((f"{one.ge:,}" for one in bounds if isinstance(one, Ge)), "")
    above = next((f"above {one.gt:,}" for one in bounds if isinstance(one, Gt)), "")
    high = next((f"{one.le:,}" for one in bounds if isinstance(one, Le)), "")
    below = next((f"below {one.lt:,}" for one in bounds if isinstance(one, Lt)), "")
    if low and high:
        return f"{low} to {high}"
    words = [low and f"{low} or more", above, high and f"up to {high}", below]
    return ", ".join(filter(None, words))


def _either(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _filled(words: str) -> str:
    return textwrap.fill(words, 110, break_long_words=False, break_on_hyphens=False)


def _comment(words: str) -> list[str]:
    return textwrap.wrap(
        words,
        100,
        initial_indent="# ",
        subsequent_indent="# ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _plain(words: str) -> str:
    """Markdown as a text file has it, with the pages where they lie."""
    words = re.sub(r"\(\[[^]]*\]\(([\w-]+\.md)[^)]*\)\)", r"(docs/\1)", words)
    words = re.sub(r"\[([^]]*)\]\(([\w-]+\.md)[^)]*\)", r"\1 (docs/\2)", words)
    return re.sub(r"[`*]", "", words)


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value


if __name__ == "__main__":
    if found := problems():
        raise SystemExit("\n".join(found))
    PAGE.write_text(page())
    EXAMPLE.write_text(example())
