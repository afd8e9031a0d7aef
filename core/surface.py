"""What a platform offers to one conversation, and how its requests can end."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.access import Caller
from core.budget import Way
from core.controls import Controls
from core.dress import Dress
from core.languages import Readers
from core.messages import Attachment, Author, Conversation, Question, Turn
from core.presets import Notices
from core.words import told

CUT = " …"
"""Stands for the rest of a text."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The room in one message, in the platform's own unit.

    `measure` is additive: the size of two texts joined is the sum of their sizes.
    """

    size: int
    measure: Callable[[str], int]

    def cut(self, text: str) -> str:
        """The text, or as much of its beginning as has room, with a sign that it goes on."""
        if self.measure(text) <= self.size:
            return text
        room = self.size - self.measure(CUT)
        end = bisect_right(range(len(text)), room, key=lambda n: self.measure(text[:n])) - 1
        return text[: max(0, end)].rstrip() + CUT


@dataclass(frozen=True, slots=True)
class Page:
    """What one message shows: a part of the answer and, under it, a notice.

    The answer is Markdown. The notice is a line of plain text that the platform
    keeps apart from it, so that history never feeds it back to the model.

    While `grows`, more is to come, and `closing` is what ends the text only until then:
    the line that closes a code block which goes on, or markup that is still open, with its
    closing marks. `controls` are what can be pressed.
    """

    text: str
    notice: str = ""
    controls: Controls | None = None
    grows: bool = field(default=False, compare=False)
    closing: str = field(default="", compare=False)

    @property
    def so_far(self) -> str:
        """What of a growing text stays as it is; whatever comes is appended to it."""
        return self.text.removesuffix(self.closing)


def is_announcement(page: Page) -> bool:
    """Whether a page says only what the answer waits for, in whose place it is."""
    return page.grows and not page.text.strip()


@dataclass(frozen=True, slots=True)
class Delivered:
    """The platform did it; `message` is the id of the message.

    `shows` is what stands there, where that is something else, since it takes no edits.
    """

    message: str
    shows: Page | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """As the log says it."""
        return "delivered"


@dataclass(frozen=True, slots=True)
class RefusedForNow:
    """The platform did not do it and asks to wait so many seconds."""

    retry_after: float
    code: str = "rate_limited"

    def __str__(self) -> str:
        """As the log says it."""
        return f"refused for {self.retry_after:g} s: {self.code}"


@dataclass(frozen=True, slots=True)
class RefusedForGood:
    """The platform did not do it and never will; `code` is its own word for why.

    `gone`: the message that was to be edited does not exist any more.
    """

    code: str
    gone: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        """As the log says it."""
        return f"refused: {self.code}"


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer came back: it may or may not have happened; `why` is that in words, if known."""

    code: str
    why: str = field(default="", compare=False)

    def __str__(self) -> str:
        """As the log says it."""
        return f"not known: {self.code}" + (f" ({self.why})" if self.why else "")


@dataclass(frozen=True, slots=True)
class CodeFile:
    """A file that the bot has made: its name, and its text in UTF-8.

    `description` is what is in it, for people who cannot see a picture.
    """

    name: str
    data: bytes
    description: str = ""


Outcome = Delivered | RefusedForNow | RefusedForGood | Unknown


