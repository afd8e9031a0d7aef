"""The flavour of Discord: fixed windows, and nonces that count for two minutes."""

import asyncio
from collections.abc import Sequence

from bots.discord import budgets
from core.budget import Budgets, Way
from core.pace import Urgency
from core.pages import utf16
from core.surface import (
    Delivered,
    Limit,
    Outcome,
    Page,
    RefusedForGood,
    RefusedForNow,
    Unknown,
    found_again,
)
from tests.faults.virtual.surface import ModelSurface

SIZE = 600
"""Units in one message: fewer than on Discord, so that answers have several."""

NONCE_COUNTS = 120.0
"""Seconds for which Discord makes one message of all with the same nonce."""

NONCE_TRUSTED = 100.0
"""Seconds for which the bot relies on that."""

NOTHING_YET = RefusedForNow(0.25, "nothing to show")


class DiscordModel(ModelSurface):
    """As `bots.discord` keeps the contract: one message for each nonce."""

    limit = Limit(SIZE, utf16)

    @property
    def _channel(self) -> int:
        return sum(map(ord, self._place))

    @property
    def plain(self) -> Way:  # type: ignore[override]
        edits = budgets.edits(self._channel)
        return Way(budgets.sends(self._channel), edits, edits, 0.5)

    async def post(self, page: Page, nonce: str, way: Way | None = None) -> Outcome:
        self._checked(page)
        now, doubt = self._desk.clock(), self._desk.doubts.get(nonce)
        if doubt and now - doubt[0] > NONCE_TRUSTED:
            found = await self._desk.in_turn(
                "read", lambda: self._look(doubt[1]), self._read_budgets, Urgency.FIRST
            )
            if isinstance(found, Delivered):
                return await self._mended(found.message, page, nonce)
            if not isinstance(found, RefusedForGood):
                return found
        outcome = await self._desk.ask(
            "post", lambda: self._new_once(page, nonce), budgets.sends(self._channel)
        )
        if isinstance(outcome, Unknown):
            self._desk.doubts.setdefault(nonce, (now, []))[1].append(page)
        elif isinstance(outcome, Delivered) and doubt:
            # Discord's answer says what the message shows.
            shown = self._platform.messages[outcome.message].page
            if _face(shown) in map(_face, doubt[1]) or _face(shown) != _face(page):
                return await self._mended(outcome.message, page, nonce, _face(shown))
            self._desk.doubts.pop(nonce, None)
        return outcome

    async def edit(self, message: str, page: Page) -> Outcome:
        self._checked(page)
        return await self._desk.ask(
            "edit",
            lambda: self._platform.changed(message, page),
            budgets.edits(self._channel),
            message,
        )

    async def begun(self, reply: str, recorded: Sequence[str]) -> tuple[str, ...]:
        await self.look()
        found = {
            one.id
            for one in self._platform.messages.values()
            if self._is_below(one)
            and (one.page.controls.reply == reply if one.page.controls else one.page.text)
        }
        return tuple(sorted({*recorded, *found}))

    def _new_once(self, page: Page, nonce: str) -> Outcome:
        now = asyncio.get_running_loop().time()
        for one in self._platform.messages.values():
            if one.key == nonce and one.place == self._place and now - one.at < NONCE_COUNTS:
                return Delivered(one.id)
        return self._new(page, "", nonce)

    def _look(self, pages: list[Page]) -> Outcome:
        wanted = [_face(page) for page in pages]
        replies = {None, *(page.controls.reply for page in pages if page.controls)}
        for one in self._platform.messages.values():
            controlled_by = one.page.controls.reply if one.page.controls else None
            if self._is_below(one) and _face(one.page) in wanted and controlled_by in replies:
                return Delivered(one.id)
        return RefusedForGood("not found")

    async def _mended(
        self, message: str, page: Page, nonce: str, shown: tuple[str, str] = ("", "")
    ) -> Outcome:
        if not await self._desk.turn(budgets.edits(self._channel), Urgency.LAST):
            return RefusedForNow(5.0, "no turn")
        edited = await self.edit(message, page)
        pages = self._desk.doubts[nonce][1]
        shows = next((one for one in pages if _face(one) == shown), pages[0])
        outcome = found_again(message, shows, edited)
        if isinstance(outcome, Delivered):
            self._desk.doubts.pop(nonce, None)
        elif isinstance(outcome, Unknown):
            pages.append(page)
        return outcome

    async def _refused(self, sentence: str) -> Outcome:
        outcome: Outcome = RefusedForGood("not tried")
        for _ in range(3):
            if not await self._desk.turn(budgets.sends(self._channel), Urgency.FIRST):
                return RefusedForNow(5.0, "no turn")
            outcome = await self.post(Page("", sentence), f"no.{self._question.message}")
            if isinstance(outcome, Delivered | RefusedForGood):
                break
        return outcome

    @property
    def _read_budgets(self) -> Budgets:
        return budgets.reads(self._channel)

    @property
    def _sign_budgets(self) -> Budgets:
        return budgets.typing(self._channel)

    @property
    def _removal_budgets(self) -> Budgets:
        return budgets.deletions(self._channel)


def _face(page: Page) -> tuple[str, str]:
    """What people see of a page."""
    return page.text, page.notice
