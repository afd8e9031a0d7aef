"""Somebody else's Discord, which tells only what discord.py cannot do without."""

import asyncio
import itertools
import json
from contextlib import asynccontextmanager

from aiohttp import WSMsgType, web

ME, ADA, DIRECT, GUILD, CHANNEL = "9", "1", "3", "4", "2"
USER = {"username": "somebody", "discriminator": "0", "avatar": None}
TEXT = {"id": CHANNEL, "type": 0, "name": "general", "position": 0}
ids = itertools.count(10**17)


class Minimal:
    """One bot, one person, a channel and a direct message.

    `changes` are put into the answers to the routes that they are named after.
    `closes` is the code with which the gateway ends a session instead of beginning it.
    Where `says_guild` is false, the guild is never told of.
    """

    def __init__(self, *, closes=0, says_guild=True, **changes):
        self.api_url = ""
        self.said = []
        self.posted = asyncio.Queue()
        self._closes = closes
        self._says_guild = says_guild
        self._changes = changes
        self._socket = None
        self._sequence = 0

    @asynccontextmanager
    async def running(self):
        app = web.Application()
        app.router.add_get("/gateway", self._gateway)
        app.router.add_route("*", "/api/{route:.*}", self._rest)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        self.api_url = f"http://{host}:{port}/api"
        self._gateway_url = f"ws://{host}:{port}/gateway"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def say(self, text, channel=DIRECT, **more):
        """Let the person write something."""
        message = _message(channel, ADA, text) | more
        await self._dispatch("MESSAGE_CREATE", message)
        return message

    async def use(self, command, text):
        """Let the person use a command in the direct message."""
        options = [{"name": "question", "type": 3, "value": text}]
        data = {
            "id": "77",
            "application_id": ME,
            "type": 2,
            "version": 1,
            "token": "t",
            "channel_id": DIRECT,
            "user": {"id": ADA, **USER},
            "attachment_size_limit": 0,
            "data": {"id": "78", "name": command, "type": 1, "options": options},
        }
        await self._dispatch("INTERACTION_CREATE", data)

    async def _rest(self, request):
        route = f"{request.method} {request.match_info['route']}"
        body = await request.json() if request.can_read_body else None
        data = self._answer(route, request.path.split("/"), body)
        name = {"GET gateway/bot": "sessions", "GET oauth2/applications/@me": "application"}
        if isinstance(data, dict):
            data |= self._changes.get(name.get(route, ""), {})
        self.said.append(route)
        if data is None:
            return web.Response(status=204)
        # discord.py reads nothing that names a charset besides.
        return web.Response(body=json.dumps(data), headers={"Content-Type": "application/json"})

    def _answer(self, route, path, body):
        data = None
        match route.split(" ")[0], path[2:]:
            case "GET", ["users", "@me"]:
                data = {"id": ME, **USER}
            case "GET", ["users", "@me", "guilds"]:
                data = [{"id": GUILD, "name": "a server"}]
            case "GET", ["oauth2", "applications", "@me"]:
                data = _application()
            case "GET", ["gateway", "bot"]:
                data = {"url": self._gateway_url}
            case ("PUT", ["applications", _, "commands"]) | ("GET", ["channels", _, "messages"]):
                data = []
            case "PATCH", ["webhooks", _, _, "messages", _]:
                self.posted.put_nowait((DIRECT, body["content"]))
                data = _message(DIRECT, ME, body["content"])
            case "GET", ["channels", _]:
                data = TEXT | {"guild_id": GUILD}
            case "POST", ["channels", _, "messages", message, "threads"]:
                data = _thread(message)
            case "POST", ["channels", channel, "messages"]:
                self.posted.put_nowait((channel, body["content"]))
                data = _message(channel, ME, body["content"])
        return data

    async def _gateway(self, request):
        socket = self._socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 40_000}, "s": None})
        async for received in socket:
            if received.type is WSMsgType.TEXT and received.json()["op"] == 2:
                await self._identified(socket)
        return socket

    async def _identified(self, socket):
        if self._closes:
            await socket.close(code=self._closes)
            return
        ready = {"session_id": "s", "resume_gateway_url": self._gateway_url, "shard": [0, 1]}
        user = {"id": ME, **USER}
        guilds = [{"id": GUILD, "unavailable": True}]
        await self._dispatch("READY", ready | {"user": user, "guilds": guilds})
        if self._says_guild:
            await self._dispatch("GUILD_CREATE", {"id": GUILD, "channels": [TEXT]})

    async def _dispatch(self, event, data):
        self._sequence += 1
        await self._socket.send_json({"op": 0, "t": event, "s": self._sequence, "d": data})


def _application():
    return {
        "id": ME,
        "name": "parley",
        "description": "",
        "icon": None,
        "bot_public": False,
        "bot_require_code_grant": False,
        "owner": {"id": ADA, **USER},
        "verify_key": "",
    }


def _message(channel, author, text):
    return {
        "id": str(next(ids)),
        "channel_id": channel,
        "author": {"id": author, **USER},
        "type": 0,
        "content": text,
        "timestamp": "2026-01-01T00:00:00+00:00",
        "edited_timestamp": None,
        "tts": False,
        "pinned": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
    }


def _thread(message):
    return {
        "id": message,
        "guild_id": GUILD,
        "parent_id": CHANNEL,
        "owner_id": ME,
        "type": 11,
        "name": "a thread",
        "message_count": 0,
        "member_count": 1,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": 60,
            "archive_timestamp": "2026-01-01T00:00:00+00:00",
        },
    }
