"""Reasoning that is served inside the text never becomes part of the answer."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.thinking import Thinking


def told_apart(pieces, **how):
    return read(pieces, **how)[:2]


def read(pieces, *, inside=False, complete=True):
    """The reasoning, the answer, and whether the reasoning was opened elsewhere."""
    thinking = Thinking(inside=inside)
    pairs = [*map(thinking.feed, pieces), thinking.flush(complete=complete)]
    reasoning, answer = ("".join(side) for side in zip(*pairs, strict=True))
    return reasoning, answer, thinking.unopened


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


PIECES = ["<think>", "</think>", "<", "</th", "ink>", " ", "\n", "a", "`"]
texts = st.lists(st.sampled_from(PIECES)).map("".join)


@given(
    texts,
    st.lists(st.integers(0, 40), max_size=6),
    st.booleans(),
)
def test_it_does_not_matter_where_a_tag_is_split(text, cuts, inside):
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in itertools.pairwise(edges)]

    assert read(pieces, inside=inside) == read([text], inside=inside)


@pytest.mark.parametrize(
    ("text", "unopened"),
    [
        ("hm\n</think>\n\nyes", True),
        ("hm</think>yes", True),
        ("</think>yes", True),
        ("They say `</think>` here. hm</think>yes", True),
        ("It ends with `</think>`", False),
        ("Between <think> and </think>.", False),
        ("<think>hm</think>yes </think>", False),
        ("yes", False),
    ],
)
def test_a_closing_tag_that_nothing_opened_is_noticed_and_nothing_is_lost(text, unopened):
    for pieces in ([text], text):
        assert read(pieces)[2] is unopened

    if unopened:
        assert told_apart(text) == ("", text)


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("hm\n</think>\n\nyes </think>", "hm\n", "yes </think>"),
        ("</think>yes", "", "yes"),
        ("the `</think>`?</think>yes", "the `</think>`?", "yes"),
        ("<think>hm</think>yes", "hm", "yes"),
    ],
)
def test_where_the_prompt_opens_the_reasoning_it_is_told_apart_from_the_first_letter(
    text, reasoning, answer
):
    for pieces in ([text], text):
        found = read(pieces, inside=True)
        assert found[:2] == (reasoning, answer)
        assert found[2] is not text.startswith("<think>")


@pytest.mark.parametrize("text", [" Yes, it is. <", "See `</think>`", "<thi", ""])
def test_where_no_closing_tag_comes_after_all_everything_is_the_answer(text):
    for pieces in ([text], text):
        assert read(pieces, inside=True)[1:] == (text, False)


def test_an_answer_that_was_cut_off_inside_its_reasoning_has_shown_nothing():
    """So that it can be asked for again."""
    assert read("hm, yes", inside=True, complete=False)[1] == ""


def test_an_answer_is_passed_on_at_once():
    thinking = Thinking()
    thinking.feed("A")

    assert thinking.feed("<think>") == ("", "<think>")
