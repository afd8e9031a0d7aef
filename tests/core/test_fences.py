"""Code fences, line by line."""

from hypothesis import given
from hypothesis import strategies as st

from core import fences

LINES = st.text("`~> \t-1.ab", max_size=60)
OPEN = st.sampled_from([None, *map(fences.opened_by, ("```py", "~~~~", "> ```", "- ```"))])


@given(OPEN, LINES, LINES)
def test_what_is_words_is_no_fence_whatever_else_comes_in_the_line(fence, line, more):
    if fences.is_words(line):
        assert fences.after(fence, line + more) == fences.after(fence, line)


def test_most_lines_are_words_from_their_first_ones_on():
    assert fences.is_words("What is a lease, and who needs one?")
    assert not fences.is_words("```")
    assert not fences.is_words(" " * 100)
