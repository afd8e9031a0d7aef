"""`/parley forget me`: erases what is kept about whoever says so, once they have confirmed it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from bots.slack.calls import CallFailed
from bots.slack.messages import PLATFORM
from bots.slack.parley import Subcommand, Use
from bots.slack.payload import string
from bots.slack.response import ResponseUrl
from bots.slack.workspace import Workspace
from core import notices
from core.errors import StoreFailed
from core.forgetting import Forgetting
from core.surface import Page
from core.words import told

log = structlog.get_logger()

YES, NO = "forget_me", "forget_not"
"""The actions of the two buttons."""

Ack = Callable[..., Awaitable[Any]]


class Forget:
    """The subcommand, and the buttons below its question; those are seen by its asker alone."""

    def __init__(
        self, workspace: Workspace, forgetting: Forgetting, clock: Callable[[], float]
    ) -> None:
        self._workspace = workspace
        self._forgetting = forgetting
        self._clock = clock

    @property
    def subcommands(self) -> Mapping[str, Subcommand]:
        """What is done by which word."""
        return {"forget": self.forget}

    async def forget(self, use: Use) -> None:
        """Ask whether it is meant."""
        if use.words.lower() != "me":
            await use.tell(notices.FORGET_HOW)
            return
        sentence = use.told(notices.forget_asked("Slack"))
        await use.ack(
            response_type="ephemeral",
            text=sentence,
            blocks=[
                {"type": "section", "text": {"type": "plain_text", "text": sentence}},
                {
                    "type": "actions",
                    "elements": [
                        _button(YES, use.told(notices.FORGET)) | {"style": "danger"},
                        _button(NO, use.told(notices.FORGET_NOT)),
                    ],
                },
            ],
        )

    async def confirmed(self, body: dict[str, Any], ack: Ack) -> None:
        """It is meant."""
        await ack()
        self._workspace.tasks.start(self._forget(body), "forgetting somebody")

    async def declined(self, body: dict[str, Any], ack: Ack) -> None:
        """It is not."""
        await ack()
        self._workspace.tasks.start(self._show(body, notices.FORGOT_NOTHING), "a reply")

    async def _forget(self, body: Mapping[str, Any]) -> None:
        language = self._workspace.language(_presser(body))
        await self._show(body, told(notices.FORGETTING, language))
        try:
            await self._forgetting.forget(PLATFORM, _presser(body))
            sentence = notices.FORGOT
        except StoreFailed as error:
            log.error("somebody was not forgotten", error=str(error))
            sentence = notices.FORGET_FAILED
        await self._show(body, told(sentence, language))

    async def _show(self, body: Mapping[str, Any], sentence: str) -> None:
        """Put a sentence where the question stood."""
        budgets = self._workspace.budgets.response(string(body, "trigger_id"))
        url = ResponseUrl(self._workspace, string(body, "response_url"), self._clock, budgets)
        words = told(sentence, self._workspace.language(_presser(body)))
        try:
            await url.show(Page("", words))
        except CallFailed as failed:
            log.info("presser not told", error=str(failed))


def _presser(body: Mapping[str, Any]) -> str:
    return string(body.get("user"), "id")


def _button(action: str, words: str) -> dict[str, Any]:
    return {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": words},
    }
