"""Slack in several workspaces: who has installed the bot, and whether it may still speak there."""

import asyncio
from collections.abc import AsyncGenerator

from bots.doctor import clock
from bots.doctor.finding import Finding, refused, remark, well, wrong
from bots.doctor.patient import Patient
from bots.doctor.slack import AREA
from bots.slack.probe import Probe
from core.errors import Sealed, StartError, TokenRejected
from core.settings import Settings
from core.store import Installation
from core.store.account import installations
from core.vault import Vault

MOST = 20
"""Workspaces that are asked about; each takes a request."""


async def examine(patient: Patient) -> AsyncGenerator[Finding, None]:
    """Ask Slack about the tokens that are kept."""
    if (settings := patient.settings) is None:
        return
    try:
        found = await asyncio.to_thread(installations, settings.database_url)
    except StartError:  # the database is another area's
        found = ()
    if not found:
        yield remark(
            AREA,
            "No workspace has installed the bot yet.",
            "Once it runs, open /slack/install at your proxy's address in a browser.",
        )
    vault = Vault(settings.token_key.get_secret_value())
    for installation in found[:MOST]:
        try:
            token = vault.open(installation.token)
        except Sealed:
            yield wrong(
                AREA,
                f"TOKEN_KEY does not open the token of the workspace {installation.name}",
                "Set the key with which it was kept, behind the new one and a comma.",
                "TOKEN_KEY",
            )
            return
        finding = await _asked(patient, settings, installation, token)
        yield finding
        if finding.setting == "SLACK_API_URL":
            return  # Slack is not reached, which is one line
    if len(found) > MOST:
        yield remark(AREA, f"{len(found) - MOST} more workspaces were not asked about.")


async def _asked(
    patient: Patient, settings: Settings, installation: Installation, token: str
) -> Finding:
    """How the bot stands in one workspace."""
    async with Probe(token, settings.slack_api_url) as probe:
        try:
            standing = await probe.standing()
        except TokenRejected:
            return remark(
                AREA,
                f"The token of the workspace {installation.name} is void.",
                "The bot erases it at its next start; the workspace can install it again.",
            )
        except StartError as error:
            return refused(AREA, error, "SLACK_API_URL")
    patient.offsets[AREA] = clock.offset(standing.date, patient.clock())
    return well(AREA, f"The bot may speak in {standing.workspace or installation.name}.")
