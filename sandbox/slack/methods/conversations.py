"""Channels and what was said in them."""

import re
from typing import Any

from sandbox.slack import paging
from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import Refused
from sandbox.slack.messages import Threads, render, threads
from sandbox.slack.method import Answer, Method
from sandbox.slack.workspace import SCOPE_PREFIX, Workspace, sort_of
from sandbox.world import Channel, Message

MOST = 1000
_TS = re.compile(r"(\d+)(?:\.(\d{1,6}))?")

READ = tuple(f"{prefix}:read" for prefix in SCOPE_PREFIX.values())
HISTORY = tuple(f"{prefix}:history" for prefix in SCOPE_PREFIX.values())

KINDS = {"public_channel": "channel", "private_channel": "group", "mpim": "mpim", "im": "im"}

Stamp = tuple[int, int]


def replies(slack: Workspace, arguments: Arguments) -> Answer:
    """A thread, oldest first; its root stands on the first page whatever the bounds."""
    channel = _readable(slack, arguments)
    root = slack.space.message(channel.id, arguments.need("ts"))
    if root is None or root.only_for:
        raise Refused("thread_not_found")
    answers = threads(slack.space.messages(channel.id, root.id))
    inside = _Bounds(arguments).keep(answers.get(root.id, []))
    page = _Page(f"replies/{root.id}", arguments)
    rest = [root, *inside] if page.last is None else [m for m in inside if stamp(m.id) > page.last]
    return page.answer(slack, rest, answers)


def history(slack: Workspace, arguments: Arguments) -> Answer:
    """A channel's top level, newest first."""
    channel = _readable(slack, arguments)
    everything = [m for m in slack.space.messages(channel.id) if not m.only_for]
    top = [m for m in _Bounds(arguments).keep(everything) if not m.thread]
    page = _Page(f"history/{channel.id}", arguments, 100)
    rest = [m for m in reversed(top) if page.last is None or stamp(m.id) < page.last]
    return page.answer(slack, rest, threads(everything))


class _Page:
    """One page of messages; its cursor names the last one, so that new ones shift nothing."""

    def __init__(self, key: str, arguments: Arguments, limit: int = MOST) -> None:
        cursor = arguments.text("cursor")
        self._key = key
        self._limit = arguments.limit(limit, MOST)
        self._with_metadata = arguments.flag("include_all_metadata")
        self.last = stamp(paging.read_cursor(key, cursor), "invalid_cursor") if cursor else None

    def answer(self, slack: Workspace, rest: list[Message], replies: Threads) -> Answer:
        shown = rest[: self._limit]
        more = len(rest) > len(shown)
        following = paging.make_cursor(self._key, shown[-1].id) if more else ""
        metadata = self._with_metadata
        return {
            "messages": [render(slack, m, replies, with_metadata=metadata) for m in shown],
            "has_more": more,
            **(paging.metadata(following) if more else {}),
        }


class _Bounds:
    """`oldest`, `latest` and `inclusive`."""

    def __init__(self, arguments: Arguments) -> None:
        self._inclusive = arguments.flag("inclusive")
        self._oldest = stamp(arguments.text("oldest", "0"), "invalid_ts_oldest")
        latest = arguments.text("latest")
        self._latest = stamp(latest, "invalid_ts_latest") if latest else None

    def keep(self, messages: list[Message]) -> list[Message]:
        return [message for message in messages if self._hold(stamp(message.id))]

    def _hold(self, at: Stamp) -> bool:
        if self._inclusive and at in (self._oldest, self._latest):
            return True
        return self._oldest < at and (self._latest is None or at < self._latest)


def stamp(ts: str, wrong: str = "invalid_arguments") -> Stamp:
    """A `ts` as numbers that compare rightly; `wrong` is the code for what is none."""
    found = _TS.fullmatch(ts)
    if found is None:
        raise Refused(wrong)
    return int(found[1]), int((found[2] or "").ljust(6, "0"))


def _readable(slack: Workspace, arguments: Arguments) -> Channel:
    channel = slack.channel(arguments.need("channel"))
    slack.needs(f"{SCOPE_PREFIX[sort_of(channel)]}:history")
    return slack.joined(channel.id)


def info(slack: Workspace, arguments: Arguments) -> Answer:
    """What a channel is."""
    return {"channel": describe(slack, _visible(slack, arguments))}


def members(slack: Workspace, arguments: Arguments) -> Answer:
    """Who is in a channel."""
    channel = _visible(slack, arguments)
    found, following = paging.page(
        sorted(channel.members),
        f"members/{channel.id}",
        arguments.limit(100, MOST),
        arguments.text("cursor"),
    )
    return {"members": found, **paging.metadata(following)}


def joined(slack: Workspace, arguments: Arguments) -> Answer:
    """The channels that the app is in, of the kinds asked for."""
    kinds = [kind.strip() for kind in arguments.text("types", "public_channel").split(",")]
    if not KINDS.keys() >= set(kinds):
        raise Refused("invalid_types")
    sorts = {KINDS[kind] for kind in kinds}
    for sort in sorted(sorts):
        slack.needs(f"{SCOPE_PREFIX[sort]}:read")
    mine = [c for c in slack.space.channels.values() if slack.is_in(c) and sort_of(c) in sorts]
    found, following = paging.page(
        mine, "joined", arguments.limit(100, MOST), arguments.text("cursor")
    )
    return {"channels": [describe(slack, c) for c in found], **paging.metadata(following)}


def _visible(slack: Workspace, arguments: Arguments) -> Channel:
    channel = slack.channel(arguments.need("channel"))
    slack.needs(f"{SCOPE_PREFIX[sort_of(channel)]}:read")
    return channel


def open_direct(slack: Workspace, arguments: Arguments) -> Answer:
    """The direct message with one person, or the group message with several."""
    if arguments.has("channel"):
        channel = slack.joined(arguments.need("channel"))
        return {"channel": {"id": channel.id}}
    people = [one.strip() for one in arguments.need("users").split(",") if one.strip()]
    if slack.app.user in {slack.person(one).id for one in people}:
        raise Refused("cannot_dm_bot")
    if len(people) > 8:
        raise Refused("too_many_users")
    slack.needs("im:write" if len(people) == 1 else "mpim:write")
    known = set(slack.space.channels)
    channel = slack.direct(*people)
    opened = {"no_op": True, "already_open": True} if channel.id in known else {}
    return {"channel": {"id": channel.id}, **opened}


def describe(slack: Workspace, channel: Channel) -> dict[str, Any]:
    """The conversation object."""
    sort = sort_of(channel)
    body: dict[str, Any] = {
        "id": channel.id,
        "is_channel": sort == "channel",
        "is_group": sort == "group",
        "is_im": sort == "im",
        "is_mpim": sort == "mpim",
        "is_private": sort != "channel",
        "is_archived": channel.archived,
        "is_member": slack.is_in(channel),
        "context_team_id": slack.app.team,
    }
    if sort == "im":
        return body | {"user": next(iter(channel.members - {slack.app.user}))}
    # Who is not said to have made a channel has long left the workspace.
    creator = channel.extra.get("creator", "U0FOUNDER")
    return body | {"name": channel.name, "name_normalized": channel.name, "creator": creator}


METHODS = {
    "conversations.replies": Method(replies, HISTORY, writes=False),
    "conversations.history": Method(history, HISTORY, writes=False),
    "conversations.info": Method(info, READ, writes=False),
    "conversations.members": Method(members, READ, writes=False),
    "users.conversations": Method(joined, READ, writes=False),
    "conversations.open": Method(open_direct, ("im:write", "mpim:write")),
}
