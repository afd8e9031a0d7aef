"""Fresh starts: from where on a direct message's talk is remembered."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from core.messages import Conversation, Turn
from core.store.marks import Marks


class FreshStarts:
    """Where people have started afresh; it holds over restarts, and for every process."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    async def begin(self, conversation: Conversation, message: str) -> None:
        """From now on nothing is remembered of what was said before this message."""
        await self._marks.set(_mark(conversation), message)

    async def since(self, conversation: Conversation, turns: Sequence[Turn]) -> list[Turn]:
        """The turns after the last fresh start, if there was one."""
        if not turns:
            return []
        start = _moment(await self._marks.get(_mark(conversation)) or "")
        if start is None:
            return list(turns)
        return [turn for turn in turns if (at := _moment(turn.id)) is None or at > start]


def _mark(conversation: Conversation) -> str:
    return f"fresh/{conversation}"


def _moment(message: str) -> Decimal | None:
    """A message's place in time: the ids of both platforms are numbers that grow."""
    try:
        return Decimal(message.partition("/")[0])
    except InvalidOperation:
        return None
