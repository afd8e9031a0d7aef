"""One interaction: something that a person started, and what has become of it."""

import asyncio
import secrets
from dataclasses import dataclass, field
from enum import IntEnum

from sandbox.discord.realm import Json
from sandbox.world import Channel, Message, Person


class InteractionKind(IntEnum):
    """What a person did ("Interaction Type")."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class Answer(IntEnum):
    """What the bot does about it first ("Interaction Callback Type")."""

    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


RESOLVED = "resolved"
"""Where an interaction's data has the objects whose ids stand in it ("Resolved Data")."""

ALLOWED = {
    InteractionKind.COMMAND: {Answer.MESSAGE, Answer.DEFERRED_MESSAGE, Answer.MODAL},
    InteractionKind.COMPONENT: set(Answer) - {Answer.CHOICES},
    InteractionKind.AUTOCOMPLETE: {Answer.CHOICES},
    InteractionKind.MODAL: set(Answer) - {Answer.CHOICES, Answer.MODAL},
}


@dataclass(slots=True, eq=False)
class Interaction:
    """What was started, by whom and where, and the answers so far.

    `source` is the message whose button was pressed; `original` the id of the message
    that answers, `own` those of all messages; `modal` the form that was opened, `choices`
    what was suggested. `dead`: no first answer came in time, and none is taken any more.
    """

    id: str
    kind: InteractionKind
    person: Person
    channel: Channel
    data: Json
    started: float
    settled: "asyncio.Future[None]"
    source: Message | None = None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(120))
    answer: Answer | None = None
    original: str = ""
    own: set[str] = field(default_factory=set)
    choices: list[Json] = field(default_factory=list)
    modal: Json = field(default_factory=dict)
    dead: bool = False

    def settle(self, answer: Answer) -> None:
        """The first answer was taken."""
        self.answer = answer
        if not self.settled.done():
            self.settled.set_result(None)

    def abandon(self, failure: Exception) -> None:
        """Let whoever waits for an answer know that none will come."""
        if not self.settled.done():
            self.settled.set_exception(failure)
