"""`parley run`: everything is built here once, handed down, and taken apart again."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from aiohttp import web

from bots import busy, direct, endpoints, garbage, stopping
from bots.admin import Admin
from bots.systemd import Systemd
from core.access import Access
from core.answer_cache import AnswerCache
from core.catch_up import CatchUp
from core.charging import Charging
from core.chart import Charts
from core.chat import Chat
from core.composer import Composer
from core.condenser import Condenser
from core.cuts import Cuts
from core.door import Door, Doors
from core.erasing import Erasing
from core.errors import KeyRejected, ModelFailed, ParleyError, StartError
from core.figures import Figures, Uncounted
from core.forgetting import Forgetting
from core.guilds import Guilds
from core.hearing import Hearing
from core.languages import AUTO, Languages
from core.limits import Limits
from core.limits import load as load_limits
from core.messages import Conversation, Question, Turn
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
from core.proxies import proxy_to
from core.recall import Recall
from core.reports import Reports
from core.settings import Settings
from core.spending import Spending, described, limits_of
from core.standby import Standby
from core.store import Store
from core.store.account import file_of
from core.store.database import untimed
from core.store.reader import Reader
from core.surface import Outcome, Surface
from core.tokens import Tokenizers
from core.troubles import Troubles
from core.wire import Parameters
from core.words import ENGLISH, Notice, told

if TYPE_CHECKING:
    from bots.metrics import Metrics

log = structlog.get_logger()


class Bot(Protocol):
    """One platform, connected."""

    @property
    def hearing(self) -> Hearing:
        """Since when events arrive, and how often that was interrupted."""

    @property
    def ready(self) -> bool:
        """Whether the platform has greeted us and events arrive."""

    async def start(self) -> None:
        """Check the tokens and connect; `StartError` says in one line what is wrong."""

    async def who_may_use(self) -> str:
        """Who may use the bot there, in one line for its operator."""

    async def run(self) -> None:
        """Stay connected until `stop`; `StartError` when the platform ends it for good."""

    async def revive(
        self, question: Question, messages: Sequence[str]
    ) -> tuple[Question, Surface] | None:
        """A question that an earlier process has heard, as `core.resuming.Platform`."""

    async def begun(
        self, question: Question, reply: str, recorded: Sequence[str]
    ) -> tuple[str, ...]:
        """The messages of an answer to a question that is gone."""

    async def unsay(self, conversation: Conversation, message: str) -> Outcome:
        """Take a message of an answer away."""

    async def stop(self) -> None:
        """Hear nothing more and disconnect, within seconds."""

    async def announce(self, channel: str, text: str) -> None:
        """Say something in a channel, as a notice; what becomes of it is a line of the log."""


async def run(settings: Settings, troubles: Troubles, systemd: Systemd) -> None:
    """Answer questions until SIGTERM or SIGINT; a second one stops at once.

    `troubles` are what the log has kept for whoever looks at the operator's page.
    Raises `StartError`, or a group of them, for whatever refuses the start.
    """
    signals, closing = stopping.heard(), stopping.Closing()
    async with stopping.Start(signals) as start, AsyncExitStack() as house:
        await house.enter_async_context(closing.running(systemd.run()))
        personas, limits = _personas(settings), _limits(settings)
        metrics = _metrics(settings)
        figures = metrics or Uncounted()
        store = await Store.open(
            settings.database_url,
            time.time,
            settings.text_hours * 3600,
            metrics.timed if metrics else untimed,
        )
        house.push_async_callback(closing.close_last, "database", store.close)
        models = endpoints.models(settings)
        model = models[settings.openai_base_url]
        house.push_async_callback(
            closing.close, "model", partial(_together, [one.close for one in models.values()])
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
        forgetting = _forgetting(settings, store, composer)

        def chosen(conversation: Conversation) -> str:
            return overrides.preset(Scope.of(conversation)).language

        bots = _platforms(
            settings,
            access=access,
            chat=chat,
            presses=Presses(chat, store, cache),
            governor=governor,
            recall=Recall(changed=partial(_changed, composer, erasing)),
            languages=Languages(settings.language, chosen),
            store=store,
            panel=Panel(overrides, offer, personas, settings.context_tokens),
            reports=Reports(store.usage, Charts(), time.time, settings.time_zone),
            forgetting=forgetting,
            figures=figures,
        )
        house.push_async_callback(
            _together, [partial(closing.close, name, bot.stop) for name, bot in bots.items()]
        )
        checks = _checks(bots, chat, store)
        pages = _pages(
            settings,
            bots,
            checks=checks,
            chat=chat,
            governor=governor,
            store=store,
            overrides=overrides,
            spending=spending,
            troubles=troubles,
        )
        watch = busy.Watch(seen=metrics.looped if metrics else None)
        await house.enter_async_context(
            _administered(
                settings,
                checks,
                pages,
                watch,
                _told_figures(
                    metrics,
                    bots,
                    checks=checks,
                    chat=chat,
                    composer=composer,
                    governor=governor,
                    store=store,
                    spending=spending,
                    troubles=troubles,
                ),
            )
        )
        for work in (watch.run(), store.watch(), spending.keep(), chat.run()):
            await house.enter_async_context(closing.running(work))
        await _together([partial(_start, name, bot) for name, bot in bots.items()])
        if settings.alert_channel:
            spending.tell = partial(_tell, settings, bots)
        for work in (
            chat.resume(bots, settings.resume_within),
            overrides.keep(),
            forgetting.run(),
            garbage.collect(chat.idle),
        ):
            await house.enter_async_context(closing.running(work))
        for platform, bot in bots.items():
            log.info("who may use the bot", platform=platform, who=await bot.who_may_use())
        for note in settings.notes:
            log.warning(note)
        _say_what_it_costs(settings, spending, prices, model_name)
        log.info("ready", model=model_name, endpoint=settings.endpoint, platforms=list(bots))
        await house.enter_async_context(closing.running(_warn_if_gone(model, model_name, offer)))
        await start.over()
        systemd.ready(partial(_status, checks))
        drain = partial(_drain, chat, settings.drain_seconds, systemd)
        await _until_stopped(list(bots.values()), drain, signals, closing)
    closing.over()


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


def _say_what_it_costs(settings: Settings, spending: Spending, prices: Prices, model: str) -> None:
    """What may be spent, and whether the prices are known, in the log."""
    log.info("budgets", limits=list(described(spending.limits)) or "none")
    fallbacks = ((one.name, one.base_url) for one in settings.openai_fallback_models)
    for name, base_url in dict.fromkeys(
        ((model, ""), (settings.summary_model or model, ""), *fallbacks)
    ):
        if doubt := prices.doubt(name, base_url):
            log.warning(doubt)


async def _tell(settings: Settings, bots: Mapping[str, "Bot"], notice: Notice) -> None:
    """Tell the operator something, in the channel of their choice."""
    platform, _, channel = settings.alert_channel.partition("/")
    language = ENGLISH if settings.language == AUTO else settings.language
    if platform not in bots:
        log.warning("ALERT_CHANNEL names a platform that is not set up", told=notice)
        return
    await bots[platform].announce(channel, told(notice, language))


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


def _platforms(
    settings: Settings,
    *,
    access: Access,
    chat: Chat,
    presses: Presses,
    governor: Governor,
    recall: Recall,
    languages: Languages,
    store: Store,
    panel: Panel,
    reports: Reports,
    forgetting: Forgetting,
    figures: Figures,
) -> dict[str, Bot]:
    """The platforms whose tokens are set; the others' libraries are not even imported."""
    catch_up = partial(
        CatchUp, store.marks, store.questions, settings.catch_up_minutes * 60, time.time, figures
    )
    bots: dict[str, Bot] = {}
    if settings.slack_bot_token:
        from bots.slack.app import SlackBot  # noqa: PLC0415

        bots["slack"] = SlackBot(
            bot_token=settings.slack_bot_token.get_secret_value(),
            app_token=settings.slack_app_token.get_secret_value(),
            api_url=settings.slack_api_url,
            streaming=settings.slack_streaming,
            bursts=settings.slack_bursts,
            chat=chat,
            presses=presses,
            governor=governor,
            recall=recall,
            panel=panel,
            reports=reports,
            forgetting=forgetting,
            managers=settings.slack_managers,
            access=access,
            catch_up=catch_up(),
            languages=languages,
        )
    if settings.discord_token:
        from bots.discord.bot import DiscordBot  # noqa: PLC0415

        bots["discord"] = DiscordBot(
            token=settings.discord_token.get_secret_value(),
            api_url=settings.discord_api_url,
            panel=panel,
            reports=reports,
            forgetting=forgetting,
            chat=chat,
            presses=presses,
            governor=governor,
            recall=recall,
            languages=languages,
            marks=store.marks,
            guilds=Guilds(store.guilds, settings.discord_guilds, time.monotonic),
            access=access,
            catch_up=catch_up(),
            proxy=proxy_to(settings.discord_api_url),
        )
    return bots


