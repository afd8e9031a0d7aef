"""A conversation on Slack, as the core answers in it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from bots.slack.blocks import LIMIT, content
from bots.slack.caller import SlackCaller
from bots.slack.calls import NOT_REACHED, CallFailed, Method
from bots.slack.history import History
from bots.slack.messages import is_ts
from bots.slack.payload import string
from bots.slack.question import with_asker
from bots.slack.sign import Sign
from bots.slack.uploads import take_away, upload
from bots.slack.workspace import Workspace
from core.budget import Budget, Way
from core.dress import Plain
from core.errors import MessageGone, PlatformFailed
from core.languages import Readers
from core.messages import Attachment, Author, Conversation, Question, Role, Turn
from core.pace import Urgency
from core.presets import Notices
from core.surface import (
    CodeFile,
    Delivered,
    Limit,
    Outcome,
    Page,
    RefusedForGood,
    Unknown,
    found_again,
)

PAUSE = 0.5
"""Seconds between two interim edits of one message, so that a burst lasts for most answers.

Where several grow at once, the shared budget allows fewer."""

EVENT_TYPE = "parley_reply"
"""The type of the metadata by which our own messages are found again."""

NO = "no_entry_sign"
"""The reaction that stands for a refusal."""

CLOCK_SKEW = 60.0
"""Seconds that our clock may be ahead of Slack's."""