class Surface(Protocol):
    """One conversation on one platform, bound to the question that is answered.

    No method raises for what a platform or a network does: requests end in an
    `Outcome`, and what is only a courtesy (`status`) fails in the log. `history`
    raises `PlatformFailed` when the thread cannot be read, `read` raises `FileUnread`.
    """

    @property
    def conversation(self) -> Conversation:
        """The conversation that it is bound to."""

    @property
    def readers(self) -> Readers:
        """The languages of those who read there, as far as they are known by now.

        All that is handed to the surface to be shown is in them.
        """

    @property
    def wordless(self) -> bool:
        """Whether a status has no words here, and what they say needs a place of its own."""

    @property
    def limit(self) -> Limit:
        """The room in one message."""

    @property
    def plain(self) -> Way:
        """How a message is posted that is complete; the caller asks the governor first."""

    @property
    def ways(self) -> Sequence[Way]:
        """The ways in which a message can begin, here and now, that will grow."""

    def way(self, message: str) -> Way:
        """How this message goes on."""

    def dress(self) -> Dress:
        """How one answer is written anew for the platform, before pages are cut of it."""

    async def introduce(self, question: Question) -> Question:
        """The question with the names by which people know its asker, place and mentions.

        Names may take a call to the platform, so that is left until the bot has shown
        that it is at work. Those that cannot be learned in time stay as they were.
        """

    async def history(self) -> tuple[Turn, ...]:
        """The conversation as it stands, oldest turn first, without notices.

        The question is in it where the platform holds it as a message; each turn has
        the id of its message. Adjacent pages of one answer are turns of their own here.
        """

    async def read(self, file: Attachment, message: str, most: int) -> bytes:
        """The content of a file that hangs on a message, if it is at most so many bytes.

        Only the platform's own hosts are asked for it. Raises `FileUnread`.
        """

    async def begun(self, reply: str, recorded: Sequence[str]) -> tuple[str, ...]:
        """The messages of an answer that a process has begun and not ended, first page first.

        Besides those that are `recorded` these are any that may be of the reply of this name: the
        bot's own, below the question. Raises `PlatformFailed`.
        """

    async def said(self, messages: Sequence[str]) -> tuple[Turn, ...]:
        """What these messages of the bot's say, in order; those that are gone are left out."""

    def editable(self, messages: Sequence[str]) -> bool:
        """Whether these messages still take as many edits as an answer that grows needs."""

    async def may_manage(self, person: str) -> bool:
        """Whether a person may manage the channel, and so other people's answers."""

    async def status(self, text: str, *, waits: bool = False) -> None:
        """Show that the bot is at work, in a few words; empty takes the sign away.

        `waits`: it works on something else meanwhile, and this question stands in line.

        It waits for its own budgets and may be called often; it returns when the
        sign is shown or has been given up.
        """

    def began(self) -> None:
        """An answer is being written from now on; never waits."""

    def ended(self) -> None:
        """Nothing more will be written; never waits."""

    async def post(self, page: Page, nonce: str, way: Way | None = None) -> Outcome:
        """Post a message. Repeated with the same nonce, it never makes a second one.

        `way` is one of `ways`, none the plain one. Where a message cannot be begun in this
        way, it is refused for now, and `ways` has others.
        """

    async def edit(self, message: str, page: Page) -> Outcome:
        """Make a message show a page; always with the whole of it.

        Where it cannot go on in its present way, it is refused for now, and `way` is another.
        """

    async def remove(self, message: str) -> Outcome:
        """Take away a message of the answer, or what `attach` has put below it.

        It waits for its own budgets.
        """

    async def attach(self, files: Sequence[CodeFile], nonce: str) -> Outcome:
        """Put files below the answer, in one message, which `remove` takes away by its name.

        It waits for its own budgets.

        Repeated with the same nonce after an outcome that is not final, it never makes a
        second message. What is refused for good has no place here, or may have come through.
        """

    async def refuse(self, sentence: str, how: Notices = Notices.PLATFORM) -> Outcome:
        """Tell the asker why there is no answer, in the way that the channel wants it.

        A command is always answered to the asker alone, where the platform can.
        """

    def caller(self, author: Author) -> Caller:
        """Somebody who writes in the conversation, such as the asker, as one who wants something.

        It is kept in mind what they are, so that most times nobody asks the platform.
        """


class CommandSurface:
    """What answers to commands share on all platforms: they are their asker's, never revised."""

    async def begun(self, reply: str, recorded: Sequence[str]) -> tuple[str, ...]:
        """What is recorded: it cannot be looked for."""
        del reply
        return tuple(recorded)

    async def said(self, messages: Sequence[str]) -> tuple[Turn, ...]:
        """Nothing: an answer to a command is not read again."""
        del messages
        return ()

    def editable(self, messages: Sequence[str]) -> bool:
        """An answer to a command is not revised."""
        del messages
        return False

    async def may_manage(self, person: str) -> bool:
        """Nobody but its asker has a say in it."""
        del person
        return False

    async def remove(self, message: str) -> Outcome:
        """A command cannot be taken back, and its answer stays."""
        return Delivered(message)

    def began(self) -> None:
        """Nothing else shows that an answer is being written."""

    def ended(self) -> None:
        """Nor that it is not any more."""


def found_again(message: str, shows: Page, edited: Outcome) -> Outcome:
    """How a repeated post ends whose first try has made this message after all, which was edited.

    It stands there also where it takes no edits: it is not the post that was refused.
    """
    if isinstance(edited, RefusedForGood) and not edited.gone:
        return Delivered(message, shows)
    return edited


async def refuse(surface: Surface, why: str, how: Notices = Notices.PLATFORM) -> Outcome:
    """Tell the asker in their own language why there is no answer."""
    return await surface.refuse(told(why, surface.readers.asker), how)
