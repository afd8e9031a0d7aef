"""A slash command, and the answer under it.

Discord wants a first response within 3 seconds and takes messages under the command for
15 minutes; what comes later goes to the channel, or to the asker's direct messages where
the answer is for the asker alone.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import discord

from bots.discord import budgets
from bots.discord.begun import standing
from bots.discord.caller import DiscordCaller
from bots.discord.calls import NO_TURN, Answer, NotRead, Request
from bots.discord.chains import Link
from bots.discord.desk import Desk
from bots.discord.dress import Dress
from bots.discord.headline import headline
from bots.discord.messages import NOTHING_YET, Spot, uploads
from bots.discord.shown import LIMIT, NOTICE, change, content, is_blank
from bots.discord.surface import PAUSE
from bots.discord.turns import own_turn
from core.budget import Budgets, Way
from core.languages import Readers
from core.messages import Attachment, Author, Conversation, Question, Turn
from core.pace import Urgency
from core.pages import utf16
from core.presets import Notices
from core.surface import (
    CodeFile,
    CommandSurface,
    Delivered,
    Limit,
    Outcome,
    Page,
    RefusedForGood,
    RefusedForNow,
    Unknown,
    is_announcement,
)
from core.words import Notice, told

LIFETIME = 14 * 60.0
"""Seconds for which messages are sent under the command; a minute less than Discord's."""

WAITED_FOR = 2.8
"""Seconds in which a first response may still be sent; Discord waits 3 for it."""

AGAIN = 0.1
"""Seconds before a first response that got lost is sent again."""

PATIENCE = 10.0
"""Seconds, at most, for each step to the last word under a command; its token has 60 left."""

ACKNOWLEDGED_ALREADY = "40060"

TOKEN_DEAD = frozenset({"10008", "10015", "10062", "50027"})
"""Codes of a command whose token Discord does not know (any more)."""

ELSEWHERE = Notice("goes_on_here")

LATER_DIRECTLY = Notice("later_directly")
LATER_BELOW = Notice("later_below")
NOT_AT_ALL = Notice("later_not_at_all")

SENT_AGAIN = Notice("sent_again")


