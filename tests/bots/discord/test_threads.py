from hypothesis import given
from hypothesis import strategies as st

from bots.discord.threads import NAME_LENGTH, thread_name
from core.pages import utf16


def test_a_thread_is_named_after_the_first_words_of_its_question():
    assert thread_name("How do I\nundo a **git** commit?") == "How do I undo a git commit?"


def test_a_long_question_is_cut_between_words():
    name = thread_name("word " * 50)

    assert name.endswith("word…")
    assert utf16(name) <= NAME_LENGTH


def test_a_question_without_words_has_a_name_too():
    assert thread_name(" \n`**`\u200b ") == "A question"


def test_a_single_long_word_is_cut():
    assert thread_name("x" * 300) == "x" * 99 + "…"


@given(st.text() | st.text(alphabet="🎉 a\u200b*\n", min_size=80))
def test_discord_takes_every_name(text):
    name = thread_name(text)

    assert 1 <= utf16(name) <= NAME_LENGTH
    assert name == name.strip()
    assert not set(name) & set("\n\r\t\u200b*`")
