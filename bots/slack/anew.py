"""The answer to a command given anew, by a button below the former one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bots.slack.commands import address, place_of
from bots.slack.controls import Pressed
from bots.slack.public import PublicSurface
from bots.slack.response import HERE, ResponseSurface, ResponseUrl
from bots.slack.surface import SlackSurface
from bots.slack.workspace import Workspace
from core.asked_once import AskedOnce
from core.chat import Found
from core.messages import Author, Question, Turn
from core.store import Known
from core.surface import Outcome, Page, Surface
from core.words import Notice, told


class PublicAgain(PublicSurface):
    """Replaces a public answer in its own messages."""

    def __init__(self, workspace: Workspace, question: Question, headline: str, first: str) -> None:
        super().__init__(workspace, question, headline)
        self._headed = first
        self._announced = self._begun = True


class ResponseAgain(ResponseSurface):
    """Replaces the message below which somebody pressed, through the URL that came with that.

    Slack shows that message to nobody else, nor to us: what it says cannot be read.
    """

    def __init__(
        self, workspace: Workspace, question: Question, url: ResponseUrl, headline: str
    ) -> None:
        super().__init__(workspace, question, url, headline)
        self._shown = True

    def editable(self, messages: Sequence[str]) -> bool:
        """Any number of times within the URL's uses."""
        del messages
        return True

    async def edit(self, message: str, page: Page) -> Outcome:
        """Replace what a message shows; where no text has come, the former answer stays."""
        if message == HERE and not page.text.strip():
            return await self._add(page)
        return await super().edit(message, page)


class DirectAgain(SlackSurface):
    """Answers anew below an answer whose rest has gone to its asker's direct messages."""

    async def history(self) -> tuple[Turn, ...]:
        """Nothing: a one-off question has no past."""
        return ()

    async def said(self, messages: Sequence[str]) -> tuple[Turn, ...]:
        """Nothing: the former answer stays, in its two places."""
        del messages
        return ()

    def editable(self, messages: Sequence[str]) -> bool:
        """Not where it stands in two places."""
        del messages
        return False


@dataclass(frozen=True, slots=True)
class Anew:
    """Words the question of a command once more, for the answer below which somebody pressed."""

    workspace: Workspace
    clock: Callable[[], float]
    pressed: Pressed

    async def __call__(self, known: Known, asked: AskedOnce, cause: str) -> Found:
        """The question, and where it is answered (`core.presses.FindAsked`)."""
        (asker,) = known.askers
        question = Question(
            conversation=known.conversation,
            message="",
            asker=Author(asker, self.workspace.people.known(asker) or asker),
            text=asked.text,
            asked_at=datetime.now(UTC),
            place=place_of(self.pressed.place),
            direct=not self.pressed.is_public,
            cause=cause,
            persona=asked.persona,
            stands_alone=True,
            afresh=True,
            address=address(self.pressed.url, public=self.pressed.is_public),
        )
        return [self._on_surface(question, known.messages)]

    def _on_surface(self, question: Question, former: Sequence[str]) -> tuple[Question, Surface]:
        channel = self.pressed.channel
        if former == (HERE,):
            return question, ResponseAgain(
                self.workspace, question, self._url(), self._headline(question)
            )
        if HERE in former or channel != question.conversation.channel:
            where = replace(question.conversation, channel=channel)
            question = replace(question, conversation=where, direct=True)
            return question, DirectAgain(self.workspace, question, self._headline(question))
        return question, PublicAgain(
            self.workspace, question, self._headline(question), "".join(former[:1])
        )

    def _url(self) -> ResponseUrl:
        pressed = self.pressed
        budgets = self.workspace.budgets.response(pressed.trigger)
        return ResponseUrl(
            self.workspace, pressed.url, self.clock, budgets, public=pressed.is_public
        )

    def _headline(self, question: Question) -> str:
        """Who asked what, for those who read the answer."""
        readers = self.workspace.readers(question.conversation, question.asker.id)
        if question.direct:
            return told(Notice("you_asked", question=question.text), readers.asker)
        asked = Notice("asked", name=question.asker.name, question=question.text)
        return told(asked, readers.everybody)
