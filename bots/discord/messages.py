"""Messages that the bot writes into a channel: one each, however often a post is repeated."""

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import discord
from discord.http import handle_message_parameters

from bots.discord import budgets
from bots.discord.calls import NO_TURN, Answer, Calls, NotRead
from bots.discord.controls import controlled_by
from bots.discord.reader import Reader
from bots.discord.shown import (
    NO_MENTIONS,
    change,
    content,
    face,
    face_in,
    face_of,
    is_blank,
    without_embed,
)
from core.pace import Urgency
from core.surface import (
    CodeFile,
    Delivered,
    Outcome,
    Page,
    RefusedForGood,
    RefusedForNow,
    Unknown,
    found_again,
)

NONCE_LENGTH = 25
NONCE_LIFE = 100.0
"""Seconds for which a nonce surely counts; Discord speaks of the past few minutes."""

FORGET = 1800.0
"""Seconds after which nobody repeats a post any more."""

LOOK_BACK = 50
"""Messages among which a lost one is looked for."""

NO_PERMISSION = "50013"
NO_REPLY_WITHOUT_HISTORY = "160002"

NOTHING_YET = RefusedForNow(0.25, "nothing to show")
"""Discord refuses white space for good; the answer will have more in a moment."""


def nonce_of(name: str) -> str:
    """A nonce that Discord takes, always the same for the same name."""
    if len(name) <= NONCE_LENGTH:
        return name
    return hashlib.sha256(name.encode()).hexdigest()[:NONCE_LENGTH]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a message goes: a channel, and the message there to which it replies (0: none).

    `after` is the id of a message that is older than whatever is posted here.
    """

    channel: int
    reply_to: int = 0
    after: int = 0


def uploads(files: Sequence[CodeFile]) -> list[discord.File]:
    """Files as discord.py takes them, once."""
    return [
        discord.File(io.BytesIO(one.data), one.name, description=one.description or None)
        for one in files
    ]


def _faces(page: Page) -> tuple[tuple[str, str], ...]:
    """What people may see of a page: with its notice beside it, or in small print."""
    return face(page), face(without_embed(page))


def _reference(spot: Spot) -> dict[str, Any]:
    """What makes a message a reply, which pings nobody."""
    if not spot.reply_to:
        return {}
    reference = discord.MessageReference(
        message_id=spot.reply_to, channel_id=spot.channel, fail_if_not_exists=False
    )
    return {"mention_author": False, "reference": reference}


@dataclass(slots=True)
class _Doubt:
    """A post that may or may not have happened."""

    since: float
    pages: list[Page] = field(default_factory=list)

    @property
    def faces(self) -> set[tuple[str, str]]:
        """What the message may show."""
        return {one for page in self.pages for one in _faces(page)}

    def page(self, shown: tuple[str, str] | None) -> Page:
        """The page that it shows; where that is not known the first, which holds the least."""
        return next((page for page in self.pages if shown in _faces(page)), self.pages[0])


class Messages:
    """Posts and edits; `clock` gives seconds that only ever grow."""

    def __init__(
        self,
        client: discord.Client,
        calls: Calls,
        reader: Reader,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._calls = calls
        self._reader = reader
        self._clock = clock
        self._doubts: dict[str, _Doubt] = {}

    async def post(self, spot: Spot, page: Page, nonce: str) -> Outcome:
        """Post once per nonce; after an unknown outcome the message is looked for first."""
        if is_blank(page):
            return NOTHING_YET
        nonce = nonce_of(nonce)
        doubt = self._doubts.get(nonce)
        if doubt and self._clock() - doubt.since > NONCE_LIFE:
            found = await self.find(spot, doubt.pages)
            if isinstance(found, Delivered):
                return await self._mend(spot, found.message, page, nonce, doubt)
            if not isinstance(found, RefusedForGood):
                return found
        answer = await self._send(spot, page, nonce)
        outcome = answer.outcome
        if isinstance(outcome, Unknown):
            self._doubt(nonce).pages.append(page)
        elif isinstance(outcome, Delivered) and doubt:
            # The nonce may have given back a message that was thought lost, with older text.
            shown = face_in(answer.body)
            if shown in doubt.faces or shown not in _faces(page):
                return await self._mend(spot, outcome.message, page, nonce, doubt, shown=shown)
            self._doubts.pop(nonce, None)
        return outcome

    async def post_in_turn(self, spot: Spot, page: Page, nonce: str) -> Outcome:
        """Wait until a post is allowed there, then post."""
        if not await self._calls.turn(budgets.sends(spot.channel), Urgency.FIRST):
            return NO_TURN.outcome
        return await self.post(spot, page, nonce)

    async def edit(self, channel: int, message: str, page: Page) -> Outcome:
        """Replace what a message shows."""
        if is_blank(page):
            return NOTHING_YET
        answer = await self._change(channel, message, page)
        if answer.code == NO_PERMISSION and page.notice:
            if not await self._calls.turn(budgets.edits(channel), Urgency.LAST):
                return NO_TURN.outcome
            answer = await self._change(channel, message, without_embed(page))
        return answer.outcome

    async def remove(self, channel: int, message: str) -> Outcome:
        """Delete a message of ours."""
        counted = budgets.deletions(channel)
        target = self._client.get_partial_messageable(channel).get_partial_message(int(message))
        return (await self._calls.in_turn(counted, Urgency.LAST, target.delete)).outcome

    async def attach(self, spot: Spot, files: Sequence[CodeFile], nonce: str) -> Outcome:
        """Post files in a message of their own, once per nonce."""
        if not await self._calls.turn(budgets.sends(spot.channel), Urgency.PAGE):
            return NO_TURN.outcome
        channel = self._client.get_partial_messageable(spot.channel)
        answer = await self._calls.ask(
            budgets.sends(spot.channel),
            lambda: channel.send(
                files=uploads(files),
                nonce=nonce_of(nonce),
                allowed_mentions=NO_MENTIONS,
                **_reference(spot),
            ),
        )
        return answer.outcome

    async def find(self, spot: Spot, pages: list[Page]) -> Outcome:
        """Look for a message of ours that shows one of these pages, and is no other reply's.

        `RefusedForGood` when there is none, or when the channel may not be read.
        """
        try:
            recent = await self._reader.newest(spot.channel, LOOK_BACK, Urgency.FIRST)
        except NotRead as error:
            return error.outcome
        wanted = {face(page) for page in pages}
        replies = {"", *(page.controls.reply for page in pages if page.controls)}
        for message in recent:
            is_ours = message.id > spot.after and self._is_mine(message)
            if is_ours and face_of(message) in wanted and controlled_by(message) in replies:
                return Delivered(str(message.id))
        return RefusedForGood("not found")

    def _is_mine(self, message: discord.Message) -> bool:
        return self._client.user is not None and message.author.id == self._client.user.id

    async def _send(self, spot: Spot, page: Page, nonce: str) -> Answer:
        """Post what the bot's permissions allow: without a reply, without an embed."""
        answer = await self._create(spot, page, nonce)
        if answer.code == NO_REPLY_WITHOUT_HISTORY and spot.reply_to:
            spot = replace(spot, reply_to=0)
            answer = await self._create_in_turn(spot, page, nonce)
        if answer.code == NO_PERMISSION and page.notice:
            answer = await self._create_in_turn(spot, without_embed(page), nonce)
        return answer

    async def _create_in_turn(self, spot: Spot, page: Page, nonce: str) -> Answer:
        if not await self._calls.turn(budgets.sends(spot.channel), Urgency.FIRST):
            return NO_TURN
        return await self._create(spot, page, nonce)

    async def _create(self, spot: Spot, page: Page, nonce: str) -> Answer:
        channel = self._client.get_partial_messageable(spot.channel)
        parts = content(page) | _reference(spot)
        return await self._calls.ask(
            budgets.sends(spot.channel), lambda: channel.send(**parts, nonce=nonce)
        )

    async def _change(self, channel: int, message: str, page: Page) -> Answer:
        # Without the message of discord.py's that an edit of its own would give back.
        with handle_message_parameters(**change(page)) as shown:
            edit = partial(self._client.http.edit_message, channel, int(message), params=shown)
            return await self._calls.ask(budgets.edits(channel), edit)

    async def _mend(
        self,
        spot: Spot,
        message: str,
        page: Page,
        nonce: str,
        doubt: _Doubt,
        *,
        shown: tuple[str, str] | None = None,
    ) -> Outcome:
        """A lost post has happened after all: let it show the text of now."""
        if not await self._calls.turn(budgets.edits(spot.channel), Urgency.LAST):
            return NO_TURN.outcome
        edited = await self.edit(spot.channel, message, page)
        outcome = found_again(message, doubt.page(shown), edited)
        if isinstance(outcome, Delivered):
            self._doubts.pop(nonce, None)
        elif isinstance(outcome, Unknown):
            doubt.pages.append(page)
        return outcome

    def _doubt(self, nonce: str) -> _Doubt:
        now = self._clock()
        self._doubts = {n: d for n, d in self._doubts.items() if now - d.since < FORGET}
        return self._doubts.setdefault(nonce, _Doubt(now))
