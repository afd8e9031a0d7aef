"""Secrets at rest are read with the keys of the settings, and by nobody else."""

import pytest

from core.errors import Sealed
from core.vault import Vault

ONE, TWO = "A" * 43 + "=", "B" * 42 + "A="


def test_what_was_sealed_is_opened_with_the_key_and_not_without():
    sealed = Vault(ONE).seal("xoxb-1")

    assert "xoxb-1" not in sealed
    assert Vault(ONE).open(sealed) == "xoxb-1"
    with pytest.raises(Sealed):
        Vault(TWO).open(sealed)


@pytest.mark.parametrize("text", ["", "no token", "ä", "gAAAAAB"])
def test_what_nobody_sealed_is_not_opened(text):
    with pytest.raises(Sealed):
        Vault(ONE).open(text)


def test_a_new_key_in_front_opens_what_the_former_one_sealed_and_seals_it_anew():
    old = Vault(ONE).seal("xoxb-1")
    both = Vault(f"{TWO}, {ONE}")

    assert both.open(old) == "xoxb-1"
    assert Vault(TWO).open(both.renewed(old)) == "xoxb-1"
    again = both.renewed(old)
    assert both.renewed(again) == again


def test_both_alphabets_of_base64_are_one_key():
    assert Vault("-_" * 21 + "A=").open(Vault("+/" * 21 + "A=").seal("x")) == "x"
