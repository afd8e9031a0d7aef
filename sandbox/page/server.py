"""Serves the page, tells it what changes in the world, and does what people do on it."""

import asyncio
import contextlib
from collections.abc import Callable, Hashable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from sandbox.listener import HOST, Listener
from sandbox.model.words import WORDS
from sandbox.page import portrait
from sandbox.page.acts import Acts, Refused, fail
from sandbox.page.assistant import Assistant
from sandbox.page.backstage import Backstage
from sandbox.page.feed import Feed, news
from sandbox.page.guard import Handler, add_headers, only_from_here
from sandbox.page.portrait import Json
from sandbox.world import Change, Space, World

HERE = Path(__file__).parent
SHOWN = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
LARGEST = 48 * 2**20
"""Bytes of one act: 30 MB of files, as JSON holds them."""

ALIVE = 15.0
"""Seconds after which a silent stream says that it is still there."""


@dataclass(frozen=True, slots=True)
class Model:
    """Who answers: the stand-in, or a real model of this name."""

    name: str = ""

    def as_json(self) -> Json:
        """With the words that the stand-in knows."""
        if self.name:
            return {"name": self.name, "words": []}
        words = [{"name": w.name, "gives": w.gives, "fails": w.fails} for w in WORDS]
        return {"name": "", "words": words}


@dataclass(frozen=True, slots=True)
class Bot:
    """How the bot is: `starting`, `ready` or `stopped`, and a sentence about it.

    `starts`: it can be started again from the page.
    """

    state: str = "starting"
    sentence: str = "The bot is starting …"
    starts: bool = False


class Wish(StrEnum):
    """What somebody wants done to the bot; `again`: killed, and started again."""

    START = "start"
    KILL = "kill"
    DRAIN = "drain"
    AGAIN = "again"


class PageServer:
    """The page on loopback; any number of browsers can have it open.

    `wishes` are what people on it want done to the bot.
    """

    def __init__(self, world: World, acts: Acts, model: Model, backstage: Backstage) -> None:
        self._spaces = {"slack": world.slack, "discord": world.discord}
        self._acts = acts
        self._model = model
        self._bot = Bot()
        self._assistant = Assistant()
        self._backstage = backstage
        self.wishes: asyncio.Queue[Wish] = asyncio.Queue()
        self._feeds: set[Feed] = set()
        self._listener = Listener(self._app(), handler_cancellation=True, shutdown_timeout=0.1)
        self._unwatch: list[Callable[[], None]] = []

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self._listener.port}"

    async def start(self, port: int = 0) -> None:
        """Listen on loopback; `OSError` when the port is taken."""
        await self._listener.start(port)
        self._unwatch = [self._watch(space) for space in self._spaces.values()]
        self._backstage.start(self._tell)

    async def stop(self) -> None:
        """Stop listening; open pages say so."""
        self._backstage.stop()
        for unwatch in self._unwatch:
            unwatch()
        self._unwatch.clear()
        await self._listener.stop()

    def show_bot(self, bot: Bot) -> None:
        """Tell all readers how the bot is."""
        self._bot = bot
        self._tell("bot", {"kind": "bot", "bot": asdict(bot)})

    def _watch(self, space: Space) -> Callable[[], None]:
        def tell(change: Change) -> None:
            if found := news(space, change):
                self._tell(*found)
            elif stands := self._assistant.heard(change):
                self._tell(("assistant", change.channel), stands)

        return space.watch(tell)

    def _tell(self, about: Hashable, what: Json) -> None:
        for feed in self._feeds:
            feed.add(about, what)

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[only_from_here, _with_sentence], client_max_size=LARGEST)
        app.on_response_prepare.append(add_headers)
        app.router.add_get("/", self._file)
        app.router.add_get("/live", self._live)
        app.router.add_get("/commands", self._commands)
        app.router.add_get("/{name:[-a-z]+\\.[a-z]+}", self._file)
        app.router.add_post("/do/bot/{wish}", self._wish)
        app.router.add_post("/do/faults/{act}", self._fail)
        app.router.add_post("/do/{space}/{act}", self._do)
        return app

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path = HERE / request.match_info.get("name", "index.html")
        if path.suffix not in SHOWN or not path.is_file():
            raise web.HTTPNotFound
        text = path.read_text(encoding="utf-8")
        return web.Response(text=text, content_type=SHOWN[path.suffix])

    async def _commands(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._acts.commands(request.query.get("person", "")))

    async def _wish(self, request: web.Request) -> web.StreamResponse:
        wish = request.match_info["wish"]
        if wish not in set(Wish):
            raise Refused("Nobody knows how to do that to the bot.")
        self.wishes.put_nowait(Wish(wish))
        return web.json_response({})

    async def _fail(self, request: web.Request) -> web.StreamResponse:
        given = await _json(request)
        await fail(self._backstage.troubles, request.match_info["act"], given)
        return web.json_response({})

    async def _do(self, request: web.Request) -> web.StreamResponse:
        name = f"{request.match_info['space']}/{request.match_info['act']}"
        return web.json_response(await self._acts.done(name, await _json(request)))

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """The whole world once, then whatever changes, as server-sent events."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        feed = Feed()
        feed.add("world", self._world())
        self._feeds.add(feed)
        try:
            await response.prepare(request)
            while True:
                await response.write(await _next(feed))
        except ConnectionError:
            return response
        finally:
            self._feeds.discard(feed)

    def _world(self) -> Json:
        return {
            "kind": "world",
            "spaces": {name: portrait.space(space) for name, space in self._spaces.items()},
            "assistant": self._assistant.all(),
            "bot": asdict(self._bot),
            "model": self._model.as_json(),
            "backstage": self._backstage.all(),
        }


async def _json(request: web.Request) -> Any:
    try:
        return orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        raise web.HTTPBadRequest(text="That is not JSON.") from error


@web.middleware
async def _with_sentence(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What did not happen is told in a sentence."""
    try:
        return await handler(request)
    except Refused as refused:
        return web.json_response({"sentence": str(refused)}, status=409)


async def _next(feed: Feed) -> bytes:
    """What is new, or a comment when nothing is."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ALIVE):
            return b"".join(b"data: " + orjson.dumps(one) + b"\n\n" for one in await feed.take())
    return b": alive\n\n"
