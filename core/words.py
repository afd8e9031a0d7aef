"""Sentences for people, out of one catalogue for all languages (`core/catalogue/`).

A `Notice` names a sentence and what stands in it. It becomes text only where it is shown,
in the language of whoever reads it there.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, reduce
from pathlib import Path
from string import Formatter
from typing import Self

CATALOGUE = Path(__file__).parent / "catalogue"

ENGLISH = "en"
"""The language that has every sentence; the others fall back to it."""

Sentence = str | Mapping[str, str]
"""A sentence with {fields}; or its forms by number: `one`, and `other` for the rest."""

_FORMATTER = Formatter()


class Notice(str):
    """A sentence of the catalogue, such as `Notice("left_out", count=3)`.

    It is its own English text, so it goes wherever a text goes; `told` says it in another
    language. What stands in it may be a notice, too. `count` decides between one and many.
    """

    __slots__ = ("fields", "name")

    name: str
    fields: Mapping[str, object]

    def __new__(cls, name: str, /, **fields: object) -> Self:
        """Say it in English. Raises `KeyError` for what the catalogue does not have."""
        notice = super().__new__(cls, _said(ENGLISH, name, fields))
        notice.name, notice.fields = name, fields
        return notice

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, object]]:
        """What a copy is made of."""
        return (self.name,), dict(self.fields)


def told(sentence: str, language: str) -> str:
    """A sentence in a language, as plain text; what is no notice stays as it is."""
    if not isinstance(sentence, Notice):
        return sentence
    return _said(language, sentence.name, sentence.fields)


def together(sentences: Iterable[str]) -> str:
    """Several sentences as one, such as a notice of two things; empty ones are left out."""
    some = [sentence for sentence in sentences if sentence]
    return reduce(lambda before, next_: Notice("both", first=before, second=next_), some or [""])


def read_back(name: str, text: str) -> dict[str, str] | None:
    """What stands in a sentence of this name, in whatever language it was said; None: no such.

    Where what stands in it could be read as words of the sentence, the first such words count.
    """
    patterns = ("".join(_pattern(_sentence(language, name, {}))) for language in languages())
    found = filter(None, (re.fullmatch(pattern, text, re.DOTALL) for pattern in patterns))
    return min((one.groupdict() for one in found), key=_first_length, default=None)


@cache
def languages() -> tuple[str, ...]:
    """The languages that there are: a file of the catalogue each."""
    return tuple(sorted(file.stem for file in CATALOGUE.glob("*.toml")))


@cache
def catalogue(language: str) -> Mapping[str, Sentence]:
    """Every sentence of a language by name."""
    return tomllib.loads((CATALOGUE / f"{language}.toml").read_text(encoding="utf-8"))


def language_of(locale: str) -> str:
    """The language for a locale such as `de-AT`; empty when the catalogue has none."""
    name = locale.replace("_", "-").lower()
    while name and name not in languages():
        name = name.rpartition("-")[0]
    return name


def _said(language: str, name: str, fields: Mapping[str, object]) -> str:
    said = {
        field: told(value, language) if isinstance(value, str) else value
        for field, value in fields.items()
    }
    return _sentence(language, name, fields).format_map(said)


def _sentence(language: str, name: str, fields: Mapping[str, object]) -> str:
    sentence = catalogue(language).get(name) or catalogue(ENGLISH)[name]
    if isinstance(sentence, str):
        return sentence
    return sentence["one" if fields.get("count") == 1 else "other"]


def _first_length(fields: Mapping[str, str]) -> int:
    return len(next(iter(fields.values()), ""))


def _pattern(sentence: str) -> Iterator[str]:
    for words, field, _, _ in _FORMATTER.parse(sentence):
        yield re.escape(words)
        if field:
            yield f"(?P<{field}>.*?)"
