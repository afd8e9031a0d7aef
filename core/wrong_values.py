"""What pydantic finds wrong in something that an operator wrote, in words."""

from collections.abc import Mapping
from typing import Any

SHOWN = frozenset({"float_parsing", "int_parsing", "int_from_float", "literal_error"})
"""Problems that are told with what was written; no secret is a number or one of some words."""

WORDS: Mapping[str, str] = {
    "extra_forbidden": "is no name that is known here",
    "missing": "is missing",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "string_type": "must be a text, in quotation marks",
}


def reason(problem: Mapping[str, Any]) -> str:
    """Why a value does not do: `must be a number, not 'five'`."""
    said = str(problem["msg"]).removeprefix("Value error, ")
    said = said.replace("Input should be", "must be").replace("String should have", "must have")
    said = WORDS.get(problem["type"], said)
    return f"{said}, not {problem['input']!r}" if problem["type"] in SHOWN else said


def line(where: str, problem: Mapping[str, Any]) -> str:
    """The same as a sentence, with the name of what was set."""
    why = reason(problem)
    if not where:
        return f"{why}."
    return f"{where} {why}." if why.startswith(("is ", "must ")) else f"{where}: {why}."
