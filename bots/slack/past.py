"""What was said in the workspace since a moment, as its histories tell."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from bots.slack.calls import Answer, CallFailed, Method
from bots.slack.directory import Directory
from bots.slack.events import Addressed, Said, addressed, hear
from bots.slack.history import is_gone, messages_of
from bots.slack.messages import PLATFORM
from bots.slack.payload import string
from bots.slack.question import asked_in
from bots.slack.workspace import Workspace
from core.budget import Budget
from core.catch_up import Backlog, Late
from core.pace import Urgency
from core.surface import RefusedForGood

KINDS = "im,mpim,public_channel,private_channel"

PAGE = 200
"""Messages of one call, the most that Slack recommends."""

PAGES = 5
"""Calls for one channel or thread, at most."""

TRIES = 3

T = TypeVar("T")

Raw = dict[str, Any]
Hear = Callable[[Said, float], Awaitable[bool]]


class Past:
    """Finds what may be for the bot; `hear` takes it, with the moment when the bot was back."""

    def __init__(self, workspace: Workspace, directory: Directory, hear: Hear) -> None:
        self._workspace = workspace
        self._directory = directory
        self._hear = hear

    async def look(self, place: str, backlog: Backlog) -> None:
        """Look back at all channels that the bot is in; raises as `Backlog.take` does."""
        del place  # there is only one
        within = f"{PLATFORM}/{self._workspace.us.team}"
        asked: dict[str, list[str]] = {}
        for one in await backlog.places(within):
            asked.setdefault(one.channel, []).append(one.thread)
        try:
            joined = await _patiently(self._joined)
        except CallFailed as failed:
            backlog.refused(within, failed.outcome)
            return
        channels = {string(one, "id"): one for one in joined if not one.get("is_archived")}
        first = [one for one in asked if one in channels]
        for id_ in (*first, *(channels.keys() - asked.keys())):
            if backlog.admits():
                kind = "im" if channels[id_].get("is_im") else "channel"
                await self._channel(id_, kind, asked.get(id_, []), backlog)

    async def _joined(self) -> list[Mapping[str, Any]]:
        return [one async for one in self._directory.joined(KINDS, Urgency.PAST)]

    async def _channel(
        self, channel: str, kind: str, threads: Iterable[str], backlog: Backlog
    ) -> None:
        """Take what was said in a channel; also where Slack does not show all of it."""
        found: dict[str, Raw] = {}
        try:
            await self._read(channel, threads, backlog, found)
        except CallFailed as failed:
            backlog.refused(f"{PLATFORM}/{channel}", failed.outcome)
        where = {"type": "message", "channel": channel, "channel_type": kind}
        events = (hear({**raw, **where}) for raw in found.values())
        said = [event for event in events if isinstance(event, Said)]
        await backlog.take([one for event in said for one in self._late(event, backlog.back_at)])

    def _late(self, said: Said, back_at: float) -> Iterator[Late]:
        message = said.message
        if addressed(said, self._workspace.us, self._workspace.programs) is not Addressed.NO:
            yield Late(
                name=message.name,
                question=asked_in(self._workspace, message).key,
                at=float(message.ts),
                hear=partial(self._hear, said, back_at),
            )

    async def _read(
        self, channel: str, asked: Iterable[str], backlog: Backlog, found: dict[str, Raw]
    ) -> None:
        """Put what was said there, in its threads too, into `found`. Raises `CallFailed`.

        `asked` are threads in which the bot was asked something lately.
        """
        web, budgets = self._workspace.calls.web, self._workspace.budgets
        since = f"{backlog.since:.6f}"
        top: list[Raw] = []
        async for page in self._pages(web.conversations_history, budgets.history, channel=channel):
            top += messages_of(page)
            found.update(_newer(top, since))
            if top and string(top[-1], "ts") <= since:
                break
        for thread in filter(lambda _: backlog.admits(), _threads(top, asked, since)):
            where = {"channel": channel, "ts": thread, "oldest": since}
            try:
                async for page in self._pages(web.conversations_replies, budgets.replies, **where):
                    found.update(_newer(messages_of(page), since))
            except CallFailed as failed:
                if not is_gone(failed):
                    raise

    async def _pages(
        self, method: Method, budgets: tuple[Budget, ...], **where: Any
    ) -> AsyncIterator[Answer]:
        cursor: str | None = None
        for _ in range(PAGES):
            where |= {"limit": PAGE, "cursor": cursor}
            in_turn = self._workspace.calls.in_turn
            page = await _patiently(partial(in_turn, method, budgets, Urgency.PAST, **where))
            yield page
            cursor = string(page.get("response_metadata"), "next_cursor")
            if not cursor:
                return


async def _patiently(call: Callable[[], Awaitable[T]]) -> T:
    """Call Slack again where it refuses for now, or does not answer. Raises `CallFailed`."""
    for tries in range(1, TRIES + 1):
        try:
            return await call()
        except CallFailed as failed:
            if isinstance(failed.outcome, RefusedForGood) or tries == TRIES:
                raise
    raise AssertionError("the last try returns or raises")


def _newer(page: Iterable[Raw], since: str) -> dict[str, Raw]:
    return {ts: raw for raw in page if (ts := string(raw, "ts")) > since}


def _threads(top: list[Raw], asked: Iterable[str], since: str) -> list[str]:
    """Which threads to read: those with new replies, the bot's own before others.

    Of those that began before what was read of the channel nobody knows whether there are any;
    where the bot was asked lately is looked at.
    """
    active = {string(raw, "ts") for raw in top if string(raw, "latest_reply") > since}
    begin = string(top[-1], "ts") if top else ""
    known = [one for one in asked if one in active]
    older = [one for one in asked if one and one < begin]
    return [*known, *sorted(active - set(known)), *older]
