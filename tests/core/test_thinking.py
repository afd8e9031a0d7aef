"""Reasoning that is served inside the text never becomes part of the answer."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.thinking import Thinking


def told_apart(pieces):
    thinking = Thinking()
    pairs = [*map(thinking.feed, pieces), thinking.flush()]
    return "".join(pair[0] for pair in pairs), "".join(pair[1] for pair in pairs)


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>hm</think>yes", "hm", "yes"),
        ("\n <think>\nhm\n</think>\n\nyes\n", "\nhm\n", "yes\n"),
        ("<think></think>yes", "", "yes"),
        ("<think>a<b</th</think>c</think>", "a<b</th", "c</think>"),
        ("yes", "", "yes"),
        ("  yes", "", "  yes"),
        ("The tag <think>is</think> this", "", "The tag <think>is</think> this"),
        ("<thinking>is not it", "", "<thinking>is not it"),
        ("<think>cut off", "cut off", ""),
        ("<think>cut off</thi", "cut off</thi", ""),
        ("<thi", "", "<thi"),
        ("", "", ""),
    ],
)
def test_it_is_told_apart_in_one_piece_and_letter_by_letter(text, reasoning, answer):
    assert told_apart([text]) == (reasoning, answer)
    assert told_apart(text) == (reasoning, answer)


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<", "</th", "ink>", " ", "\n", "a"])).map(
        "".join
    ),
    st.lists(st.integers(0, 40), max_size=6),
)
def test_it_does_not_matter_where_a_tag_is_split(text, cuts):
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]

    assert told_apart(text[a:b] for a, b in itertools.pairwise(edges)) == told_apart([text])


def test_an_answer_is_passed_on_at_once():
    thinking = Thinking()
    thinking.feed("A")

    assert thinking.feed("<think>") == ("", "<think>")
