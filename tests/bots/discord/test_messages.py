from hypothesis import given
from hypothesis import strategies as st

from bots.discord.messages import NONCE_LENGTH, nonce_of


@given(st.text(min_size=1, max_size=80))
def test_a_nonce_is_short_and_always_the_same(name):
    assert nonce_of(name) == nonce_of(name)
    assert len(nonce_of(name)) <= NONCE_LENGTH


def test_long_names_that_differ_have_different_nonces():
    assert nonce_of("x" * 30 + ".0") != nonce_of("x" * 30 + ".1")
