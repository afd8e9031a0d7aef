"""An answer that is being written, and how it is stopped, begun anew or withdrawn."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence

from core.controls import Control
from core.figures import Ended, earliest
from core.flight import Flight
from core.messages import Conversation, Turn
from core.notices import Ending
from core.queue import Asked, keys
from core.reply import Reply

WITHDRAWN = Ending("withdrawn")
"""The question was deleted while it was answered."""

ANSWERED = ("answered", "cut_off", "filtered", "wanted_tools", "cached")
"""Outcomes after which there is an answer of the model's, however short."""

WHOLE = (*ANSWERED, "restored")
"""Outcomes after which all of an answer stands there."""

Compose = Callable[[Sequence[Asked]], Coroutine[None, None, Ending]]


class Running:
    """One answer to one person's questions, from the first sign of work to the last edit.

    `asked` are all questions that it has taken over, of which `current` are answered.
    `pages` are the messages of an earlier answer in whose place it stands, or that point to
    it; None as long as they were not read. `former` is what those said, if it can be had back,
    `shown` what stands there, of this answer or a former one.
    `is_lost`: another process had taken a question over before it began. `stays_open`: the next
    process is to go on with it, since a message still looks as if it went on. `unrecorded` are the
    messages, by number, of which the database does not know; `is_recorded` says whether it
    knows of the reply. `model` is the one that was chosen for it, once that is known. `waited` is
    for how many seconds others were answered first, `failure` what the log says of one.
    """

    def __init__(
        self, name: str, asked: Sequence[Asked], reply: Reply, waited: float = 0.0
    ) -> None:
        self.name = name
        self.waited = waited
        self.failure: Mapping[str, object] = {}
        self.model = ""
        self.asked = list(asked)
        self.current = tuple(asked)
        self.reply = reply
        self.former = ""
        self.shown = ""
        self.is_lost = False
        self.stays_open = False
        self.is_recorded = False
        self.unrecorded: dict[int, str] = {}
        self.pages: Sequence[Turn] | None = None
        self._composing: asyncio.Task[Ending] | None = None
        self._ending: Ending | None = None
        self._again = False
        self._over = False
        self._fell_back = False

    @property
    def conversation(self) -> Conversation:
        """Where it is written."""
        return self.asked[0].question.conversation

    @property
    def askers(self) -> frozenset[str]:
        """Who asked."""
        return frozenset(one.question.asker.id for one in self.asked)

    @property
    def flight(self) -> Flight:
        """How it stands now, for operators."""
        return Flight(
            self.name,
            tuple(keys(self.current)),
            self.conversation,
            tuple(sorted(self.askers)),
            self.model,
            self.asked[-1].status.said,
            self.reply.progress,
        )

    def ended(self, ending: Ending) -> Ended:
        """What is counted of it, once it has ended like this."""
        reply, figures, since = self.reply, self.reply.figures, self.asked[-1].status.began
        sign = earliest([*(one.status.first for one in self.asked), reply.first_text])
        return Ended(
            self.conversation.platform,
            ending.outcome,
            len(self.asked),
            waited=round(self.waited, 2),
            first_sign=None if sign is None else round(max(0.0, sign - since), 2),
            first_text=reply.first_text and reply.first_text - since,
            seconds=figures["seconds"],
            lag=figures["lag"],
            after_model=figures["after_model"],
            edits=int(figures["edits"]),
        )

    def asks(self, identity: str) -> Asked | None:
        """The question that stands in this message, if it is answered here."""
        return next((one for one in self.current if one.question.identity == identity), None)

    def offers(self, ending: Ending) -> tuple[Control, ...]:
        """What can be pressed below it, once it has ended like this."""
        again = all(one.question.can_be_asked_again for one in self.current)
        goes_on = not any(one.question.is_command for one in self.current)
        wishes = {
            Control.RETRY: again and ending.outcome != "cached",
            Control.CONTINUE: goes_on and self.is_cut_off(ending) and not self.reply.screen.blank,
            Control.RESTORE: again and self.former != "",
            Control.GOOD: not self.reply.screen.blank,
            Control.BAD: not self.reply.screen.blank,
            Control.WHY: True,
            Control.AFRESH: ending.outcome == "cached",
        }
        return tuple(control for control, wanted in wishes.items() if wanted)

    def is_cut_off(self, ending: Ending) -> bool:
        """Whether the model had more to say, in the answer that ends like this."""
        revision = self.asked[-1].revision
        restored = ending.outcome == "restored" and revision is not None and revision.is_cut_off
        return ending.outcome == "cut_off" or restored

    def fall_back(self) -> None:
        """Where nothing has come, let stand what stood there before."""
        if self.reply.screen.blank and (stood := self.former or self.shown):
            self.reply.write(stood)
            self.former = self.shown = ""
            self._fell_back = True

    def holds_former(self, ending: Ending) -> bool:
        """Whether all that stood in its place before stands there still, as it has ended."""
        revision = self.asked[-1].revision
        goes_on = revision is not None and revision.goes_on
        return self._fell_back or (goes_on and ending.outcome not in WHOLE)

    def end(self, ending: Ending) -> bool:
        """Hang up on the model: the answer ends like this. False: it was complete already."""
        if self.complete:
            return False
        self._ending = ending
        self.fall_back()  # before anything says how it ended: an edit would empty the message
        self._cancel()
        return True

    def start_over(self, current: Sequence[Asked]) -> bool:
        """Answer these questions instead. False: it was complete already."""
        if self.complete:
            return False
        self.current = tuple(current)
        self.asked += [one for one in current if one not in self.asked]
        self._again = True
        self._cancel()
        return True

    @property
    def complete(self) -> bool:
        """Whether nothing more will come of the model."""
        composed = self._composing is not None and self._composing.done() and not self._again
        return self._over or composed or self._ending is not None

    async def written(self, compose: Compose) -> Ending:
        """Write the answer, however often it is begun anew; returns how it ended."""
        while True:
            self._again = False
            ending = await self._composed(compose)
            if not self._again or self._ending:
                self._over = True
                return self._ending or ending
            self.reply.restart()

    async def _composed(self, compose: Compose) -> Ending:
        if self._ending:
            return self._ending
        self._composing = composing = asyncio.create_task(compose(self.current))
        try:
            return await composing
        except asyncio.CancelledError:
            if (self._again or self._ending) and not _being_cancelled():
                return self._ending or Ending("interrupted")
            raise
        finally:
            if not composing.done():
                composing.cancel()
                await asyncio.wait({composing})

    def _cancel(self) -> None:
        if self._composing is not None:
            self._composing.cancel()


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
