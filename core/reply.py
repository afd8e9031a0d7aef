"""The one writer of what a reader sees of an answer.

The text grows at the model's speed (`write`, which never waits); one task (`show`) makes the
messages of the `Screen` follow it, with one request in flight and always the newest text. An
interim edit may be skipped or fail. The last one may not.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from contextlib import suppress

from core.budget import Way
from core.controls import Control
from core.errors import PlatformFailed
from core.flight import Progress
from core.nap import Nap
from core.pace import Governor, Ticket, Urgency
from core.screen import Screen, Slot, Step
from core.sharing import Growth
from core.surface import (
    Delivered,
    Outcome,
    Page,
    RefusedForGood,
    RefusedForNow,
    Surface,
    Unknown,
    is_announcement,
)

DELIVERY_TIMEOUT = 600.0
"""Seconds for which a finished answer is offered to a platform that does not take it."""

FRESH = 0.01
"""Seconds, at most, for what has come of the model to be read when an edit is due."""

FEW = 25
"""Replies that share a budget, up to which there is time for that: of more, each fills a window
of the platform's to its end, and what is sent a moment late counts in the next one."""

REMOVALS = 5
"""Times that a message which nobody wants any more is tried to be taken away."""

GONE_SOON = "…"
"""What a message shows for the moment between being found again and being taken away."""

SHORTEST_BACK_OFF = 0.25
"""Seconds between two tries when there is no more time; the governor keeps the platform's."""

RARELY = 5.0
"""Seconds between two edits, at least, of what an answer waits for."""

LONGEST_BACK_OFF = 8.0
"""Seconds, at most, between two tries of the same request."""


