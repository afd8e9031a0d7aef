"""What the surfaces of both flavours have in common, each bound to one question."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.budget import Budgets, Way
from core.dress import Plain
from core.errors import FileUnread, PlatformFailed, Why
from core.languages import Readers
from core.messages import Attachment, Author, Conversation, Question, Role, Text, Turn
from core.pace import Governor, Urgency
from core.presets import Notices, Scope
from core.surface import (
    CodeFile,
    Delivered,
    Limit,
    Outcome,
    Page,
    RefusedForGood,
    RefusedForNow,
    Unknown,
)
from tests.core.paper import Somebody
from tests.faults.virtual.clockwork import living
from tests.faults.virtual.platform import Message, Platform, Sign, Told

SIGN_PATIENCE = 30.0


@dataclass(eq=False)
class Desk:
    """What one process has for all its conversations on a platform.

    `written` are the messages that it has made and knows of.
    """

    platform: Platform
    governor: Governor
    clock: Callable[[], float]
    doubts: dict[str, tuple[float, list[Page]]] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    under_way: int = 0

    async def turn(self, budgets: Budgets, urgency: Urgency) -> bool:
        """Wait until a request is allowed; False when that takes too long."""
        try:
            async with asyncio.timeout(180):
                await self.governor.turn(budgets, urgency)
        except TimeoutError:
            return False
        return True

    async def ask(
        self, call: str, do: Callable[[], Outcome], budgets: Budgets, about: str = ""
    ) -> Outcome:
        """A request whose turn has come."""
        outcome = await self.platform.ask(call, do, budgets, about)
        if isinstance(outcome, RefusedForNow):
            self.governor.refused(budgets[:1], outcome.retry_after)
        if isinstance(outcome, Delivered) and call == "post":
            self.written.add(outcome.message)
        return outcome

    async def in_turn(
        self,
        call: str,
        do: Callable[[], Outcome],
        budgets: Budgets,
        urgency: Urgency,
        about: str = "",
    ) -> Outcome:
        """A request, once its turn has come."""
        if not await self.turn(budgets, urgency):
            return RefusedForNow(5.0, "no turn")
        return await self.ask(call, do, budgets, about)


class ModelSurface:
    """A conversation on the model of a platform; a flavour says how posts and edits go."""

    limit: Limit
    plain: Way
    wordless = False

    def __init__(self, desk: Desk, question: Question) -> None:
        self._desk = desk
        self._platform = desk.platform
        self._question = question
        self._place = place_of(question.conversation)
        self.readers = Readers()

    @property
    def conversation(self) -> Conversation:
        return self._question.conversation

    @property
    def ways(self) -> Sequence[Way]:
        return (self.plain,)

    def way(self, message: str) -> Way:
        del message
        return self.plain

    def dress(self) -> Plain:
        return Plain()

    async def introduce(self, question: Question) -> Question:
        return question

    async def history(self) -> tuple[Turn, ...]:
        await self.look()
        theirs = [
            (one.at, Turn(Role.USER, (Text(one.words),), Author(one.who, one.who), one.id))
            for one in self._platform.said.values()
            if one.place == self._place and not one.gone
        ]
        ours = [
            (one.at, turn)
            for one in self._platform.messages.values()
            if one.place == self._place and (turn := turn_of(one))
        ]
        return tuple(turn for _, turn in sorted([*theirs, *ours], key=lambda pair: pair[0]))

    async def read(self, file: Attachment, message: str, most: int) -> bytes:
        raise FileUnread(Why.GONE)

    async def said(self, messages: Sequence[str]) -> tuple[Turn, ...]:
        if messages:
            await self.look()
        found = (self._platform.messages.get(one) for one in messages)
        return tuple(turn for one in found if one and (turn := turn_of(one)))

    def editable(self, messages: Sequence[str]) -> bool:
        del messages
        return True

    async def may_manage(self, person: str) -> bool:
        return person == "U3"

    def caller(self, author: Author) -> Somebody:
        return Somebody(author.id, scope=Scope.of(self.conversation))

    async def status(self, text: str, *, waits: bool = False) -> None:
        question = self._question.identity
        self._platform.signs[question] = Sign(text, living())
        outcome = await self._desk.in_turn(
            "sign", lambda: Delivered(""), self._sign_budgets, Urgency.SIGN
        )
        del outcome  # a courtesy

    def began(self) -> None:
        self._desk.under_way += 1

    def ended(self) -> None:
        self._desk.under_way -= 1

    async def remove(self, message: str) -> Outcome:
        return await self._desk.in_turn(
            "remove",
            lambda: self._platform.removed(message),
            self._removal_budgets,
            Urgency.LAST,
            message,
        )

    async def attach(self, files: Sequence[CodeFile], nonce: str) -> Outcome:
        return Delivered("")

    async def refuse(self, sentence: str, how: Notices = Notices.PLATFORM) -> Outcome:
        outcome = await self._refused(sentence)
        if not isinstance(outcome, Delivered):
            self._platform.untold.add(self._question.identity)
        return outcome

    async def _refused(self, sentence: str) -> Outcome:
        raise NotImplementedError

    def _tell(self, sentence: str) -> Outcome:
        self._platform.told.append(Told(self._question.identity, sentence))
        return Delivered("private")

    async def look(self) -> None:
        """Read the conversation. Raises `PlatformFailed`."""
        for _ in range(3):
            outcome = await self._desk.in_turn(
                "read", lambda: Delivered(""), self._read_budgets, Urgency.READ
            )
            if isinstance(outcome, Delivered):
                return
            if not isinstance(outcome, RefusedForNow):
                break
        raise PlatformFailed(str(outcome))

    def _new(self, page: Page, nonce: str, key: str = "", *, streams: bool = False) -> Outcome:
        now = asyncio.get_running_loop().time()
        platform = self._platform
        message = Message(platform.new_id(), self._place, page, now, nonce, key, streams)
        if is_refusal(nonce or key):
            message.refuses = self._question.identity
        return platform.wrote(message)

    def _is_below(self, message: Message) -> bool:
        """Whether a message of ours came after the question, where it is answered."""
        return message.place == self._place and message.id > self._question.message

    def _checked(self, page: Page) -> None:
        self._platform.check(page, self.limit.size, self.limit.measure)

    @property
    def _read_budgets(self) -> Budgets:
        raise NotImplementedError

    @property
    def _sign_budgets(self) -> Budgets:
        raise NotImplementedError

    @property
    def _removal_budgets(self) -> Budgets:
        raise NotImplementedError


def is_refusal(nonce: str) -> bool:
    """Whether a message of this name says why there is no answer."""
    return nonce.startswith("no.") or nonce.endswith("/refusal")


def place_of(conversation: Conversation) -> str:
    """The place in which a conversation is, as schedules name it."""
    return f"{conversation.channel}/{conversation.thread}"


def turn_of(message: Message) -> Turn | None:
    """What the bot has said in a message; notices are nothing that was said."""
    if not message.page.text.strip():
        return None
    return Turn(Role.ASSISTANT, (Text(message.page.text),), Author("B", "Bot", True), message.id)


__all__ = ["Desk", "ModelSurface", "RefusedForGood", "Unknown"]
