"""What happens when somebody presses a control below an answer, however old it is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog

from core import asked_once
from core.access import Caller
from core.answer_cache import AnswerCache
from core.asked_once import AskedOnce
from core.chat import Chat, Find, Found
from core.controls import Control
from core.erasing import place_of
from core.errors import NotAdmitted, PlatformFailed, ShuttingDown, StoreFailed
from core.explanation import explained
from core.notices import (
    ASKED_GONE,
    FORGOTTEN,
    FORMER_GONE,
    NOT_YOURS,
    NOTED_BEFORE,
    NOTED_INSTEAD,
    QUESTION_GONE,
    STILL_WRITING,
    THANKS,
)
from core.presets import Scope
from core.revising import former_of, pressed
from core.store import Known, Store

log = structlog.get_logger()

FindAsked = Callable[[Known, AskedOnce, str], Awaitable[Found]]
"""The question of a command as one of the given cause, and where it is answered anew."""


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody has pressed a control of a reply.

    `caller` is they, `may_manage` says whether they may manage the channel, `find` reads its
    questions anew, `find_asked` words what a command has asked, to be answered in the place of
    the reply; `ask` asks it once more, as a persona, for an answer of its own.
    """

    control: Control
    reply: str
    person: str
    caller: Caller
    may_manage: Callable[[], Awaitable[bool]]
    find: Find
    find_asked: FindAsked
    ask: Callable[[str, str], Awaitable[None]]


class Presses:
    """Does what is pressed; each method returns what to tell the person alone, if anything."""

    def __init__(self, chat: Chat, store: Store, cache: AnswerCache) -> None:
        self._chat = chat
        self._store = store
        self._cache = cache

    async def __call__(self, press: Press) -> str:
        """Do it, for those who may use the bot. A second press of a control changes nothing."""
        try:
            if refusal := await self._chat.refusal_of(press.caller):
                return refusal if self._chat.due(press.caller) else ""
            return await self._pressed(press)
        except NotAdmitted as error:
            return error.sentence
        except (StoreFailed, PlatformFailed, ShuttingDown) as error:
            log.warning("control not obeyed", control=press.control, reason=str(error))
            return error.sentence

    async def _pressed(self, press: Press) -> str:
        if press.control is Control.STOP:
            return await self._chat.stop(
                press.reply, press.person, partial(self._manages_its_place, press)
            )
        settled = await self._chat.settled(press.reply)
        known = await self._store.replies.known(press.reply)
        if known is None or not (press.person in known.askers or _is_here(press, known)):
            return FORGOTTEN
        if (said := await self._anybodys(press, known)) is not None:
            return said
        if press.person not in known.askers and not await press.may_manage():
            return NOT_YOURS
        if not settled or await self._is_written_elsewhere(known):
            return STILL_WRITING
        return await self._again(press, known)

    async def _manages_its_place(self, press: Press) -> bool:
        """Whether somebody manages the channel of a reply, and not only that of the press."""
        known = await self._store.replies.known(press.reply)
        return known is not None and _is_here(press, known) and await press.may_manage()

    async def _is_written_elsewhere(self, known: Known) -> bool:
        """Whether another process that lives has not come to the end of a reply."""
        return not known.ended and not await self._store.questions.abandoned(known.keys)

    async def _anybodys(self, press: Press, known: Known) -> str | None:
        """What changes nothing for others; None for what does."""
        match press.control:
            case Control.GOOD | Control.BAD:
                return await self._rated(press, good=press.control is Control.GOOD)
            case Control.WHY:
                return explained(known, await self._store.calls.of(press.reply))
            case Control.AFRESH:
                return await self._afresh(press, known)
        return None

    async def _rated(self, press: Press, *, good: bool) -> str:
        before = await self._store.ratings.rate(press.reply, press.person, good=good)
        if before is None:
            return THANKS
        return NOTED_BEFORE if before is good else NOTED_INSTEAD

    async def _afresh(self, press: Press, known: Known) -> str:
        """Ask what was asked before, this time of the model."""
        if press.person not in known.askers:
            return NOT_YOURS
        place, key = place_of(known.conversation), str(known.about.get("cached", ""))
        cached = await self._cache.at(place, key)
        if cached is None:
            return FORGOTTEN
        await press.ask(cached.question, cached.persona)
        return ""

    async def _again(self, press: Press, known: Known) -> str:
        """Answer anew, go on, or bring the former answer back."""
        former = None
        if press.control is Control.RESTORE:
            former = await former_of(self._store.texts, known)
            if former is None:
                return FORMER_GONE
        found = await self._found(press, known)
        if not found:
            return ASKED_GONE if known.of_a_command else QUESTION_GONE
        revision = pressed(press.control, known, found[-1][1], former)
        await self._chat.again(found, revision)
        return ""

    async def _found(self, press: Press, known: Known) -> Found:
        """The questions of a reply, read anew; that of a command from where it is kept."""
        # The reply's own name: a second press, also of an older message, is the same claim.
        cause = f"{press.control}:{known.name}"
        if not known.of_a_command:
            return await press.find(known, cause)
        asked = await asked_once.find(self._store.texts, known.conversation, known.name)
        return await press.find_asked(known, asked, f"command:{cause}") if asked else ()


def _is_here(press: Press, known: Known) -> bool:
    """Whether a reply stands in the channel of the press: the name of any other may be made up."""
    return press.caller.scope == Scope.of(known.conversation)
