"""What the files of a conversation hold: fetched once, read once, kept for follow-ups."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakValueDictionary

import structlog

from core import pdfs, pictures, texts
from core.errors import FileUnread, Why
from core.messages import Attachment, Question, Turn
from core.pdf_readers import PdfReaders
from core.pictures import Picture
from core.texts import Words
from core.workers import Workers

log = structlog.get_logger()

MOST_BYTES = 20_000_000
"""Bytes of one file that are fetched."""

MOST_PICTURES = 10
"""Pictures in one request."""

MOST_TEXTS = 10
"""Other files in one request."""

AT_ONCE = 6
"""Files that are fetched at the same time, for all conversations together."""

SHARE = 2
"""Of these, the most for one answer: where its files hang, those of others still come."""

FETCH_TIMEOUT = 45.0
"""Seconds for one file to come, with the wait for its turn."""

PARSE_TIMEOUT = 30.0
"""Seconds for one file to be read, with the wait for a thread."""

KEPT = 64_000_000
"""Bytes that are kept of files for follow-ups, roughly."""

NEVER_READ = ("audio/", "video/", "font/")
"""Beginnings of media types that nobody need fetch."""

_NEVER_TEXT = """
    7z aac apk avi avif bin bmp bz2 class dll dmg doc docx exe flac gz heic heif ico iso jar
    m4a mkv mov mp3 mp4 mpeg msi odp ods odt ogg opus parquet ppt pptx psd pyc rar so sqlite
    tar tgz tif tiff ttf wasm wav webm woff woff2 xls xlsx xz zip zst
"""
NEVER_TEXT = frozenset(_NEVER_TEXT.split())
"""Endings of names that nobody need fetch."""

Content = Words | Picture | Why
"""What a file holds, or why it cannot be read."""

Fetch = Callable[[Attachment, str, int], Awaitable[bytes]]
"""Gives the bytes of a file on a message, at most so many; raises `FileUnread`."""


@dataclass(frozen=True, slots=True)
class Hung:
    """A file and the message on which it hangs; `asked` says that it came with the question."""

    file: Attachment
    message: str
    asked: bool


def hung(questions: Sequence[Question], history: Sequence[Turn]) -> tuple[Hung, ...]:
    """All files of a conversation: those of the questions first, then from new to old."""
    new = [Hung(file, one.message, True) for one in questions for file in one.attachments]
    old = [Hung(file, turn.id, False) for turn in reversed(history) for file in turn.attachments]
    found: dict[str, Hung] = {}
    for one in (*new, *old):
        found.setdefault(one.file.id, one)
    return tuple(found.values())


def is_picture(file: Attachment) -> bool:
    """Whether a file is called a picture of a kind that can be read."""
    kind, _, form = file.media_type.partition("/")
    return kind == "image" and form in ("png", "jpeg", "jpg", "gif", "webp", "pjpeg", "x-png")


class Files:
    """Reads files, and keeps what the newest of them hold."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._held: OrderedDict[str, tuple[str, Content]] = OrderedDict()
        self._size = 0
        self._reading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._fetching = asyncio.Semaphore(AT_ONCE)
        # Pictures take memory while they are decoded.
        self._painters = Workers(1)
        self._readers = Workers(2)
        self._pdfs = PdfReaders(2)

    async def read(
        self, wanted: Sequence[Hung], fetch: Fetch, most_pictures: int = MOST_PICTURES
    ) -> Mapping[str, Content]:
        """What the files hold, by their ids. Never raises for what is wrong with one of them."""
        chosen, share = list(_chosen(wanted, most_pictures)), asyncio.Semaphore(SHARE)
        async with asyncio.TaskGroup() as tasks:
            reading = {
                one.file.id: tasks.create_task(self._content(one, fetch, share))
                for one, why in chosen
                if why is None
            }
        found = {id_: task.result() for id_, task in reading.items()}
        return found | {one.file.id: why for one, why in chosen if why is not None}

    def forget(self, message: str = "") -> None:
        """Keep nothing of the files that hang on a message; without one, of none."""
        for key, (where, content) in [*self._held.items()]:
            if message in ("", where):
                del self._held[key]
                self._size -= _size(content)

    async def _content(self, one: Hung, fetch: Fetch, share: asyncio.Semaphore) -> Content:
        key = f"{one.file.id}/{one.file.size}"
        lock = self._reading.setdefault(key, asyncio.Lock())
        async with lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key][1]
            content = await self._read(one, fetch, share)
            if not isinstance(content, Why) or content.lasts:
                self._keep(key, one.message, content)
            return content

    async def _read(self, one: Hung, fetch: Fetch, share: asyncio.Semaphore) -> Content:
        try:
            data = await self._fetched(one, fetch, share)
            return await self._parsed(data)
        except FileUnread as error:
            log.warning("file not read", file=one.file.id, why=error.why, detail=str(error))
            return error.why
        except Exception:
            # The answer must not fail for one of its files.
            log.exception("unexpected", file=one.file.id)
            return Why.DAMAGED

    async def _fetched(self, one: Hung, fetch: Fetch, share: asyncio.Semaphore) -> bytes:
        try:
            async with asyncio.timeout(FETCH_TIMEOUT), share, self._fetching:
                data = await fetch(one.file, one.message, MOST_BYTES)
        except TimeoutError as error:
            raise FileUnread(Why.NOT_REACHED, "not there in time") from error
        if len(data) > MOST_BYTES:
            raise FileUnread(Why.TOO_LARGE)
        return data

    async def _parsed(self, data: bytes) -> Content:
        try:
            if pictures.is_picture(data):
                return await self._painters.run(PARSE_TIMEOUT, lambda: pictures.opened(data))
            if pdfs.is_pdf(data):
                return await self._pdfs.read(PARSE_TIMEOUT, data)
            return await self._readers.run(PARSE_TIMEOUT, lambda: _words(data))
        except TimeoutError as error:
            raise FileUnread(Why.TOO_SLOW) from error

    def _keep(self, key: str, message: str, content: Content) -> None:
        self._held[key] = message, content
        self._size += _size(content)
        while self._size > self._kept:
            _, (_, oldest) = self._held.popitem(last=False)
            self._size -= _size(oldest)


def _chosen(wanted: Sequence[Hung], most_pictures: int) -> Iterator[tuple[Hung, Why | None]]:
    """Which files are read, as they come; the others with why not."""
    room = {True: most_pictures, False: MOST_TEXTS}
    for one in wanted:
        picture = is_picture(one.file)
        if picture and not most_pictures:
            yield one, Why.UNSEEN
        elif why := _plainly(one.file):
            yield one, why
        elif room[picture]:
            room[picture] -= 1
            yield one, None
        else:
            yield one, Why.TOO_MANY


def _plainly(file: Attachment) -> Why | None:
    """Why a file cannot be read, where that is known without fetching it."""
    ending = file.name.rpartition(".")[2].lower()
    if is_picture(file):
        return Why.TOO_LARGE if file.size > MOST_BYTES else None
    if file.media_type.startswith(NEVER_READ) or ending in NEVER_TEXT:
        return Why.NOT_READABLE
    return Why.TOO_LARGE if file.size > MOST_BYTES else None


def _words(data: bytes) -> Words:
    words = texts.decoded(data)
    if words is None:
        raise FileUnread(Why.NOT_READABLE)
    return words


def _size(content: Content) -> int:
    return 200 if isinstance(content, Why) else content.size + 200
