"""The words of the product: frozen values that every other module speaks in."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Conversation:
    """One linear talk on a platform: a thread, a direct message, a chain of replies.

    `channel` is the channel that holds the thread; `thread` is empty where the
    channel itself is the talk (a direct message without threads).
    """

    platform: str
    workspace: str
    channel: str
    thread: str = ""

    def __str__(self) -> str:
        return f"{self.platform}/{self.workspace}/{self.channel}/{self.thread}"

    @classmethod
    def parse(cls, name: str) -> "Conversation":
        """The conversation of this name."""
        return cls(*name.split("/", 3))


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote something, with the name that people see on the platform."""

    id: str
    name: str
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that hangs on a message; `size` is in bytes, `url` the platform's own."""

    id: str
    name: str
    media_type: str
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that one person wants answered, from whatever trigger.

    `message` is the platform's id of the message (or command) that asked; `cause`
    tells apart what one message can cause: `asked`, `edit:<time>`,
    `retry:<interaction>`, `command:<interaction>`. `place` is what people call the
    channel ("#general", "a direct message"); `direct` says that the asker and the bot
    are alone there. `persona` is the one that was asked for by name. `stands_alone`: nothing but
    its own words goes into the answer; `afresh`: an answer that was given before will not do.
    `address` is what its platform needs to come back to a command, if this process dies.
    """

    conversation: Conversation
    message: str
    asker: Author
    text: str
    asked_at: datetime
    place: str
    direct: bool = False
    cause: str = "asked"
    attachments: tuple[Attachment, ...] = ()
    persona: str = ""
    stands_alone: bool = False
    afresh: bool = False
    address: str = field(default="", repr=False)

    @property
    def identity(self) -> str:
        """The name of the message that asked, whatever it causes."""
        where = self.conversation
        return f"{where.platform}/{where.workspace}/{where.channel}/{self.message}"

    @property
    def key(self) -> str:
        """The name under which it is claimed; unique over all platforms and time."""
        return f"{self.identity}#{self.cause}"

    @property
    def is_command(self) -> bool:
        """Whether it stands in no message, to which one could come back."""
        return self.cause.startswith("command:")

    @property
    def can_be_asked_again(self) -> bool:
        """Whether it stands in a message, or its words are all that it takes."""
        return self.stands_alone or not self.is_command

    @property
    def is_edited(self) -> bool:
        """Whether it was asked before, in other words."""
        return self.cause.startswith("edit:")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked in it."""
        return not (self.text.strip() or self.attachments)


class Role(StrEnum):
    """Who speaks, in the words of the chat-completions API."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Text:
    """A part of a turn that is text; in the model's stream, a piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A part of a turn that is a picture; `width` and `height` are in pixels."""

    data: bytes
    media_type: str
    width: int
    height: int


Part = Text | Image


@dataclass(frozen=True, slots=True)
class Turn:
    """One contribution to a conversation; `id` is the platform's id of its message.

    What its `attachments` hold is not among its parts until somebody has read them.
    """

    role: Role
    parts: tuple[Part, ...]
    author: Author | None = None
    id: str = ""
    attachments: tuple[Attachment, ...] = ()

    @property
    def text(self) -> str:
        """The turn's text parts, a line break between two."""
        return "\n".join(part.text for part in self.parts if isinstance(part, Text))
