"""The model's endpoint: whether it lets us in, knows the model, and answers as it writes."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from bots import endpoints
from bots.doctor.finding import Finding, refused, remark, well, wrong
from bots.doctor.money import prices_of
from bots.doctor.patient import Patient
from core.errors import (
    BadRequest,
    ContextExceeded,
    EmptyAnswer,
    Interrupted,
    KeyRejected,
    Misdirected,
    ModelFailed,
    ModelGone,
    NotReached,
    QuotaSpent,
    RateLimited,
    SettingsError,
    TooSlow,
)
from core.messages import Role, Text, Turn
from core.model import Model
from core.prices import Prices
from core.setting_values import Fallback
from core.settings import Settings, names
from core.wire import Finish, Request

AREA = "model"
LISTING = 4.0
"""Seconds for the list of models."""

ANSWERING = 10.0
"""Seconds for a short answer, of a model that is perhaps still being loaded."""

QUESTION = "Answer with the word OK and nothing else."

SETTINGS_OF = {
    "temperature": "TEMPERATURE",
    "top_p": "TOP_P",
    "max_tokens": "ANSWER_TOKENS",
    "max_completion_tokens": "ANSWER_TOKENS",
    "stop": "STOP",
    "frequency_penalty": "FREQUENCY_PENALTY",
    "presence_penalty": "PRESENCE_PENALTY",
    "reasoning_effort": "REASONING_EFFORT",
    "model": "OPENAI_MODEL",
}
"""Which setting a field of the request comes from; any other from OPENAI_EXTRA_BODY."""


@dataclass(frozen=True, slots=True)
class Call:
    """A short answer: seconds until its first event and its end, and how it ended."""

    first: float
    whole: float
    finish: Finish


async def examine(patient: Patient) -> AsyncGenerator[Finding, None]:
    """List the models, and ask the chosen one something short."""
    if patient.settings is None:
        return
    connect = min(patient.settings.connect_timeout, LISTING)
    settings = patient.settings.model_copy(update={"connect_timeout": connect})
    models = endpoints.models(settings)
    stand_ins = asyncio.gather(
        *(_fallback(settings, one, models) for one in settings.openai_fallback_models)
    )
    try:
        async with aclosing(_chosen(settings, models[settings.openai_base_url])) as findings:
            async for finding in findings:
                yield finding
        for finding in await stand_ins:
            yield finding
    finally:
        stand_ins.cancel()
        for model in models.values():
            await model.close()


async def _chosen(settings: Settings, model: Model) -> AsyncGenerator[Finding, None]:
    listed: Mapping[str, int | None] = {}
    silence: ModelFailed | None = None
    try:
        await model.open()  # takes a second, in which nobody is asked
        listed = await _listed(model)
    except (KeyRejected, Misdirected, QuotaSpent, NotReached) as error:
        yield _refusal(settings, error)
        return
    except ModelFailed as error:
        if error.code == "connect":
            yield _refusal(settings, error)
            return
        silence = error
    try:
        name = await endpoints.model_name(settings, model)
    except SettingsError as error:
        yield refused(AREA, error, "OPENAI_MODEL", names())
        return
    async for finding in _asked(settings, model, name, listed):
        if silence is not None and finding.setting == "FIRST_TOKEN_TIMEOUT":
            yield _refusal(settings, silence)  # it has said nothing to either question
            return
        yield finding
    if not listed:
        why = f" ({silence.word})" if silence else ""
        yield remark(AREA, f"{settings.endpoint} does not list its models{why}.")
    prices = await asyncio.to_thread(prices_of, settings)
    for finding in _known(settings, name, listed.get(name), prices):
        yield finding


async def _listed(model: Model) -> Mapping[str, int | None]:
    try:
        async with asyncio.timeout(LISTING):
            return await model.listing()
    except TimeoutError as error:
        raise TooSlow(code="models") from error


async def _asked(
    settings: Settings, model: Model, name: str, listed: Mapping[str, int | None]
) -> AsyncGenerator[Finding, None]:
    """Whether the model answers, which says more than any list."""
    if settings.budget_usd_per_day == 0:
        yield remark(AREA, f"{name} was not asked anything, since BUDGET_USD_PER_DAY is 0.")
        return
    try:
        call = await _call(settings, model, name)
    except ModelGone as error:
        offered = f"It offers: {', '.join(list(listed)[:20])}." if listed else ""
        yield wrong(
            AREA,
            f"{settings.endpoint} has no model {name} ({error.detail or error.word})",
            f"Set OPENAI_MODEL to one that it has. {offered}".strip(),
            "OPENAI_MODEL",
        )
        return
    except TimeoutError:
        yield remark(
            AREA,
            f"{name} has said nothing within {ANSWERING:.0f} s.",
            "If it is still being loaded, try again; people wait for FIRST_TOKEN_TIMEOUT at most.",
            "FIRST_TOKEN_TIMEOUT",
        )
        return
    except (RateLimited, EmptyAnswer) as error:
        yield remark(AREA, f"{name} did not answer ({error.detail or error.word}).", "Try again.")
        return
    except ModelFailed as error:
        yield _refusal(settings, error)
        return
    yield well(AREA, f"{name} at {settings.endpoint} answers: {_told(call)}.")
    if call.finish.at_once:
        yield remark(
            AREA,
            "Its answers come in one piece instead of as a stream, so they do not grow.",
            "Set OPENAI_BASE_URL to a server that streams, or have what is before it let streams "
            "through.",
            "OPENAI_BASE_URL",
        )
    if listed and name not in listed:
        yield remark(AREA, f"{name} is not among the models that {settings.endpoint} lists.")


async def _call(settings: Settings, model: Model, name: str) -> Call:
    """Ask as a question in a channel is asked, so that what is refused there is refused here."""
    turn = Turn(Role.USER, (Text(QUESTION),))
    request = Request((turn,), endpoints.parameters(settings, name))
    began = time.monotonic()
    first = 0.0
    async with asyncio.timeout(ANSWERING), aclosing(model.stream(request)) as answer:
        async for events in answer:
            first = first or time.monotonic() - began
            if isinstance(finish := events[-1], Finish):
                return Call(first, time.monotonic() - began, finish)
    raise Interrupted("no end")


def _told(call: Call) -> str:
    usage = call.finish.usage
    count = f", {usage.prompt} tokens in and {usage.completion} out" if usage else ""
    return f"first text after {call.first:.1f} s, all of it after {call.whole:.1f} s{count}"


def _refusal(settings: Settings, error: ModelFailed) -> Finding:
    """What an operator can do about an endpoint that does not answer a question."""
    where, said = settings.endpoint, error.detail or error.code or error.word
    if isinstance(error, TooSlow):
        said = error.detail or "no answer in time"
    match error:
        case KeyRejected():
            what, setting = f"{where} does not accept OPENAI_API_KEY ({said})", "OPENAI_API_KEY"
            do = "Set OPENAI_API_KEY to a key that is good there."
        case QuotaSpent():
            what, setting = f"{where} says that the account is spent ({said})", "OPENAI_API_KEY"
            do = "Pay for more there, or set OPENAI_API_KEY to a key of another account."
        case Misdirected():
            what, setting = f"{where} is no OpenAI-compatible API ({said})", "OPENAI_BASE_URL"
            do = "Set OPENAI_BASE_URL to the address of one; it mostly ends in /v1."
        case BadRequest() if error.parameter and not error.parameter.startswith("messages"):
            setting = SETTINGS_OF.get(error.parameter, "OPENAI_EXTRA_BODY")
            what = f"{where} does not accept {error.parameter} ({said})"
            do = (
                f"{'Lower' if setting == 'ANSWER_TOKENS' else 'Change'} {setting}, or leave it out."
            )
        case ContextExceeded():
            setting = "ANSWER_TOKENS"
            what = (
                f"The model has no room for an answer of {settings.answer_tokens} tokens ({said})"
            )
            do = "Lower ANSWER_TOKENS, and CONTEXT_TOKENS to the size of its context."
        case NotReached() if "ertificate" in said or "CERTIFICATE" in said:
            what, setting = f"{where} is not trusted ({said})", "SSL_CERT_FILE"
            do = "Set SSL_CERT_FILE to the certificates of whoever signed that of the server."
        case Interrupted() | NotReached(code="cut") | NotReached(code="no_finish_reason"):
            what, setting = f"The answer of {where} breaks off ({said})", "OPENAI_BASE_URL"
            do = "See the server, and what is before it; else set another OPENAI_BASE_URL."
        case NotReached() | TooSlow():
            what, setting = f"{where} is not reached, or says nothing ({said})", "OPENAI_BASE_URL"
            do = "Check the server and the network, HTTPS_PROXY and OPENAI_BASE_URL."
        case _:
            what, setting = f"{where} fails ({said})", "OPENAI_BASE_URL"
            do = "See the server's own log; else set another OPENAI_BASE_URL or OPENAI_MODEL."
    return wrong(AREA, what, do, setting)


def _known(settings: Settings, name: str, told: int | None, prices: Prices) -> Iterator[Finding]:
    """What is published of the model, or told by its server."""
    if prices.retired(name):
        yield remark(
            AREA, f"{name} will be taken away by its maker.", "Set another.", "OPENAI_MODEL"
        )
    window = told or prices.window(name)
    if window is None:
        yield remark(
            AREA,
            f"The context of {name} is not known; CONTEXT_TOKENS is {settings.context_tokens:,}.",
            "See that it is not more than the model takes.",
            "CONTEXT_TOKENS",
        )
    elif window < settings.context_tokens:
        yield remark(
            AREA,
            f"CONTEXT_TOKENS is {settings.context_tokens:,}, but {name} takes {window:,} tokens: "
            "long conversations are refused first, and sent again shorter.",
            f"Set CONTEXT_TOKENS to {window} or less.",
            "CONTEXT_TOKENS",
        )
    else:
        yield well(
            AREA,
            f"CONTEXT_TOKENS, {settings.context_tokens:,}, is within the {window:,} of {name}.",
        )
    if settings.summary_model and settings.summary_model != name:
        yield well(AREA, f"{settings.summary_model} writes the summaries.")


async def _fallback(settings: Settings, one: Fallback, models: Mapping[str, Model]) -> Finding:
    """Whether a model could stand in; if not, that stops nothing while the chosen one answers."""
    address = one.base_url or settings.openai_base_url
    setting = "OPENAI_FALLBACK_MODELS"
    try:
        listed = await _listed(models[address])
    except ModelFailed as error:
        found = _refusal(settings.model_copy(update={"openai_base_url": address}), error)
        do = f"See {setting} and OPENAI_FALLBACK_KEYS."
        return remark(AREA, f"{one.name} cannot stand in: {found.what}.", do, setting)
    if listed and one.name not in listed:
        offers = f"It offers: {', '.join(list(listed)[:20])}."
        return remark(
            AREA, f"{one.name} cannot stand in: its endpoint does not list it.", offers, setting
        )
    return well(AREA, f"{one.name} can stand in.")
