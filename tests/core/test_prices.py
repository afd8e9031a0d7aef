"""A call costs what its provider says, to the last token."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SettingsError
from core.prices import NANO, Price, Prices, dollars, load
from core.wire import Usage

OPENAI = Prices("https://api.openai.com/v1")

# US dollars for 1,000,000 tokens: in, cached, written to the cache, out.
PUBLISHED = {
    "gpt-6-astra": ("10", "1", "12.5", "50"),
    "gpt-6.1-sol": ("2", "0.1", "2.5", "10"),
    "gpt-6-sol": ("2", "0.2", "2.5", "10"),
    "gpt-6.1-terra": ("1", "0.05", "1.25", "5"),
    "gpt-6-luna": ("0.1", "0.01", "0.125", "0.5"),
    "gpt-5.6-sol": ("4", "0.4", "5", "20"),
    "gpt-5.6-terra": ("2", "0.2", "2.5", "12"),
    "gpt-5.6-luna": ("0.2", "0.02", "0.25", "1.2"),
    "gpt-5.5": ("5", "0.5", "5", "30"),
    "gpt-5.4-mini": ("0.75", "0.075", "0.75", "4.5"),
    "gpt-5.2": ("1.75", "0.175", "1.75", "14"),
    "gpt-4.1": ("2", "0.5", "2", "8"),
    "gpt-4o": ("2.5", "1.25", "2.5", "10"),
    "gpt-4o-mini": ("0.15", "0.075", "0.15", "0.6"),
}


@pytest.mark.parametrize("model", PUBLISHED)
def test_the_published_prices_are_charged(model):
    assert OPENAI.of(model) == Price(*map(Decimal, PUBLISHED[model]))
    assert OPENAI.doubt(model) == ""


def test_cached_and_written_tokens_have_prices_of_their_own():
    usage = Usage(prompt=1000, cached=300, cache_written=200, completion=100, reasoning=40)

    # 500 at 2, 300 at 0.2, 200 at 2.5, 100 at 10 dollars a million
    assert OPENAI.of("gpt-6-sol").cost(usage) == 2_560_000


def test_a_very_long_request_is_charged_as_one():
    assert OPENAI.of("gpt-5.4", prompt=272_000).input == Decimal("2.5")
    assert OPENAI.of("gpt-5.4", prompt=272_001).input == Decimal(5)
    assert OPENAI.of("gpt-5.4", prompt=272_001).output == Decimal("22.5")


def test_an_unknown_model_of_openais_is_charged_as_the_dearest_and_that_is_said():
    assumed = OPENAI.of("gpt-9-nova")

    assert all(assumed.input >= OPENAI.of(model).input for model in PUBLISHED)
    assert all(assumed.output >= OPENAI.of(model).output for model in PUBLISHED)
    assert "gpt-9-nova" in OPENAI.doubt("gpt-9-nova")
    assert "PRICES_FILE" in OPENAI.doubt("gpt-9-nova")


def test_an_unknown_model_elsewhere_is_free_and_that_is_said():
    elsewhere = Prices("http://127.0.0.1:9000/v1")

    assert elsewhere.of("gpt-4o").cost(Usage(prompt=1000, completion=1000)) == 0
    assert "count as free" in elsewhere.doubt("gpt-4o")


def test_a_model_costs_what_it_costs_where_it_is_asked():
    at_home = Prices("http://127.0.0.1:9000/v1")

    assert at_home.of("gpt-4o", "https://api.openai.com/v1") == OPENAI.of("gpt-4o")
    assert at_home.doubt("gpt-4o", "https://api.openai.com/v1") == ""
    assert OPENAI.of("gpt-4o", "http://127.0.0.1:9000/v1").cost(Usage(prompt=1000)) == 0
    assert "count as free" in OPENAI.doubt("gpt-4o", "http://127.0.0.1:9000/v1")


def test_an_operators_own_prices_win(tmp_path):
    file = tmp_path / "prices.toml"
    file.write_text('[models."gpt-4o"]\ninput = 1\noutput = 2.5\n[models.mine]\ninput = 0.1\n')
    with pytest.raises(SettingsError, match=r"models\.mine\.output"):
        load(file)
    file.write_text('[models."gpt-4o"]\ninput = 1\noutput = 2.5\ncache_write = 1.25\n')
    own = load(file)

    wins = Price(Decimal(1), Decimal(1), Decimal("1.25"), Decimal("2.5"))
    prices = Prices("https://api.openai.com/v1", own)
    assert prices.of("gpt-4o") == prices.of("gpt-4o", "http://127.0.0.1:9000/v1") == wins


@pytest.mark.parametrize(
    "wrong",
    ["[models", '[models."m"]\ninput = -1\noutput = 1', "[models.m]\ninput = 'x'\noutput = 1", ""],
)
def test_a_file_with_mistakes_is_named(tmp_path, wrong):
    file = tmp_path / "prices.toml"
    file.write_text(wrong)

    with pytest.raises(SettingsError, match=r"prices\.toml"):
        load(file)


tokens = st.integers(0, 1_000_000)
rates = st.decimals(0, 1000, places=3)


@given(st.builds(Price, rates, rates, rates, rates), tokens, tokens, st.data())
def test_what_is_reserved_is_never_less_than_what_is_charged(price, prompt, completion, data):
    cached = data.draw(st.integers(0, prompt))
    written = data.draw(st.integers(0, prompt - cached))
    usage = Usage(prompt=prompt, cached=cached, cache_written=written, completion=completion)

    assert price.cost(usage) <= price.at_most(prompt) + price.answers(completion)


@given(st.builds(Price, rates, rates, rates, rates), st.integers(0, 10 * NANO))
def test_an_answer_that_is_afforded_costs_no_more_than_there_is(price, money):
    affords = price.affords(money)

    assert affords is None or price.answers(affords) <= money


@pytest.mark.parametrize(
    ("nano", "shown"),
    [(0, "0.00"), (1_234 * NANO, "1,234.00"), (NANO // 2, "0.50"), (12_345_678, "0.012346")],
)
def test_money_is_shown_with_the_digits_that_matter(nano, shown):
    assert dollars(nano) == shown
