import ast
import copy
import pickle
from pathlib import Path
from string import Formatter

import pytest

from core import notices
from core.words import ENGLISH, Notice, catalogue, language_of, languages, read_back, together, told

ROOT = Path(__file__).parents[2]


def uses():
    """Every `Notice(…)` in the code: its name, and the fields that it is given."""
    for package in ("core", "bots"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Notice":
                    where = f"{path.relative_to(ROOT)}:{node.lineno}"
                    assert isinstance(node.args[0], ast.Constant), f"{where}: no plain name"
                    yield where, node.args[0].value, {word.arg for word in node.keywords}


def forms(sentence):
    return [sentence] if isinstance(sentence, str) else list(sentence.values())


def fields(sentence):
    return {
        field for words in forms(sentence) for _, field, _, _ in Formatter().parse(words) if field
    }


def test_there_are_english_and_german():
    assert {"de", "en"} <= set(languages())


@pytest.mark.parametrize("language", languages())
def test_every_language_has_every_sentence_and_no_other(language):
    assert catalogue(language).keys() == catalogue(ENGLISH).keys()


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", catalogue(ENGLISH))
def test_every_language_says_the_same(language, name):
    sentence, english = catalogue(language)[name], catalogue(ENGLISH)[name]

    assert fields(sentence) == fields(english)
    assert all(field.isidentifier() for field in fields(sentence))
    assert isinstance(sentence, str) == isinstance(english, str)
    assert all(words.strip() == words and words for words in forms(sentence))
    if not isinstance(sentence, str):
        assert sentence.keys() == {"one", "other"}


def test_every_sentence_is_used_and_every_use_is_a_sentence():
    used = {name for _, name, _ in uses()}

    assert used == set(catalogue(ENGLISH))


def test_every_use_fills_every_field():
    for where, name, given in uses():
        sentence = catalogue(ENGLISH)[name]
        needed = fields(sentence) | (set() if isinstance(sentence, str) else {"count"})
        assert given == needed, where


def test_no_notice_is_written_anywhere_else():
    written = [
        name for name, value in vars(notices).items() if name.isupper() and type(value) is str
    ]

    assert written == []


def test_a_notice_is_its_english_text():
    assert Notice("left_out", count=3) == (
        "This conversation is long: the oldest 3 messages were left out."
    )


def test_a_notice_is_told_in_the_language_of_whoever_reads_it():
    busy = Notice("busy", what=Notice("rate_limited"), when=Notice("in_minutes", count=2))

    assert told(busy, "de") == (
        "Das Modell hat gerade zu viele Fragen. Bitte versuch es in 2 Minuten noch einmal."
    )
    assert type(told(busy, "en")) is str
    assert told("what somebody wrote", "de") == "what somebody wrote"


def test_a_copy_of_a_notice_is_one_too():
    notice = Notice("busy", what=Notice("too_slow"), when=Notice("in_hours", count=2))

    for copied in (copy.deepcopy(notice), pickle.loads(pickle.dumps(notice))):
        assert copied == notice
        assert told(copied, "de") == told(notice, "de")


def test_one_is_told_apart_from_many():
    assert "die älteste Nachricht" in told(Notice("left_out", count=1), "de").replace("Die", "die")
    assert "4 Nachrichten" in told(Notice("left_out", count=4), "de")


def test_two_notices_are_told_together():
    both = together(["", Notice("cut_off"), "", Notice("shortened")])

    assert both == f"{Notice('cut_off')} {Notice('shortened')}"
    assert told(both, "de") == (
        f"{told(Notice('cut_off'), 'de')} {told(Notice('shortened'), 'de')}"
    )
    assert told(together([Notice("cut_off")]), "de") == told(Notice("cut_off"), "de")
    assert together([]) == ""


def test_what_people_write_is_never_taken_for_a_field():
    notice = Notice("both", first="{second}", second="{0.__class__}")

    assert notice == "{second} {0.__class__}"


def test_a_name_that_does_not_exist_is_an_error_at_once():
    with pytest.raises(KeyError):
        Notice("no_such_sentence")


def test_a_sentence_that_a_translator_has_not_reached_is_english(monkeypatch):
    monkeypatch.setattr("core.words.catalogue", lambda language: WITHOUT[language])

    assert told(Notice("cut_off"), "de") == "Cut off."


WITHOUT = {"en": {"cut_off": "Cut off."}, "de": {}}


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("de_CH", "de"),
        ("DE-de", "de"),
        ("en-GB", "en"),
        ("pt-BR", ""),
        ("", ""),
        ("-", ""),
        ("../en", ""),
    ],
)
def test_a_locale_falls_back_to_its_language(locale, language):
    assert language_of(locale) == language


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_stands_in_a_sentence_is_read_back_from_any_language(language):
    said = told(Notice("retrying", seconds=7), language)

    assert read_back("retrying", said) == {"seconds": "7"}
    assert read_back("retrying", "something else") is None
