"""The whole examination: all areas at once, told in order, each within its time."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bots.doctor import clock, database, discord, model, money, ports, slack, workspaces
from bots.doctor import settings as settings_area
from bots.doctor.finding import Finding, wrong
from bots.doctor.patient import Patient
from core.errors import SettingsError
from core.settings import Records, Settings, given

TIME = 20.0
"""Seconds for an area; what it has not found by then is told as such."""

Look = Callable[[], AsyncGenerator[Finding, None]]


@dataclass(frozen=True, slots=True)
class Area:
    """What is looked at by itself, and the setting that matters if that fails altogether."""

    name: str
    setting: str
    look: Look


def admit(
    values: Mapping[str, str], env_file: Path, wall_clock: Callable[[], float] = time.time
) -> tuple[Patient, SettingsError | None]:
    """Read the settings; what is wrong with them, if they are. `values` is the environment."""
    patient = Patient(given(values, env_file), env_file, wall_clock)
    try:
        patient.records = patient.settings = Settings.load(values, env_file)
    except SettingsError as error:
        with suppress(SettingsError):  # it is told among the others
            patient.records = Records.find(values, env_file)
        return patient, error
    return patient, None


async def examine(
    patient: Patient, problem: SettingsError | None, seconds: float = TIME
) -> AsyncGenerator[Finding, None]:
    """Look at everything at once, and tell it in order as soon as it is known."""
    services: list[asyncio.Task[list[Finding]]] = []

    async def clock_afterwards() -> AsyncGenerator[Finding, None]:
        if services:
            await asyncio.wait(services)
            for finding in clock.examine(patient):
                yield finding

    looks: dict[str, asyncio.Task[list[Finding]]] = {}
    for area in _areas(patient, problem, clock_afterwards):
        # The clock waits for others, whose time is limited.
        limit = seconds if area.name != clock.AREA else None
        looks[area.name] = look = asyncio.create_task(_looked(area, limit))
        if area.name in (slack.AREA, discord.AREA):
            services.append(look)
    try:
        for look in looks.values():
            for finding in await look:
                yield finding
    finally:
        for look in looks.values():
            look.cancel()
        await asyncio.gather(*looks.values(), return_exceptions=True)


def _areas(
    patient: Patient, problem: SettingsError | None, clock_afterwards: Look
) -> Iterator[Area]:
    """What can be looked at, in the order in which it is told."""
    yield Area(settings_area.AREA, ".env", partial(settings_area.examine, patient, problem))
    if records := patient.records:
        url = records.database_url
        yield Area(database.DATA, database.SETTING, _in_thread(database.folder, url))
        yield Area(database.DATABASE, database.SETTING, _in_thread(database.database, url))
    if (settings := patient.settings) is None:
        return
    yield Area(clock.AREA, "system clock", clock_afterwards)
    yield Area(model.AREA, "OPENAI_BASE_URL", partial(model.examine, patient))
    if settings.slack_bot_token:
        yield Area(slack.AREA, "SLACK_API_URL", partial(slack.examine, patient))
    elif settings.slack_client_id:
        yield Area(slack.AREA, "SLACK_API_URL", partial(workspaces.examine, patient))
    if settings.discord_token:
        yield Area(discord.AREA, "DISCORD_API_URL", partial(discord.examine, patient))
    yield Area(ports.AREA, "ADMIN_PORT", partial(ports.examine, patient))
    yield Area(money.BUDGETS, "LIMITS_FILE", _in_thread(money.budgets, settings))
    yield Area(money.FILES, "LIMITS_FILE", _in_thread(money.files, settings))


def _in_thread(look: Callable[[Any], Iterator[Finding]], about: object) -> Look:
    """What reads files must not hold up what waits for the network."""

    async def looked() -> AsyncGenerator[Finding, None]:
        for finding in await asyncio.to_thread(lambda: list(look(about))):
            yield finding

    return looked


async def _looked(area: Area, seconds: float | None) -> list[Finding]:
    """What there is to find in an area, or that it could not be found."""
    found: list[Finding] = []
    try:
        async with asyncio.timeout(seconds), aclosing(area.look()) as findings:
            async for finding in findings:
                found.append(finding)  # noqa: PERF401 - what is found in time is kept
    except TimeoutError:
        what = f"This was not looked through within {seconds:.0f} s"
        found.append(wrong(area.name, what, f"See {area.setting}.", area.setting))
    except Exception as error:  # noqa: BLE001 - an operator is told whatever it is
        what = f"This could not be looked at ({type(error).__name__}: {error})"
        found.append(wrong(area.name, what, f"See {area.setting}.", area.setting))
    return found
