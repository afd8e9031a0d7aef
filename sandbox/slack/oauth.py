"""Installing the app by OAuth: the page where somebody consents, and the token for its code.

Source: docs.slack.dev/authentication/installing-with-oauth and
docs.slack.dev/reference/methods/oauth.v2.access.
"""

import html
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import Refused
from sandbox.slack.method import Answer
from sandbox.slack.teams import Teams
from sandbox.slack.workspace import Workspace

LIFETIME = 600.0
"""Seconds for which a code is good, once."""


@dataclass(frozen=True, slots=True)
class _Code:
    team: str
    scopes: frozenset[str]
    at: float


class OAuth:
    """The app's part of OAuth: its id, its secret, and where the browser goes back to.

    `organisation`: whoever consents does so for a whole organisation of Enterprise Grid.
    """

    client_id = "1234567890.9876543210"
    client_secret = "sandbox-client-secret"  # noqa: S105  # made up, and the same everywhere

    def __init__(self, teams: Teams, clock: Callable[[], float]) -> None:
        self.redirect_url = ""
        self.organisation = False
        self._teams = teams
        self._clock = clock
        self._codes: dict[str, _Code] = {}

    def routes(self) -> list[web.RouteDef]:
        """What the server has to listen for."""
        return [
            web.get("/oauth/v2/authorize", self._ask),
            web.post("/oauth/v2/authorize", self._decide),
        ]

    def access(self, arguments: Arguments, credentials: tuple[str, str]) -> Answer:
        """The token for a code, as `oauth.v2.access`."""
        id_, secret = credentials
        if (id_ or arguments.text("client_id")) != self.client_id:
            raise Refused("invalid_client_id")
        if (secret or arguments.text("client_secret")) != self.client_secret:
            raise Refused("bad_client_secret")
        if arguments.text("redirect_uri", self.redirect_url) != self.redirect_url:
            raise Refused("bad_redirect_uri")
        code = self._codes.pop(arguments.text("code"), None)
        if code is None or self._clock() - code.at >= LIFETIME:
            raise Refused("invalid_code")
        slack = self._teams.by_id(code.team)
        if slack is None:
            raise Refused("invalid_code")
        self._install(slack, code.scopes)
        return self._granted(slack)

    def _install(self, slack: Workspace, scopes: frozenset[str]) -> None:
        """An app that is there keeps its token; otherwise there is a new one."""
        token = slack.app.bot_token if slack.installed else f"xoxb-{secrets.token_hex(12)}"
        slack.app = replace(slack.app, bot_token=token, scopes=scopes)
        slack.installed = True

    def _granted(self, slack: Workspace) -> Answer:
        app = slack.app
        team = None if self.organisation else {"id": app.team, "name": app.team_name}
        return {
            "app_id": app.id,
            "authed_user": {"id": next(iter(slack.space.people))},
            "scope": ",".join(sorted(app.scopes)),
            "token_type": "bot",
            "access_token": app.bot_token,
            "bot_user_id": app.user,
            "team": team,
            "enterprise": {"id": "E0GRID", "name": "Grid"} if self.organisation else None,
            "is_enterprise_install": self.organisation,
        }

    async def _ask(self, request: web.Request) -> web.Response:
        """The page that shows what the app wants, for each workspace."""
        if wrong := self._wrong(request.query):
            return web.Response(text=f"Something went wrong: {wrong}", status=400)
        kept = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in request.query.items()
        )
        choices = "".join(
            f'<option value="{one.app.team}">{html.escape(one.app.team_name)}</option>'
            for one in self._teams.all
        )
        scopes = html.escape(request.query["scope"].replace(",", ", "))
        page = (
            "<!DOCTYPE html><title>Parley wants to be in your workspace</title>"
            f'<form method="post">{kept}<select name="team">{choices}</select><p>{scopes}</p>'
            '<button name="decision" value="allow">Allow</button>'
            '<button name="decision" value="deny">Cancel</button></form>'
        )
        return web.Response(text=page, content_type="text/html")

    async def _decide(self, request: web.Request) -> web.Response:
        """Send the browser back, with a code or with a no."""
        given = {name: str(value) for name, value in (await request.post()).items()}
        wrong = self._wrong(given)
        if wrong or self._teams.by_id(given.get("team", "")) is None:
            return web.Response(text=f"Something went wrong: {wrong or 'team'}", status=400)
        if given.get("decision") == "allow":
            code = secrets.token_hex(16)
            scopes = frozenset(given["scope"].split(","))
            self._codes[code] = _Code(given["team"], scopes, self._clock())
            answer = {"code": code}
        else:
            answer = {"error": "access_denied"}
        query = urlencode({**answer, "state": given.get("state", "")})
        return web.Response(status=302, headers={"Location": f"{self.redirect_url}?{query}"})

    def _wrong(self, given: Mapping[str, Any]) -> str:
        """Slack's word for what is wrong with a request to install; empty for nothing."""
        if given.get("client_id") != self.client_id:
            return "invalid_client_id"
        scopes = set(str(given.get("scope", "")).split(",")) - {""}
        if not scopes:
            return "no_scopes"
        if scopes - self._teams.first.app.scopes:
            return "invalid_scope"
        if given.get("redirect_uri", self.redirect_url) != self.redirect_url:
            return "bad_redirect_uri"
        return "" if self.redirect_url else "no redirect URL is configured"
