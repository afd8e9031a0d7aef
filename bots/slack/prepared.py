"""An answer to the asker alone about messages that they point at."""

import asyncio

from bots.slack.calls import CallFailed
from bots.slack.response import ResponseSurface, ResponseUrl
from bots.slack.workspace import Workspace
from core.budget import Way
from core.messages import Question, Turn
from core.pace import Urgency
from core.prepared import Preparation, Prepared
from core.presets import Notices
from core.surface import Outcome, Page
from core.words import told


class PreparedSurface(ResponseSurface):
    """Answers a question that `prepare` words, once the bot has shown that it is at work.

    With a `sign`, that is the first thing shown behind the URL: what is chosen from a
    menu, or sent in a form, cannot be acknowledged with words.
    """

    def __init__(
        self,
        workspace: Workspace,
        question: Question,
        url: ResponseUrl,
        headline: str,
        prepare: Preparation,
        *,
        sign: str = "",
    ) -> None:
        super().__init__(workspace, question, url, headline)
        self._prepare = prepare
        self._prepared: Prepared | None = None
        self._sign = sign
        self._order = asyncio.Lock()

    async def introduce(self, question: Question) -> Question:
        """The question in the words that the model reads."""
        self._prepared = await self._prepare(await super().introduce(question))
        return self._prepared.question

    async def history(self) -> tuple[Turn, ...]:
        """The messages that it is about."""
        return self._prepared.history if self._prepared else ()

    async def status(self, text: str, *, waits: bool = False) -> None:
        """Show the sign, once."""
        del waits
        async with self._order:
            sign, self._sign = self._sign, ""
            if not (text and sign) or self._shown:
                return
            try:
                await self._workspace.calls.turn(self._url.budgets, Urgency.SIGN)
            except CallFailed:
                return
            await self._show(Page("", told(sign, self.readers.asker)))

    async def post(self, page: Page, nonce: str, way: Way | None = None) -> Outcome:
        """Show a page; a sign that is on its way comes first, or it would take its place."""
        async with self._order:
            self._sign = ""
            return await super().post(page, nonce, way)

    async def refuse(self, sentence: str, how: Notices = Notices.PRIVATE) -> Outcome:
        """Say it where the answer would stand."""
        async with self._order:
            self._sign = ""
            return await super().refuse(sentence, how)
