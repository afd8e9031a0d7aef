"""What is typed after a slash on the page, and what becomes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.page.commands import listed, options

ASK = {
    "name": "ask",
    "type": 1,
    "description": "Ask a question",
    "options": [
        {"name": "question", "type": 3, "required": True},
        {"name": "private", "type": 5},
        {"name": "times", "type": 4},
    ],
}


def test_the_rest_of_the_line_is_the_question():
    assert options(ASK, " what is a lease? ") == {"question": "what is a lease?"}


def test_named_options_come_first():
    given = options(ASK, "private:true times:3 what is a lease?")

    assert given == {"private": True, "times": 3, "question": "what is a lease?"}


@pytest.mark.parametrize(
    "line",
    [
        "what is a lease? private:true",
        "private: true question: what is a lease?",
        "question:what is a lease? Private: True",
        "what is private:true a lease?",
    ],
)
def test_an_option_is_understood_wherever_it_stands(line):
    given = options(ASK, line)

    assert given["private"] is True
    assert given["question"].replace("  ", " ") == "what is a lease?"


def test_of_two_texts_the_one_that_is_named_first_is_a_word():
    two = {**ASK, "options": [*ASK["options"], {"name": "as", "type": 3}]}

    assert options(two, "as:editor what is: a lease?") == {
        "as": "editor",
        "question": "what is: a lease?",
    }
    assert options(two, "private:true as: editor why") == {
        "private": True,
        "as": "editor",
        "question": "why",
    }
    assert options(two, "as I said: why?") == {"question": "as I said: why?"}


def test_a_word_before_a_colon_within_a_question_is_no_option():
    line = "does private: mean what I think?"

    assert options(ASK, line) == {"question": line}


@pytest.mark.parametrize("line", ["", "private:true", "question: "])
def test_a_command_without_what_it_needs_is_refused_in_a_sentence(line):
    with pytest.raises(ValueError, match="/ask needs a question"):
        options(ASK, line)


def test_a_question_may_hold_a_colon():
    assert options(ASK, "Note: is 10:30 fine?") == {"question": "Note: is 10:30 fine?"}


def test_a_line_break_in_a_question_stays():
    assert options(ASK, "private:false one\ntwo") == {"private": False, "question": "one\ntwo"}


@pytest.mark.parametrize(
    "line", ["private:maybe x", "times:many x", "x private:maybe", "x private:"]
)
def test_a_value_of_the_wrong_kind_is_refused_in_a_sentence(line):
    with pytest.raises(ValueError, match=r"^\w+ is .+\.$"):
        options(ASK, line)


@given(st.text(alphabet=st.characters(exclude_characters=":"), min_size=1).filter(str.strip))
def test_without_colons_every_text_is_the_question(text):
    assert options(ASK, text)["question"] == text.strip()


def test_only_slash_commands_are_listed_with_what_they_need():
    menu = {"name": "Ask about this", "type": 3}

    assert listed([ASK, menu]) == [
        {
            "name": "/ask",
            "usage": "question [private:true] [times:…]",
            "gives": "Ask a question",
            "switches": ["private"],
        }
    ]
