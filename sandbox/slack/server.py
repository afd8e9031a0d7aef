"""The sandbox's Slack as one server: start it, talk in it, stop it."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable

from aiohttp import web

from sandbox.faults import Faults
from sandbox.listener import Listener, Tls
from sandbox.slack import app as installed
from sandbox.slack.app import App
from sandbox.slack.budgets import Budgets
from sandbox.slack.crowd import Crowd
from sandbox.slack.deliveries import Carrier, Deliveries
from sandbox.slack.events import heard
from sandbox.slack.methods.files import LARGEST
from sandbox.slack.oauth import OAuth
from sandbox.slack.posts import Posts
from sandbox.slack.sockets import Sockets
from sandbox.slack.teams import Teams
from sandbox.slack.web import Request, WebApi
from sandbox.slack.workspace import Workspace
from sandbox.watchers import Watchers
from sandbox.world import Change, Space, World

SIGNING_SECRET = "sandbox-signing-secret"  # noqa: S105  # made up, and the same everywhere


class SlackServer:
    """Slack on loopback: Web API, Socket Mode, commands, response URLs, interactivity.

    With an `events_url`, what happens is sent there, signed with the `signing_secret`, instead of
    through Socket Mode. `scopes` and `events` are what the app was granted and subscribed to
    (None: all that its manifest asks for); `view` is how it is declared; `latency` is in seconds
    per request; `limited` false lifts the budgets. `faults` go by the name of
    a method, or by `response_url`, `upload`, `download`, `file` (see `strange`), `socket`
    (a new connection) and `deliver` (an envelope). `clock` gives the seconds by which
    budgets, streams and response URLs age.
    """

    def __init__(
        self,
        world: World,
        *,
        bot_token: str = "xoxb-sandbox",  # noqa: S107  # made up, and the same everywhere
        app_token: str = "xapp-sandbox",  # noqa: S107  # made up, and the same everywhere
        scopes: frozenset[str] | None = None,
        events: frozenset[str] | None = None,
        view: str = "agent",
        events_url: str = "",
        signing_secret: str = SIGNING_SECRET,
        latency: float = 0.0,
        limited: bool = True,
        faults: Faults | None = None,
        clock: Callable[[], float] = time.monotonic,
        tls: Tls | None = None,
    ) -> None:
        self.faults = Faults() if faults is None else faults
        app = App(
            bot_token,
            app_token,
            installed.SCOPES if scopes is None else scopes,
            installed.EVENTS if events is None else events,
            view=view,
        )
        self.workspace = Workspace(world.slack, app, clock)
        self.teams = Teams(self.workspace)
        self.oauth = OAuth(self.teams, clock)
        self.sockets = Sockets(self.workspace, self.faults)
        self.posts = Posts(events_url, signing_secret, self.faults, clock) if events_url else None
        self.carrier: Carrier = self.posts or self.sockets
        self.deliveries = Deliveries(self.carrier)
        self._web = WebApi(self.teams, self.oauth, self.faults, latency=latency, limited=limited)
        self._tls = tls
        self._running: contextlib.AsyncExitStack | None = None
        self._share_what_people_do()

    def _share_what_people_do(self) -> None:
        crowd = Crowd(self.workspace, self.carrier, self.deliveries)
        self.say = crowd.say
        self.edit = crowd.edit
        self.delete = crowd.delete
        self.invite = crowd.invite
        self.command = crowd.command
        self.press = crowd.press
        self.shortcut = crowd.shortcut
        self.submit = crowd.submit
        self.open_home = crowd.open_home
        self.open_assistant = crowd.open_assistant
        self.stop_session = crowd.stop_session
        self.uninstall = crowd.uninstall

    @property
    def api_url(self) -> str:
        """Where the Web API listens, for `SLACK_API_URL`."""
        return f"{self.workspace.address}/api/"

    @property
    def requests(self) -> deque[Request]:
        """The newest calls of the Web API and the response URLs, oldest first."""
        return self._web.requests

    @property
    def answered(self) -> Watchers[Request]:
        """Tells of each of these calls as it is answered."""
        return self._web.answered

    @property
    def budgets(self) -> Budgets | None:
        """What its calls are counted against; None where nothing limits them."""
        return self._web.budgets

    @property
    def connections(self) -> int:
        """How many sockets are open."""
        return self.sockets.count

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; `OSError` when the port is taken."""
        async with contextlib.AsyncExitStack() as stack:
            application = web.Application(client_max_size=LARGEST + 1024 * 1024)
            application.add_routes([*self._web.routes(), web.get("/link/", self.sockets.serve)])
            listener = Listener(application, tls=self._tls, shutdown_timeout=1)
            stack.push_async_callback(listener.stop)
            await listener.start(port)
            self.teams.move(listener.address)
            self.sockets.welcome()
            stack.push_async_callback(self.sockets.close)
            if self.posts is not None:
                stack.push_async_callback(self.posts.close)
            stack.callback(self.workspace.statuses.close)
            stack.push_async_callback(_ended, asyncio.create_task(self.deliveries.run()))
            for one in self.teams.all:
                stack.callback(self._watch(one))
            self._running = stack.pop_all()

    async def stop(self) -> None:
        """Close everything; does nothing when it does not run."""
        if self._running is not None:
            running, self._running = self._running, None
            await running.aclose()

    async def wait_connected(self, timeout: float = 10) -> None:  # noqa: ASYNC109  # for tests
        """Return once the app can be reached; `TimeoutError` when it cannot in time."""
        async with asyncio.timeout(timeout):
            if self.posts is None:
                await self.sockets.connected.wait()
            else:
                await self.posts.verified()

    async def drop(self, *, refuse: float = 0) -> None:
        """Cut all sockets at once, and refuse new ones for so many seconds."""
        await self.carrier.drop(refuse)

    async def refresh(self) -> None:
        """Ask all connections to come again, as Slack does every few hours."""
        await self.carrier.refresh()

    def add_workspace(self, space: Space, app: App) -> Crowd:
        """One more workspace in which the app can be installed; what people do there."""
        workspace = Workspace(space, app, self.workspace.clock)
        workspace.installed = False
        self.teams.add(workspace)
        if self._running is not None:
            self._running.callback(self._watch(workspace))
        return Crowd(workspace, self.carrier, self.deliveries)

    def _watch(self, workspace: Workspace) -> Callable[[], None]:
        """Deliver what happens in a workspace in which the app is."""

        def on_change(change: Change) -> None:
            for payload in heard(workspace, change) if workspace.installed else ():
                self.deliveries.add(payload)

        return workspace.space.watch(on_change)


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for it; what else ended it is raised."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
