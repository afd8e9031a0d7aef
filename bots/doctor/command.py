"""`parley doctor`, from the first look to the exit code."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from bots.doctor import database, slack
from bots.doctor.examination import TIME, examine
from bots.doctor.finding import Finding, remark, wrong
from bots.doctor.patient import Patient
from bots.doctor.report import Report
from core.errors import SettingsError

LISTENING = 120.0
"""Seconds in which somebody mentions the bot."""

Say = Callable[[str], None]


async def diagnose(
    patient: Patient,
    problem: SettingsError | None,
    say: Say,
    *,
    as_json: bool = False,
    listen: bool = False,
    colour: bool = False,
    seconds: float = TIME,
    listening: float = LISTENING,
) -> int:
    """Tell everything that there is to find; the exit code, 1 if anything is wrong.

    With `as_json` one document is all that is ever said.
    """
    secrets = patient.settings.secrets() if patient.settings else ()
    report = Report(patient.values, secrets)
    hint: Say = (lambda _: None) if as_json else say

    def tell(finding: Finding) -> None:
        report.add(finding)
        if not as_json:
            for line in report.lines(finding, colour=colour):
                say(line)

    try:
        async with aclosing(examine(patient, problem, seconds)) as findings:
            async for finding in findings:
                tell(finding)
        if listen:
            async with aclosing(_listened(patient, listening, hint)) as findings:
                async for finding in findings:
                    tell(finding)
    except Exception as error:  # noqa: BLE001 - whoever reads JSON gets JSON, whatever happens
        what = f"The examination ended early ({type(error).__name__}: {error})"
        tell(wrong("doctor", what, "See the settings, and report it.", ".env"))
    say(report.document() if as_json else f"\n{report.summary()}")
    return 0 if report.is_well else 1


async def _listened(patient: Patient, seconds: float, hint: Say) -> AsyncGenerator[Finding, None]:
    """Hear a mention, unless there is a bot that would miss it."""
    url = patient.records.database_url if patient.records else ""
    is_in_use = await asyncio.to_thread(database.company, url) if url else False
    if is_in_use:
        yield remark(
            slack.AREA,
            "A bot runs and listens, so nobody else should: each event comes once.",
            "Mention it, and see that it answers.",
        )
        return
    async with aclosing(slack.listen(patient, seconds, hint)) as findings:
        async for finding in findings:
            yield finding
