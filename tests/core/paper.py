"""A platform on paper: a Surface that keeps what it is told and refuses when it is told to."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from core.access import Kind
from core.budget import Budgets, Way
from core.dress import Dress, Plain
from core.errors import FileUnread, PlatformFailed, Why
from core.languages import Readers
from core.messages import Attachment, Author, Conversation, Question, Role, Text, Turn
from core.pages import utf16
from core.presets import Audience, Notices, Scope, admits
from core.surface import CodeFile, Delivered, Limit, Outcome, Page, RefusedForGood, Unknown

THREAD = Conversation("paper", "W", "C", "T")
LOST = Unknown("lost")
GONE = RefusedForGood("message_not_found")


@dataclass(frozen=True)
class Somebody:
    """One who wants something, and what their platform says of them; `None`: nothing, for now."""

    id: str = "U1"
    what: Kind | None = Kind.MEMBER
    groups: frozenset[str] = frozenset()
    scope: Scope = field(default_factory=lambda: Scope("paper", "W", "C"))
    direct: bool = False
    kinds: frozenset[Kind] = frozenset(Kind)

    @property
    def name(self) -> str:
        return f"{self.scope.platform}/{self.scope.workspace}/{self.id}"

    async def kind(self) -> Kind:
        if self.what is None:
            raise PlatformFailed("the platform does not tell")
        return self.what

    async def among(self, groups) -> bool:
        return not self.groups.isdisjoint(groups)

    async def admitted(self, audience: Audience) -> bool:
        return admits(audience, self.id, ())


@dataclass
class Paper:
    """What a reader sees, every state that it went through, and the refusals to come.

    `answers` are outcomes for the next requests, in order: None does the request;
    `LOST` does it and loses the answer; any other outcome is given without doing it.
    `removals` are outcomes for the next messages that are to be taken away, and are not.
    """

    size: int = 200
    latency: float = 0.05
    pause: float = 0.0
    conversation: Conversation = THREAD
    post_budgets: Budgets = ()
    edit_budgets: Budgets = ()
    turns: tuple[Turn, ...] = ()
    readers: Readers = field(default_factory=Readers)
    messages: dict[str, Page] = field(default_factory=dict)
    frames: list[tuple[float, str, Page]] = field(default_factory=list)
    signs: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    answers: deque[Outcome | None] = field(default_factory=deque)
    removals: deque[Outcome] = field(default_factory=deque)
    files: dict[str, bytes] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    attached: list[tuple[str, tuple[CodeFile, ...]]] = field(default_factory=list)
    below: dict[str, list[str]] = field(default_factory=dict)
    file_answers: deque[Outcome] = field(default_factory=deque)
    unsure: set[str] = field(default_factory=set)
    managers: set[str] = field(default_factory=set)
    people: dict[str, "Somebody"] = field(default_factory=dict)
    old: bool = False
    unreachable: bool = False
    wordless: bool = False
    under_way: int = 0
    most_under_way: int = 0

    @property
    def limit(self) -> Limit:
        return Limit(self.size, utf16)

    @property
    def plain(self) -> Way:
        return Way(self.post_budgets, self.edit_budgets, self.edit_budgets, self.pause)

    @property
    def ways(self) -> tuple[Way, ...]:
        return (self.plain,)

    def way(self, message: str) -> Way:
        return self.plain

    @property
    def text(self) -> str:
        """All that can be read, page after page."""
        return "\n".join(page.text for page in self.messages.values())

    def dress(self) -> Dress:
        return Plain()

    async def introduce(self, question: Question) -> Question:
        return question

    async def history(self) -> tuple[Turn, ...]:
        return self.turns

    async def read(self, file: Attachment, message: str, most: int) -> bytes:
        self.fetched.append(file.id)
        if file.id not in self.files:
            raise FileUnread(Why.GONE)
        return self.files[file.id]

    async def begun(self, reply: str, recorded: Sequence[str]) -> tuple[str, ...]:
        if self.unreachable:
            raise PlatformFailed("not reached")
        found = [one for one in self.messages if one.startswith(f"m-{reply}.")]
        return tuple(dict.fromkeys((*recorded, *found)))

    async def said(self, messages) -> tuple[Turn, ...]:
        pages = {one: self.messages[one].text for one in messages if one in self.messages}
        return tuple(Turn(Role.ASSISTANT, (Text(text),), id=id_) for id_, text in pages.items())

    def editable(self, messages) -> bool:
        return not self.old

    async def may_manage(self, person: str) -> bool:
        return person in self.managers

    async def status(self, text: str, *, waits: bool = False) -> None:
        await asyncio.sleep(self.latency)
        self.signs.append(text)

    def caller(self, author: Author) -> "Somebody":
        return replace(self.people.get(author.id, Somebody(author.id)), id=author.id)

    async def refuse(self, sentence: str, how: Notices = Notices.PLATFORM) -> Outcome:
        self.refusals.append(sentence)
        return Delivered("private")

    async def remove(self, message: str) -> Outcome:
        await asyncio.sleep(self.latency)
        if self.removals:
            return self.removals.popleft()
        self.messages.pop(message, None)
        self.below.pop(message, None)
        return Delivered(message)

    async def attach(self, files: Sequence[CodeFile], nonce: str) -> Outcome:
        await asyncio.sleep(self.latency)
        self.attached.append((nonce, tuple(files)))
        if self.file_answers:
            return self.file_answers.popleft()
        self.below[nonce] = [file.name for file in files]
        return Delivered(nonce)

    def began(self) -> None:
        """Nothing else shows that an answer is being written."""

    def ended(self) -> None:
        """Nor that it is not any more."""

    async def post(self, page: Page, nonce: str, way: Way | None = None) -> Outcome:
        self._drop_deaths()  # only what exists can be gone
        return await self._do(f"m-{nonce}", page)

    async def edit(self, message: str, page: Page) -> Outcome:
        if message not in self.messages:
            await asyncio.sleep(self.latency)
            return replace(GONE, gone=True)
        return await self._do(message, page)

    async def _do(self, message: str, page: Page) -> Outcome:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(self.latency)
        self.under_way -= 1
        if message in self.unsure:  # what a lost edit showed and then died is known to nobody
            self._drop_deaths()
        answer = self.answers.popleft() if self.answers else None
        if answer == LOST:
            self.unsure.add(message)
        elif answer is None:
            self.unsure.discard(message)
        if answer is None or answer == LOST:
            self.messages[message] = page
            self.frames.append((asyncio.get_running_loop().time(), message, page))
        return answer or Delivered(message)

    def _drop_deaths(self) -> None:
        while self.answers and self.answers[0] == GONE:
            self.answers.popleft()
