"""Personas: prompts, models and parameters under a name, read from a TOML file at the start."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core import wrong_values
from core.errors import SettingsError
from core.presets import Name, Values

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
"""A name that can be typed after `as:` on every keyboard."""

LONGEST_PROMPT = 20_000
"""Characters of a prompt, at most: it goes with every question."""

TABLE = re.compile(r"\s*\[\[\s*persona\s*\]\]")


class _Parameters(BaseModel):
    """How the model is to answer, in the words of the chat-completions API."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    answer_tokens: Annotated[int, Field(ge=16)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = (
        None
    )
    stop: Annotated[list[str], Field(max_length=4)] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "_Parameters":
        if self.temperature is not None and self.top_p is not None:
            raise ValueError("temperature and top_p: set one of them, not both")
        return self


class _Entry(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    name: Annotated[str, Field(pattern=f"^{NAME.pattern}$")]
    prompt: Annotated[str, Field(min_length=1, max_length=LONGEST_PROMPT)]
    description: Annotated[str, Field(max_length=100)] = ""
    model: Annotated[str, Field(max_length=200)] = ""
    parameters: _Parameters = _Parameters()


@dataclass(frozen=True, slots=True)
class Persona:
    """What an operator has put under a name; `values` are what it sets."""

    name: str
    description: str
    values: Values


Personas = Mapping[str, Persona]


def load(path: Path, context_tokens: int) -> Personas:
    """The personas of a file. Raises `SettingsError` with every problem, a line each."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SettingsError(f"PERSONAS_FILE: {path} cannot be read ({why}).") from error
    return read(text, str(path), context_tokens)


def read(text: str, file: str, context_tokens: int) -> Personas:
    """The personas in a text; `file` is what problems call it."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"PERSONAS_FILE: {file} is not TOML: {error}.") from error
    called = f"PERSONAS_FILE, {file}"
    entries = found.pop("persona", [])
    problems = [f"{called}: “{name}” is not known; write [[persona]]." for name in found]
    if not isinstance(entries, list):
        problems.append(f"{called}: write [[persona]], with two brackets on each side.")
        entries = []
    lines = [number for number, line in enumerate(text.splitlines(), 1) if TABLE.match(line)]
    personas: dict[str, Persona] = {}
    for number, entry in enumerate(entries):
        where = f"{called}, {_where(number, lines, entry)}"
        checked = _checked(entry)
        if isinstance(checked, ValidationError):
            problems += [f"{where}: {problem}" for problem in _said(checked)]
        elif checked.name in personas:
            problems.append(f"{where}: there is another persona of this name.")
        elif (checked.parameters.answer_tokens or 0) + len(checked.prompt) / 3 >= context_tokens:
            problems.append(f"{where}: prompt and answer_tokens do not fit into CONTEXT_TOKENS.")
        else:
            personas[checked.name] = Persona(checked.name, checked.description, _values(checked))
    if problems:
        raise SettingsError("\n".join(problems))
    return personas


def _checked(entry: Any) -> "_Entry | ValidationError":
    try:
        return _Entry.model_validate(entry)
    except ValidationError as error:
        return error


def _where(number: int, lines: list[int], entry: Any) -> str:
    """Where in the file a persona begins, and what it is called."""
    name = entry.get("name") if isinstance(entry, dict) else None
    called = f"persona “{name}”" if isinstance(name, str) and name else f"persona {number + 1}"
    return f"line {lines[number]}, {called}" if number < len(lines) else called


def _said(error: ValidationError) -> Iterator[str]:
    for problem in error.errors():
        field = ".".join(str(part) for part in problem["loc"])
        if field == "name" and problem["type"] == "string_pattern_mismatch":
            yield "name: small letters, digits, - and _, at most 32 of them."
        else:
            yield wrong_values.line(field, problem)


def _values(entry: _Entry) -> dict[str, Any]:
    values = entry.parameters.model_dump(exclude_none=True)
    if "stop" in values:
        values["stop"] = tuple(values["stop"])
    values |= {Name.SYSTEM_PROMPT: entry.prompt}
    return values | ({Name.MODEL: entry.model} if entry.model else {})