class SlackSurface:
    """The conversation in which a question is answered by messages of the bot's own.

    With a `headline`, the first of them says above the answer who asked what.
    """

    def __init__(self, workspace: Workspace, question: Question, headline: str = "") -> None:
        self._workspace = workspace
        self._question = question
        self._headline = headline
        self._headed = ""
        self._channel = question.conversation.channel
        self._thread = _thread_of(question.conversation)
        self._history = History(workspace)
        self._sign = Sign(
            workspace,
            question.conversation.channel,
            self._thread or question.message,
            question.message,
        )
        self._doubtful: dict[str, Page] = {}

    @property
    def conversation(self) -> Conversation:
        """The conversation of the question."""
        return self._question.conversation

    @property
    def readers(self) -> Readers:
        """The languages of those who read there."""
        return self._workspace.readers(self.conversation, self._question.asker.id)

    @property
    def wordless(self) -> bool:
        """A status has words in Slack."""
        return False

    @property
    def limit(self) -> Limit:
        """The room in one message, in bytes of Markdown."""
        return LIMIT

    @property
    def plain(self) -> Way:
        """chat.postMessage, in the channel and in all; chat.update, for the whole workspace."""
        budgets = self._workspace.budgets
        return Way(budgets.post(self._channel), budgets.edit, budgets.edit, PAUSE)

    @property
    def ways(self) -> Sequence[Way]:
        """By edits."""
        return (self.plain,)

    def way(self, message: str) -> Way:
        """Every message goes on by edits."""
        del message
        return self.plain

    def dress(self) -> Plain:
        """Markdown as it was written, which Slack shows."""
        return Plain()

    async def introduce(self, question: Question) -> Question:
        """The question with its asker's name."""
        return await with_asker(self._workspace, question)

    async def history(self) -> tuple[Turn, ...]:
        """The conversation as it stands. Raises `PlatformFailed`."""
        return await self._workspace.memory.turns(self.conversation, self._read)

    async def read(self, file: Attachment, message: str, most: int) -> bytes:
        """The content of a file. Raises `FileUnread`."""
        del message
        return await self._workspace.files.read(file, most)

    async def status(self, text: str, *, waits: bool = False) -> None:
        """Show what the bot is doing, or take the sign away."""
        del waits
        await self._sign.show(text)

    def began(self) -> None:
        """Nothing else shows that an answer is being written."""

    def ended(self) -> None:
        """Nor that it is not any more."""

    async def post(self, page: Page, nonce: str, way: Way | None = None) -> Outcome:
        """Post a message, unless an earlier try with this nonce has made it after all."""
        try:
            if nonce in self._doubtful and (message := await self._find(nonce)):
                self._headed = self._headed or message
                self._sign.answered_below(self._thread)
                await self._workspace.calls.turn(self.way(message).last, Urgency.FIRST)
                edited = await self.edit(message, page)
                return found_again(message, self._doubtful[nonce], edited)
            message = await self._post(page, nonce, way)
        except CallFailed as failed:
            return failed.outcome
        self._stands(message, page)
        self._sign.answered_below(self._thread)
        self._sign.posted_below(self._thread)
        return Delivered(message)

    async def edit(self, message: str, page: Page) -> Outcome:
        """Replace what a message shows."""
        try:
            await self._update(message, page)
        except CallFailed as failed:
            if message == self._headed and is_gone(failed.outcome):
                self._headed = ""  # the next message says again who asked what
            return failed.outcome
        self._stands(message, page)
        return Delivered(message)

    def caller(self, author: Author) -> SlackCaller:
        """Somebody who writes here, as one who wants something."""
        channel = self._question.conversation.channel
        return SlackCaller(self._workspace, author.id, channel, program=author.is_bot)

    async def begun(self, reply: str, recorded: Sequence[str]) -> tuple[str, ...]:
        """The messages of an answer that an earlier process has begun. Raises `PlatformFailed`."""
        try:
            found = await self._history.begun(*self._below, f"{reply}.")
        except CallFailed as failed:
            raise PlatformFailed(f"Slack does not show what was answered: {failed}") from failed
        self._sign.adopt()
        self._adopt(reply, found)
        return tuple(sorted({*recorded, *found}))

    def _adopt(self, reply: str, found: Mapping[str, str]) -> None:
        """These messages, with their nonces, are or may be of the answer."""

    async def said(self, messages: Sequence[str]) -> tuple[Turn, ...]:
        """What these messages of the bot's say. Raises `PlatformFailed`."""
        known = {turn.id: turn for turn in await self.history()}
        turns: list[Turn] = []
        for ts in messages:
            if ts in known:
                turns.append(known[ts])
                continue
            with suppress(MessageGone):
                if message := await self._history.one(self._channel, ts, self._thread):
                    found = self._workspace.scribe.turns(message)
                    turns += [turn for turn in found if turn.role is Role.ASSISTANT]
        return tuple(turns)

    def editable(self, messages: Sequence[str]) -> bool:
        """Slack takes edits of messages of any age."""
        del messages
        return True

    async def may_manage(self, person: str) -> bool:
        """Whether a person may manage the channel."""
        return await self._workspace.managers.may_manage(self._channel, person)

    async def remove(self, message: str) -> Outcome:
        """Delete a message of the answer, or the files below it."""
        if is_ts(message):
            return await remove(self._workspace, self._channel, message)
        try:
            await take_away(self._workspace, self._channel, message.split())
        except CallFailed as failed:
            return failed.outcome
        return Delivered(message)

    async def attach(self, files: Sequence[CodeFile], nonce: str) -> Outcome:
        """Put files below the answer."""
        del nonce  # Slack knows none here; what may have been done is not done again
        try:
            where = in_thread(self._thread)
            shown = await upload(self._workspace, self._channel, where, files)
        except CallFailed as failed:
            return failed.outcome
        return Delivered(" ".join(shown))

    async def refuse(self, sentence: str, how: Notices = Notices.PLATFORM) -> Outcome:
        """Tell the asker alone; where they are alone with the bot anyway, in a message."""
        if how is Notices.REACTION and is_ts(self._question.message):
            outcome = await self._shake_head()
            if not isinstance(outcome, RefusedForGood):
                return outcome
        if self._question.direct or how is Notices.THREAD:
            return await self._say(sentence)
        outcome = await self._whisper(sentence)
        # Not everybody can be whispered to: somebody of another workspace, for one.
        return await self._say(sentence) if isinstance(outcome, RefusedForGood) else outcome

    async def _read(self) -> tuple[Turn, ...]:
        return await self._history.read(self.conversation, direct=self._question.direct)

    async def _whisper(self, sentence: str) -> Outcome:
        calls = self._workspace.calls
        # Below a message at top level there is no thread yet in which the asker would look.
        thread = "" if self._thread == self._question.message else self._thread
        try:
            answer = await calls.in_turn(
                calls.web.chat_postEphemeral,
                self._workspace.budgets.whisper,
                Urgency.FIRST,
                channel=self._channel,
                user=self._question.asker.id,
                **content(Page("", sentence)),
                **in_thread(thread),
            )
        except CallFailed as failed:
            return failed.outcome
        return Delivered(string(answer, "message_ts"))

    async def _shake_head(self) -> Outcome:
        """Refuse by a reaction to the question."""
        calls = self._workspace.calls
        try:
            await calls.in_turn(
                calls.web.reactions_add,
                self._workspace.budgets.react,
                Urgency.FIRST,
                channel=self._channel,
                timestamp=self._question.message,
                name=NO,
            )
        except CallFailed as failed:
            if failed.outcome != RefusedForGood("already_reacted"):
                return failed.outcome
        return Delivered(self._question.message)

    async def _say(self, sentence: str) -> Outcome:
        try:
            await self._workspace.calls.turn(self.plain.begin, Urgency.FIRST)
        except CallFailed as failed:
            return failed.outcome
        return await self.post(Page("", sentence), f"{self._question.key}/refusal")

    async def _find(self, nonce: str) -> str:
        """The message of an earlier try; empty when there is none."""
        return await self._posted(nonce)

    async def _posted(self, nonce: str, *, unnamed: bool = False) -> str:
        return await self._history.posted(*self._below, nonce, unnamed=unnamed)

    @property
    def _below(self) -> tuple[Conversation, str]:
        """Where the answer stands, and a `ts` after which it was posted."""
        asked = self._question.message
        if not is_ts(asked):
            asked = f"{self._question.asked_at.timestamp() - CLOCK_SKEW:.6f}"
        where = self.conversation
        return Conversation(where.platform, where.workspace, self._channel, self._thread), asked

    async def _post(self, page: Page, nonce: str, way: Way | None) -> str:
        # From here on nobody knows, also when this is cancelled, until Slack has answered.
        self._doubtful.setdefault(nonce, page)
        try:
            message = await self._send(page, nonce, way)
        except CallFailed as failed:
            if not isinstance(failed.outcome, Unknown) or failed.outcome.code == NOT_REACHED:
                self._doubtful.pop(nonce, None)
            raise
        self._doubtful.pop(nonce, None)
        return message

    async def _send(self, page: Page, nonce: str, way: Way | None) -> str:
        """Post a message; its id. Raises `CallFailed`."""
        del way
        return await self._made(
            self._workspace.calls.web.chat_postMessage,
            self._workspace.budgets.post(self._channel),
            metadata=metadata(nonce),
            unfurl_links=False,
            unfurl_media=False,
            **self._content("", page),
        )

    async def _made(self, method: Method, budgets: tuple[Budget, ...], **arguments: Any) -> str:
        """Make a message in the conversation; its id."""
        memory = self._workspace.memory
        with memory.posting(self._channel):
            answer = await self._workspace.calls.now(
                method, budgets, channel=self._channel, **arguments, **in_thread(self._thread)
            )
            if not (message := string(answer, "ts")):
                raise CallFailed(Unknown("no_ts"))
            memory.wrote(message)
        return message

    async def _update(self, message: str, page: Page, **arguments: Any) -> None:
        calls, budgets = self._workspace.calls, self._workspace.budgets
        shown = self._content(message, page)
        await calls.now(
            calls.web.chat_update,
            budgets.edit,
            channel=self._channel,
            ts=message,
            **shown,
            **arguments,
        )

    def _content(self, message: str, page: Page) -> dict[str, Any]:
        is_first = message == self._headed
        return content(page, self._headline if is_first else "")

    def _stands(self, message: str, page: Page) -> None:
        """A message now shows this page."""
        self._headed = self._headed or message
        turns = tuple(self._turns(message, page))
        self._workspace.memory.posted(self.conversation, turns, message)

    def _turns(self, message: str, page: Page) -> Iterator[Turn]:
        if self._headline and message == self._headed:
            yield self._workspace.scribe.asked(self._headline, message)
        if page.text.strip():
            yield self._workspace.scribe.answer(page.text, message)


async def remove(workspace: Workspace, channel: str, message: str) -> Outcome:
    """Delete a message of ours; it waits for its own budgets."""
    calls = workspace.calls
    try:
        await calls.in_turn(
            calls.web.chat_delete,
            workspace.budgets.delete,
            Urgency.LAST,
            channel=channel,
            ts=message,
        )
    except CallFailed as failed:
        return failed.outcome
    return Delivered(message)


def is_gone(outcome: Outcome) -> bool:
    """Whether the message does not exist any more."""
    return isinstance(outcome, RefusedForGood) and outcome.gone


def metadata(nonce: str) -> dict[str, Any]:
    """What a message is found by again."""
    return {"event_type": EVENT_TYPE, "event_payload": {"nonce": nonce}}


def _thread_of(conversation: Conversation) -> str:
    """The `thread_ts` of its messages; a command's conversation has none."""
    return conversation.thread if is_ts(conversation.thread) else ""


def in_thread(thread: str) -> dict[str, str]:
    """The thread as an argument; none at top level."""
    return {"thread_ts": thread} if thread else {}
