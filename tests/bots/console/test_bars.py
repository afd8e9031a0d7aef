"""Bars are as high as what they stand for, and fit the picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.console.bars import HEIGHT, STEPS, Column, bar, greatest, top_of, top_of_counts

amounts = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 10**15), max_size=4)


@given(st.lists(amounts, min_size=1, max_size=10))
def test_no_bar_leaves_the_picture_and_its_parts_add_up(all_amounts):
    columns = [Column("", "", one) for one in all_amounts]
    top = top_of(greatest(columns))
    for number, column in enumerate(columns):
        parts = bar(number, column, {"a": 0, "b": 1, "c": 2, "d": 3}, top)
        total = sum(column.amounts.values())

        assert sum(part.height for part in parts) == pytest.approx(HEIGHT * total / top, abs=0.01)
        assert all(0 <= part.y <= part.y + part.height <= HEIGHT + 0.01 for part in parts)
        assert all(number < part.x < part.x + part.width < number + 1 for part in parts)


@given(st.floats(1e-9, 1e18))
def test_a_scale_has_room_and_wastes_no_more_than_a_third_of_it(most):
    assert most <= top_of(most) * (1 + 1e-6)
    assert top_of(most) <= most * 1.51


@given(st.integers(0, 10**9))
def test_a_scale_of_counts_has_whole_numbers_only(most):
    top = top_of_counts(most)

    assert top >= most
    assert (top / STEPS).is_integer()
