import pytest

from core.languages import KEPT, Languages, Locales, Readers
from core.messages import Conversation

HERE = Conversation("paper", "W", "C", "T")


@pytest.mark.parametrize(
    ("asker", "place", "readers"),
    [
        ("de-DE", "", Readers("de", "de")),
        ("de-DE", "en-GB", Readers("de", "en")),
        ("en-GB", "de", Readers("en", "de")),
        ("", "de", Readers("en", "de")),
        ("", "", Readers("en", "en")),
        ("ja", "", Readers("en", "en")),
        ("de", "ja", Readers("de", "de")),
    ],
)
def test_the_asker_reads_their_own_language_and_everybody_that_of_the_place(asker, place, readers):
    assert Languages().readers(HERE, asker, place) == readers


def test_a_language_that_is_set_is_spoken_everywhere():
    assert Languages("de").readers(HERE, "en-GB", "ja") == Readers("de", "de")


def test_only_so_many_locales_are_kept():
    locales = Locales()
    for number in range(KEPT + 5):
        locales.learn(str(number), "de")

    assert locales.of("4") == ""
    assert locales.of("5") == "de"


def test_a_locale_that_is_not_told_changes_nothing():
    locales = Locales()
    locales.learn("ada", "de")
    locales.learn("ada", "")

    assert locales.of("ada") == "de"
    assert locales.of("ben") == ""
