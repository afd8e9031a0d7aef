"""Answers to a command through its response URL, which has few uses and a short life.

Source: docs.slack.dev/interactivity/handling-user-interaction#message_responses: five
uses within thirty minutes.
"""

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from slack_sdk.webhook.async_client import AsyncWebhookClient

from bots.slack.blocks import LIMIT, content
from bots.slack.budgets import USES
from bots.slack.caller import SlackCaller
from bots.slack.calls import Answer, CallFailed, answered
from bots.slack.payload import string
from bots.slack.question import with_asker
from bots.slack.surface import SlackSurface
from bots.slack.workspace import Workspace
from core.budget import Budget, Way
from core.dress import Plain
from core.errors import PlatformFailed
from core.languages import Readers
from core.messages import Attachment, Author, Conversation, Question, Turn
from core.pace import Urgency
from core.presets import Notices
from core.proxies import proxy_to
from core.surface import (
    CodeFile,
    CommandSurface,
    Delivered,
    Limit,
    Outcome,
    Page,
    RefusedForGood,
    Unknown,
)
from core.words import Notice, told

LIFETIME = 25 * 60.0
"""Seconds for which we use a response URL; Slack allows thirty minutes."""

PAUSE = 4.0
"""Seconds between two edits: an answer has only one before its last."""

SETTLING = 0.3
"""Seconds after the acknowledgement in which Slack shows what it says; the two come separately."""

HERE = "response"
"""What we call the message behind the URL; Slack gives it no id."""

THE_REST = Notice("rest_is_direct")


class ResponseUrl:
    """Where a command is answered; `public` for everybody, else for the asker alone.

    `after` is set when the command's acknowledgement has been sent. What that shows is
    replaced by the first use, and would stay for ever if it came second. `age` is for how many
    seconds there has been such a URL.
    """

    def __init__(
        self,
        workspace: Workspace,
        url: str,
        clock: Callable[[], float],
        budgets: tuple[Budget, ...],
        *,
        after: asyncio.Event | None = None,
        public: bool = False,
        age: float = 0.0,
    ) -> None:
        self.budgets = budgets
        self._calls = workspace.calls
        self._clock = clock
        self._since = clock() - age
        self._uses = 0
        self._after = after
        self._type = "in_channel" if public else "ephemeral"
        self._web = AsyncWebhookClient(url, session=workspace.calls.web.session, retry_handlers=[])
        self._web.proxy = proxy_to(url)  # the SDK knows none that is not for all

    @property
    def alive(self) -> bool:
        """Whether it can still be used."""
        return self._uses < USES and self._clock() - self._since < LIFETIME

    async def show(self, page: Page, headline: str = "") -> None:
        """Replace what the command's answer shows. Raises `CallFailed`."""
        await self._use({**content(page, headline), "replace_original": True})

    async def add(self, page: Page, thread: str = "") -> None:
        """Add a message of its own. Raises `CallFailed`."""
        where = {"thread_ts": thread} if thread else {}
        await self._use({**content(page), "replace_original": False, **where})

    async def _use(self, body: dict[str, Any]) -> None:
        if not self.alive:
            raise CallFailed(RefusedForGood("expired_url"))
        self._uses += 1
        await self._calls.attempt(self._send(body | {"response_type": self._type}), self.budgets)

    async def _send(self, body: dict[str, Any]) -> Answer:
        if self._after is not None:
            await self._after.wait()
            await asyncio.sleep(SETTLING)
            self._after = None
        response = await self._web.send_dict(body)
        if response.status_code != 200 or not _is_ok(response.body):
            code = _code(response.body)
            raise CallFailed(answered(response.status_code, response.headers, code))
        return {}


def _is_ok(body: str) -> bool:
    """Whether the body of a 200 is one of the ways in which Slack says yes."""
    answer = _json(body)
    return body in ("", "ok") if answer is None else answer.get("ok") is not False


def _code(body: str) -> str:
    """Slack's word for what is wrong: in JSON, or alone; a page of HTML is none."""
    answer = _json(body)
    code = body if answer is None else string(answer, "error")
    return code if re.fullmatch(r"[a-z0-9_]{1,80}", code) else ""


def _json(body: str) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


