"""First contact: once in each channel, the bot says what it is and where people's text goes."""

from collections import OrderedDict

import structlog

from core.errors import StoreFailed
from core.messages import Question
from core.pauses import channel_of
from core.store.introductions import Introductions as Rows

log = structlog.get_logger()

KEPT = 5_000


class Introductions:
    """Says these words below the first answer in a channel; empty words are never said."""

    def __init__(self, rows: Rows, words: str) -> None:
        self._rows = rows
        self._words = words
        self._made: OrderedDict[str, str] = OrderedDict()

    async def words(self, question: Question, reply: str) -> str:
        """What is to stand below this reply besides the answer, mostly nothing.

        Of several first replies at once, one has it. A command is answered to somebody who
        knows what it is, and whoever writes to the bot directly has called it themselves.
        """
        channel = channel_of(question.conversation)
        is_command = question.cause.startswith("command:")
        if not self._words or question.direct or is_command or channel in self._made:
            return ""
        try:
            made = await self._rows.make(channel, reply)
        except StoreFailed as error:
            log.warning("not introduced", channel=channel, error=str(error))
            return ""
        self._made[channel] = made
        if len(self._made) > KEPT:
            self._made.popitem(last=False)
        return self._words if made == reply else ""

    async def unsaid(self, question: Question, reply: str) -> None:
        """The words of this reply were not shown after all: the next one says them."""
        channel = channel_of(question.conversation)
        if self._made.get(channel) != reply:
            return
        del self._made[channel]
        try:
            await self._rows.forget(channel, reply)
        except StoreFailed as error:
            log.warning("introduction lost", channel=channel, error=str(error))
