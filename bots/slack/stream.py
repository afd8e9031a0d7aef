"""A message that grows natively: what comes is appended to it, and at last it is sealed.

Sources: docs.slack.dev/reference/methods/chat.startStream, .appendStream, .stopStream. What
is not in them was observed by others: a stream ends about five minutes after its start
whatever happens (slackapi/python-slack-sdk#1859), and it holds about 12,000 characters.
"""

from enum import Enum, auto
from typing import Any

from bots.slack.blocks import below
from bots.slack.budgets import Budgets
from bots.slack.calls import CallFailed, Method
from bots.slack.inert import inert, settled
from bots.slack.workspace import Workspace
from core.budget import Budget, Way
from core.surface import Delivered, Outcome, Page, RefusedForGood, RefusedForNow, Unknown

PAUSE = 0.2
"""Seconds between two appends, so that a burst of them lasts for most answers."""

EDIT_PAUSE = 0.5
"""Seconds between two edits of what was a stream."""

PATIENCE = 2.0
"""Seconds that a refused append is waited for; if Slack asks for more, the message is edited."""

ENDED = frozenset({"message_not_in_streaming_state", "stopped_by_user"})
"""Codes of a message that is no stream any more."""

IN_ANOTHER_WAY = RefusedForNow(0.0, "goes on in another way")
"""It was not shown, and nothing has to be waited for."""


class State(Enum):
    """How a stream stands with Slack."""

    GROWS = auto()  # takes more text
    DOUBTFUL = auto()  # what it shows is not known, or it takes no more; it may have to be stopped
    ENDED = auto()  # is no stream any more, and shows less than it should
    SEALED = auto()  # is complete


class Stream:
    """One such message.

    An append cannot be repeated: after a doubt, the message is edited instead. `sent` is
    what Slack has been given of its text; `metadata` name it once it is complete. With
    `has_controls`, buttons have been appended to it, which only an edit takes away.
    """

    def __init__(
        self,
        workspace: Workspace,
        channel: str,
        ts: str,
        metadata: dict[str, Any],
        sent: str = "",
        *,
        has_controls: bool = False,
    ) -> None:
        self.state = State.GROWS
        self._has_controls = has_controls
        self._workspace = workspace
        self._where = {"channel": channel, "ts": ts}
        self.metadata = metadata
        self._sent = sent
        self._stopped = False

    @property
    def way(self) -> Way:
        """How it goes on."""
        budgets = self._budgets
        if self.state is State.GROWS:
            return native(budgets)
        edit = budgets.edit if self.state is State.ENDED else (*budgets.seal, *budgets.edit)
        return Way((), edit, edit, EDIT_PAUSE, seals=self.state is not State.SEALED)

    async def grow(self, page: Page) -> Outcome:
        """Append what is new of a page, and seal it when that is all."""
        try:
            await (self._append(page) if page.grows else self._seal(page))
        except CallFailed as failed:
            return self._broke(failed.outcome, page)
        return Delivered(self._where["ts"])

    async def stop(self) -> Outcome:
        """End a stream of which not all is known, so that it can be edited."""
        try:
            await self._call(self._workspace.calls.web.chat_stopStream, self._budgets.seal)
        except CallFailed as failed:
            if not isinstance(failed.outcome, RefusedForGood) or failed.outcome.gone:
                return failed.outcome
        self.state, self._stopped = State.ENDED, True
        return IN_ANOTHER_WAY

    def not_edited(self, outcome: Outcome) -> Outcome:
        """What it means that an edit failed: perhaps it is a stream, although Slack denied that."""
        if outcome == RefusedForGood("streaming_state_conflict") and not self._stopped:
            self.state = State.DOUBTFUL
            return IN_ANOTHER_WAY
        return outcome

    async def _append(self, page: Page) -> None:
        text = growing(page)
        if self._sent.startswith(text):
            return  # what was sent stays, although its end may be held back by now
        if new := self._new(text):
            web = self._workspace.calls.web
            await self._call(web.chat_appendStream, self._budgets.append, **chunks(new))
            self._sent = text

    async def _seal(self, page: Page) -> None:
        new = self._new(inert(page.text))
        web = self._workspace.calls.web
        await self._call(
            web.chat_stopStream,
            self._budgets.seal,
            metadata=self.metadata,
            **(chunks(new) if new else {}),
            **({"blocks": notice} if (notice := below(page)) else {}),
        )
        self.state = State.ENDED if self._has_controls else State.SEALED

    def _new(self, text: str) -> str:
        """What of a text is not sent yet; a text that begins otherwise has to be edited in."""
        if not text.startswith(self._sent):
            raise CallFailed(RefusedForGood("not_an_extension"))
        return text.removeprefix(self._sent)

    def _broke(self, outcome: Outcome, page: Page) -> Outcome:
        """What a failure means for what comes next."""
        if isinstance(outcome, RefusedForNow) and (
            outcome.retry_after <= PATIENCE or not page.grows
        ):
            return outcome  # nothing was done, and it may be tried again
        if isinstance(outcome, RefusedForGood) and outcome.gone:
            return outcome
        is_over = isinstance(outcome, RefusedForGood) and outcome.code in ENDED
        self.state = State.ENDED if is_over else State.DOUBTFUL
        return outcome if isinstance(outcome, Unknown) else IN_ANOTHER_WAY

    @property
    def _budgets(self) -> Budgets:
        return self._workspace.budgets

    async def _call(self, method: Method, counted: tuple[Budget, ...], **arguments: Any) -> None:
        await self._workspace.calls.now(method, counted, **self._where, **arguments)


def native(budgets: Budgets) -> Way:
    """How a message grows natively."""
    return Way(budgets.start, budgets.append, budgets.seal, PAUSE, seals=True)


def growing(page: Page) -> str:
    """What of a growing page can be appended to for good."""
    return inert(page.so_far[: settled(page.so_far)])


def chunks(text: str, below: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A piece of text as these methods take it; a stream has either chunks or texts for life.

    `below` are blocks that are appended with it.
    """
    pieces: list[dict[str, Any]] = [{"type": "markdown_text", "text": text}] if text else []
    if below:
        pieces.append({"type": "blocks", "blocks": below})
    return {"chunks": pieces} if pieces else {}
