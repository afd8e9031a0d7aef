"""The doors to the sandbox's Slack: Web API, response URLs, files."""

import base64
from collections import defaultdict, deque
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import quote

from aiohttp import web

from sandbox import strange
from sandbox.faults import Faults
from sandbox.slack import answers
from sandbox.slack.arguments import Arguments, read
from sandbox.slack.budgets import Budgets
from sandbox.slack.errors import Refused
from sandbox.slack.gate import CUT, Gate, Reply, limited
from sandbox.slack.method import Method
from sandbox.slack.methods import METHODS
from sandbox.slack.methods.files import LARGEST
from sandbox.slack.oauth import OAuth
from sandbox.slack.teams import Teams
from sandbox.slack.workspace import Workspace, missing
from sandbox.watchers import Watchers


@dataclass(frozen=True, slots=True)
class Request:
    """A call as it came and what it was answered; status 0: the connection was cut.

    `at` is the server's clock at its arrival; `code` Slack's word for why not, empty
    when all went well.
    """

    at: float
    method: str
    arguments: dict[str, Any]
    status: int
    code: str


class WebApi:
    """Answers HTTP requests, each out of the workspace that it is for."""

    def __init__(
        self, teams: Teams, oauth: OAuth, faults: Faults, *, latency: float, limited: bool
    ) -> None:
        self.requests: deque[Request] = deque(maxlen=10_000)
        self._teams = teams
        self._oauth = oauth
        self._faults = faults
        self._gate = Gate(faults, latency)
        self.answered = Watchers[Request]()
        self._limited = limited
        self._budgets: defaultdict[str, Budgets] = defaultdict(Budgets)

    @property
    def budgets(self) -> Budgets | None:
        """What the first workspace's calls are counted against; None where nothing limits them."""
        return self._budgets[self._teams.first.app.team] if self._limited else None

    def routes(self) -> list[web.RouteDef]:
        """What the server has to listen for."""
        return [
            web.get("/api/{method}", self._call),
            web.post("/api/{method}", self._call),
            web.post("/commands/{team}/{secret}", self._respond),
            web.route("*", "/upload/{secret}", self._upload),
            web.get("/files-pri/{file}/{name}", self._download),
            web.get("/login", self._login),
            *self._oauth.routes(),
        ]

    async def _call(self, request: web.Request) -> web.Response:
        name = request.match_info["method"]
        method = METHODS.get(name)
        try:
            takes_json = method is None or method.writes
            token, arguments = await read(request, takes_json=takes_json)
        except Refused as refusal:
            return await self._pass(request, name, {}, partial(Reply, refusal.body()))
        answer = partial(self._answer, name, method, token, arguments)
        if name == "oauth.v2.access":
            answer = partial(self._access, arguments, _credentials(request))
        return await self._pass(request, name, arguments.values, answer)

    async def _pass(
        self, request: web.Request, event: str, about: dict[str, Any], effect: partial[Reply]
    ) -> web.Response:
        at = self._teams.first.clock()
        reply = await self._gate.admit(request, event, about, effect)
        code = "reset" if reply.status == CUT else reply.code
        answered = Request(at, event, about, reply.status, code)
        self.requests.append(answered)
        self.answered.tell(answered)
        return replace(reply, status=reply.status or 500).response()

    def _answer(self, name: str, method: Method | None, token: str, arguments: Arguments) -> Reply:
        if method is None:
            return Reply(Refused("unknown_method", req_method=name).body())
        slack = self._teams.by_token(token)
        headers = {"x-oauth-scopes": ",".join(sorted(slack.app.scopes))}
        try:
            _check(slack, method, token)
            wait = self._count(slack, name, arguments)
            if wait:
                return limited(wait)
            return Reply({"ok": True, **method.run(slack, arguments)}, headers=headers)
        except Refused as refusal:
            return Reply(refusal.body(), headers=headers)

    def _access(self, arguments: Arguments, credentials: tuple[str, str]) -> Reply:
        """A token for a code, which only the app itself can ask for."""
        try:
            return Reply({"ok": True, **self._oauth.access(arguments, credentials)})
        except Refused as refusal:
            return Reply(refusal.body())

    def _count(self, slack: Workspace, name: str, arguments: Arguments) -> int:
        """Count a call against its workspace's budgets; the seconds to wait when there is none."""
        if not self._limited:
            return 0
        return self._budgets[slack.app.team].take(name, arguments, slack.clock())

    async def _respond(self, request: web.Request) -> web.Response:
        try:
            arguments = Arguments(await _object(request))
        except Refused as refusal:
            return Reply(refusal.body(), 400).response()
        slack = self._teams.by_id(request.match_info["team"]) or self._teams.first
        effect = partial(_answer_by_url, slack, request.match_info["secret"], arguments)
        return await self._pass(request, "response_url", arguments.values, effect)

    async def _upload(self, request: web.Request) -> web.Response:
        data = await _uploaded(request)
        effect = partial(self._store, request.match_info["secret"], data)
        return await self._pass(request, "upload", {"size": len(data)}, effect)

    def _store(self, secret: str, data: bytes) -> Reply:
        slack = self._teams.by_upload(secret)
        file = slack.files.awaited(secret)
        if file is None or len(data) > LARGEST:
            return Reply("upload not expected", 400)
        slack.files.put(replace(file, data=data, size=len(data)))
        return Reply(f"OK - {len(data)}")

    async def _download(self, request: web.Request) -> web.StreamResponse:
        if instead := await strange.struck(request, self._faults):
            return instead
        file = request.match_info["file"].rpartition("-")[2]
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        effect = partial(self._file, file, token)
        return await self._pass(request, "download", {"file": file}, effect)

    def _file(self, id: str, token: str) -> Reply:
        """A file's bytes; without token or scope, the way to a page for people to log in."""
        slack = self._teams.by_token(token)
        app = slack.app
        if token != app.bot_token or "files:read" not in app.scopes:
            return Reply("", 302, {"Location": f"/login?redir={quote(f'/files-pri/{id}')}"})
        try:
            file = slack.files.get(id)
        except Refused as refusal:
            return Reply(refusal.body(), 404)
        return Reply(file.data or b"", media_type=file.media_type)

    async def _login(self, _request: web.Request) -> web.Response:
        return Reply(strange.LOGIN, media_type="text/html").response()


