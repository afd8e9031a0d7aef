"""Files in a Slack workspace, which are read with the bot's token.

Source: docs.slack.dev/reference/objects/file-object: without the token, or without the scope
files:read, there is a page to sign in where the file should be, with status 200.
"""

from urllib.parse import urlsplit

from bots.downloads import Downloads, origin
from bots.slack.budgets import Budgets
from bots.slack.calls import CallFailed, Calls
from bots.slack.payload import string
from core.errors import FileUnread, Why
from core.messages import Attachment
from core.pace import Urgency

HOST = "https://files.slack.com"

CANVAS = "application/vnd.slack-docs"
"""The type of a canvas, of which a download shows a page that is made for people."""

_PAGE = (b"<!doctype html", b"<html")

_DENIED = frozenset({"missing_scope", "not_allowed_token_type", "access_denied", "no_permission"})
"""Slack's words for files that the app may not read."""

_GONE = frozenset({"file_not_found", "file_deleted"})


class Files:
    """Reads files of one workspace."""

    def __init__(self, token: str, api_url: str, calls: Calls, budgets: Budgets) -> None:
        self._calls = calls
        self._budgets = budgets
        self._downloads = Downloads(
            (HOST, origin(api_url)), {"Authorization": f"Bearer {token}"}, is_login
        )

    async def read(self, file: Attachment, most: int) -> bytes:
        """The content of a file. Raises `FileUnread`."""
        if file.media_type == CANVAS:
            raise FileUnread(Why.NOT_READABLE, "a canvas")
        # Of files in channels that are shared with another workspace, events tell the id alone.
        address = file.url or await self._address(file.id)
        await self._turn()
        data, media_type = await self._downloads.fetch(address, most)
        if _is_page(data, media_type) and len(data) != file.size:
            raise FileUnread(Why.LOCKED, "a page to sign in: is the scope files:read granted?")
        return data

    async def close(self) -> None:
        """Close all connections."""
        await self._downloads.close()

    async def _turn(self) -> None:
        try:
            await self._calls.turn(self._budgets.download, Urgency.READ)
        except CallFailed as failed:
            raise FileUnread(Why.NOT_REACHED, "no turn") from failed

    async def _address(self, id_: str) -> str:
        try:
            answer = await self._calls.read(
                self._calls.web.files_info, self._budgets.file, Urgency.READ, file=id_
            )
        except CallFailed as failed:
            code = getattr(failed.outcome, "code", "")
            raise FileUnread(_why(code), code) from failed
        found = answer.get("file")
        return string(found, "url_private_download") or string(found, "url_private")


def _why(code: str) -> Why:
    if code in _DENIED:
        return Why.LOCKED
    return Why.GONE if code in _GONE else Why.NOT_REACHED


def is_login(address: str) -> bool:
    """Whether a redirect leads to where people sign in: of the workspace, or of the sandbox."""
    parts = urlsplit(address)
    return "redir=" in parts.query or parts.path.rstrip("/").endswith(("/login", "/signin"))


def _is_page(data: bytes, media_type: str) -> bool:
    return media_type == "text/html" or data[:64].lstrip().lower().startswith(_PAGE)
