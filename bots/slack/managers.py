"""Who may manage a channel: workspace admins and owners, its creator, and those who are listed."""

import asyncio
from collections.abc import Collection

from bots.slack.calls import CallFailed
from bots.slack.payload import string
from bots.slack.workspace import Workspace
from core.errors import PlatformFailed
from core.pace import Urgency

PATIENCE = 1.2
"""Seconds that Slack is given to tell; whoever used a command waits for three in all."""


async def may_manage(
    workspace: Workspace, user: str, channel: str, listed: Collection[str]
) -> bool:
    """Whether somebody may manage a channel; `listed` are people who may everywhere.

    Raises `PlatformFailed` if Slack does not tell.
    """
    if user in listed:
        return True
    try:
        async with asyncio.timeout(PATIENCE):
            return await _administers(workspace, user) or (
                await _creator(workspace, channel) == user
            )
    except (CallFailed, TimeoutError) as failed:
        raise PlatformFailed(f"not told who manages: {failed}") from failed


async def _administers(workspace: Workspace, user: str) -> bool:
    calls = workspace.calls
    answer = await calls.in_turn(
        calls.web.users_info, workspace.budgets.person, Urgency.FIRST, user=user
    )
    person = answer.get("user")
    # Somebody of another workspace may be an admin there.
    if not isinstance(person, dict) or person.get("is_stranger"):
        return False
    return bool(person.get("is_admin") or person.get("is_owner"))


async def _creator(workspace: Workspace, channel: str) -> str:
    calls = workspace.calls
    answer = await calls.in_turn(
        calls.web.conversations_info, workspace.budgets.channel, Urgency.FIRST, channel=channel
    )
    return string(answer.get("channel"), "creator")
