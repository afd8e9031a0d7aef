"""The flavour of Slack: messages that grow natively or by edits, found again by their metadata."""

import asyncio
from collections.abc import Sequence
from enum import Enum, auto

from bots.slack.budgets import Budgets
from core.budget import Way
from core.messages import Question
from core.pace import Urgency
from core.pages import utf8
from core.surface import (
    Delivered,
    Limit,
    Outcome,
    Page,
    RefusedForGood,
    RefusedForNow,
    Unknown,
    found_again,
)
from tests.faults.virtual.platform import GONE, NO_STREAM, STREAM_LIFE, sealed
from tests.faults.virtual.surface import Desk, ModelSurface

SIZE = 600
"""Bytes in one message: fewer than on Slack, so that answers have several."""

STREAM_SIZE = 1_000
"""Bytes in one stream."""

IN_ANOTHER_WAY = RefusedForNow(0.0, "goes on in another way")

BUDGETS = Budgets("W")


class _State(Enum):
    GROWS = auto()
    DOUBTFUL = auto()
    ENDED = auto()


class SlackModel(ModelSurface):
    """As `bots.slack` keeps the contract: an append is never repeated, an edit may be."""

    limit = Limit(SIZE, utf8)

    def __init__(self, desk: Desk, question: Question) -> None:
        super().__init__(desk, question)
        self._doubtful: dict[str, Page] = {}
        self._started: set[str] = set()
        self._streams: dict[str, _State] = {}
        self._sent: dict[str, str] = {}

    @property
    def plain(self) -> Way:  # type: ignore[override]
        post = BUDGETS.post(self.conversation.channel)
        return Way(post, BUDGETS.edit, BUDGETS.edit, 0.5)

    @property
    def ways(self) -> Sequence[Way]:
        native = Way(BUDGETS.start, BUDGETS.append, BUDGETS.seal, 0.2, seals=True)
        return (native, self.plain) if self.conversation.thread else (self.plain,)

    def way(self, message: str) -> Way:
        state = self._streams.get(message)
        if state is None:
            return self.plain
        if state is _State.GROWS:
            return Way(BUDGETS.start, BUDGETS.append, BUDGETS.seal, 0.2, seals=True)
        edit = BUDGETS.edit if state is _State.ENDED else (*BUDGETS.seal, *BUDGETS.edit)
        return Way((), edit, edit, 0.5, seals=True)

    async def post(self, page: Page, nonce: str, way: Way | None = None) -> Outcome:
        self._checked(page)
        if nonce in self._doubtful:
            found = await self._found(nonce)
            if not isinstance(found, Delivered | RefusedForGood):
                return found
            if isinstance(found, Delivered):
                await self._desk.turn(self.way(found.message).last, Urgency.FIRST)
                edited = await self.edit(found.message, page)
                return found_again(found.message, self._doubtful[nonce], edited)
        self._doubtful.setdefault(nonce, page)
        outcome = await self._sent_new(page, nonce, way)
        if not isinstance(outcome, Unknown):
            self._doubtful.pop(nonce, None)
        return outcome

    async def edit(self, message: str, page: Page) -> Outcome:
        self._checked(page)
        if message not in self._streams:
            return await self._update(message, page)
        outcome = await self._edit_stream(message, page)
        if isinstance(outcome, RefusedForGood) and outcome.gone:
            self._streams.pop(message, None)
        return outcome

    async def begun(self, reply: str, recorded: Sequence[str]) -> tuple[str, ...]:
        await self.look()
        found = [
            one
            for one in self._platform.messages.values()
            if self._is_below(one)
            and (one.nonce.startswith(f"{reply}.") or (not one.nonce and one.page.text))
        ]
        for one in found:
            if not one.nonce:
                self._streams[one.id] = _State.DOUBTFUL
        return tuple(sorted({*recorded, *(one.id for one in found)}))

    async def _sent_new(self, page: Page, nonce: str, way: Way | None) -> Outcome:
        if way is None or not way.seals:
            post = BUDGETS.post(self.conversation.channel)
            return await self._desk.ask("post", lambda: self._new(page, nonce), post)
        self._started.add(nonce)
        begun = Page(page.so_far, page.notice, page.controls, grows=True)
        outcome = await self._desk.ask(
            "post", lambda: self._new(begun, "", nonce, streams=True), way.begin
        )
        if isinstance(outcome, RefusedForGood):
            self._started.discard(nonce)
            return outcome
        if isinstance(outcome, Delivered):
            self._streams[outcome.message] = _State.GROWS
            self._sent[outcome.message] = begun.text
        return outcome

    async def _found(self, nonce: str) -> Outcome:
        """A message of ours with this nonce; a stream has none until it is sealed."""
        unnamed = nonce in self._started
        outcome = await self._desk.in_turn(
            "read", lambda: self._look(nonce, unnamed=unnamed), BUDGETS.replies, Urgency.FIRST
        )
        if isinstance(outcome, Delivered) and unnamed and outcome.message not in self._streams:
            self._streams[outcome.message] = _State.DOUBTFUL
        return outcome

    def _look(self, nonce: str, *, unnamed: bool) -> Outcome:
        for one in self._platform.messages.values():
            is_it = unnamed and not one.nonce and one.id not in self._desk.written
            if self._is_below(one) and (one.nonce == nonce or is_it):
                return Delivered(one.id)
        return RefusedForGood("not found")

    async def _update(self, message: str, page: Page) -> Outcome:
        return await self._desk.ask(
            "edit", lambda: self._platform.changed(message, page), BUDGETS.edit, message
        )

    async def _edit_stream(self, message: str, page: Page) -> Outcome:
        if self._streams[message] is _State.GROWS:
            return await self._grow(message, page)
        if self._streams[message] is _State.DOUBTFUL:
            stopped = await self._desk.ask(
                "edit", lambda: self._stop(message), BUDGETS.seal, message
            )
            if not isinstance(stopped, Delivered | RefusedForGood) or stopped == GONE:
                return stopped
            self._streams[message] = _State.ENDED
            return IN_ANOTHER_WAY
        outcome = await self._desk.ask(
            "edit", lambda: self._replaced(message, page), BUDGETS.edit, message
        )
        if isinstance(outcome, Delivered):
            del self._streams[message]
        return outcome

    def _replaced(self, message: str, page: Page) -> Outcome:
        """What was a stream shows another page, and has a name from then on."""
        outcome = self._platform.changed(message, page)
        if isinstance(outcome, Delivered):
            self._platform.messages[message].nonce = self._platform.messages[message].key
        return outcome

    async def _grow(self, message: str, page: Page) -> Outcome:
        text, sent = page.so_far if page.grows else page.text, self._sent[message]
        if page.grows and sent.startswith(text):
            return Delivered(message)
        if not text.startswith(sent):
            self._streams[message] = _State.DOUBTFUL
            return IN_ANOTHER_WAY
        do = self._append if page.grows else self._seal
        budgets = BUDGETS.append if page.grows else BUDGETS.seal
        outcome = await self._desk.ask(
            "edit", lambda: do(message, text.removeprefix(sent), page), budgets, message
        )
        if isinstance(outcome, Delivered):
            self._sent[message] = text
            if not page.grows:
                self._streams[message] = _State.ENDED  # its Stop button is still there
            return outcome
        if isinstance(outcome, RefusedForNow) and (outcome.retry_after <= 2 or not page.grows):
            return outcome
        if outcome == GONE:
            return outcome
        self._streams[message] = _State.ENDED if outcome == NO_STREAM else _State.DOUBTFUL
        return outcome if isinstance(outcome, Unknown) else IN_ANOTHER_WAY

    def _append(self, message: str, new: str, page: Page) -> Outcome:
        stream = self._platform.messages.get(message)
        if stream is None:
            return GONE
        old = asyncio.get_running_loop().time() - stream.at > STREAM_LIFE
        if stream.frozen or not stream.streams or old or utf8(stream.page.text + new) > STREAM_SIZE:
            stream.streams = False
            return NO_STREAM
        stream.page = Page(stream.page.text + new, page.notice, page.controls, grows=True)
        return Delivered(message)

    def _seal(self, message: str, new: str, page: Page) -> Outcome:
        outcome = self._append(message, new, page)
        if isinstance(outcome, Delivered):
            stream = self._platform.messages[message]
            stream.streams, stream.page = False, sealed(stream.page)
            stream.nonce = stream.key
        return outcome

    def _stop(self, message: str) -> Outcome:
        stream = self._platform.messages.get(message)
        if stream is None:
            return GONE
        if not stream.streams:
            return NO_STREAM
        stream.streams = False
        return Delivered(message)

    async def _refused(self, sentence: str) -> Outcome:
        if self._question.direct:
            return await self._say(sentence)
        outcome = await self._desk.in_turn(
            "whisper", lambda: self._tell(sentence), BUDGETS.whisper, Urgency.FIRST
        )
        return await self._say(sentence) if isinstance(outcome, RefusedForGood) else outcome

    async def _say(self, sentence: str) -> Outcome:
        if not await self._desk.turn(self.plain.begin, Urgency.FIRST):
            return RefusedForNow(5.0, "no turn")
        return await self.post(Page("", sentence), f"{self._question.key}/refusal")

    @property
    def _read_budgets(self):
        return BUDGETS.replies

    @property
    def _sign_budgets(self):
        return BUDGETS.status(self.conversation.channel, self.conversation.thread)

    @property
    def _removal_budgets(self):
        return BUDGETS.delete
