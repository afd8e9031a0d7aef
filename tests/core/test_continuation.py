"""The rest of an answer follows its beginning as if it had never been cut off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.continuation import Continuation, fence_at_the_end, reopened
from core.pages import Pages, utf16
from core.surface import Limit

WITHIN_CODE = "Look:\n\n```python\nfirst = 1\nsec"


class Paper:
    """Keeps what it is given."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text


def rest(before, pieces):
    paper = Paper()
    continuation = Continuation(paper, before)
    for piece in pieces:
        continuation.write(piece)
    continuation.flush()
    return paper.text


@pytest.mark.parametrize(
    ("before", "given_", "kept"),
    [
        (WITHIN_CODE, "ond = 2\n```\nDone.", "ond = 2\n```\nDone."),
        (WITHIN_CODE, "```python\nond = 2\n```\nDone.", "ond = 2\n```\nDone."),
        (WITHIN_CODE, "\n```python\nond = 2\n", "ond = 2\n"),
        # Bare marks close the block that is open.
        (WITHIN_CODE, "```\nDone.", "```\nDone."),
        ("In the middle of a sen", "tence.\n\n```python\nx\n```", "tence.\n\n```python\nx\n```"),
        (WITHIN_CODE, "```", "```"),
    ],
)
def test_a_code_block_that_is_open_is_not_opened_again(before, given_, kept):
    assert rest(before, [given_]) == kept


@given(st.text("`~abc\n ", max_size=60), st.integers(1, 9), st.sampled_from([WITHIN_CODE, "a"]))
def test_how_the_rest_arrives_makes_no_difference(text, size, before):
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert rest(before, pieces) == rest(before, [text])


@given(st.text("`~abc\n >-", max_size=200))
def test_what_a_message_shows_of_a_text_that_ends_in_code_can_be_gone_on_with(text):
    pages = Pages(Limit(4000, utf16))
    pages.write(text)
    if pages.closing and fence_at_the_end(pages.open.removesuffix(pages.closing)):
        assert reopened(pages.open) == pages.open.removesuffix(pages.closing)
