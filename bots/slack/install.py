"""Installing the bot from a browser: to Slack, where somebody consents, and back with a code.

Source: docs.slack.dev/authentication/installing-with-oauth.
"""

import html
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from string import Template
from typing import Any, Protocol
from urllib.parse import urlencode, urljoin

import structlog
from aiohttp import web

from bots.slack.calls import CallFailed, Calls
from bots.slack.manifest import SCOPES
from bots.slack.payload import string
from core.errors import PlatformFailed, Sealed, StoreFailed
from core.surface import RefusedForGood
from core.vault import Vault

log = structlog.get_logger()

INSTALL, REDIRECT = "/slack/install", "/slack/oauth_redirect"

COOKIE = "parley-install"

LIFETIME = 600
"""Seconds from the beginning of an installation to its end."""

USED = 10_000
"""States that are known to be used up. Each that is forgotten earlier than it expires is worth
nothing without a fresh code of Slack's."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

PAGE = Template(
    """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
body { font: 1.05rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto;
  padding: 0 1rem }
h1 { font-size: 1.5rem }
a.button { display: inline-block; padding: .6rem 1.2rem; border-radius: .5rem;
  background: #4a154b; color: #fff; text-decoration: none }
</style>
<h1>$title</h1>
<p>$text</p>
$button
"""
)


@dataclass(frozen=True, slots=True)
class Granted:
    """What Slack gives for a code: the bot's token in a workspace."""

    team: str
    name: str
    token: str


class Host(Protocol):
    """Whoever is installed."""

    def calls(self) -> Calls:
        """The Web API without a token."""

    async def welcome(self, granted: Granted) -> bool:
        """Take a workspace; whether the bot is present there. Raises `StoreFailed`."""


_SET_WRONG = {
    "bad_client_secret": "SLACK_CLIENT_SECRET",
    "invalid_client_id": "SLACK_CLIENT_ID",
}
"""Slack's words for what an operator has to change."""


class _Refused(Exception):
    """Why there is no installation, for whoever wanted it."""


class States:
    """What ties the way back from Slack to the browser that went there, once, within ten minutes.

    A state is sealed, so that there is nothing to keep of those that never come back.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._used: OrderedDict[str, None] = OrderedDict()

    def new(self) -> tuple[str, str]:
        """A state, and what the browser keeps meanwhile."""
        kept = secrets.token_urlsafe(24)
        return self._vault.seal(f"install:{kept}"), kept

    def redeem(self, state: str, kept: str) -> bool:
        """Whether it is one of ours, of this browser, fresh, and not used before."""
        try:
            meant = self._vault.open(state, within=LIFETIME)
        except Sealed:
            return False
        if not kept or not secrets.compare_digest(meant.encode(), f"install:{kept}".encode()):
            return False
        if kept in self._used:
            return False
        self._used[kept] = None
        if len(self._used) > USED:
            self._used.popitem(last=False)
        return True


class Install:
    """The two pages, for one app of Slack's."""

    def __init__(
        self, client_id: str, client_secret: str, api_url: str, vault: Vault, host: Host
    ) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._authorize = urljoin(api_url, "/oauth/v2/authorize")
        self._states = States(vault)
        self._host = host

    def routes(self) -> tuple[web.RouteDef, ...]:
        """What the server has to listen for."""
        return web.get(INSTALL, self._begin), web.get(REDIRECT, self._end)

    async def _begin(self, request: web.Request) -> web.Response:
        state, kept = self._states.new()
        query = {"client_id": self._client_id, "scope": ",".join(SCOPES), "state": state}
        response = _page(
            "Add Parley to Slack",
            "Slack asks you next for the workspace, and shows what Parley may do there. Its "
            "answers are written by a language model.",
            button=("Add to Slack", f"{self._authorize}?{urlencode(query)}"),
        )
        response.set_cookie(
            COOKIE,
            kept,
            max_age=LIFETIME,
            path="/slack",
            httponly=True,
            samesite="Lax",
            secure=_hostname(request) not in ("127.0.0.1", "localhost", "[::1]"),
        )
        return response

    async def _end(self, request: web.Request) -> web.Response:
        try:
            response = await self._granted(self._code(request))
        except _Refused as refused:
            log.info("not installed", why=str(refused))
            response = _page(
                "Parley is not installed", str(refused), ("Try again", INSTALL), status=400
            )
        except (StoreFailed, PlatformFailed) as error:
            log.error("not installed", why=str(error))
            response = _page(
                "Parley is not installed",
                "Its database takes nothing now. Try again in a few minutes.",
                ("Try again", INSTALL),
                status=503,
            )
        response.del_cookie(COOKIE, path="/slack")
        return response

    def _code(self, request: web.Request) -> str:
        """Slack's code for a token. Raises `_Refused` where it is not this browser's to bring."""
        given = request.query
        if not self._states.redeem(given.get("state", ""), request.cookies.get(COOKIE, "")):
            raise _Refused(
                "This was not begun in this browser within the last ten minutes, or has ended "
                "already."
            )
        if given.get("error"):
            raise _Refused("Somebody said no to Slack's question. Nothing has changed.")
        return given.get("code", "")

    async def _granted(self, code: str) -> web.Response:
        calls = self._host.calls()
        try:
            # The SDK's own method goes by a part of aiohttp that is to be removed.
            answer = await calls.now(
                partial(calls.web.api_call, "oauth.v2.access"),
                (),
                data={
                    "client_id": self._client_id,
                    "client_secret": self._client_secret,
                    "code": code,
                },
            )
        except CallFailed as failed:
            raise _Refused(_why(failed)) from failed
        granted = _read(answer)
        if refusal := _refusal(answer, granted):
            await _give_back(calls, granted.token)
            raise _Refused(refusal)
        is_present = await self._host.welcome(granted)
        if lacking := set(SCOPES) - set(string(answer, "scope").split(",")):
            log.warning("scopes not granted", workspace=granted.team, lacking=sorted(lacking))
        then = (
            "Mention it in a channel, write to it directly, or type /ask."
            if is_present
            else "Slack does not answer at the moment; Parley is there as soon as it does."
        )
        return _page(f"Parley is in {granted.name}", then)


def _read(answer: Mapping[str, Any]) -> Granted:
    team = answer.get("team")
    return Granted(
        string(team, "id"),
        string(team, "name") or string(team, "id"),
        string(answer, "access_token"),
    )


def _refusal(answer: Mapping[str, Any], granted: Granted) -> str:
    """Why an installation that Slack has allowed is of no use; empty when it is."""
    if answer.get("is_enterprise_install"):
        return (
            "Parley cannot be installed for a whole organisation of Enterprise Grid. Choose one of "
            "its workspaces, and install it in each that wants it."
        )
    if answer.get("expires_in"):
        return (
            "Token rotation is on for this app, which Parley does not do. Its operator makes the "
            "app anew without it."
        )
    if string(answer, "token_type") != "bot" or not (granted.team and granted.token):
        return "Slack gave no token for a bot."
    return ""


async def _give_back(calls: Calls, token: str) -> None:
    """A token that nobody wants should not be good for anything."""
    try:
        await calls.now(calls.web.auth_revoke, (), token=token)
    except CallFailed as failed:
        log.warning("token not given back", outcome=str(failed.outcome))


def _why(failed: CallFailed) -> str:
    """Why Slack gives no token for a code; an operator reads in the log what to set."""
    outcome = failed.outcome
    code = outcome.code if isinstance(outcome, RefusedForGood) else ""
    if code in _SET_WRONG:
        log.error("a setting is wrong; see the app's Basic Information page", set=_SET_WRONG[code])
        return "Parley is not set up rightly. Its operator finds in the log what to change."
    if code:
        return f"Slack does not take the code that it gave ({code}). It is good once."
    return "Slack does not answer. Try again in a few minutes."


def _hostname(request: web.Request) -> str:
    return request.host.rpartition(":")[0] or request.host


def _page(
    title: str, text: str, button: tuple[str, str] | None = None, status: int = 200
) -> web.Response:
    link = (
        f'<p><a class="button" href="{html.escape(button[1])}">{html.escape(button[0])}</a></p>'
        if button
        else ""
    )
    body = PAGE.substitute(title=html.escape(title), text=html.escape(text), button=link)
    return web.Response(text=body, content_type="text/html", status=status, headers=HEADERS)