async def _start(platform: str, bot: Bot) -> None:
    """Start a bot; whatever it did not foresee is a line like any other refusal."""
    try:
        await bot.start()
    except ParleyError:
        raise
    except Exception as error:
        log.debug("not started", platform=platform, exc_info=True)
        raise StartError(
            f"{platform.capitalize()} answers in a way that Parley does not understand "
            f"({type(error).__name__}: {error}). See {platform.upper()}_API_URL; with "
            "LOG_LEVEL=debug the log says more."
        ) from error


async def _together(actions: Sequence[Callable[[], Coroutine[Any, Any, None]]]) -> None:
    """Do all at once; every one is done or has failed when this returns or raises."""
    done = await asyncio.gather(*(action() for action in actions), return_exceptions=True)
    if errors := [error for error in done if isinstance(error, Exception)]:
        raise ExceptionGroup("not all could be done", errors)


def _checks(bots: Mapping[str, Bot], chat: Chat, store: Store) -> dict[str, Callable[[], bool]]:
    """What has to hold for the bot to be ready, by name."""
    checks: dict[str, Callable[[], bool]] = {
        name: partial(getattr, bot, "ready") for name, bot in bots.items()
    }
    checks["questions"] = lambda: chat.takes_questions
    checks["database"] = lambda: store.is_writable
    return checks


