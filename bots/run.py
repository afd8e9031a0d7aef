"""`parley run`: everything is built here once, handed down, and taken apart again."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from bots import busy, garbage, stopping
from bots.building import Built, build, together
from bots.platforms import Bot, platforms
from bots.systemd import Systemd
from bots.watched import Watched
from core.chat import Chat
from core.errors import KeyRejected, ModelFailed, ParleyError, StartError
from core.figures import Uncounted
from core.languages import AUTO
from core.model import Model
from core.offer import Offer
from core.settings import Settings
from core.spending import described
from core.store.database import untimed
from core.troubles import Troubles
from core.words import ENGLISH, Notice, told

if TYPE_CHECKING:
    from bots.metrics import Metrics

log = structlog.get_logger()


async def run(settings: Settings, troubles: Troubles, systemd: Systemd) -> None:
    """Answer questions until SIGTERM or SIGINT; a second one stops at once.

    `troubles` are what the log has kept for whoever looks at the operator's page.
    Raises `StartError`, or a group of them, for whatever refuses the start.
    """
    signals, closing = stopping.heard(), stopping.Closing()
    async with stopping.Start(signals) as start, AsyncExitStack() as house:
        await house.enter_async_context(closing.running(systemd.run()))
        metrics = _metrics(settings)
        built = await build(
            settings,
            house,
            closing,
            figures=metrics or Uncounted(),
            timed=metrics.timed if metrics else untimed,
        )
        bots = platforms(settings, built)
        house.push_async_callback(
            together, [partial(closing.close, name, bot.stop) for name, bot in bots.items()]
        )
        watch = busy.Watch(seen=metrics.looped if metrics else None)
        watched = Watched(settings, built, bots, metrics=metrics, troubles=troubles, watch=watch)
        await house.enter_async_context(watched.served())
        chat, spending = built.chat, built.spending
        for work in (watch.run(), built.store.watch(), spending.keep(), chat.run()):
            await house.enter_async_context(closing.running(work))
        await together([partial(_start, name, bot) for name, bot in bots.items()])
        if settings.alert_channel:
            spending.tell = partial(_tell, settings, bots)
        for work in (
            chat.resume(bots, settings.resume_within),
            built.overrides.keep(),
            built.forgetting.run(),
            garbage.collect(chat.idle),
            _warn_if_gone(built.model, built.model_name, built.offer),
        ):
            await house.enter_async_context(closing.running(work))
        await _say_how_it_is(settings, built, bots)
        await start.over()
        systemd.ready(watched.status)
        drain = partial(_drain, chat, settings.drain_seconds, systemd)
        await _until_stopped(list(bots.values()), drain, signals, closing)
    closing.over()


async def _say_how_it_is(settings: Settings, built: Built, bots: Mapping[str, Bot]) -> None:
    """Who may use it, what is perhaps not meant, what may be spent, and that it is ready."""
    for platform, bot in bots.items():
        log.info("who may use the bot", platform=platform, who=await bot.who_may_use())
    for note in settings.notes:
        log.warning(note)
    log.info("budgets", limits=list(described(built.spending.limits)) or "none")
    model = built.model_name
    fallbacks = ((one.name, one.base_url) for one in settings.openai_fallback_models)
    for name, base_url in dict.fromkeys(
        ((model, ""), (settings.summary_model or model, ""), *fallbacks)
    ):
        if doubt := built.prices.doubt(name, base_url):
            log.warning(doubt)
    log.info("ready", model=model, endpoint=settings.endpoint, platforms=list(bots))


def _metrics(settings: Settings) -> "Metrics | None":
    """What counts for Prometheus; where nobody can ask, its library is not imported."""
    if settings.admin_port is None:
        return None
    from bots.metrics import Metrics  # noqa: PLC0415

    return Metrics()


async def _tell(settings: Settings, bots: Mapping[str, "Bot"], notice: Notice) -> None:
    """Tell the operator something, in the channel of their choice."""
    platform, _, channel = settings.alert_channel.partition("/")
    language = ENGLISH if settings.language == AUTO else settings.language
    if platform not in bots:
        log.warning("ALERT_CHANNEL names a platform that is not set up", told=notice)
        return
    await bots[platform].announce(channel, told(notice, language))


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
        what = "the endpoint does not list the model; OPENAI_MODEL chooses one"
        log.warning(what, model=name, listed=names[:20])


async def _drain(chat: Chat, seconds: float, systemd: Systemd) -> None:
    """Take no questions any more, and bring those that are being answered to an end."""
    systemd.stopping(seconds + stopping.CLOSING)
    if chat.flights:
        log.info("draining", answers=len(chat.flights), within=seconds)
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
