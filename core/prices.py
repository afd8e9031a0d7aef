"""What models cost; the only module that imports genai_prices.

Money is counted in whole nano-dollars (a thousand-millionth of a US dollar), rounded up: prices
are given in US dollars for a million tokens, and the cheapest are some thousandths of one.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core import wrong_values
from core.errors import SettingsError
from core.wire import Usage

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, Provider

NANO = 10**9
"""Nano-dollars in a dollar."""

OPENAI = "https://api.openai.com"
"""Where an unknown model is charged as the dearest that is known."""

_STEP = 1000
"""Tokens: prices of requests between two of these steps are those of the larger one."""

_DIGITS = Decimal("0.000001")


class _Row(BaseModel):
    """One model's prices, in US dollars for 1,000,000 tokens."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    input: Annotated[Decimal, Field(ge=0, allow_inf_nan=False, strict=False)]
    output: Annotated[Decimal, Field(ge=0, allow_inf_nan=False, strict=False)]
    cached: Annotated[Decimal, Field(ge=0, allow_inf_nan=False, strict=False)] | None = None
    cache_write: Annotated[Decimal, Field(ge=0, allow_inf_nan=False, strict=False)] | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    models: dict[str, _Row]


@dataclass(frozen=True, slots=True)
class Price:
    """What a model's tokens cost, in US dollars for 1,000,000 of them."""

    input: Decimal
    cached: Decimal
    cache_write: Decimal
    output: Decimal

    def cost(self, usage: Usage) -> int:
        """What a call costs, in nano-dollars."""
        plain = max(0, usage.prompt - usage.cached - usage.cache_written)
        dollars = (
            plain * self.input
            + usage.cached * self.cached
            + usage.cache_written * self.cache_write
            + usage.completion * self.output
        )
        return _nano(dollars / 1_000_000)

    def at_most(self, prompt: int) -> int:
        """What a prompt costs at most, whatever of it the provider caches."""
        return _nano(prompt * max(self.input, self.cached, self.cache_write) / 1_000_000)

    def answers(self, tokens: int) -> int:
        """What an answer of so many tokens costs, in nano-dollars."""
        return _nano(tokens * self.output / 1_000_000)

    def affords(self, money: int) -> int | None:
        """How many tokens of an answer so many nano-dollars pay for; None: any number."""
        if not self.output:
            return None
        return int(max(0, money) * 1_000_000 / (self.output * NANO))


FREE = Price(Decimal(0), Decimal(0), Decimal(0), Decimal(0))


class Prices:
    """What models cost at their endpoints: an operator's own prices, else the published ones.

    At OpenAI's own address a model without a price is charged as the dearest that is known; at
    other addresses it is free. Without another address, a model is at `base_url`.
    """

    def __init__(self, base_url: str, own: Mapping[str, Price] | None = None) -> None:
        self._base_url = base_url
        self._own = own or {}

    def load(self) -> None:
        """Read the published prices, which takes too long for the loop; they are kept."""
        _snapshot()
        _dearest()

    def doubt(self, model: str, base_url: str = "") -> str:
        """What an operator should know where the price of a model is only assumed; else empty."""
        if model in self._own or _published(base_url or self._base_url, model, 0) is not None:
            return ""
        if (assumed := self.of(model, base_url)) is FREE:
            return (
                f"The price of {model} at this address is not known: its calls count as free, and "
                "no budget in dollars holds them. Set PRICES_FILE, or budgets in tokens "
                "(LIMITS_FILE)."
            )
        return (
            f"The price of {model} is not known: it is charged as the dearest known model, "
            f"{assumed.input.normalize():f} USD for 1,000,000 tokens in and "
            f"{assumed.output.normalize():f} out. Set PRICES_FILE to charge what it costs."
        )

    def window(self, model: str, base_url: str = "") -> int | None:
        """The size of a model's context in tokens, where it is published."""
        found = _found(base_url or self._base_url, model)
        return found[1].context_window if found else None

    def retired(self, model: str, base_url: str = "") -> bool:
        """Whether its maker has announced its end."""
        found = _found(base_url or self._base_url, model)
        return bool(found and found[1].deprecated)

    def of(self, model: str, base_url: str = "", *, prompt: int = 0) -> Price:
        """The price of a model for a request with so many tokens; long ones may cost more."""
        if model in self._own:
            return self._own[model]
        address = base_url or self._base_url
        assumed = _dearest() if address.startswith(OPENAI) else FREE
        return _published(address, model, prompt) or assumed


