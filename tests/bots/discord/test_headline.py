from hypothesis import given
from hypothesis import strategies as st

from bots.discord.headline import LENGTH, asked_in, headline
from core.messages import Author, Role, Text, Turn

ADA = Author("7", "A_d*a")


def asked(text):
    return Turn(Role.USER, (Text(text),), ADA, "5")


@given(st.text(alphabet="ab *_`~|\\>#-[]() asked:", min_size=1, max_size=LENGTH))
def test_what_stands_above_an_answer_is_read_back_as_it_was_typed(text):
    text = " ".join(text.split())

    assert asked_in(headline(asked(text))) == ("A_d*a", text)


def test_a_notice_above_it_is_no_part_of_the_question():
    assert asked_in(f"cut off\n{headline(asked('why?'))}") == ("A_d*a", "why?")


def test_a_long_question_is_shortened():
    assert asked_in(headline(asked("x" * 400))) == ("A_d*a", "x" * (LENGTH - 1) + "…")


def test_a_notice_alone_asks_nothing():
    assert asked_in("cut off") is None