class Reply:
    """An answer on its way to the reader.

    `nonce` names the reply; a message posted twice under the same name is one message.
    `posted(n, id)` is called when the message of that number exists; it must not wait.
    `takes` are messages of an earlier answer, in whose place this one is shown; `first` is the
    least number that a new message has. `offers` can be pressed while it grows. Its figures count
    from `since`, by the clock; None: from now.
    """

    # A dictionary for so many names is five times as large, and there are hundreds of replies.
    __slots__ = (
        "_awaited",
        "_began",
        "_behind",
        "_changed",
        "_clock",
        "_closed",
        "_edit_until",
        "_edits",
        "_ended",
        "_failures",
        "_first",
        "_gave_up",
        "_give_up",
        "_governor",
        "_growth",
        "_hurried",
        "_lagged",
        "_left_growing",
        "_nap",
        "_nonce",
        "_patience",
        "_post_until",
        "_posted",
        "_rushed",
        "_surface",
        "_ticket",
        "_way",
        "screen",
    )

    def __init__(
        self,
        surface: Surface,
        governor: Governor,
        *,
        nonce: str,
        clock: Callable[[], float],
        posted: Callable[[int, str], None],
        takes: Sequence[str] = (),
        first: int = 0,
        offers: Sequence[Control] = (),
        since: float | None = None,
    ) -> None:
        self._surface = surface
        self._governor = governor
        self._nonce = nonce
        self._clock = clock
        self._posted = posted
        self.screen = Screen(surface, nonce, takes=takes, first=first, offers=offers)
        self._nap = Nap()
        self._changed = asyncio.Event()
        self._rushed = asyncio.Event()
        self._ticket: Ticket | None = None
        self._way: Way | None = None
        self._growth = Growth()
        self._ended = float("-inf")
        self._give_up: float | None = None
        self._edit_until: float | None = None
        self._post_until: float | None = None
        self._hurried: asyncio.Event | None = None
        self._gave_up = False
        self._left_growing = False
        self._patience: asyncio.Timeout | None = None
        self._awaited: Slot | None = None
        self._failures = 0
        self._began = clock() if since is None else since
        self._first: float | None = None
        self._closed: float | None = None
        self._behind: float | None = None
        self._lagged = 0.0
        self._edits = 0

    @property
    def gave_up(self) -> bool:
        """Whether no request was allowed that would have said how it ended."""
        return self._gave_up

    @property
    def left_growing(self) -> bool:
        """Whether a message still looks as if it went on: no edit was allowed in time."""
        return self._left_growing

    @property
    def text(self) -> str:
        """What was written of the answer, but for white space at both ends."""
        return self.screen.text

    @property
    def figures(self) -> dict[str, float]:
        """What the log says of it: seconds from its beginning, characters, messages.

        `lag` is how old the oldest text was, at most, when it was shown; `after_model` is from
        the model's end to the last edit.
        """
        ended = self._ended if math.isfinite(self._ended) else self._clock()
        return {
            "first_text": round((self._first or ended) - self._began, 2),
            "seconds": round(ended - self._began, 2),
            "characters": self.screen.seen,
            "messages": len(self.screen.messages),
            "edits": self._edits,
            "lag": round(self._lagged, 2),
            "after_model": round(max(0.0, ended - (self._closed or ended)), 2),
        }

    @property
    def first_text(self) -> float | None:
        """When there was something to read, by the clock."""
        return self._first

    @property
    def progress(self) -> Progress:
        """How far it is now."""
        return Progress(
            seconds=self._clock() - self._began,
            first_text=self._first and self._first - self._began,
            written=self.screen.written,
            seen=self.screen.seen,
            messages=len(self.screen.messages),
            complete=self.screen.complete,
        )

    @property
    def nap(self) -> Nap:
        """Where whoever reads the model sleeps; woken when an edit is due."""
        return self._nap

    def write(self, text: str) -> None:
        """Add to the answer. Never waits."""
        if self._behind is None:
            self._behind = self._clock()
        urgent = self.screen.write(text)
        self._changed.set()
        if urgent:
            self._rush()

    def announce(self, words: str, *, place: bool) -> bool:
        """Say what the answer waits for, as `Screen.announce`."""
        said = self.screen.announce(words, place=place)
        if said:
            self._changed.set()
        return said

    def flush(self) -> None:
        """Nothing is held back here."""

    def restart(self) -> None:
        """Begin the text anew, in the same messages; they show the old one until then."""
        self.screen.restart()
        self._changed.set()

    def let_stand(self) -> None:
        """Leave the messages of the earlier answer as they are, and show this one below them."""
        self.screen.let_stand()

    def withdraw(self) -> None:
        """Nobody wants the answer any more: take away all that was shown of it."""
        self.screen.withdraw()
        self._hasten()

    def finish(self, notice: str = "", offers: Sequence[Control] = ()) -> None:
        """The answer is complete; `notice` says how it ended, if there is more to say.

        `offers` can be pressed from then on. Once interrupted, it stays as that said.
        """
        self.screen.finish(notice, offers)
        self._closed = self._closed or self._clock()
        if not self.screen.interrupted:
            self._hasten()

    def interrupt(self, notice: str, patience: float) -> None:
        """There is no more time: begin no further message, and let `notice` say what that cost.

        An edit that is not allowed within so many seconds is left, and a message below says
        it (`left_growing`); where that is not allowed either, nothing does (`gave_up`).
        """
        if self.screen.interrupted:
            return
        self.screen.interrupt(notice)
        now = asyncio.get_running_loop().time()
        self._edit_until, self._post_until = now + patience, now + 1.5 * patience
        if self._hurried is not None:
            self._hurried.set()
        self._hasten()

    def _hasten(self) -> None:
        """Nothing more will be written: what is to be shown now is the last of it."""
        now = asyncio.get_running_loop().time()
        self._give_up = now + DELIVERY_TIMEOUT
        if self._patience and (step := self.screen.next()):
            # What is waited for may be a message that is not begun any more.
            same = self._awaited is step.slot
            self._patience.reschedule(self._deadline(step) if same else now)
        self._changed.set()
        self._rush()

    async def show(self) -> None:
        """Make the screen follow the text until it is complete and wholly shown.

        Raises `PlatformFailed` when the platform will not take it. Once interrupted, it
        may give up.
        """
        try:
            while not self._gave_up:
                self._changed.clear()
                if step := self.screen.next():
                    if due := await self._turn(step):
                        await self._take(due)
                elif self.screen.complete:
                    break
                else:
                    await self._changed.wait()
            await self._tidy()
        finally:
            self._governor.over(self._growth)
            # Whoever is told holds the reply: a circle, in which its texts would stay for minutes.
            del self._posted

    async def _tidy(self) -> None:
        """Take away the messages for which there is no page any more."""
        slots = self.screen.superfluous
        for slot in slots:
            if not self.screen.stays(slot) and not await self._taken_away(slot):
                return  # what could not be taken away is still a part of it
        self.screen.drop(slots)

    async def _taken_away(self, slot: Slot) -> bool:
        """Take a message away, if need be in several tries; False: it may stand there yet."""
        for failures in range(1, REMOVALS + 1):
            outcome = await self._removed(slot)
            if isinstance(outcome, Delivered | RefusedForGood):
                return True
            if failures < REMOVALS:
                delay = _pause_after(failures, outcome)
                is_hurried = self.screen.interrupted
                await asyncio.sleep(min(delay, SHORTEST_BACK_OFF) if is_hurried else delay)
        return False

    async def _removed(self, slot: Slot) -> Outcome:
        if slot.doubtful:
            # Nobody knows whether it exists. Posted again under its name, it is one message.
            await self._governor.turn(self._surface.plain.begin, Urgency.LAST)
            outcome = await self._surface.post(Page(GONE_SOON), f"{self._nonce}.{slot.number}")
            if not isinstance(outcome, Delivered):
                return outcome
            slot.message = outcome.message
        return await self._surface.remove(slot.message) if slot.message else Delivered("")

    def _urgency(self, page: Page) -> Urgency:
        if self.screen.complete:
            return Urgency.LAST
        if self._first is None and not is_announcement(page):
            return Urgency.FIRST
        return Urgency.INTERIM if page.grows else Urgency.PAGE

    async def _turn(self, step: Step) -> Step | None:
        """Wait until the platform would take the next request; None when there is none."""
        if await self._pause(step):
            if (next_ := self.screen.next()) is None:
                return None
            step = next_
        self._awaited, urgency = step.slot, self._urgency(step.page)
        self._ticket = ticket = self._ask(step, urgency)
        try:
            async with asyncio.timeout_at(self._deadline(step)) as self._patience:
                await ticket.granted()
        except TimeoutError as error:
            if not self._still_next(step):
                return None
            if not self.screen.interrupted:
                raise PlatformFailed("the platform's limits never let it through") from error
            self._run_out_of_time(step)
            return None
        finally:
            self._ticket = self._patience = self._awaited = None
        self._way = ticket.way
        few = self._governor.sharing(ticket.budgets) <= FEW
        # The first text is shown at once, unless it has waited already, and is old by now.
        waited = step.page.grows and self._clock() - ticket.asked > FRESH
        if few and (waited or urgency is Urgency.INTERIM):
            await self._freshen()
        return self._fitting(step, ticket)

    def _ask(self, step: Step, urgency: Urgency) -> Ticket:
        """Stand in line for a request."""
        surface, governor = self._surface, self._governor
        if not step.slot.message:
            if step.page.grows:
                plain = surface.plain.begin
                return governor.begin(surface.ways, self._growth, plain, urgency, self._lag)
            return governor.ask(surface.plain.begin, urgency, self._lag)
        way = surface.way(step.slot.message)
        if step.page.grows:
            governor.go_on(self._growth, way)
        budgets = way.grow if step.page.grows else way.last
        return governor.ask(budgets, urgency, self._lag, way.last)

    def _fitting(self, step: Step, ticket: Ticket) -> Step | None:
        """The newest text that what was granted is for; where there is none, it is given back."""
        latest = self.screen.next()
        if latest is not None and (
            latest.page.grows == step.page.grows or ticket.budgets == ticket.last
        ):
            return latest
        self._governor.forget(ticket)
        return None

    async def _freshen(self) -> None:
        """Let what has come of the model be read, before an edit shows the newest text."""
        if self._nap.wake():
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(FRESH):
                    await self._changed.wait()

    def _still_next(self, step: Step) -> bool:
        latest = self.screen.next()
        return latest is not None and latest.slot is step.slot

    def _deadline(self, step: Step) -> float | None:
        """Until when a request waits for its turn."""
        if not self.screen.interrupted:
            return self._give_up
        return self._edit_until if step.slot.message else self._post_until

    async def _pause(self, step: Step) -> bool:
        """Keep the pause between interim edits; whatever is final does not wait for it.

        Whether there was anything to wait for.
        """
        if self._urgency(step.page) is not Urgency.INTERIM:
            return False
        waits = is_announcement(step.page)
        pause = RARELY if waits else self._surface.way(step.slot.message).pause
        rest = self._ended + pause - self._clock()
        if rest <= 0:
            return False
        self._rushed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(rest):
                await self._rushed.wait()
        return True

    def _rush(self) -> None:
        """What was an interim edit has become a more urgent one, and may be waiting."""
        self._rushed.set()
        step = self.screen.next()
        if self._ticket is None or step is None:
            return
        if step.page.grows:
            self._ticket.hurry(self._urgency(step.page))
        else:
            self._ticket.complete(self._urgency(step.page))

    def _lag(self, now: float) -> float:
        """How far behind the reader is: characters not seen, times seconds waited."""
        return (self.screen.written - self.screen.seen) * max(0.0, now - self._ended)

    async def _take(self, step: Step) -> None:
        """Send the newest text of the first message that needs it."""
        written = self.screen.written
        step.slot.read = step.slot.read or not is_announcement(step.page)
        is_edit, sent = bool(step.slot.message), self._clock()
        outcome = await self._send(step.slot, step.page)
        self._ended = self._clock()
        if isinstance(outcome, Delivered):
            self._edits += is_edit
            self._caught_up(written, sent)
            self.screen.seen = self.screen.seen if outcome.shows else written
            self._delivered(step.slot, outcome.shows or step.page, outcome.message)
        elif isinstance(outcome, RefusedForGood):
            if not self.screen.died(step, gone=outcome.gone):
                raise PlatformFailed(f"the platform refuses the message: {outcome.code}")
        else:
            step.slot.unsure = step.slot.unsure or isinstance(outcome, Unknown)
            await self._back_off(outcome)

    def _caught_up(self, written: int, sent: float) -> None:
        """So many characters, and no more, had come when what is shown now was sent."""
        if self._behind is not None and written:
            self._lagged = max(self._lagged, self._ended - self._behind)
            self._behind = sent if self.screen.written > written else None

    async def _send(self, slot: Slot, page: Page) -> Outcome:
        if slot.message:
            return await self._surface.edit(slot.message, page)
        return await self._surface.post(page, f"{self._nonce}.{slot.number}", self._way)

    def _delivered(self, slot: Slot, page: Page, message: str) -> None:
        self._failures = 0
        if not is_announcement(page):
            self._first = self._first or self._ended
        if self.screen.delivered(slot, page, message):
            self._posted(slot.number, message)

    def _run_out_of_time(self, step: Step) -> None:
        """No more requests are allowed to the message of this step."""
        slot = step.slot
        if not slot.message:
            self._gave_up = True
            self._left_growing = self._left_growing or slot.doubtful
        elif self.screen.says(step):
            slot.shown = step.page  # all that it lacks is what could be pressed
        else:
            self._left_growing = True
            self.screen.leave(step)

    async def _back_off(self, outcome: RefusedForNow | Unknown) -> None:
        """Wait before the next try; the governor knows of refusals, this is for the rest."""
        if self._give_up and asyncio.get_running_loop().time() > self._give_up:
            raise PlatformFailed(f"the platform did not take the answer: {outcome}")
        self._failures += 1
        delay = _pause_after(self._failures, outcome)
        if self.screen.interrupted:
            await asyncio.sleep(min(delay, SHORTEST_BACK_OFF))
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                self._hurried = asyncio.Event()
                await self._hurried.wait()


def _pause_after(failures: int, outcome: RefusedForNow | Unknown) -> float:
    """Seconds until the next try after so many in a row; the governor knows of refusals."""
    if isinstance(outcome, RefusedForNow):
        return min(LONGEST_BACK_OFF, outcome.retry_after)
    return min(LONGEST_BACK_OFF, 0.25 * 2.0**failures)
