"""Files that the bot puts into a conversation, in Slack's three steps.

Source: docs.slack.dev/messaging/working-with-files#upload.
"""

from collections.abc import Sequence

from bots.slack.calls import NOT_REACHED, Answer, CallFailed, answered
from bots.slack.payload import string
from bots.slack.workspace import Workspace
from core.pace import Urgency
from core.proxies import proxy_to
from core.surface import CodeFile, RefusedForGood, Unknown


async def upload(
    workspace: Workspace, channel: str, thread: dict[str, str], files: Sequence[CodeFile]
) -> None:
    """Put files into one message. Raises `CallFailed`; only then was none of them shown.

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
