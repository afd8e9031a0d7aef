"""What a person enters for a setting, as a value or as a sentence that says what is wrong (pure).

An empty entry takes the setting away, so that the value from above holds again.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core import notices
from core.personas import LONGEST_PROMPT
from core.presets import Audience, Name, Notices, Place, Preset, Who
from core.words import Notice

LEAST_ANSWER = 16
LONGEST_NAME = 200

ROOM = 512
"""Tokens that a question needs besides the system prompt and the answer."""

THOUSANDS = re.compile(r"[0-9]{1,3}(?:[,.'][0-9]{3})+")
"""A whole number as people write it, such as 4,096 or 4.096."""

_SAMPLING = re.compile(
    r"(temperature|top[-_ ]?p|^)(.*?)(?=temperature|top[-_ ]?p|$)", re.IGNORECASE | re.DOTALL
)

LETTERS = 3
"""Letters of the system prompt to a token: a cautious guess."""

Entries = Mapping[Name, str | Audience]
Problems = dict[Name, Notice]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an entry is held against: personas by name, and the model's context in tokens.

    `sampling_fixed`: the operator has set temperature or top_p where nothing can change it.
    """

    personas: Collection[str]
    context_tokens: int
    sampling_fixed: bool = False


class _WrongError(Exception):
    """An entry is no value; `why` is for whoever entered it."""

    def __init__(self, why: Notice) -> None:
        super().__init__(why)
        self.why = why


def read(entries: Entries, bounds: Bounds) -> tuple[dict[str, Any], Problems]:
    """The values of all entries that have one, and what is wrong with the others."""
    values: dict[str, Any] = {}
    problems: Problems = {}
    for name, entry in entries.items():
        try:
            values[name] = _value(name, entry, bounds)
        except _WrongError as wrong:
            problems[name] = wrong.why
    if None not in (values.get(Name.TEMPERATURE), values.get(Name.TOP_P)):
        problems[Name.TOP_P] = notices.ONE_OF_TWO
    return values, problems


def misfit(preset: Preset, bounds: Bounds) -> Notice | None:
    """Why prompt, answer and a question do not fit into the context; None when they do."""
    prompt = math.ceil(len(preset.system_prompt) / LETTERS)
    answer = preset.parameters.answer_tokens or 0
    if prompt + answer + ROOM <= bounds.context_tokens:
        return None
    return notices.no_room(prompt, answer, bounds.context_tokens)


def sampling(text: str) -> dict[Name, str]:
    """Temperature or top_p in one entry: "0.7", "temperature 0.7" or "top_p 0.9".

    Both are told apart as well, so that whoever enters them learns that there is to be one.
    """
    found = {Name.TEMPERATURE: "", Name.TOP_P: ""}
    for name, value in _SAMPLING.findall(text):
        which = Name.TOP_P if name.lower().startswith("top") else Name.TEMPERATURE
        found[which] = f"{found[which]} {value.strip(' ,;=:') or name}".strip()
    return found


def who_may(who: str, chosen: Audience, before: Audience | None) -> str | Audience:
    """Who may use the bot, by two fields of a form; `chosen` are the people and groups in one.

    Whoever lists somebody else and leaves the other field empty means those listed; whoever
    empties it, and leaves the list as it was before, takes the setting away.
    """
    somebody = set(chosen.people) | set(chosen.groups)
    same = before is not None and somebody == set(before.people) | set(before.groups)
    return chosen if who == Who.LISTED or (not who and somebody and not same) else who


def _value(name: Name, entry: str | Audience, bounds: Bounds) -> Any:
    if isinstance(entry, Audience):
        return _audience(entry)
    if name is Name.SYSTEM_PROMPT:
        return _prompt(entry)
    if not (text := entry.strip()):
        return None
    return _READERS[name](text, bounds)


def _audience(entry: Audience) -> Audience:
    if entry.who is Who.LISTED and not (entry.people or entry.groups):
        raise _WrongError(notices.NOBODY_LISTED)
    return entry


def _prompt(entry: str) -> str | None:
    if len(entry) > LONGEST_PROMPT:
        raise _WrongError(notices.prompt_too_long(len(entry), LONGEST_PROMPT))
    return entry.strip() or None


def _model(text: str, _: Bounds) -> str:
    if len(text) > LONGEST_NAME or any(c.isspace() or not c.isprintable() for c in text):
        raise _WrongError(notices.no_model_name(text))
    return text


def _persona(text: str, bounds: Bounds) -> str:
    if text.lower() not in bounds.personas:
        raise _WrongError(notices.unknown_persona(text, bounds.personas))
    return text.lower()


def _temperature(text: str, bounds: Bounds) -> float:
    if bounds.sampling_fixed:
        raise _WrongError(notices.SAMPLING_FIXED)
    return _number(text, lambda value: 0 <= value <= 2, notices.BAD_TEMPERATURE)


def _top_p(text: str, bounds: Bounds) -> float:
    if bounds.sampling_fixed:
        raise _WrongError(notices.SAMPLING_FIXED)
    return _number(text, lambda value: 0 < value <= 1, notices.BAD_TOP_P)


def _answer_tokens(text: str, bounds: Bounds) -> int:
    most = bounds.context_tokens - ROOM
    digits = "".join(text.split())
    if THOUSANDS.fullmatch(digits):
        digits = "".join(filter(str.isdecimal, digits))
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
        raise _WrongError(notices.bad_answer_length(LEAST_ANSWER, most))
    if not LEAST_ANSWER <= int(digits) <= most:
        raise _WrongError(notices.bad_answer_length(LEAST_ANSWER, most))
    return int(digits)


def _number(text: str, allowed: Callable[[float], bool], complaint: Notice) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        raise _WrongError(complaint) from None
    if not allowed(value):  # which "nan" is not, either
        raise _WrongError(complaint)
    return value


def _one_of(choices: Sequence[str]) -> Callable[[str, Bounds], str]:
    def read_(text: str, _: Bounds) -> str:
        if text.lower() not in choices:
            raise _WrongError(notices.none_of(text, choices))
        return text.lower()

    return read_


def _who(text: str, bounds: Bounds) -> Audience:
    return _audience(Audience(Who(_one_of(list(Who))(text, bounds))))


_READERS: dict[Name, Callable[[str, Bounds], Any]] = {
    Name.MODEL: _model,
    Name.PERSONA: _persona,
    Name.TEMPERATURE: _temperature,
    Name.TOP_P: _top_p,
    Name.ANSWER_TOKENS: _answer_tokens,
    Name.PLACE: _one_of(list(Place)),
    Name.AUDIENCE: _who,
    Name.NOTICES: _one_of(list(Notices)),
    Name.LANGUAGE: _one_of(list(notices.CHOICES[Name.LANGUAGE])),
}