def _check(slack: Workspace, method: Method, token: str) -> None:
    """Whether this token may call this method at all."""
    app = slack.app
    if not token:
        raise Refused("not_authed")
    if token in slack.void and not (slack.installed and token == app.bot_token):
        raise Refused(slack.void[token])
    if token not in (app.bot_token, app.app_token, app.config_token):
        raise Refused("invalid_auth")
    is_wanted = {
        app.app_token: method.app_level,
        app.config_token: method.config_level,
        app.bot_token: not (method.app_level or method.config_level),
    }
    if not is_wanted[token]:
        raise Refused("not_allowed_token_type")
    if token == app.bot_token and not slack.installed:
        raise Refused("account_inactive")
    if method.scopes and app.scopes.isdisjoint(method.scopes):
        raise missing(",".join(method.scopes), app.scopes)


def _answer_by_url(slack: Workspace, secret: str, arguments: Arguments) -> Reply:
    try:
        url = slack.responses.use(secret)
    except Refused as refusal:
        return Reply(refusal.body(), 404)
    try:
        answers.answer(slack, url, arguments)
    except Refused as refusal:
        return Reply(refusal.body(), 400)
    return Reply("ok")


def _credentials(request: web.Request) -> tuple[str, str]:
    """Who asks, by HTTP's own way to say so."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    try:
        decoded = base64.b64decode(given).decode() if scheme.lower() == "basic" else ""
    except ValueError:
        decoded = ""
    id_, _, secret = decoded.partition(":")
    return id_, secret


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise Refused("invalid_payload") from error
    if not isinstance(body, dict):
        raise Refused("invalid_payload")
    return body


async def _uploaded(request: web.Request) -> bytes:
    """The bytes of an upload, sent bare or as the first file of a form."""
    if request.content_type != "multipart/form-data":
        return await request.read()
    for value in (await request.post()).values():
        if isinstance(value, web.FileField):
            return value.file.read()
    return b""
