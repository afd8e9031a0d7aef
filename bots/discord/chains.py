"""Chains of replies: in a channel, what a talk consists of."""

from collections import OrderedDict, deque
from dataclasses import dataclass

import discord

from bots.discord.calls import NotRead
from bots.discord.headline import asked_above
from bots.discord.reader import Reader
from bots.discord.turns import turn_of
from core.messages import Turn
from core.surface import RefusedForGood

LONGEST = 100
"""Messages of a chain that are remembered, newest first."""

MOST_READS = 8
"""Requests, at most, for one chain; each sees the neighbourhood of one message."""


@dataclass(frozen=True, slots=True)
class Link:
    """One message of a chain, and the id of the one that it replies to (0: none)."""

    turn: Turn | None
    parent: int = 0


class Chains:
    """A bounded memory of messages that reply to each other, filled from Discord where short."""

    def __init__(self, reader: Reader, size: int = 5000) -> None:
        self._reader = reader
        self._size = size
        self._links: OrderedDict[int, Link] = OrderedDict()

    def saw(self, message: discord.Message, me: discord.abc.User) -> None:
        """A message came; with it Discord sends the one that it replies to."""
        self._add(_links(message, me))
        before = message.reference.resolved if message.reference else None
        # Nested in another message, a reply does not say what it replies to.
        if isinstance(before, discord.Message) and before.type is not discord.MessageType.reply:
            self._add(_links(before, me))

    def add(self, message: int, link: Link) -> None:
        """Remember a message."""
        self._links[message] = link
        self._links.move_to_end(message)
        while len(self._links) > self._size:
            self._links.popitem(last=False)

    def _add(self, links: dict[int, Link]) -> None:
        for message, link in links.items():
            self.add(message, link)

    def changed(self, message: int, turn: Turn | None) -> None:
        """A message was edited, or deleted (no turn); what replies to it stays."""
        if known := self._links.get(message):
            self._links[message] = Link(turn, known.parent)

    def forget(self) -> None:
        """Events were missed: nothing that is remembered can be trusted."""
        self._links.clear()

    async def up(self, channel: int, message: int, me: discord.abc.User) -> tuple[Turn, ...]:
        """The chain that ends with a message, oldest first. Raises `PlatformFailed`."""
        turns: deque[Turn] = deque()
        nearby: dict[int, Link] = {}
        reads = 0
        while message and len(turns) < LONGEST:
            if message not in self._links and message not in nearby and reads < MOST_READS:
                reads += 1
                nearby |= await self._read(channel, message, me)
            link = self._links.get(message) or nearby.get(message)
            if link is None:
                break
            self.add(message, link)
            turns.extendleft([link.turn] if link.turn else [])
            message = link.parent
        return tuple(turns)

    async def _read(self, channel: int, message: int, me: discord.abc.User) -> dict[int, Link]:
        try:
            found = await self._reader.around(channel, message)
        except NotRead as error:
            if isinstance(error.outcome, RefusedForGood):
                return {}
            raise
        return {key: link for other in found for key, link in _links(other, me).items()}


def _links(message: discord.Message, me: discord.abc.User) -> dict[int, Link]:
    """A message as a link, and the command that it answers as one before it."""
    turn = turn_of(message, me)
    is_reply = message.type is discord.MessageType.reply
    parent = message.reference.message_id if is_reply and message.reference else None
    asked = asked_above(message, me)
    if asked is None:
        return {message.id: Link(turn, parent or 0)}
    command = int(asked.id)
    return {command: Link(asked), message.id: Link(turn, command)}
