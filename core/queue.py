"""Questions that wait for their turn: one answer at a time in each conversation."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from core.messages import Conversation, Question
from core.notices import Ending
from core.status import Status
from core.surface import Surface


@dataclass(frozen=True, slots=True)
class Revision:
    """What takes the place of an earlier reply, and how.

    `messages` show it then; without any, it is shown in new ones, and `points` are those of
    the earlier reply, which point to them. `text` is the whole of it; without one it is asked of
    the model. `goes_on`: behind what the earlier reply said,
    which ended `within_code` and with the white space `trailing`. `was_cut_off` says that of the
    earlier reply, `is_cut_off` of the text.

    With `attempts`, it is the reply itself, which so many processes have begun and died; it is
    written anew, or ends with the `ending` and what is shown of it. It `replaces` another then, if
    it was to do so.
    """

    reply: str
    messages: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    text: str | None = None
    goes_on: bool = False
    within_code: bool = False
    trailing: str = ""
    was_cut_off: bool = False
    is_cut_off: bool = False
    attempts: int = 0
    ending: Ending | None = None
    replaces: str = ""

    @property
    def instead_of(self) -> str:
        """The earlier reply; empty: there is none, and it is only begun anew."""
        return self.replaces if self.attempts else self.reply

    @property
    def former(self) -> tuple[str, ...]:
        """The messages of the earlier reply."""
        return self.messages or self.points

    def following(self, messages: Sequence[str]) -> "Revision":
        """The same, of all messages that the earlier reply has at its end."""
        if self.points:
            return replace(self, points=tuple(messages))
        return replace(self, messages=tuple(messages))


@dataclass(frozen=True, slots=True)
class Asked:
    """A claimed question, the surface on which it is to be answered, and its status there."""

    question: Question
    surface: Surface
    status: Status
    revision: Revision | None = None


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
        """The next person's waiting questions, as they asked them; empty when the line has ended.

        Whoever is told that it has ended is no longer expected to work on it.
        """
        line = self._waiting[conversation]
        if not line:
            del self._waiting[conversation]
            return ()
        first = line[0]
        taken = tuple(
            asked
            for asked in line
            if asked.question.asker.id == first.question.asker.id
            and asked.revision == first.revision
        )
        line[:] = [asked for asked in line if asked not in taken]
        # Events that come in one moment may be heard in another order.
        return tuple(sorted(taken, key=lambda asked: asked.question.asked_at))

    def put_back(self, conversation: Conversation, asked: Sequence[Asked]) -> None:
        """Let questions that were taken wait again, before all others."""
        self._waiting[conversation][:0] = asked

    def drop(self, key: str = "", *, identity: str = "") -> Asked | None:
        """Take one question out of its line; None when it does not wait (any more)."""
        for line in self._waiting.values():
            for asked in line:
                if asked.question.key == key or asked.question.identity == identity:
                    line.remove(asked)
                    return asked
        return None

    def find(self, identity: str) -> Asked | None:
        """Whoever waits for an answer to this message."""
        lines = self._waiting.values()
        return next((a for line in lines for a in line if a.question.identity == identity), None)

    def swap(self, old: Asked, new: Asked) -> None:
        """Put a question in the place of another."""
        line = self._waiting[old.question.conversation]
        line[line.index(old)] = new

    def follow(self, ended: Asked, reply: str, messages: Sequence[str]) -> None:
        """A reply has come to its end: what waits to take its place takes all its messages.

        So does what was to take the place of the one in whose place it stands.
        """
        before = {reply, ended.revision.reply} if ended.revision else {reply}
        for asked in self.waiting(ended.question.conversation):
            if asked.revision and asked.revision.reply in before and not asked.revision.attempts:
                revision = replace(asked.revision.following(messages), reply=reply)
                self.swap(asked, replace(asked, revision=revision))

    def waiting(self, conversation: Conversation) -> tuple[Asked, ...]:
        """Who waits in this conversation."""
        return tuple(self._waiting.get(conversation, ()))

    def __iter__(self) -> Iterator[Asked]:
        return chain.from_iterable(self._waiting.values())

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def empty(self) -> tuple[Asked, ...]:
        """Send everybody away who still waits."""
        waiting = tuple(asked for line in self._waiting.values() for asked in line)
        for line in self._waiting.values():
            line.clear()
        return waiting


def keys(asked: Iterable[Asked]) -> list[str]:
    """The names under which these questions are claimed."""
    return [one.question.key for one in asked]
