"""A public answer to a command: messages in the channel, for everybody there."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog

from bots.slack.calls import CallFailed
from bots.slack.surface import SlackSurface
from bots.slack.workspace import Workspace
from core.budget import Way
from core.errors import PlatformFailed
from core.messages import Question, Turn
from core.pace import Urgency
from core.presets import Notices
from core.surface import Delivered, Outcome, Page, RefusedForGood

log = structlog.get_logger()


class PublicSurface(SlackSurface):
    """Answers a command where everybody can read it and go on in a thread.

    Nobody sees a command that somebody else gives. So a message says at once who asked
    what; that is the sign of life, and the answer grows in it.
    """

    def __init__(self, workspace: Workspace, question: Question, headline: str) -> None:
        super().__init__(workspace, question, headline)
        self._announcement = ""
        self._announced = False
        self._begun = False
        self._order = asyncio.Lock()

    @property
    def plain(self) -> Way:
        """What the first text takes is an edit of the announcement."""
        plain = super().plain
        return replace(plain, begin=plain.grow) if self._grows_there else plain

    async def history(self) -> tuple[Turn, ...]:
        """Nothing: a one-off question has no past."""
        return ()

    async def begun(self, reply: str, recorded: Sequence[str]) -> tuple[str, ...]:
        """The messages of an answer that an earlier process has begun, or its announcement."""
        found = await super().begun(reply, recorded)
        try:
            self._announcement = await self._posted(self._first)
        except CallFailed as failed:
            raise PlatformFailed(f"Slack does not show the announcement: {failed}") from failed
        self._announced = bool(self._announcement or found)
        self._begun = bool(found)
        self._headed = self._announcement or (found[0] if found else "")
        return found

    async def status(self, text: str, *, waits: bool = False) -> None:
        """Announce the question; once is enough."""
        del waits
        if not text or self._announced:
            return
        self._announced = True
        async with self._order:
            await self._announce(text)

    async def _announce(self, text: str) -> None:
        try:
            await self._workspace.calls.turn(super().plain.begin, Urgency.SIGN)
        except CallFailed:
            return
        outcome = await super().post(Page("", text), self._first)
        if isinstance(outcome, Delivered):
            self._announcement = outcome.message

    async def post(self, page: Page, nonce: str, way: Way | None = None) -> Outcome:
        """Post a page; the first one takes the announcement's place."""
        if self._begun:
            return await super().post(page, nonce, way)
        # An announcement that is on its way is waited for, or it would stay for ever.
        async with self._order:
            outcome = await self._begin(page, nonce, way)
        self._begun = isinstance(outcome, Delivered)
        return outcome

    async def refuse(self, sentence: str, how: Notices = Notices.PLATFORM) -> Outcome:
        """Put the sentence in the announcement's place, or whisper it."""
        del how
        async with self._order:
            return await self._refuse(sentence)

    async def _refuse(self, sentence: str) -> Outcome:
        if not self._announcement or self._begun:
            return await super().refuse(sentence)
        try:
            await self._workspace.calls.turn(self.plain.last, Urgency.FIRST)
        except CallFailed as failed:
            return failed.outcome
        return await self.edit(self._announcement, Page("", sentence))

    async def _begin(self, page: Page, nonce: str, way: Way | None) -> Outcome:
        if not self._announced:
            return await super().post(page, nonce, way)
        if not self._announcement:
            # An announcement of which nothing is known is looked for under its own name.
            try:
                await self._workspace.calls.turn(super().plain.begin, Urgency.FIRST)
            except CallFailed as failed:
                return failed.outcome
            return await super().post(page, self._first)
        outcome = await self.edit(self._announcement, page)
        if isinstance(outcome, RefusedForGood):
            await self._withdraw(outcome)
            return await super().post(page, nonce)
        return outcome

    async def _withdraw(self, why: RefusedForGood) -> None:
        """Take an announcement away that takes no text: it would say "thinking" for ever."""
        announcement, self._announcement, self._headed = self._announcement, "", ""
        if why.gone:
            return
        calls = self._workspace.calls
        try:
            await calls.in_turn(
                calls.web.chat_delete,
                self._workspace.budgets.delete,
                Urgency.FIRST,
                channel=self.conversation.channel,
                ts=announcement,
            )
        except CallFailed as failed:
            log.info("announcement stays", outcome=str(failed.outcome))

    @property
    def _grows_there(self) -> bool:
        return self._announced and not self._begun

    @property
    def _first(self) -> str:
        return f"{self._question.key}/headline"