class ResponseSurface(CommandSurface):
    """Answers a command through its response URL.

    What does not fit into that one message, or comes too late for it, goes to the
    asker's direct messages, and both places say so.
    """

    def __init__(
        self, workspace: Workspace, question: Question, url: ResponseUrl, headline: str = ""
    ) -> None:
        self._workspace = workspace
        self._question = question
        self._url = url
        self._headline = headline
        self._shown = False
        self._pointed_there = False
        self._direct: SlackSurface | None = None

    @property
    def conversation(self) -> Conversation:
        """The command's own conversation."""
        return self._question.conversation

    @property
    def readers(self) -> Readers:
        """The languages of those who read there."""
        return self._workspace.readers(self.conversation, self._question.asker.id)

    @property
    def wordless(self) -> bool:
        """The few uses of its URL are for the answer; the acknowledgement is the sign."""
        return False

    @property
    def limit(self) -> Limit:
        """The room in one message, in bytes of Markdown."""
        return LIMIT

    @property
    def plain(self) -> Way:
        """The uses of the URL, then posts and edits of the direct message."""
        if self._direct:
            return self._direct.plain
        uses = self._url.budgets if self._url.alive else ()
        return Way(() if self._shown else uses, uses, uses, PAUSE)

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
        """Nothing: a one-off question has no past."""
        return ()

    async def read(self, file: Attachment, message: str, most: int) -> bytes:
        """The content of a file. Raises `FileUnread`."""
        del message
        return await self._workspace.files.read(file, most)

    async def status(self, text: str, *, waits: bool = False) -> None:
        """Nothing to show: the command's acknowledgement is the sign."""

    async def post(self, page: Page, nonce: str, way: Way | None = None) -> Outcome:
        """Show a page: the first one in the command's answer, if that can still be."""
        del way
        if not self._shown and self._direct is None:
            outcome = await self._show(page)
            self._shown = isinstance(outcome, Delivered)
            if not isinstance(outcome, RefusedForGood):
                return outcome
        return await self._go_on(page, nonce)

    async def edit(self, message: str, page: Page) -> Outcome:
        """Replace what a message shows."""
        if message == HERE or self._direct is None:
            return await self._show(page)
        return await self._direct.edit(message, page)

    async def begun(self, reply: str, recorded: Sequence[str]) -> tuple[str, ...]:
        """The messages of an answer that an earlier process has begun. Raises `PlatformFailed`."""
        self._shown = HERE in recorded
        below = [one for one in recorded if one != HERE]
        if not below:
            return tuple(recorded)
        try:
            self._direct = await self._open()
        except CallFailed as failed:
            raise PlatformFailed(f"Slack does not open the direct message: {failed}") from failed
        self._pointed_there = self._shown
        rest = await self._direct.begun(reply, below)
        return (HERE, *rest) if self._shown else rest

    def caller(self, author: Author) -> SlackCaller:
        """Somebody who writes here, as one who wants something."""
        return SlackCaller(self._workspace, author.id, self._question.conversation.channel)

    async def attach(self, files: Sequence[CodeFile], nonce: str) -> Outcome:
        """Put files below the rest of the answer; none can stand below the command."""
        if self._direct is None:
            return RefusedForGood("no_place")
        return await self._direct.attach(files, nonce)

    async def refuse(self, sentence: str, how: Notices = Notices.PLATFORM) -> Outcome:
        """Say it where the answer would stand; what already stands there stays."""
        del how
        page = Page("", sentence)
        if not self._url.alive:
            return await self._go_on(page, f"{self._question.key}/refusal")
        try:
            await self._workspace.calls.turn(self._url.budgets, Urgency.FIRST)
        except CallFailed as failed:
            return failed.outcome
        return await (self._add(page) if self._shown else self._show(page))

    async def _show(self, page: Page) -> Outcome:
        try:
            await self._url.show(page, self._headline)
        except CallFailed as failed:
            return failed.outcome
        return Delivered(HERE)

    async def _add(self, page: Page) -> Outcome:
        try:
            await self._url.add(page)
        except CallFailed as failed:
            return failed.outcome
        return Delivered(HERE)

    async def _go_on(self, page: Page, nonce: str) -> Outcome:
        """Post to the asker's direct messages, and say so where the answer began."""
        try:
            if self._direct is None:
                self._direct = await self._open()
                await self._workspace.calls.turn(self._direct.plain.begin, Urgency.FIRST)
        except CallFailed as failed:
            return failed.outcome
        outcome = await self._direct.post(page, nonce)
        if isinstance(outcome, Delivered) and self._shown and not self._pointed_there:
            self._pointed_there = True
            await self._add(Page("", self._pointer))
        return outcome

    @property
    def _pointer(self) -> str:
        """Where the rest is, in words for whoever reads the beginning."""
        asker = self._question.asker
        name = self._workspace.people.known(asker.id) or asker.name
        if self._question.direct:
            return told(THE_REST, self.readers.asker)
        return told(Notice("rest_went_to", asker=name), self.readers.everybody)

    async def _open(self) -> SlackSurface:
        calls, question = self._workspace.calls, self._question
        answer = await calls.in_turn(
            calls.web.conversations_open,
            self._workspace.budgets.direct,
            Urgency.FIRST,
            users=question.asker.id,
        )
        if not (channel := string(answer.get("channel"), "id")):
            raise CallFailed(Unknown("no_channel"))
        where = replace(question.conversation, channel=channel, thread="")
        direct = replace(question, conversation=where, direct=True)
        return SlackSurface(self._workspace, direct, told(self._asked, self.readers.asker))

    @property
    def _asked(self) -> Notice:
        """What stands above what goes on elsewhere."""
        place, text = self._question.place, self._question.text
        if self._shown:
            return Notice("rest_to_what_you_asked", place=place, question=text)
        return Notice("answer_to_what_you_asked", place=place, question=text)
