"""What may be spent and how often people may ask; the files that say so."""

from collections.abc import Callable, Iterator
from pathlib import Path

from bots.doctor.finding import Finding, lines, remark, well, wrong
from bots.endpoints import chosen
from core import limits as limits_file
from core import personas
from core.errors import SettingsError
from core.limits import Limits, Rates
from core.prices import FREE, Prices
from core.prices import load as load_prices
from core.settings import Settings
from core.spending import described, limits_of

FILES = "files"
BUDGETS = "budgets"


def files(settings: Settings) -> Iterator[Finding]:
    """Whether the files that settings name can be read."""
    checks: dict[str, tuple[str, Callable[[Path], object]]] = {
        "LIMITS_FILE": (settings.limits_file, limits_file.load),
        "PRICES_FILE": (settings.prices_file, load_prices),
        "PERSONAS_FILE": (
            settings.personas_file,
            lambda path: personas.load(path, settings.context_tokens),
        ),
    }
    for setting, (path, load) in checks.items():
        if not path:
            continue
        try:
            load(Path(path))
        except SettingsError as error:
            for finding in lines(FILES, error, setting, ()):
                do = finding.do or f"Mend it, or name another file in {setting}."
                yield wrong(FILES, finding.what, do, setting)
        else:
            yield well(FILES, f"{setting}: {path} is understood.")


def budgets(settings: Settings) -> Iterator[Finding]:
    """Which budgets and rates hold, and whether they can."""
    found = _limits(settings)
    limits = limits_of(
        found.budget, settings.budget_usd_per_day, settings.budget_usd_per_person_per_day
    )
    for line in described(limits):
        yield well(BUDGETS, f"{line}.")
    if not limits:
        yield remark(
            BUDGETS,
            "No budget holds what is spent.",
            "Set BUDGET_USD_PER_DAY, or budgets in LIMITS_FILE.",
            "BUDGET_USD_PER_DAY",
        )
    prices, name = prices_of(settings), chosen(settings)
    yield from _nothing_allowed(settings, prices, name)
    fallbacks = ((one.name, one.base_url) for one in settings.openai_fallback_models)
    asked = ((name, ""), (settings.summary_model, ""), *fallbacks)
    for model, base_url in dict.fromkeys(one for one in asked if one[0]):
        if doubt := prices.doubt(model, base_url):
            what, _, do = doubt.partition(". ")
            yield remark(BUDGETS, f"{what}.", do, "PRICES_FILE")
        else:
            yield well(BUDGETS, f"The price of {model} is known.")
    yield from _rates(found.rates)
    platform = settings.alert_channel.partition("/")[0]
    token = {"slack": settings.slack_bot_token, "discord": settings.discord_token}.get(platform)
    if platform and not token:
        yield remark(
            BUDGETS,
            f"ALERT_CHANNEL is on {platform.capitalize()}, which is not set up.",
            "Name a channel of a platform that is.",
            "ALERT_CHANNEL",
        )


def _nothing_allowed(settings: Settings, prices: Prices, model: str) -> Iterator[Finding]:
    if prices.of(model) is FREE:
        return
    for name in ("budget_usd_per_day", "budget_usd_per_person_per_day"):
        if getattr(settings, name) == 0:
            setting = name.upper()
            yield wrong(
                BUDGETS,
                f"{setting} is 0, so every question is refused",
                f"Set {setting} to what may be spent, or off.",
                setting,
            )


def _rates(rates: Rates) -> Iterator[Finding]:
    held = {name: value for name, value in rates if value is not None}
    for name, value in held.items():
        yield well(BUDGETS, f"{name.replace('_', ' ').capitalize()}: {value}.")
    if not held:
        yield well(BUDGETS, "People may ask as often as they like (no rates in LIMITS_FILE).")


def prices_of(settings: Settings) -> Prices:
    """What models cost; without prices of one's own where their file cannot be read."""
    try:
        own = load_prices(Path(settings.prices_file)) if settings.prices_file else {}
    except SettingsError:
        own = {}  # told by `files`
    return Prices(settings.openai_base_url, own)


def _limits(settings: Settings) -> Limits:
    try:
        return limits_file.load(Path(settings.limits_file)) if settings.limits_file else Limits()
    except SettingsError:
        return Limits()  # told by `files`
