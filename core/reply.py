"""The one writer of what a reader sees of an answer.

The screen is a list of messages, each showing one page. The text grows at the model's
speed (`write`, which never waits); one task (`show`) makes the screen follow it, with
one request in flight and always the newest text. An interim edit may be skipped or
fail. The last one may not.
"""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from core.budget import Way
from core.controls import Control, Controls
from core.errors import PlatformFailed
from core.nap import Nap
from core.notices import LABELS
from core.pace import Governor, Ticket, Urgency
from core.pages import Pages
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
from core.words import told

DELIVERY_TIMEOUT = 600.0
"""Seconds for which a finished answer is offered to a platform that does not take it."""

MOST_DEATHS = 2
"""Messages that may stop taking edits before the rest is posted only when it is complete."""

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


@dataclass(slots=True)
class _Slot:
    """One message of the reply, which shows one page: what it showed last.

    `number` tells it apart from all others of the reply, those that are gone included.
    `unsure`: an edit of unknown outcome may have shown something else since. `read`: it may have
    shown something of an answer.
    """

    number: int
    message: str = ""
    shown: Page | None = None
    unsure: bool = False
    frozen: bool = False
    read: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether it may exist, although the platform has not said so."""
        return self.unsure and not self.message


@dataclass(frozen=True, slots=True)
class _Step:
    """One request to send: the message of which page is to show what, and how urgent that is."""

    index: int
    slot: _Slot
    page: Page
    urgency: Urgency


class Reply:
    """An answer on its way to the reader.

    `nonce` names the reply; a message posted twice under the same name is one message.
    `posted(n, id)` is called when the message of that number exists; it must not wait.
    `takes` are messages of an earlier answer, in whose place this one is shown; `first` is the
    least number that a new message has. `offers` can be pressed while it grows.
    """

    # A dictionary for so many names is five times as large, and there are hundreds of replies.
    __slots__ = (
        "_announced",
        "_awaited",
        "_began",
        "_changed",
        "_clock",
        "_complete",
        "_deaths",
        "_dress",
        "_early",
        "_edit_until",
        "_ended",
        "_failures",
        "_first",
        "_gave_up",
        "_give_up",
        "_governor",
        "_growth",
        "_hurried",
        "_interruption",
        "_left_growing",
        "_nap",
        "_nonce",
        "_notice",
        "_numbers",
        "_offers",
        "_pages",
        "_patience",
        "_post_until",
        "_posted",
        "_rushed",
        "_seen",
        "_shown_controls",
        "_slots",
        "_surface",
        "_taken",
        "_ticket",
        "_way",
        "_withdrawn",
        "_written",
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
    ) -> None:
        self._surface = surface
        self._governor = governor
        self._nonce = nonce
        self._clock = clock
        self._posted = posted
        self._pages = Pages(surface.limit)
        self._dress = surface.dress()
        self._slots = [_Slot(n, message, unsure=True, read=True) for n, message in enumerate(takes)]
        self._taken = len(self._slots)
        self._numbers = itertools.count(max(first, self._taken))
        self._notice = ""
        self._announced = ""
        self._offers = tuple(offers)
        self._shown_controls: Controls | None = None
        self._complete = False
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
        self._interruption: str | None = None
        self._hurried: asyncio.Event | None = None
        self._early = False
        self._withdrawn = False
        self._gave_up = False
        self._left_growing = False
        self._patience: asyncio.Timeout | None = None
        self._awaited: _Slot | None = None
        self._failures = 0
        self._deaths = 0
        self._written = 0
        self._seen = 0
        self._began = clock()
        self._first: float | None = None

    @property
    def gave_up(self) -> bool:
        """Whether no request was allowed that would have said how it ended."""
        return self._gave_up

    @property
    def left_growing(self) -> bool:
        """Whether a message still looks as if it went on: no edit was allowed in time."""
        return self._left_growing

    @property
    def cut(self) -> bool:
        """Whether an interruption has left something of the answer unsaid."""
        missing = self._early or len(self._texts()) > self._room
        return self._interruption is not None and missing

    @property
    def blank(self) -> bool:
        """Whether there is nothing of the answer to show: no text, or none that makes a page."""
        pages = (*self._pages.finished, self._pages.last, self._dress.held)
        return not any(page.strip() for page in pages)

    @property
    def text(self) -> str:
        """What was written of the answer, but for white space at both ends."""
        return self._pages.text

    @property
    def trailing(self) -> str:
        """The white space at the end of the text, which no message shows."""
        return self._pages.trailing

    @property
    def within_code(self) -> bool:
        """Whether the text ends in a code block, which its last message closes."""
        return bool(self._pages.closing)

    @property
    def seen(self) -> int:
        """How many characters of the answer the reader has been shown."""
        return self._seen

    @property
    def figures(self) -> dict[str, object]:
        """What the log says of it: seconds from its beginning, characters, messages."""
        return {
            "first_text": round((self._first or self._ended) - self._began, 2),
            "seconds": round(self._ended - self._began, 2),
            "characters": self._seen,
            "messages": len(self.messages),
        }

    @property
    def begun(self) -> bool:
        """Whether a message shows something of it, or one exists that was made for it."""
        made = any(slot.message and slot.number >= self._taken for slot in self._slots)
        return made or self._seen > 0

    @property
    def messages(self) -> tuple[str, ...]:
        """The platform's ids of its messages, first page first."""
        return tuple(slot.message for slot in self._slots if slot.message)

    @property
    def nap(self) -> Nap:
        """Where whoever reads the model sleeps; woken when an edit is due."""
        return self._nap

    def write(self, text: str) -> None:
        """Add to the answer. Never waits."""
        self._show(self._dress.feed(text))

    def announce(self, words: str, *, place: bool) -> bool:
        """Say what the answer waits for, where it will stand; whether that can be seen there.

        It takes a `place` in a line to begin with; from then on everything is said there, until
        there is text. An answer that stands there already does not make room for it.
        """
        if not (place or self._announced) or self._complete or not self.blank:
            return False
        if any(slot.read or slot.frozen for slot in self._slots):
            return False
        if words != self._announced:
            self._announced = words
            self._changed.set()
        return True

    def _show(self, text: str) -> None:
        """Add what the platform is to show."""
        if not text:
            return
        finished = len(self._pages.finished)
        self._pages.write(text)
        self._written += len(text)
        self._changed.set()
        begins = self._announced and not text.isspace()
        if begins:
            self._announced = ""
        if begins or len(self._pages.finished) > finished:
            self._rush()

    def flush(self) -> None:
        """Nothing is held back here."""

    def restart(self) -> None:
        """Begin the text anew, in the same messages; they show the old one until then.

        A message that takes no edits stays as it is, and is no part of the answer any more.
        """
        self._pages, self._dress = Pages(self._surface.limit), self._surface.dress()
        self._written = self._seen = 0
        self._taken = next(self._numbers)
        self._slots = [slot for slot in self._slots if not slot.frozen]
        for slot in self._slots:  # one of them may be on its way
            slot.shown, slot.unsure = None, slot.unsure or bool(slot.message)
        self._changed.set()

    def let_stand(self) -> None:
        """Leave the messages of the earlier answer as they are, and show this one below them."""
        self._slots.clear()
        self._taken = 0

    def withdraw(self) -> None:
        """Nobody wants the answer any more: take away all that was shown of it."""
        self._withdrawn = True
        self._end("")

    def finish(self, notice: str = "", offers: Sequence[Control] = ()) -> None:
        """The answer is complete; `notice` says how it ended, if there is more to say.

        `offers` can be pressed from then on. Once interrupted, it stays as that said.
        """
        self._offers = tuple(offers)
        if self._interruption is None:
            self._end(notice)

    def interrupt(self, notice: str, patience: float) -> None:
        """There is no more time: begin no further message, and let `notice` say what that cost.

        An edit that is not allowed within so many seconds is left, and a message below says
        it (`left_growing`); where that is not allowed either, nothing does (`gave_up`).
        """
        if self._interruption is not None:
            return
        self._interruption = self._told(notice)
        if not self._complete:
            self._offers = ()  # there is nothing to stop any more
        now = asyncio.get_running_loop().time()
        self._edit_until, self._post_until = now + patience, now + 1.5 * patience
        if self._hurried is not None:
            self._hurried.set()
        self._end(self._notice if self._complete else notice)

    def _end(self, notice: str) -> None:
        self._early = not self._complete and self._interruption is not None
        self._show(self._dress.flush())
        self._notice = self._told(notice)
        self._complete = True
        now = asyncio.get_running_loop().time()
        self._give_up = now + DELIVERY_TIMEOUT
        if self._patience and (step := self._next()):
            # What is waited for may be a message that is not begun any more.
            same = self._awaited is step.slot
            self._patience.reschedule(self._deadline(step) if same else now)
        self._changed.set()
        self._rush()

    @property
    def _controls(self) -> Controls:
        """What is offered, in the language of those who read it now."""
        if self._shown_controls is None or self._shown_controls.offered != self._offers:
            labels = tuple(self._told(LABELS[one]) for one in self._offers)
            self._shown_controls = Controls(self._nonce, self._offers, labels)
        return self._shown_controls

    def _told(self, notice: str) -> str:
        return told(notice, self._surface.readers.everybody)

    async def show(self) -> None:
        """Make the screen follow the text until it is complete and wholly shown.

        Raises `PlatformFailed` when the platform will not take it. Once interrupted, it
        may give up.
        """
        try:
            while not self._gave_up:
                self._changed.clear()
                if step := self._next():
                    if due := await self._turn(step):
                        await self._take(due)
                elif self._complete:
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
        kept = 0 if self._withdrawn else len(self._wanted())
        for slot in self._slots[kept:]:
            if not slot.frozen and not await self._taken_away(slot):
                return  # what could not be taken away is still a part of it
        del self._slots[kept:]

    async def _taken_away(self, slot: _Slot) -> bool:
        """Take a message away, if need be in several tries; False: it may stand there yet."""
        for failures in range(1, REMOVALS + 1):
            outcome = await self._removed(slot)
            if isinstance(outcome, Delivered | RefusedForGood):
                return True
            if failures < REMOVALS:
                delay = _pause_after(failures, outcome)
                is_hurried = self._interruption is not None
                await asyncio.sleep(min(delay, SHORTEST_BACK_OFF) if is_hurried else delay)
        return False

    async def _removed(self, slot: _Slot) -> Outcome:
        if slot.doubtful:
            # Nobody knows whether it exists. Posted again under its name, it is one message.
            await self._governor.turn(self._surface.plain.begin, Urgency.LAST)
            outcome = await self._surface.post(Page(GONE_SOON), f"{self._nonce}.{slot.number}")
            if not isinstance(outcome, Delivered):
                return outcome
            slot.message = outcome.message
        return await self._surface.remove(slot.message) if slot.message else Delivered("")

    def _wanted(self) -> list[Page]:
        """What each message is to show now; once interrupted, no message is begun any more."""
        if self._withdrawn:
            return []
        finished = len(self._pages.finished)
        pages = [
            Page(text)
            if self._complete or index < finished
            else Page(text, grows=True, closing=self._pages.growing[1])
            for index, text in enumerate(self._texts())
        ]
        if self._interruption is not None:
            del pages[self._room :]
        if self._complete:
            notice = self._interruption if self.cut else self._notice
            pages[-1] = replace(pages[-1], notice=notice or "")
        elif self._announced:
            pages[-1] = replace(pages[-1], notice=self._told(self._announced))
        if self._offers:
            pages[-1] = replace(pages[-1], controls=self._controls)
        return pages

    def _texts(self) -> list[str]:
        """The text of each page: those that are full and the one that still grows."""
        texts = list(self._pages.finished)
        growing = self._pages.last if self._complete else self._pages.growing[0]
        # What is to stand below a message that takes no more edits may be a notice alone.
        begun = any(slot.number >= self._taken for slot in self._slots[len(texts) :])
        if growing or begun or not texts or self._slots[-1].frozen:
            texts.append(growing)
        return texts

    @property
    def _room(self) -> int:
        """How many pages an interrupted answer has; below a dead message is room for one."""
        slots = [slot for slot in self._slots if slot.message or slot.doubtful]
        return max(1, len(slots) + (1 if slots and slots[-1].frozen else 0))

    def _next(self) -> _Step | None:
        """What to do next: the first message that does not show what it should."""
        for index, page in enumerate(self._wanted()):
            if index == len(self._slots):
                self._slots.append(_Slot(next(self._numbers)))
            slot = self._slots[index]
            if slot.frozen or self._shows(slot, page):
                continue
            # A message that would need edits waits where the platform takes none.
            too_early = not slot.message and self._deaths >= MOST_DEATHS and page.grows
            if not too_early and (page.text.strip() or page.notice):
                return _Step(index, slot, page, self._urgency(page))
        return None

    def _shows(self, slot: _Slot, page: Page) -> bool:
        """Whether a message shows what it should, and the platform knows if that is all."""
        if slot.shown != page or slot.unsure:
            return False
        return page.grows or not self._surface.way(slot.message).seals

    def _says(self, slot: _Slot, page: Page) -> bool:
        """Whether a message shows what it should but for what can be pressed."""
        shown = slot.shown
        if shown is None or shown.grows:
            return False
        return self._shows(slot, replace(page, controls=shown.controls))

    def _urgency(self, page: Page) -> Urgency:
        if self._complete:
            return Urgency.LAST
        if self._first is None and not is_announcement(page):
            return Urgency.FIRST
        return Urgency.INTERIM if page.grows else Urgency.PAGE

    async def _turn(self, step: _Step) -> _Step | None:
        """Wait until the platform would take the next request; None when there is none."""
        if await self._pause(step):
            if (next_ := self._next()) is None:
                return None
            step = next_
        self._awaited = step.slot
        self._ticket = ticket = self._ask(step)
        try:
            async with asyncio.timeout_at(self._deadline(step)) as self._patience:
                await ticket.granted()
        except TimeoutError as error:
            if not self._still_next(step):
                return None
            if self._interruption is None:
                raise PlatformFailed("the platform's limits never let it through") from error
            self._run_out_of_time(step)
            return None
        finally:
            self._ticket = self._patience = self._awaited = None
        self._way = ticket.way
        few = self._governor.sharing(ticket.budgets) <= FEW
        # The first text is shown at once, unless it has waited already, and is old by now.
        waited = step.page.grows and self._clock() - ticket.asked > FRESH
        if few and (waited or step.urgency is Urgency.INTERIM):
            await self._freshen()
        return self._fitting(step, ticket)

    def _ask(self, step: _Step) -> Ticket:
        """Stand in line for a request."""
        surface, governor = self._surface, self._governor
        if not step.slot.message:
            if step.page.grows:
                plain = surface.plain.begin
                return governor.begin(surface.ways, self._growth, plain, step.urgency, self._lag)
            return governor.ask(surface.plain.begin, step.urgency, self._lag)
        way = surface.way(step.slot.message)
        if step.page.grows:
            governor.go_on(self._growth, way)
        budgets = way.grow if step.page.grows else way.last
        return governor.ask(budgets, step.urgency, self._lag, way.last)

    def _fitting(self, step: _Step, ticket: Ticket) -> _Step | None:
        """The newest text that what was granted is for; where there is none, it is given back."""
        latest = self._next()
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

    def _still_next(self, step: _Step) -> bool:
        latest = self._next()
        return latest is not None and latest.slot is step.slot

    def _deadline(self, step: _Step) -> float | None:
        """Until when a request waits for its turn."""
        if self._interruption is None:
            return self._give_up
        return self._edit_until if step.slot.message else self._post_until

    async def _pause(self, step: _Step) -> bool:
        """Keep the pause between interim edits; whatever is final does not wait for it.

        Whether there was anything to wait for.
        """
        if step.urgency is not Urgency.INTERIM:
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
        step = self._next()
        if self._ticket is None or step is None:
            return
        if step.page.grows:
            self._ticket.hurry(step.urgency)
        else:
            self._ticket.complete(step.urgency)

    def _lag(self, now: float) -> float:
        """How far behind the reader is: characters not seen, times seconds waited."""
        return (self._written - self._seen) * max(0.0, now - self._ended)

    async def _take(self, step: _Step) -> None:
        """Send the newest text of the first message that needs it."""
        written = self._written
        step.slot.read = step.slot.read or not is_announcement(step.page)
        outcome = await self._send(step.slot, step.page)
        self._ended = self._clock()
        if isinstance(outcome, Delivered):
            self._seen = self._seen if outcome.shows else written
            self._delivered(step.slot, outcome.shows or step.page, outcome.message)
        elif isinstance(outcome, RefusedForGood):
            self._died(step, outcome)
        else:
            step.slot.unsure = step.slot.unsure or isinstance(outcome, Unknown)
            await self._back_off(outcome)

    async def _send(self, slot: _Slot, page: Page) -> Outcome:
        if slot.message:
            return await self._surface.edit(slot.message, page)
        return await self._surface.post(page, f"{self._nonce}.{slot.number}", self._way)

    def _delivered(self, slot: _Slot, page: Page, message: str) -> None:
        self._failures = 0
        if not is_announcement(page):
            self._first = self._first or self._ended
        slot.shown, slot.unsure = page, False
        if not slot.message:
            slot.message = message
            self._posted(slot.number, message)

    def _died(self, step: _Step, why: RefusedForGood) -> None:
        """A message that cannot be edited stays as it is; what was not seen goes below it.

        Of one that somebody has deleted nothing can be seen, so all of it is shown again.

        What an edit of unknown outcome may have shown counts as not seen: better read
        twice than lost.
        """
        slot = step.slot
        if not slot.message and not (why.gone and self._deaths < MOST_DEATHS):
            raise PlatformFailed(f"the platform refuses the message: {why.code}")
        self._deaths += 1
        if why.gone:
            self._without(step)
            return
        self._leave(step)

    def _without(self, step: _Step) -> None:
        """A message is gone: those below it show what it showed, as people read from above."""
        if any(slot.frozen for slot in self._slots[step.index + 1 :]):
            self._slots[step.index] = _Slot(next(self._numbers))
        else:
            del self._slots[step.index]

    def _leave(self, step: _Step) -> None:
        """Let a message stand as it is; the next page begins where it ends."""
        step.slot.frozen, self._announced = True, ""
        self._pages.end_at(step.index, step.slot.shown.text if step.slot.shown else "")

    def _run_out_of_time(self, step: _Step) -> None:
        """No more requests are allowed to the message of this step."""
        slot, page = step.slot, step.page
        if not slot.message:
            self._gave_up = True
            self._left_growing = self._left_growing or slot.doubtful
        elif self._says(slot, page):
            slot.shown = page  # all that it lacks is what could be pressed
        else:
            self._left_growing = True
            self._leave(step)

    async def _back_off(self, outcome: RefusedForNow | Unknown) -> None:
        """Wait before the next try; the governor knows of refusals, this is for the rest."""
        if self._give_up and asyncio.get_running_loop().time() > self._give_up:
            raise PlatformFailed(f"the platform did not take the answer: {outcome}")
        self._failures += 1
        delay = _pause_after(self._failures, outcome)
        if self._interruption is not None:
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
