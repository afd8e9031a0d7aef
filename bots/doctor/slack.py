"""Slack: whether its tokens are good, of one app, and may do what Parley does."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from bots.doctor import clock
from bots.doctor.finding import Finding, refused, remark, well, wrong
from bots.doctor.patient import Patient
from bots.slack.budgets import unknown
from bots.slack.manifest import DEAF, NEEDED, SCOPES, lacking
from bots.slack.probe import Probe, Standing
from core.errors import PlatformFailed, StartError, TokenRejected
from core.settings import Settings

AREA = "Slack"
AFTERWARDS = 3.0
"""Seconds after a mention in which the same words must have come as a message, too."""

APP = re.compile(r"xapp-\d+-(A[A-Z0-9]+)-")
"""App-level tokens tell the id of their app."""

AGAIN = "Give the app what deploy/slack-manifest.yaml asks for, and install it again"


async def examine(patient: Patient) -> AsyncGenerator[Finding, None]:
    """Ask Slack about both tokens, and about the app behind them."""
    if (settings := patient.settings) is None:
        return
    if unheard_of := unknown(settings.slack_bursts):
        yield refused(AREA, unheard_of, "SLACK_BURSTS")
    async with Probe(settings.slack_bot_token.get_secret_value(), settings.slack_api_url) as probe:
        standing = None
        try:
            standing = await probe.standing()
        except StartError as error:
            if not isinstance(error, TokenRejected):
                yield refused(AREA, error, "SLACK_API_URL")
                return  # Slack is not reached, which is one line
            yield refused(AREA, error, "SLACK_BOT_TOKEN")
        if standing:
            patient.offsets[AREA] = clock.offset(standing.date, patient.clock())
            who = f"@{standing.us.name} in {standing.workspace or standing.us.team}"
            yield well(AREA, f"SLACK_BOT_TOKEN is good: {who}.")
            for finding in _scopes(standing):
                yield finding
        if app_token := settings.slack_app_token.get_secret_value():
            yield await _socket_mode(probe, app_token)
        if standing:
            async for finding in _app(settings, probe, standing, app_token):
                yield finding


def _scopes(standing: Standing) -> Iterator[Finding]:
    if standing.scopes is None:
        yield remark(AREA, "Slack does not say which scopes the bot token has.")
        return
    missing = [scope for scope in SCOPES if scope not in standing.scopes]
    for scope in missing:
        what = f"The bot token has no scope {scope}: {SCOPES[scope]}"
        do = f"{AGAIN}; the token stays in SLACK_BOT_TOKEN unless Slack shows a new one."
        if scope in NEEDED:
            yield wrong(AREA, what, do, "SLACK_BOT_TOKEN")
        else:
            yield remark(AREA, f"{what}.", do, "SLACK_BOT_TOKEN")
    if not missing:
        yield well(AREA, f"The bot token has all {len(SCOPES)} scopes.")


async def _socket_mode(probe: Probe, app_token: str) -> Finding:
    """Whether Slack gives an address; it is not dialled, since events would come there."""
    try:
        await probe.address(app_token)
    except StartError as error:
        return refused(AREA, error, "SLACK_APP_TOKEN")
    return well(AREA, "SLACK_APP_TOKEN is good: Slack opens Socket Mode.")


async def _app(
    settings: Settings, probe: Probe, standing: Standing, app_token: str
) -> AsyncGenerator[Finding, None]:
    """Whether both tokens are of one app, and what that subscribes to."""
    app, found = await probe.app(standing.us), APP.match(app_token)
    if app and found and found[1] != app:
        yield wrong(
            AREA,
            f"SLACK_APP_TOKEN is of another app ({found[1]}) than SLACK_BOT_TOKEN ({app}), so no "
            "event of the bot's comes",
            "Set SLACK_APP_TOKEN to an app-level token of the same app.",
            "SLACK_APP_TOKEN",
        )
        return
    config = settings.slack_config_token.get_secret_value()
    app = app or (found[1] if found else "")
    if not (config and app):
        yield remark(
            AREA,
            "Whether Slack sends all events is not known.",
            "`parley doctor --listen` waits for a mention; or set SLACK_CONFIG_TOKEN.",
            "SLACK_CONFIG_TOKEN",
        )
        return
    try:
        manifest = await probe.manifest(config, app)
        missing = lacking(manifest)
    except (StartError, PlatformFailed) as error:
        what, _, do = str(error).partition(". ")
        yield remark(AREA, f"{what}.", do, "SLACK_CONFIG_TOKEN")
        return
    for finding in _asks_for(manifest, missing, by_socket=bool(app_token)):
        yield finding


def _asks_for(
    manifest: Mapping[str, Any], missing: Mapping[str, str], *, by_socket: bool
) -> Iterator[Finding]:
    setting = "SLACK_APP_TOKEN" if by_socket else "SLACK_SIGNING_SECRET"
    for name, why in missing.items():
        what, do = f"The app does not ask for {name}: {why}", f"{AGAIN}."
        if name in DEAF:
            yield wrong(AREA, what, do, setting)
        else:
            yield remark(AREA, f"{what}.", do, setting)
    if by_socket != bool((manifest.get("settings") or {}).get("socket_mode_enabled")):
        yield wrong(
            AREA,
            f"Socket Mode is {'off' if by_socket else 'on'} for the app, so no event comes",
            "Switch it on on the app's page Socket Mode."
            if by_socket
            else "Switch it off on the app's page Socket Mode, or set SLACK_APP_TOKEN.",
            "SLACK_APP_TOKEN",
        )
    elif not missing:
        yield well(AREA, "The app asks for all events, commands and menus.")


async def listen(
    patient: Patient, seconds: float, say: Callable[[str], None]
) -> AsyncGenerator[Finding, None]:
    """Wait until somebody mentions the bot, and see whether that is told as it has to be."""
    settings = patient.settings
    if settings is None or not settings.slack_app_token:
        yield remark(AREA, "There is nothing to listen to without SLACK_APP_TOKEN.")
        return
    token, app_token = settings.slack_bot_token, settings.slack_app_token
    async with Probe(token.get_secret_value(), settings.slack_api_url) as probe:
        try:
            standing = await probe.standing()
            say(f"Mention @{standing.us.name} in a public channel that it is in ({seconds:.0f} s).")
            heard = await _hear(probe, app_token.get_secret_value(), seconds)
        except StartError as error:
            yield refused(AREA, error, "SLACK_APP_TOKEN")
            return
    for finding in _heard(heard, seconds):
        yield finding


async def _hear(probe: Probe, app_token: str, seconds: float) -> set[str]:
    """The kinds of events that a mention brings: `app_mention`, and `message.channels` beside it.

    Slack tells of a mention twice, in any order; once there is one, the other has a moment.
    """
    heard: set[str] = set()
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds) as deadline, probe.events(app_token) as events:
            async for event in events:
                kind = str(event.get("type"))
                heard.add(f"message.{event['channel_type']}s" if "channel_type" in event else kind)
                if heard >= DEAF:
                    break
                if "app_mention" in heard:
                    deadline.reschedule(asyncio.get_running_loop().time() + AFTERWARDS)
    return heard


def _heard(heard: set[str], seconds: float) -> Iterator[Finding]:
    if not heard:
        yield remark(
            AREA,
            f"Nothing came from Slack within {seconds:.0f} s.",
            f"If somebody has mentioned it: {AGAIN}.",
            "SLACK_APP_TOKEN",
        )
        return
    for name in sorted(DEAF - heard):
        what = f"A mention came without the event {name}"
        yield wrong(AREA, what, f"{AGAIN}.", "SLACK_APP_TOKEN")
    if heard >= DEAF:
        yield well(AREA, "A mention came, with all its events.")
