"""What is wrong in a file of settings is said in words, with the setting that names the file."""

import pytest

from core.errors import SettingsError
from core.limits import read
from core.prices import load


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[rate]\n", "LIMITS_FILE, l.toml: rate is no name that is known here."),
        ("contact = 5\n", "LIMITS_FILE, l.toml: contact must be a text, in quotation marks."),
        (
            '[[budget]]\nfor = "channel"\nusd = "ten"\n',
            "LIMITS_FILE, l.toml: budget.1.usd must be a number.",
        ),
        (
            '[[budget]]\nfor = "chanel"\nusd = 1\n',
            "LIMITS_FILE, l.toml: budget.1.for must be 'deployment', ",
        ),
        ("[[budget]]\nusd = 1\n", "LIMITS_FILE, l.toml: budget.1.for is missing."),
        (
            '[[budget]]\nfor = "channel"\n',
            "LIMITS_FILE, l.toml: budget.1: set usd or tokens, one of them.",
        ),
        ("[[budget]\n", "LIMITS_FILE: l.toml is not TOML: "),
    ],
)
def test_what_is_wrong_in_the_limits_is_said_in_words(text, problem):
    with pytest.raises(SettingsError) as refused:
        read(text, "l.toml")

    assert str(refused.value).startswith(problem)
    assert "chanel" not in text or "not 'chanel'" in str(refused.value)


def test_what_is_wrong_in_the_prices_is_said_in_words(tmp_path):
    file = tmp_path / "p.toml"
    file.write_text('[models."llama-4"]\ninput = 0.2\noutputs = 1\n')

    with pytest.raises(SettingsError) as refused:
        load(file)

    assert str(refused.value).splitlines() == [
        f"PRICES_FILE, {file}: models.llama-4.output is missing.",
        f"PRICES_FILE, {file}: models.llama-4.outputs is no name that is known here.",
    ]
