"""Files that the bot puts into a conversation, in Slack's three steps, and takes away again.

Source: docs.slack.dev/messaging/working-with-files#upload.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bots.slack.calls import NOT_REACHED, Answer, CallFailed, answered
from bots.slack.payload import string
from bots.slack.workspace import Workspace
from core.pace import Urgency
from core.proxies import proxy_to
from core.surface import CodeFile, RefusedForGood, Unknown

GONE = frozenset({"file_not_found", "file_deleted", "message_not_found"})
"""Codes of what does not exist any more."""


async def upload(
    workspace: Workspace, channel: str, thread: dict[str, str], files: Sequence[CodeFile]
) -> list[str]:
    """Put files into one message; their ids. Raises `CallFailed`, and none was shown then.

    Whether the last step was done cannot be looked up, so that one is never repeated.
    """
    calls = workspace.calls
    sent = [{"id": await _sent(workspace, file), "title": file.name} for file in files]
    for file in sent:
        workspace.memory.wrote(file["id"])
    try:
        await calls.in_turn(
            calls.web.files_completeUploadExternal,
            workspace.budgets.share,
            Urgency.PAGE,
            files=sent,
            channel_id=channel,
            **thread,
        )
    except CallFailed as failed:
        doubtful = isinstance(failed.outcome, Unknown) and failed.outcome.code != NOT_REACHED
        if doubtful:
            raise CallFailed(RefusedForGood(f"unknown: {failed.outcome.code}")) from failed
        raise
    return [file["id"] for file in sent]


async def take_away(workspace: Workspace, channel: str, files: Sequence[str]) -> None:
    """Delete files of ours, and first the message that shows them. Raises `CallFailed`.

    A message whose file is deleted stays and says so; which one it is, only the file knows.
    """
    calls = workspace.calls
    for file in files:
        with _unless_gone():
            found = await calls.in_turn(
                calls.web.files_info, workspace.budgets.file, Urgency.LAST, file=file
            )
            for ts in _shown_in(found.get("file"), channel):
                with _unless_gone():
                    await calls.in_turn(
                        calls.web.chat_delete,
                        workspace.budgets.delete,
                        Urgency.LAST,
                        channel=channel,
                        ts=ts,
                    )
            await calls.in_turn(
                calls.web.files_delete, workspace.budgets.unshare, Urgency.LAST, file=file
            )


@contextmanager
def _unless_gone() -> Iterator[None]:
    """What does not exist any more need not be taken away."""
    try:
        yield
    except CallFailed as failed:
        if not isinstance(failed.outcome, RefusedForGood) or failed.outcome.code not in GONE:
            raise


def _shown_in(file: Any, channel: str) -> Iterator[str]:
    """The messages of a channel that show a file."""
    shares = file.get("shares") if isinstance(file, dict) else None
    for places in shares.values() if isinstance(shares, dict) else ():
        shown = places.get(channel) if isinstance(places, dict) else None
        yield from (string(one, "ts") for one in shown or () if string(one, "ts"))


async def _sent(workspace: Workspace, file: CodeFile) -> str:
    """Give Slack the bytes of a file, which nobody sees yet; its id."""
    calls = workspace.calls
    place = await calls.in_turn(
        calls.web.files_getUploadURLExternal,
        workspace.budgets.upload,
        Urgency.PAGE,
        filename=file.name,
        length=len(file.data),
        **({"alt_txt": file.description} if file.description else {}),
    )
    await calls.attempt(_put(workspace, string(place, "upload_url"), file.data), ())
    return string(place, "file_id")


async def _put(workspace: Workspace, url: str, data: bytes) -> Answer:
    session = workspace.calls.web.session
    if session is None or not url:
        raise CallFailed(RefusedForGood("no_upload_url"))
    async with session.post(url, data=data, proxy=proxy_to(url)) as response:
        if response.status != 200:
            raise CallFailed(answered(response.status, response.headers, ""))
    return {}
