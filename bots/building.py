"""What the bot is made of, whatever the platforms: built once from the settings."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bots import direct, endpoints, stopping
from core.access import Access
from core.answer_cache import AnswerCache
from core.charging import Charging
from core.chart import Charts
from core.chat import Chat
from core.composer import Composer
from core.condenser import Condenser
from core.cuts import Cuts
from core.door import Door, Doors
from core.erasing import Erasing
from core.figures import Figures
from core.forgetting import Forgetting
from core.languages import Languages
from core.limits import Limits
from core.limits import load as load_limits
from core.messages import Conversation, Turn
from core.model import Model
from core.offer import Offer
from core.outsiders import Mode
from core.overrides import Overrides
from core.pace import Governor
from core.panel import Panel
from core.personas import Personas, load
from core.presets import Place, Preset, Scope
from core.presses import Presses
from core.prices import Prices
from core.prices import load as load_prices
from core.programs import Programs
from core.recall import Recall
from core.reports import Reports
from core.settings import Settings
from core.spending import Spending, limits_of
from core.standby import Standby
from core.store import Store
from core.store.database import Timed
from core.tokens import Tokenizers
from core.wire import Parameters


@dataclass(frozen=True)
class Built:
    """The parts that whoever connects, watches or reports needs."""

    store: Store
    model: Model
    model_name: str
    offer: Offer
    governor: Governor
    overrides: Overrides
    prices: Prices
    spending: Spending
    access: Access
    composer: Composer
    chat: Chat
    presses: Presses
    recall: Recall
    languages: Languages
    panel: Panel
    reports: Reports
    forgetting: Forgetting
    figures: Figures


async def build(
    settings: Settings,
    house: AsyncExitStack,
    closing: stopping.Closing,
    *,
    figures: Figures,
    timed: Timed,
) -> Built:
    """Build it; `house` takes it apart again, within the time that `closing` has.

    Raises `StartError` for whatever refuses the start.
    """
    personas, limits = _personas(settings), _limits(settings)
    store = await Store.open(settings.database_url, time.time, settings.text_hours * 3600, timed)
    house.push_async_callback(closing.close_last, "database", store.close)
    models = endpoints.models(settings)
    model = models[settings.openai_base_url]
    house.push_async_callback(
        closing.close, "model", partial(together, [one.close for one in models.values()])
    )
    offer = Offer(model, time.monotonic)
    house.push_async_callback(closing.close, "offer of models", offer.close)
    model_name = await endpoints.model_name(settings, model)
    cuts = Cuts(store.marks, time.monotonic, time.time)
    house.push_async_callback(closing.close, "bursts", cuts.close)
    await cuts.load()
    governor = Governor(time.monotonic, cuts)
    parameters = endpoints.parameters(settings, model_name)
    overrides = _overrides(settings, parameters, store, personas)
    await overrides.load()
    prices = _prices(settings)
    spending = _spending(settings, store, limits, prices)
    cache = AnswerCache(
        store.texts, settings.answer_cache * 60, clock=time.time, zone=settings.time_zone
    )
    access = _access(settings, limits)
    composer, _ = await asyncio.gather(
        _composer(settings, parameters, models, store, spending, figures=figures),
        asyncio.to_thread(prices.load),
    )
    chat = Chat(
        store=store,
        access=access,
        outsiders=Mode(settings.outsiders),
        composer=composer,
        spending=spending,
        cache=cache,
        governor=governor,
        overrides=overrides,
        clock=time.monotonic,
        first_contact=settings.introduction,
        delete_with_question=settings.delete_with_question,
        code_files=settings.code_files,
        limits=limits,
        figures=figures,
    )
    erasing = Erasing(store.texts)
    await house.enter_async_context(closing.running(erasing.run()))

    def chosen(conversation: Conversation) -> str:
        return overrides.preset(Scope.of(conversation)).language

    return Built(
        store=store,
        model=model,
        model_name=model_name,
        offer=offer,
        governor=governor,
        overrides=overrides,
        prices=prices,
        spending=spending,
        access=access,
        composer=composer,
        chat=chat,
        presses=Presses(chat, store, cache),
        recall=Recall(changed=partial(_changed, composer, erasing)),
        languages=Languages(settings.language, chosen),
        panel=Panel(overrides, offer, personas, settings.context_tokens),
        reports=Reports(store.usage, Charts(), time.time, settings.time_zone),
        forgetting=_forgetting(settings, store, composer),
        figures=figures,
    )


def _access(settings: Settings, limits: Limits) -> Access:
    return Access(
        guests=settings.slack_guests,
        connect=settings.slack_connect,
        direct_messages=settings.direct_messages,
        table=limits.access,
        contact=limits.contact,
        programs=Programs.of(limits.other_programs),
    )


def _changed(
    composer: Composer,
    erasing: Erasing,
    conversation: Conversation,
    message: str,
    turn: Turn | None,
) -> None:
    """A message says something else, or is gone: so is what is kept of it."""
    composer.forget(message)
    erasing.changed(conversation, message, turn)


def _forgetting(settings: Settings, store: Store, composer: Composer) -> Forgetting:
    forgetting = Forgetting(
        store.people,
        direct=direct.PLACES,
        clock=time.time,
        zone=settings.time_zone,
        days=settings.retention_days,
    )
    forgetting.heard.append(lambda *_: composer.forget())
    return forgetting


def _personas(settings: Settings) -> Personas:
    if not settings.personas_file:
        return {}
    return load(Path(settings.personas_file), settings.context_tokens)


def _limits(settings: Settings) -> Limits:
    return load_limits(Path(settings.limits_file)) if settings.limits_file else Limits()


def _overrides(
    settings: Settings, parameters: Parameters, store: Store, personas: Personas
) -> Overrides:
    """What holds where nothing else is set, and what is set."""
    return Overrides(
        store.channel_settings,
        Preset(parameters, settings.system_prompt, language=settings.language),
        places={"discord": Place(settings.discord_reply)},
        personas={name: persona.values for name, persona in personas.items()},
    )


def _prices(settings: Settings) -> Prices:
    own = load_prices(Path(settings.prices_file)) if settings.prices_file else {}
    return Prices(settings.openai_base_url, own)


def _spending(settings: Settings, store: Store, limits: Limits, prices: Prices) -> Spending:
    """The ledger and its limits."""
    return Spending(
        store.ledger,
        prices,
        limits_of(
            limits.budget, settings.budget_usd_per_day, settings.budget_usd_per_person_per_day
        ),
        clock=time.time,
        zone=settings.time_zone,
        contact=limits.contact,
    )


async def _composer(
    settings: Settings,
    parameters: Parameters,
    models: Mapping[str, Model],
    store: Store,
    spending: Spending,
    *,
    figures: Figures,
) -> Composer:
    name, tokenizers = parameters.model, Tokenizers()
    model = models[settings.openai_base_url]
    fallbacks = [
        (models[one.base_url or settings.openai_base_url], one.name)
        for one in settings.openai_fallback_models
    ]
    # Both take most of a second; the first question should wait for neither.
    tokenizer, _, _ = await asyncio.gather(
        tokenizers.of(settings.summary_model or name), model.open(), tokenizers.of(name)
    )
    charging = Charging(spending, clock=time.monotonic, wall_clock=time.time, figures=figures)
    standby = Standby(model, fallbacks, clock=time.monotonic)
    door = Door(
        model,
        time.monotonic,
        requests=settings.openai_requests_per_minute,
        tokens=settings.openai_tokens_per_minute,
    )
    doors = Doors(time.monotonic, {model: door})
    condenser = Condenser(
        standby=standby,
        doors=doors,
        tokenizers=tokenizers,
        tokenizer=tokenizer,
        charging=charging,
        texts=store.texts,
        parameters=parameters,
        name=settings.summary_model or name,
        context_tokens=settings.context_tokens,
        clock=time.monotonic,
    )
    return Composer(
        standby=standby,
        doors=doors,
        tokenizers=tokenizers,
        charging=charging,
        condenser=condenser if settings.summaries else None,
        context_tokens=settings.context_tokens,
        reply_timeout=settings.reply_timeout,
        clock=time.monotonic,
        chance=random.random,
    )


async def together(actions: Sequence[Callable[[], Coroutine[Any, Any, None]]]) -> None:
    """Do all at once; every one is done or has failed when this returns or raises."""
    done = await asyncio.gather(*(action() for action in actions), return_exceptions=True)
    if errors := [error for error in done if isinstance(error, Exception)]:
        raise ExceptionGroup("not all could be done", errors)