def _pages(
    settings: Settings,
    bots: Mapping[str, Bot],
    *,
    checks: Mapping[str, Callable[[], bool]],
    chat: Chat,
    governor: Governor,
    store: Store,
    overrides: Overrides,
    spending: Spending,
    troubles: Troubles,
) -> list[web.RouteDef]:
    """The operator's page, where a password is set for it; else its libraries are not imported."""
    if settings.admin_port is None or not settings.admin_token:
        return []
    from bots.console.console import Console  # noqa: PLC0415
    from bots.console.now import Now  # noqa: PLC0415

    reader = Reader(file_of(settings.database_url))
    now = Now(
        chat=chat,
        governor=governor,
        store=store,
        reader=reader,
        hearings={name: bot.hearing for name, bot in bots.items()},
        checks=checks,
        troubles=troubles,
        zone=settings.time_zone,
        version=version("parley"),
    )
    return Console(
        token=settings.admin_token.get_secret_value(),
        name=str(settings.admin_port),
        now=now,
        reader=reader,
        deployment=overrides.deployment,
        limits=spending.limits,
        troubles=troubles,
        zone=settings.time_zone,
    ).routes()


def _status(checks: Mapping[str, Callable[[], bool]]) -> str:
    """How the bot is, in a line."""
    waiting = sorted(name for name, holds in checks.items() if not holds())
    return f"waits for: {', '.join(waiting)}" if waiting else "answers questions"


