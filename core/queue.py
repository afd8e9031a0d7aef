"""Questions that wait for their turn: one answer at a time in each conversation."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.messages import Conversation, Question
from core.status import Status
from core.surface import Surface


@dataclass(frozen=True, slots=True)
class Asked:
    """A claimed question, the surface on which it is to be answered, and its status there."""

    question: Question
    surface: Surface
    status: Status


class Queue:
    """Waiting questions by conversation, in order of arrival."""

    def __init__(self) -> None:
        self._waiting: dict[Conversation, list[Asked]] = {}

    def add(self, asked: Asked) -> bool:
        """Put a question in line; True when nobody works on its conversation yet."""
        conversation = asked.question.conversation
        is_first = conversation not in self._waiting
        self._waiting.setdefault(conversation, []).append(asked)
        return is_first

    def take(self, conversation: Conversation) -> tuple[Asked, ...]:
        """The next person's waiting questions, all of them; empty when the line has ended.

        Whoever is told that it has ended is no longer expected to work on it.
        """
        line = self._waiting[conversation]
        if not line:
            del self._waiting[conversation]
            return ()
        asker = line[0].question.asker.id
        taken = tuple(asked for asked in line if asked.question.asker.id == asker)
        line[:] = [asked for asked in line if asked not in taken]
        return taken

    def put_back(self, conversation: Conversation, asked: Sequence[Asked]) -> None:
        """Let questions that were taken wait again, before all others."""
        self._waiting[conversation][:0] = asked

    def drop(self, key: str) -> Asked | None:
        """Take one question out of its line; None when it does not wait (any more)."""
        for line in self._waiting.values():
            for asked in line:
                if asked.question.key == key:
                    line.remove(asked)
                    return asked
        return None

    def waiting(self, conversation: Conversation) -> tuple[Asked, ...]:
        """Who waits in this conversation."""
        return tuple(self._waiting.get(conversation, ()))

    def empty(self) -> tuple[Asked, ...]:
        """Send everybody away who still waits."""
        waiting = tuple(asked for line in self._waiting.values() for asked in line)
        for line in self._waiting.values():
            line.clear()
        return waiting