def load(path: Path) -> dict[str, Price]:
    """The prices of a file. Raises `SettingsError` with every problem, a line each."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SettingsError(f"PRICES_FILE: {path} cannot be read ({why}).") from error
    try:
        found = _File.model_validate(tomllib.loads(text, parse_float=Decimal))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"PRICES_FILE: {path} is not TOML: {error}.") from error
    except ValidationError as error:
        where = (".".join(map(str, problem["loc"])) for problem in error.errors())
        lines = zip(where, error.errors(), strict=True)
        raise SettingsError(
            "\n".join(
                f"PRICES_FILE, {path}: {wrong_values.line(place, problem)}"
                for place, problem in lines
            )
        ) from error
    return {name: _price(row) for name, row in found.models.items()}


def _price(row: _Row) -> Price:
    cached = row.input if row.cached is None else row.cached
    return Price(
        input=row.input,
        cached=cached,
        cache_write=row.input if row.cache_write is None else row.cache_write,
        output=row.output,
    )


def dollars(nano: int) -> str:
    """An amount of money as people read it: to the cent, a small one with more digits."""
    amount = Decimal(nano) / NANO
    if amount >= 1:
        return f"{amount:,.2f}"
    whole, _, digits = f"{amount:.6f}".partition(".")
    return f"{whole}.{digits.rstrip('0'):0<2}"


def _nano(dollars: Decimal) -> int:
    return math.ceil(dollars * NANO)


def _published(base_url: str, model: str, prompt: int) -> Price | None:
    """The published price for a request of this size; it may be another for a long one."""
    return _looked_up(base_url, model, math.ceil(prompt / _STEP) * _STEP or _STEP)


@lru_cache(maxsize=1000)
def _looked_up(base_url: str, model: str, prompt: int) -> Price | None:
    found = _found(base_url, model)
    return _priced(*found, prompt) if found else None


def _found(base_url: str, model: str) -> "tuple[Provider, ModelInfo] | None":
    try:
        return _snapshot().find_provider_model(model, None, None, base_url)
    except LookupError:
        return None


def _priced(provider: "Provider", model: "ModelInfo", prompt: int) -> Price:
    from genai_prices import Usage as Counted  # noqa: PLC0415  # it takes a tenth of a second

    def cost(tokens: int, **counted: int) -> Decimal:
        usage = Counted(input_tokens=prompt, **counted)
        found = model.calc_price(usage, provider, genai_request_timestamp=datetime.now(UTC))
        price: Decimal = found.total_price
        return (price * 1_000_000 / tokens).quantize(_DIGITS)

    plain = cost(prompt)
    return Price(
        input=plain,
        cached=cost(prompt, cache_read_tokens=prompt),
        cache_write=cost(prompt, cache_write_tokens=prompt),
        output=cost(prompt, output_tokens=prompt) - plain,
    )


@lru_cache(maxsize=1)
def _dearest() -> Price:
    """Of each kind of token, the highest price of any model of OpenAI's."""
    (openai,) = (one for one in _snapshot().providers if one.id == "openai")
    prices = [_priced(openai, model, _STEP) for model in openai.models]
    return Price(
        input=max(one.input for one in prices),
        cached=max(one.cached for one in prices),
        cache_write=max(one.cache_write for one in prices),
        output=max(one.output for one in prices),
    )


def _snapshot() -> "DataSnapshot":
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415

    return get_snapshot()
