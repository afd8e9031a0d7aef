"""The loopback server: everything of Discord that the bot can reach, on one port."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import web

from sandbox import strange
from sandbox.discord.answers import Answers
from sandbox.discord.buckets import Buckets
from sandbox.discord.commands import Commands
from sandbox.discord.controls import Controls
from sandbox.discord.drafts import media_type
from sandbox.discord.events import Event
from sandbox.discord.feed import Feed
from sandbox.discord.gateway import Gateway
from sandbox.discord.intents import Intent
from sandbox.discord.interactions import Interactions
from sandbox.discord.objects import guild
from sandbox.discord.posts import Posts
from sandbox.discord.realm import GUILD, Realm
from sandbox.discord.requests import Request
from sandbox.discord.rest import LARGEST, PREFIX, Rest
from sandbox.discord.routes.application import ApplicationRoutes
from sandbox.discord.routes.channels import ChannelRoutes
from sandbox.discord.routes.commands import CommandRoutes
from sandbox.discord.routes.guilds import GuildRoutes
from sandbox.discord.routes.interactions import InteractionRoutes
from sandbox.discord.routes.messages import MessageRoutes
from sandbox.discord.routes.reactions import ReactionRoutes
from sandbox.discord.routes.threads import ThreadRoutes
from sandbox.discord.sessions import Starts
from sandbox.discord.talk import Talk
from sandbox.discord.threads import Threads
from sandbox.faults import Faults
from sandbox.listener import Listener, Tls, address
from sandbox.watchers import Watchers
from sandbox.world import Change, Kind, Message, World


class DiscordServer:
    """A Discord with one guild, for one application; see `Talk` and `Controls` for what people do.

    `privileged` are the intents that are switched on in the portal ("message_content",
    "members", "presences"). `latency` is in seconds per REST request, there and back;
    `limited` false takes the rate limits away. `heartbeat` is in seconds; `patience` is how
    long people wait for the first answer to a command. All times but those three go by `clock`.
    """

    def __init__(
        self,
        world: World,
        *,
        token: str = "discord-sandbox-token",  # noqa: S107  # it opens nothing
        privileged: frozenset[str] = frozenset({"message_content"}),
        latency: float = 0.0,
        limited: bool = True,
        faults: Faults | None = None,
        heartbeat: float = 41.25,
        patience: float = 3.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        tls: Tls | None = None,
    ) -> None:
        self.world = world
        self.faults = faults or Faults()
        self._realm = realm = Realm(world.discord, privileged, clock)
        starts = Starts(limited=limited)
        self._gateway = Gateway(realm, starts, self.faults, token=token, heartbeat=heartbeat)
        dispatch = self._gateway.dispatch
        posts, self.commands = Posts(realm), Commands(realm)
        answers = Answers(realm, posts)
        self._interactions = Interactions(realm, answers, dispatch, patience=patience)
        self._application = ApplicationRoutes(realm, starts)
        routes = (
            *self._application.table(),
            *MessageRoutes(realm, posts, dispatch).table(),
            *ReactionRoutes(realm).table(),
            *ThreadRoutes(realm, Threads(realm, posts)).table(),
            *ChannelRoutes(realm).table(),
            *GuildRoutes(realm).table(),
            *CommandRoutes(realm, self.commands).table(),
            *InteractionRoutes(realm, self._interactions, answers).table(),
        )
        self._rest = Rest(realm, routes, self.faults, token=token, latency=latency, limited=limited)
        self._feed = Feed(realm)
        self._listener: Listener | None = None
        self._unwatch: Callable[[], None] | None = None
        self._port = 0
        self._tls = tls
        self._failing = False
        self._share_what_people_do(posts)

    def _share_what_people_do(self, posts: Posts) -> None:
        talk = Talk(self._realm, posts)
        self.say = talk.say
        self.open_post = talk.open_post
        self.edit = talk.edit
        self.delete = talk.delete
        self.react = talk.react
        self.type = talk.type
        controls = Controls(self._realm, self.commands, self._interactions)
        self.command = controls.command
        self.autocomplete = controls.autocomplete
        self.context_menu = controls.context_menu
        self.press = controls.press
        self.submit = controls.submit
        self.interaction = controls.interaction

    async def start(self, port: int = 0) -> None:
        """Listen on loopback; port 0 takes a free one. `OSError` when the port is in use."""
        app = web.Application(client_max_size=LARGEST)
        app.router.add_get("/gateway", self._gateway.serve)
        app.router.add_get("/attachments/{channel}/{id}/{name}", self._download)
        self._rest.add_to(app)
        self._listener = Listener(app, tls=self._tls, shutdown_timeout=1.0)
        await self._listener.start(port)
        self._port = self._listener.port
        self._application.gateway_url = self.gateway_url
        self._gateway.lives_at(self.gateway_url)
        self._realm.files.address = address(self._port, self._tls)
        self._unwatch = self._realm.space.watch(self._tell)

    async def stop(self) -> None:
        """End all connections and stop listening; a second call does nothing."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        self._interactions.abandon()
        try:
            await self._gateway.drop(resumable=False)
        finally:
            if self._listener is not None:
                await self._listener.stop()
                self._listener = None

    @property
    def realm(self) -> Realm:
        """The guild with all that is in it."""
        return self._realm

    @property
    def api_url(self) -> str:
        """Where the REST API is; its `/gateway/bot` says where the gateway is."""
        return f"{address(self._port, self._tls)}{PREFIX}"

    @property
    def gateway_url(self) -> str:
        """Where the gateway is."""
        return f"{address(self._port, self._tls).replace('http', 'ws', 1)}/gateway"

    @property
    def requests(self) -> deque[Request]:
        """What the bot has asked of the REST API, in the order in which it was answered."""
        return self._rest.requests

    @property
    def answered(self) -> Watchers[Request]:
        """Tells of each of these requests as it is answered."""
        return self._rest.answered

    @property
    def buckets(self) -> Buckets | None:
        """What its requests are counted against; None where nothing limits them."""
        return self._rest.buckets

    @property
    def sessions(self) -> int:
        """How many gateway connections are identified."""
        return self._gateway.connected

    async def wait_ready(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109  # its contract
        """Wait until a session has everything that it has been told; `TimeoutError` if none."""
        async with asyncio.timeout(timeout):
            await self._gateway.ready.wait()

    async def drop(self, *, resumable: bool = True) -> None:
        """Cut all gateway connections; unless `resumable`, their sessions are gone, too."""
        await self._gateway.drop(resumable=resumable)

    async def ask_to_reconnect(self) -> None:
        """Ask the clients to reconnect and resume, as before a deployment (op 7)."""
        await self._gateway.ask_to_reconnect()

    def switch_off(self, intent: str) -> None:
        """Switch a privileged intent off in the portal; new sessions do not get it any more."""
        self._realm.privileged -= {intent}

    async def revoke(self, *, tell: bool = True) -> None:
        """The token is void, as after a reset in the portal; `tell` the gateway's clients."""
        self._rest.revoke()
        if tell:
            await self._gateway.revoke()

    def redeliver(self, message: Message) -> None:
        """Tell of a message a second time, as can happen around a RESUME."""
        self._tell(Change("posted", self._realm.space.name, message.channel, message))

    def leave(self) -> None:
        """The bot is taken out of the guild."""
        self._realm.joined = False
        self._gateway.dispatch(Event("GUILD_DELETE", {"id": GUILD}, Intent.GUILDS))

    def invite(self) -> None:
        """The bot is let into the guild."""
        self._realm.joined = True
        created = guild.created(self._realm, everybody=False)
        del created["unavailable"]  # only of those that the bot was in already is it told
        self._gateway.dispatch(Event("GUILD_CREATE", created, Intent.GUILDS))

    def fail(self) -> None:
        """The guild is unavailable, as in an outage: nothing of what happens there is told."""
        self._failing = True
        gone = {"id": GUILD, "unavailable": True}
        self._gateway.dispatch(Event("GUILD_DELETE", gone, Intent.GUILDS))

    def recover(self) -> None:
        """The guild is available again."""
        self._failing = False
        created = guild.created(self._realm, everybody=False)
        self._gateway.dispatch(Event("GUILD_CREATE", created, Intent.GUILDS))

    def choose_language(self, locale: str) -> None:
        """Set the guild's preferred locale, as its owner can."""
        self._realm.locale = locale
        self._gateway.dispatch(Event("GUILD_UPDATE", guild.guild(self._realm), Intent.GUILDS))

    def attachment_url(self, message: Message, number: int = 0) -> str:
        """A fresh address of a message's attachment."""
        file = message.payload["attachments"][number]
        now = self._realm.now()
        return self._realm.files.url(message.channel, file["id"], file["filename"], now)

    def _tell(self, change: Change) -> None:
        place = self._realm.space.channels.get(change.channel)
        is_told = not self._failing or (place is not None and place.kind is Kind.DIRECT)
        for event in self._feed.events(change):
            if is_told:
                self._gateway.dispatch(event)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        if instead := await strange.struck(request, self.faults):
            return instead
        file, files = request.match_info["id"], self._realm.files
        ends, made, signature = (request.query.get(name, "") for name in ("ex", "is", "hm"))
        upload = files.get(file)
        if upload is None or not files.valid(file, ends, made, signature, self._realm.now()):
            return web.Response(status=404, text="This content is no longer available.")
        headers = {"Content-Type": media_type(upload)}
        return web.Response(body=upload.data, headers=headers)
