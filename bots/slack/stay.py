"""The bot's stay in one workspace, from its installation until its token is void."""

import asyncio
from itertools import chain, repeat
from typing import NoReturn

import aiohttp
import structlog

from bots.slack.calls import VOID, CallFailed
from bots.slack.parts import Parts
from bots.slack.presence import Presence
from bots.slack.tokens import Revoked
from core.errors import StoreFailed
from core.surface import RefusedForGood, RefusedForNow

log = structlog.get_logger()

PAUSES = (1.0, 5.0, 15.0, 60.0)
"""Seconds until Slack is asked again whether the token is good; the last for ever."""

LOOKS_UP = 6.0
"""Seconds for one try."""


class Stay:
    """Keeps a `presence` in a workspace whenever Slack lets it; `arrived` is set when it does."""

    def __init__(self, parts: Parts, session: aiohttp.ClientSession, team: str, token: str) -> None:
        self.token = token
        self.presence: Presence | None = None
        self.arrived = asyncio.Event()
        self._parts = parts
        self._session = session
        self._team = team

    async def run(self) -> NoReturn:
        """Be present until cancelled. Raises `Revoked` when the token is void."""
        while True:
            try:
                await self._be_present(await self._come())
            except Revoked:
                raise
            except Exception:
                # One workspace in trouble neither ends the others nor is left alone for good.
                log.exception("unexpected", workspace=self._team)
                await asyncio.sleep(PAUSES[0])

    async def _be_present(self, presence: Presence) -> None:
        """Be present until Slack says that the token is void."""
        try:
            self.presence = presence
            self.arrived.set()
            await presence.run()
        except* Revoked as revoked:
            # Slack delivers events again, and this one may be of an earlier installation: so
            # the bot comes again, and learns whether the token is good.
            why = [str(getattr(one, "code", one)) for one in revoked.exceptions]
            log.info("told of a void token", workspace=self._team, why=why)
        finally:
            self.presence = None
            self.arrived.clear()
            await presence.catch_up.close()
            await presence.close()

    async def _come(self) -> Presence:
        """Try until Slack says whether the token is good. Raises `Revoked` when it is not."""
        for pause in chain(PAUSES, repeat(PAUSES[-1])):
            try:
                async with asyncio.timeout(LOOKS_UP):
                    presence = await Presence.open(self._parts, self._session, self.token)
                    await presence.begin()
            except CallFailed as failed:
                outcome, why = failed.outcome, str(failed)
                if isinstance(outcome, RefusedForGood) and outcome.code in VOID:
                    raise Revoked(outcome.code) from failed
                wait = outcome.retry_after if isinstance(outcome, RefusedForNow) else 0.0
            except (StoreFailed, TimeoutError) as failed:
                wait, why = 0.0, str(failed) or "no answer in time"
            else:
                return presence
            log.warning("not present in a workspace yet", workspace=self._team, why=why)
            await asyncio.sleep(max(pause, wait))
        raise AssertionError("there is always one more try")
