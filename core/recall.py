"""What conversations hold, kept in memory so that most answers need no history call."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.messages import Conversation, Turn

CONVERSATIONS = 1000
"""Conversations that are held, at most."""

TURNS = 400
"""Messages of each, at most."""

CHARACTERS = 8_000_000
"""Characters of all of them together, at most; those that were not needed for longest go."""


@dataclass(slots=True)
class _Held:
    """A conversation as events tell it; `gone` while what stood before is being fetched."""

    turns: dict[str, Turn] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    fetched: asyncio.Event | None = None
    size: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether what stood before is there, too."""
        return self.fetched is None


class Recall:
    """A bounded cache of conversations, true as long as every event reaches it.

    One history call fills an entry; the adapters tell it of each message that is
    posted, edited or deleted, the bot's own included. After any gap in events they
    call `drop`, and the next answer reads the platform again.
    """

    def __init__(
        self,
        conversations: int = CONVERSATIONS,
        turns: int = TURNS,
        characters: int = CHARACTERS,
        changed: Callable[[Conversation, str, Turn | None], None] | None = None,
    ) -> None:
        """`changed` is told of each message that is edited, or deleted (None), held or not."""
        self._changed = changed
        self._conversations = conversations
        self._turns = turns
        self._characters = characters
        self._size = 0
        self._held: OrderedDict[Conversation, _Held] = OrderedDict()

    async def turns(
        self,
        conversation: Conversation,
        fetch: Callable[[], Awaitable[tuple[Turn, ...]]],
    ) -> tuple[Turn, ...]:
        """The conversation's turns, oldest first; `fetch` is called when none are held."""
        held = self._held.get(conversation)
        if held is None:
            return await self._fill(conversation, fetch)
        self._held.move_to_end(conversation)
        if held.fetched is not None:
            await held.fetched.wait()
        if self._held.get(conversation) is not held:
            return await self.turns(conversation, fetch)
        return tuple(held.turns.values())

    def begin(self, conversation: Conversation) -> None:
        """Hold a conversation that starts now, so that it needs no history call."""
        if conversation not in self._held:
            self._hold(conversation)

    def posted(self, conversation: Conversation, turn: Turn) -> None:
        """A message was posted, or edited; conversations that are not held are left so."""
        held = self._held.get(conversation)
        if held is not None:
            self._put(held, turn)
            self._trim(held)
            self._bound()

    def edited(self, conversation: Conversation, turn: Turn) -> None:
        """A message was edited; one that is not held, such as one too old, is left so."""
        if self._changed:
            self._changed(conversation, turn.id, turn)
        self.reworded(conversation, turn)

    def emptied(self, conversation: Conversation, turn: Turn) -> None:
        """A message is still there, but says nothing any more."""
        if self._changed:
            self._changed(conversation, turn.id, turn)
        if held := self._held.get(conversation):
            self._take(held, turn.id)
            if not held.is_whole:
                held.gone.add(turn.id)

    def reworded(self, conversation: Conversation, turn: Turn) -> None:
        """A message says what it said, but we can put it better, such as with names in it.

        Or it is one of the bot's own, which goes on: what was made of a former answer there
        was erased when this one began.
        """
        held = self._held.get(conversation)
        if held is not None and (turn.id in held.turns or not held.is_whole):
            self._put(held, turn)
            self._bound()

    def deleted(self, conversation: Conversation, id: str) -> None:  # noqa: A002
        """A message is gone."""
        if self._changed:
            self._changed(conversation, id, None)
        held = self._held.get(conversation)
        if held is not None:
            self._take(held, id)
            if not held.is_whole:
                held.gone.add(id)

    def drop(self, platform: str, workspace: str = "") -> None:
        """Events of a platform (or of one workspace of it) may have been missed."""
        for conversation in list(self._held):
            if conversation.platform == platform and workspace in ("", conversation.workspace):
                self._forget(conversation)

    async def _fill(
        self, conversation: Conversation, fetch: Callable[[], Awaitable[tuple[Turn, ...]]]
    ) -> tuple[Turn, ...]:
        # Held from before the fetch, so that what happens meanwhile is not missed.
        held = self._hold(conversation)
        held.fetched = asyncio.Event()
        try:
            fetched = await fetch()
        except BaseException:
            if self._held.get(conversation) is held:
                self._forget(conversation)
            raise
        before = {turn.id: turn for turn in fetched if turn.id not in held.gone}
        held.turns = before | held.turns
        held.gone.clear()
        held.fetched.set()
        held.fetched = None
        if self._held.get(conversation) is held:
            self._count(held, sum(len(turn.text) for turn in held.turns.values()) - held.size)
            self._trim(held)
            self._bound()
        return tuple(held.turns.values())

    def _hold(self, conversation: Conversation) -> _Held:
        held = self._held[conversation] = _Held()
        self._bound()
        return held

    def _bound(self) -> None:
        """Forget what was not needed for longest; whatever is asked for last stays."""
        while len(self._held) > 1 and (
            len(self._held) > self._conversations or self._size > self._characters
        ):
            self._forget(next(iter(self._held)))

    def _put(self, held: _Held, turn: Turn) -> None:
        before = held.turns.get(turn.id)
        held.turns[turn.id] = turn
        self._count(held, len(turn.text) - (len(before.text) if before else 0))

    def _take(self, held: _Held, id: str) -> None:  # noqa: A002
        if gone := held.turns.pop(id, None):
            self._count(held, -len(gone.text))

    def _count(self, held: _Held, characters: int) -> None:
        held.size += characters
        self._size += characters

    def _forget(self, conversation: Conversation) -> None:
        # Whoever waits for the fetch of a dropped entry looks again, and fetches anew.
        held = self._held.pop(conversation)
        self._size -= held.size
        if held.fetched is not None:
            held.fetched.set()

    def _trim(self, held: _Held) -> None:
        """Drop the oldest quarter at once: a beginning that seldom moves is cached by providers."""
        if held.is_whole and len(held.turns) > self._turns:
            for id in list(held.turns)[: len(held.turns) - self._turns * 3 // 4]:  # noqa: A001
                self._take(held, id)