def _metrics(settings: Settings) -> "Metrics | None":
    """What counts for Prometheus; where nobody can ask, its library is not imported."""
    if settings.admin_port is None:
        return None
    from bots.metrics import Metrics  # noqa: PLC0415

    return Metrics()


def _told_figures(
    metrics: "Metrics | None",
    bots: Mapping[str, Bot],
    *,
    checks: Mapping[str, Callable[[], bool]],
    chat: Chat,
    composer: Composer,
    governor: Governor,
    store: Store,
    spending: Spending,
    troubles: Troubles,
) -> Callable[[], Awaitable[bytes]] | None:
    """What `/metrics` answers."""
    if metrics is None:
        return None
    from bots.metrics import Page, Sources, Standing  # noqa: PLC0415

    metrics.begin(bots)
    sources = Sources(
        chat=chat,
        composer=composer,
        governor=governor,
        store=store,
        spending=spending,
        troubles=troubles,
        hearings={name: bot.hearing for name, bot in bots.items()},
        checks=checks,
        version=version("parley"),
    )
    return Page(metrics, Standing(sources)).text


@asynccontextmanager
async def _administered(
    settings: Settings,
    checks: Mapping[str, Callable[[], bool]],
    pages: Sequence[web.RouteDef],
    watch: busy.Watch,
    figures: Callable[[], Awaitable[bytes]] | None,
) -> AsyncIterator[None]:
    """Answer an operator's tools, where a port is set for them."""
    if settings.admin_port is None:
        yield
        return
    admin = Admin(
        settings.admin_host,
        settings.admin_port,
        checks,
        pages,
        late=lambda: watch.late,
        figures=figures,
    )
    await admin.start()
    try:
        yield
    finally:
        await admin.stop()


async def _warn_if_gone(model: Model, name: str, offer: Offer | None = None) -> None:
    """Models are retired; whoever reads the log should learn of it before the askers do."""
    try:
        names = await model.names()
    except KeyRejected:
        log.error(
            "the endpoint does not accept OPENAI_API_KEY; set another and start again, or every "
            "question will be answered with that"
        )
        return
    except ModelFailed as error:
        log.warning("model not checked", error=type(error).__name__, reason=str(error))
        return
    except Exception:
        # Whoever stops us awaits this; nobody should find a traceback there instead of an end.
        log.exception("model not checked, for an unexpected reason")
        return
    if offer:
        offer.learn(names)
    if names and name not in names:
        log.warning("the endpoint does not list the model", model=name, listed=names[:20])


async def _drain(chat: Chat, seconds: float, systemd: Systemd) -> None:
    """Take no questions any more, and bring those that are being answered to an end."""
    systemd.stopping(seconds + stopping.CLOSING)
    await chat.drain(seconds)


async def _until_stopped(
    bots: Sequence[Bot],
    drain: Callable[[], Coroutine[Any, Any, None]],
    signals: "asyncio.Queue[str]",
    closing: stopping.Closing,
) -> None:
    """Serve until told to stop or a platform ends for good, then drain; a signal ends the drain.

    Raises what ended a platform, once the answers on the others are closed.
    """
    told = asyncio.create_task(signals.get())
    serving = [asyncio.create_task(bot.run()) for bot in bots]
    try:
        await asyncio.wait({told, *serving}, return_when=asyncio.FIRST_COMPLETED)
        log.info("stopping", why=told.result() if told.done() else "a platform has ended")
        draining = asyncio.create_task(drain())
        hurried = asyncio.create_task(signals.get())
        await asyncio.wait({draining, hurried}, return_when=asyncio.FIRST_COMPLETED)
        await _cancelled(draining, hurried)
    finally:
        closing.begin()
        await _cancelled(told, *serving)
    ended = [task for task in (draining, *serving) if not task.cancelled()]
    if errors := [error for task in ended if (error := task.exception())]:
        raise BaseExceptionGroup("a platform has ended", errors)


async def _cancelled(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks and wait for their end, whatever it is."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=stopping.CLOSING)