class InteractionSurface(CommandSurface):
    """The answer to one slash command.

    The first sign of work defers the command; a refusal that comes before is seen by the
    asker alone. `turn` is the question.
    """

    def __init__(
        self,
        desk: Desk,
        conversation: Conversation,
        interaction: discord.Interaction,
        *,
        private: bool,
        turn: Turn,
    ) -> None:
        self._desk = desk
        self._conversation = conversation
        self._interaction = interaction
        self._private = private
        self._turn = turn
        self._headline = headline(turn)
        self._began = desk.clock()
        desk.heard(interaction)
        self._first = asyncio.Lock()
        self._filling = asyncio.Lock()
        self._timer: asyncio.Task[None] | None = None
        self._acknowledged = asyncio.Event()
        self._lost = False
        self._under: dict[str, bool] = {}
        self._headed: set[str] = set()
        self._begins_below = False
        self._doubted: dict[str, list[Page]] = {}
        self._repeated: set[str] = set()
        self._waits = ""
        self._elsewhere = Spot(0 if private else interaction.channel_id or 0, after=interaction.id)

    @property
    def conversation(self) -> Conversation:
        """The conversation that it is bound to: this one question."""
        return self._conversation

    @property
    def readers(self) -> Readers:
        """The languages of those who read there: of the asker alone where it is private."""
        asker, guild = self._interaction.user.id, self._interaction.guild
        return self._desk.readers(self._conversation, asker, None if self._private else guild)

    @property
    def wordless(self) -> bool:
        """Discord shows that the bot is typing or thinking, and nothing else."""
        return True

    @property
    def limit(self) -> Limit:
        """The room in one message."""
        return LIMIT

    @property
    def plain(self) -> Way:
        """Posts and edits; a post that goes elsewhere waits for its own budgets."""
        edits = self._edits
        return Way(() if self._late else self._counted, edits, edits, PAUSE)

    @property
    def ways(self) -> tuple[Way, ...]:
        """The only way there is."""
        return (self.plain,)

    def way(self, message: str) -> Way:
        """Every message goes on by edits."""
        del message
        return self.plain

    @property
    def _edits(self) -> Budgets:
        if not self._late:
            return self._counted
        return budgets.edits(self._elsewhere.channel) if self._elsewhere.channel else ()

    def dress(self) -> Dress:
        """Tables, deep headings and the like as Discord can show them."""
        return Dress()

    async def introduce(self, question: Question) -> Question:
        """The question as it is: Discord's events bring all names along."""
        return question

    async def history(self) -> tuple[Turn, ...]:
        """Nothing: the command is no message, and its question stands alone."""
        return ()

    async def read(self, file: Attachment, message: str, most: int) -> bytes:
        """The content of an attachment. Raises `FileUnread`."""
        return await self._desk.files.read(file, message, most)

    async def status(self, text: str, *, waits: bool = False) -> None:
        """Defer the command, by which Discord shows that the bot is thinking."""
        del waits
        if text:
            await self.acknowledge()

    async def acknowledge(self) -> None:
        """Defer the command, once; this fixes whether others can see the answer."""
        async with self._first:
            if self._acknowledged.is_set():
                return
            response = self._interaction.response
            await self._acknowledge_by(
                lambda: response.defer(ephemeral=self._private, thinking=True)
            )
            if not self._lost:
                self._timer = self._desk.timers.start(self._announce(), "waiting for an answer")

    def resume(self, age: float) -> None:
        """The command was acknowledged so many seconds ago, by a process that has died."""
        self._began = self._desk.clock() - age
        self._acknowledged.set()
        if not self._late:
            self._timer = self._desk.timers.start(self._announce(), "waiting for an answer")

    async def begun(self, reply: str, recorded: Sequence[str]) -> tuple[str, ...]:
        """The messages of an answer that an earlier process has begun. Raises `NotRead`.

        Where they stand is not recorded: under the command, or elsewhere where its token was
        dead by then, which Discord tells.
        """
        if not self._late and await self._is_dead():
            self._lose()
        known, elsewhere = set(recorded), set[str]()
        if not self._private:
            known |= set(await standing(self._desk, self._elsewhere, reply, recorded))
            elsewhere = known if self._late else set()
        elif self._late:
            elsewhere = set(await self._begun_directly(reply, recorded))
            known |= elsewhere
        messages = sorted(known, key=int)
        self._under = {one: one not in elsewhere for one in messages}
        self._headed = set(messages[:1])
        return tuple(messages)

    async def _is_dead(self) -> bool:
        """Whether Discord does not know the command's token (any more). Raises `NotRead`."""
        answer = await self._desk.calls.in_turn(
            self._counted, Urgency.FIRST, self._interaction.original_response
        )
        if not answer.ok and not isinstance(answer.outcome, RefusedForGood):
            raise NotRead(answer.outcome)
        return answer.code in TOKEN_DEAD

    async def _begun_directly(self, reply: str, recorded: Sequence[str]) -> tuple[str, ...]:
        """What stands in the asker's direct messages; what comes next follows it there."""
        opened = await self._desk.direct.open(self._interaction.user.id)
        if isinstance(opened, RefusedForGood):
            return ()
        if not isinstance(opened, Delivered):
            raise NotRead(opened)
        spot = replace(self._elsewhere, channel=int(opened.message))
        if found := await standing(self._desk, spot, reply, recorded):
            self._elsewhere = spot
        return found

    async def acknowledge_within(self, seconds: float) -> None:
        """Defer the command unless it is acknowledged in so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._acknowledged.wait()
        except TimeoutError:
            await self.acknowledge()

    async def post(self, page: Page, nonce: str, way: Way | None = None) -> Outcome:
        """Post a page: in place of the deferral, then below it, then elsewhere."""
        del way
        if is_blank(page):
            return NOTHING_YET
        await self.acknowledge()
        if doubted := self._doubted.get(nonce):
            found = await self._found(doubted)
            if isinstance(found, Delivered):
                return await self._mend(found.message, page)
            if not isinstance(found, RefusedForGood):
                return found
        if self._late:
            return await self._post_elsewhere(page, nonce)
        outcome = await (self._follow_up(page, nonce) if self._under else self._fill(page))
        if isinstance(outcome, RefusedForGood) and outcome.code in TOKEN_DEAD:
            self._lose()
            return await self._post_elsewhere(page, nonce)
        if isinstance(outcome, Delivered):
            self._remember(outcome.message, page, under=True)
        return outcome

    async def edit(self, message: str, page: Page) -> Outcome:
        """Replace what a message shows."""
        if is_blank(page):
            return NOTHING_YET
        if self._under[message] and not self._late:
            outcome = (await self._ask(self._edit_of(message, page))).outcome
        elif self._under[message] and self._private:
            outcome = RefusedForGood("too late")
        else:
            shown = self._with_headline(page) if message in self._headed else page
            outcome = await self._desk.messages.edit(self._elsewhere.channel, message, shown)
        if isinstance(outcome, Delivered):
            self._remember(message, page, under=self._under[message])
        return outcome

    def caller(self, author: Author) -> DiscordCaller:
        """Somebody who writes here, as one who wants something."""
        asker = DiscordCaller.of(self._desk, self._interaction)
        if author.id == str(asker.person):
            return asker
        return replace(asker, person=int(author.id), member=None, manages=None)

    async def attach(self, files: Sequence[CodeFile], nonce: str) -> Outcome:
        """Post files below the answer; Discord knows no nonce under a command."""
        if self._late:
            if not self._elsewhere.channel:
                return RefusedForGood("no place")
            return await self._desk.messages.attach(self._elsewhere, files, nonce)
        if not await self._desk.calls.turn(self._counted, Urgency.PAGE):
            return NO_TURN.outcome
        followup = self._interaction.followup
        answer = await self._ask(
            lambda: followup.send(files=uploads(files), ephemeral=self._private, wait=True)
        )
        if isinstance(answer.outcome, Unknown):  # it may have come through, and would come twice
            return RefusedForGood(f"unknown: {answer.outcome.code}")
        return answer.outcome

    async def refuse(self, sentence: str, how: Notices = Notices.PLATFORM) -> Outcome:
        """Tell the asker alone, unless the command is deferred for all to see."""
        del how
        first = await self._respond(sentence)
        return first.outcome if first and first.ok else await self._refuse_below(sentence)

    async def decline(self, sentence: str) -> Outcome:
        """Say why the question is not taken, unless another process is at work on it."""
        first = await self._respond(sentence)
        if first and first.code == ACKNOWLEDGED_ALREADY:
            return first.outcome
        return first.outcome if first and first.ok else await self._refuse_below(sentence)

    async def _respond(self, sentence: str) -> Answer | None:
        """Make a sentence for the asker alone the first response; None when we made one."""
        async with self._first:
            if self._acknowledged.is_set():
                return None
            parts = content(Page("", sentence))
            response = self._interaction.response
            return await self._acknowledge_by(
                lambda: response.send_message(**parts, ephemeral=True)
            )

    async def _refuse_below(self, sentence: str) -> Outcome:
        if not await self._desk.calls.turn(self.plain.begin, Urgency.FIRST):
            return NO_TURN.outcome
        page = Page("", sentence)
        if self._waits and isinstance(done := await self.edit(self._waits, page), Delivered):
            return done
        return await self.post(page, f"no.{self._interaction.id}")

    @property
    def _counted(self) -> Budgets:
        return budgets.responses(self._interaction.id)

    @property
    def _late(self) -> bool:
        return self._lost or self._desk.clock() - self._began > LIFETIME

    async def _acknowledge_by(self, request: Request[object]) -> Answer:
        """Make the first response, while Discord waits for one.

        One that got lost shows itself at the next request.
        """
        while True:
            answer = await self._desk.calls.ask((), request)
            match answer.outcome:
                case RefusedForNow(retry_after=pause):
                    pass
                case Unknown():
                    pause = AGAIN
                case _:
                    break
            if self._desk.clock() + pause - self._began > WAITED_FOR:
                break
            await asyncio.sleep(pause)
        if isinstance(answer.outcome, RefusedForGood) and answer.code != ACKNOWLEDGED_ALREADY:
            self._lose()
        self._acknowledged.set()
        return answer

    def _lose(self) -> None:
        """Discord takes nothing more under the command; nothing is left to be announced there."""
        self._lost = True
        if self._timer:
            self._timer.cancel()

    async def _ask(self, request: Request[object]) -> Answer:
        return await self._desk.calls.ask(self._counted, request)

    async def _fill(self, page: Page) -> Outcome:
        """The first page, in place of the deferral; it may be repeated without harm."""
        async with self._filling:
            return (await self._ask(self._original(page))).outcome

    async def _announce(self) -> None:
        """Where nothing is shown when the token is about to die, say where the answer will be.

        Nothing else can take the place of the deferral later. So the direct messages are
        tried before they are promised.
        """
        await asyncio.sleep(self._began + LIFETIME - self._desk.clock())
        sentence = await self._where_later() if self._private else LATER_BELOW
        await self._desk.calls.turn(self._counted, Urgency.LAST, PATIENCE)
        # An answer that is on its way into the same place comes first, and ends this.
        async with self._filling:
            await self._ask(self._original(Page("", told(sentence, self.readers.everybody))))

    async def _where_later(self) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                opened = await self._open_direct_message()
        except TimeoutError:
            return LATER_DIRECTLY
        return NOT_AT_ALL if isinstance(opened, RefusedForGood) else LATER_DIRECTLY

    @property
    def _in_place(self) -> str:
        """The message in the place of the deferral; empty: there is none yet."""
        return next((one for one, under in self._under.items() if under), "")

    def _original(self, page: Page, message: str = "") -> Request[object]:
        """A page in the place of the deferral."""
        has_headline = not message or message in self._headed
        parts = change(self._with_headline(page) if has_headline else page)
        return lambda: self._interaction.edit_original_response(**parts)

    def _with_headline(self, page: Page) -> Page:
        """A page with what was asked: nobody else sees that of a command."""
        headline = told(self._headline, self.readers.everybody)
        room = Limit(NOTICE.size - utf16(f"\n{headline}"), utf16)
        notice = "\n".join(filter(None, (room.cut(page.notice), headline)))
        return replace(page, notice=notice)

    def _edit_of(self, message: str, page: Page) -> Request[object]:
        if message == self._in_place:
            return self._original(page, message)
        page = self._with_headline(page) if message in self._headed else page
        parts = change(self._again(page) if message in self._repeated else page)
        return lambda: self._interaction.followup.edit_message(int(message), **parts)

    async def _follow_up(self, page: Page, nonce: str) -> Outcome:
        """A further page; Discord knows no nonce here."""
        doubted = nonce in self._doubted
        page = self._with_headline(page) if self._begins_below else page
        parts: dict[str, Any] = content(self._again(page) if doubted else page)
        answer = await self._ask(
            lambda: self._interaction.followup.send(**parts, ephemeral=self._private, wait=True)
        )
        outcome = answer.outcome
        if isinstance(outcome, Unknown):
            self._doubted.setdefault(nonce, []).append(page)
        elif isinstance(outcome, Delivered):
            self._repeated |= {outcome.message} if doubted else set()
            self._headed |= {outcome.message} if self._begins_below else set()
            self._begins_below = False
        return outcome

    async def _mend(self, message: str, page: Page) -> Outcome:
        """A lost page has come after all: let it show the text of now."""
        self._under[message] = True
        if not await self._desk.calls.turn(self._edits, Urgency.LAST):
            return NO_TURN.outcome
        return await self.edit(message, page)

    async def _found(self, pages: list[Page]) -> Outcome:
        """Where everybody can see a message, the bot can look for it."""
        if self._private or not self._elsewhere.channel:
            return RefusedForGood("not found")
        return await self._desk.messages.find(self._elsewhere, pages)

    async def _post_elsewhere(self, page: Page, nonce: str) -> Outcome:
        if not self._elsewhere.channel:
            opened = await self._open_direct_message()
            if not isinstance(opened, Delivered):
                return opened
        # Where the command itself could not be answered, nobody else has seen what was asked.
        heads = self._lost and not self._private and not self._under
        shown = self._with_headline(page) if heads else page
        outcome = await self._desk.messages.post_in_turn(self._elsewhere, shown, nonce)
        if isinstance(outcome, Delivered):
            self._headed |= {outcome.message} if heads else set()
            self._remember(outcome.message, page, under=False)
        return outcome

    async def _open_direct_message(self) -> Outcome:
        """Go on where only the asker reads, and say so first."""
        opened = await self._desk.direct.open(self._interaction.user.id)
        if not isinstance(opened, Delivered):
            return opened
        spot = replace(self._elsewhere, channel=int(opened.message))
        page = Page("", told(ELSEWHERE, self.readers.asker))
        posted = await self._desk.messages.post_in_turn(spot, page, f"dm.{self._interaction.id}")
        if isinstance(posted, Delivered):
            self._elsewhere = spot
        return posted

    def _remember(self, message: str, page: Page, *, under: bool) -> None:
        """Let replies to the answer continue from the question, which stands in no message."""
        self._under[message] = under
        self._headed = self._headed or ({message} if under else set())
        # What says only what the answer waits for is no answer yet.
        self._waits = message if is_announcement(page) else ""
        if self._timer and under and not self._waits:
            self._timer.cancel()
        if self._private or not page.text.strip():
            return
        self._desk.chains.add(self._interaction.id, Link(self._turn))
        turn = own_turn(self._desk.me, message, page.text)
        self._desk.chains.add(int(message), Link(turn, self._interaction.id))

    def _again(self, page: Page) -> Page:
        """The page, with word that an earlier message may say the same."""
        again = told(SENT_AGAIN, self.readers.everybody)
        return replace(page, notice=f"{page.notice} {again}".strip())
