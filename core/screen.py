"""What a reader is to see of an answer, and what its messages show (no waiting, no requests).

The screen is a list of messages, each showing one page of the text. `Screen.next` says which
message is to show what next; whoever sends it tells what became of it.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.controls import Control, Controls
from core.notices import LABELS
from core.pages import Pages
from core.surface import Page, Surface
from core.words import told

MOST_DEATHS = 2
"""Messages that may stop taking edits before the rest is posted only when it is complete."""


@dataclass(slots=True)
class Slot:
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
class Step:
    """What to do next: the message of which page is to show what."""

    index: int
    slot: Slot
    page: Page


class Screen:
    """The text of an answer, the pages that it makes, and the messages that show them.

    `name` is that of the reply. `takes` are messages of an earlier answer, in whose place this
    one is shown; `first` is the least number that a new message has. `offers` can be pressed
    while it grows.
    """

    # A dictionary for so many names is five times as large, and there are hundreds of replies.
    __slots__ = (
        "_announced",
        "_complete",
        "_controls",
        "_deaths",
        "_dress",
        "_early",
        "_interruption",
        "_name",
        "_notice",
        "_numbers",
        "_offers",
        "_pages",
        "_slots",
        "_surface",
        "_taken",
        "_withdrawn",
        "_written",
        "seen",
    )

    def __init__(
        self,
        surface: Surface,
        name: str,
        *,
        takes: Sequence[str] = (),
        first: int = 0,
        offers: Sequence[Control] = (),
    ) -> None:
        self._surface = surface
        self._name = name
        self._pages = Pages(surface.limit)
        self._dress = surface.dress()
        self._slots = [Slot(n, message, unsure=True, read=True) for n, message in enumerate(takes)]
        self._taken = len(self._slots)
        self._numbers = itertools.count(max(first, self._taken))
        self._notice = ""
        self._announced = ""
        self._offers = tuple(offers)
        self._controls: Controls | None = None
        self._complete = False
        self._interruption: str | None = None
        self._early = False
        self._withdrawn = False
        self._deaths = 0
        self._written = 0
        self.seen = 0
        """How many characters of the answer the reader has been shown."""

    @property
    def complete(self) -> bool:
        """Whether nothing more will be written."""
        return self._complete

    @property
    def interrupted(self) -> bool:
        """Whether there is no more time: no message is begun any more."""
        return self._interruption is not None

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
    def written(self) -> int:
        """How many characters there are to show by now."""
        return self._written

    @property
    def begun(self) -> bool:
        """Whether a message shows something of it, or one exists that was made for it."""
        made = any(slot.message and slot.number >= self._taken for slot in self._slots)
        return made or self.seen > 0

    @property
    def messages(self) -> tuple[str, ...]:
        """The platform's ids of its messages, first page first."""
        return tuple(slot.message for slot in self._slots if slot.message)

    @property
    def superfluous(self) -> Sequence[Slot]:
        """The messages for which there is no page any more."""
        return self._slots[0 if self._withdrawn else len(self._wanted()) :]

    def stays(self, slot: Slot) -> bool:
        """Whether a message that takes no edits stays as it is; with a question it goes, too."""
        return slot.frozen and not self._withdrawn

    def write(self, text: str) -> bool:
        """Add to the answer; whether that is urgent: a page has become full, or the text begins."""
        return self._add(self._dress.feed(text))

    def announce(self, words: str, *, place: bool) -> bool:
        """Say what the answer waits for, where it will stand; whether that can be seen there.

        It takes a `place` in a line to begin with; from then on everything is said there, until
        there is text. An answer that stands there already does not make room for it.
        """
        if not (place or self._announced) or self._complete or not self.blank:
            return False
        if any(slot.read or slot.frozen for slot in self._slots):
            return False
        self._announced = words
        return True

    def restart(self) -> None:
        """Begin the text anew, in the same messages; they show the old one until then.

        A message that takes no edits stays as it is, and is no part of the answer any more.
        """
        self._pages, self._dress = Pages(self._surface.limit), self._surface.dress()
        self._written = self.seen = 0
        self._taken = next(self._numbers)
        self._slots = [slot for slot in self._slots if not slot.frozen]
        for slot in self._slots:  # one of them may be on its way
            slot.shown, slot.unsure = None, slot.unsure or bool(slot.message)

    def let_stand(self) -> None:
        """Leave the messages of the earlier answer as they are, and show this one below them."""
        self._slots.clear()
        self._taken = 0

    def withdraw(self) -> None:
        """Take away all that was shown of it."""
        self._withdrawn = True
        self._end("")

    def finish(self, notice: str, offers: Sequence[Control]) -> None:
        """The answer is complete; `notice` says how it ended. `offers` can be pressed from now on.

        Once interrupted, it stays as that said.
        """
        self._offers = tuple(offers)
        if self._interruption is None:
            self._end(notice)

    def interrupt(self, notice: str) -> None:
        """Begin no further message; `notice` says what that cost."""
        self._interruption = self._told(notice)
        if not self._complete:
            self._offers = ()  # there is nothing to stop any more
        self._end(self._notice if self._complete else notice)

    def next(self) -> Step | None:
        """What to do next: the first message that does not show what it should."""
        for index, page in enumerate(self._wanted()):
            if index == len(self._slots):
                self._slots.append(Slot(next(self._numbers)))
            slot = self._slots[index]
            if slot.frozen or self._shows(slot, page):
                continue
            # A message that would need edits waits where the platform takes none.
            too_early = not slot.message and self._deaths >= MOST_DEATHS and page.grows
            if not too_early and (page.text.strip() or page.notice):
                return Step(index, slot, page)
        return None

    def says(self, step: Step) -> bool:
        """Whether a message shows what it should but for what can be pressed."""
        shown = step.slot.shown
        if shown is None or shown.grows:
            return False
        return self._shows(step.slot, replace(step.page, controls=shown.controls))

    def died(self, step: Step, *, gone: bool) -> bool:
        """A message takes no more edits, or somebody has deleted it (`gone`).

        False where the platform refuses what was to be posted. Otherwise what was not seen
        goes below it; of one that is gone nothing can be seen, so all of it is shown again.
        What an edit of unknown outcome may have shown counts as not seen: better read
        twice than lost.
        """
        if not step.slot.message and not (gone and self._deaths < MOST_DEATHS):
            return False
        self._deaths += 1
        if gone:
            self._without(step)
        else:
            self.leave(step)
        return True

    def leave(self, step: Step) -> None:
        """Let a message stand as it is; the next page begins where it ends.

        One that shows a former answer is no part of this one.
        """
        self._announced = ""
        if step.slot.shown is None:
            self._slots.remove(step.slot)
            return
        step.slot.frozen = True
        self._pages.end_at(step.index, step.slot.shown.text)

    def drop(self, slots: Sequence[Slot]) -> None:
        """Its last messages are no part of it any more."""
        del self._slots[len(self._slots) - len(slots) :]

    def delivered(self, slot: Slot, page: Page, message: str) -> bool:
        """A message shows a page; whether it is a new one."""
        slot.shown, slot.unsure = page, False
        is_new = not slot.message
        slot.message = slot.message or message
        return is_new

    def _without(self, step: Step) -> None:
        """A message is gone: those below it show what it showed, as people read from above."""
        if any(slot.frozen for slot in self._slots[step.index + 1 :]):
            self._slots[step.index] = Slot(next(self._numbers))
        else:
            self._slots.remove(step.slot)

    def _end(self, notice: str) -> None:
        self._early = not self._complete and self._interruption is not None
        self._add(self._dress.flush())
        self._notice = self._told(notice)
        self._complete = True

    def _add(self, text: str) -> bool:
        """Add what the platform is to show."""
        finished = len(self._pages.finished)
        self._pages.write(text)
        self._written += len(text)
        begins = bool(self._announced and text and not text.isspace())
        if begins:
            self._announced = ""
        return begins or len(self._pages.finished) > finished

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
            pages[-1] = replace(pages[-1], controls=self._offered())
        return pages

    def _texts(self) -> list[str]:
        """The text of each page: those that are full and the one that still grows."""
        texts = list(self._pages.finished)
        growing = self._pages.last if self._complete else self._pages.growing[0]
        # What is to stand below a message that takes no more edits may be a notice alone.
        begun = any(slot.number >= self._taken for slot in self._slots[len(texts) :])
        below = bool(self._slots) and self._slots[-1].frozen
        if growing or begun or below or not texts:
            texts.append(growing)
        return texts

    @property
    def _room(self) -> int:
        """How many pages an interrupted answer has; below a dead message is room for one."""
        slots = [slot for slot in self._slots if slot.message or slot.doubtful]
        return max(1, len(slots) + (1 if slots and slots[-1].frozen else 0))

    def _shows(self, slot: Slot, page: Page) -> bool:
        """Whether a message shows what it should, and the platform knows if that is all."""
        if slot.shown != page or slot.unsure:
            return False
        return page.grows or not self._surface.way(slot.message).seals

    def _offered(self) -> Controls:
        """What is offered, in the language of those who read it now."""
        if self._controls is None or self._controls.offered != self._offers:
            labels = tuple(self._told(LABELS[one]) for one in self._offers)
            self._controls = Controls(self._name, self._offers, labels)
        return self._controls

    def _told(self, notice: str) -> str:
        return told(notice, self._surface.readers.everybody)
