"""Attachments in Discord: signed addresses on its content network, which expire."""

from urllib.parse import urlsplit

import discord

from bots.discord import budgets
from bots.discord.calls import NO_TURN, Calls, NotRead
from bots.downloads import Downloads, origin
from core.errors import FileUnread, Why
from core.messages import Attachment
from core.pace import Urgency

HOSTS = ("https://cdn.discordapp.com", "https://media.discordapp.net")
OWN = ("https://discord.com", "https://discordapp.com")


class Files:
    """Reads attachments; `api_url` is where Discord is, if it is not the real one."""

    def __init__(self, client: discord.Client, calls: Calls, api_url: str | None) -> None:
        self._client = client
        self._calls = calls
        elsewhere = origin(api_url) if api_url else ""
        own = () if elsewhere in ("", *OWN) else (elsewhere,)
        self._downloads = Downloads((*HOSTS, *own))

    async def read(self, file: Attachment, message: str, most: int) -> bytes:
        """The content of an attachment of a message. Raises `FileUnread`."""
        try:
            return await self._fetch(file.url, most)
        except FileUnread as error:
            if error.why is not Why.GONE:
                raise
        # The address has expired; the message has a fresh one.
        return await self._fetch(await self._fresh(file, message), most)

    async def close(self) -> None:
        """Close all connections."""
        await self._downloads.close()

    async def _fetch(self, address: str, most: int) -> bytes:
        if not await self._calls.turn(budgets.DOWNLOADS, Urgency.READ):
            raise FileUnread(Why.NOT_REACHED, "no turn")
        try:
            data, _ = await self._downloads.fetch(address, most)
        except FileUnread as error:
            # Nobody needs a permission here: a signature that is not accepted has expired.
            why = Why.GONE if error.why is Why.LOCKED else error.why
            raise FileUnread(why, str(error)) from error
        return data

    async def _fresh(self, file: Attachment, message: str) -> str:
        """Today's address of an attachment; the old one tells the channel."""
        channel = _channel(file.url)
        if not channel or not message.isdecimal():
            raise FileUnread(Why.GONE)
        counted = budgets.reads(channel)
        if not await self._calls.turn(counted, Urgency.READ):
            raise FileUnread(Why.NOT_REACHED, str(NO_TURN.outcome))
        http = self._client.http
        try:
            raw = await self._calls.read(counted, lambda: http.get_message(channel, int(message)))
        except NotRead as error:
            raise FileUnread(Why.GONE, str(error)) from error
        for found in raw.get("attachments") or ():
            if str(found.get("id")) == file.id:
                return str(found.get("url") or "")
        raise FileUnread(Why.GONE, "no longer on its message")


def _channel(address: str) -> int:
    """The channel in `/attachments/<channel>/<file>/<name>`; 0 where there is none."""
    parts = urlsplit(address).path.split("/")
    found = parts[2] if len(parts) > 3 and parts[1] == "attachments" else ""
    return int(found) if found.isascii() and found.isdecimal() else 0
