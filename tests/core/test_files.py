import asyncio
from datetime import UTC, datetime

from core.errors import FileUnread, Why
from core.files import AT_ONCE, MOST_BYTES, MOST_PICTURES, Files, Hung, hung
from core.messages import Attachment, Author, Conversation, Question, Role, Turn
from core.pictures import Picture
from core.texts import Words
from tests.papers import png

ADA = Author("U1", "Ada")


def file(id, name="a.txt", media_type="text/plain", size=10):
    return Attachment(id, name, media_type, size, f"http://127.0.0.1/{id}")


def wanted(*files, asked=True):
    return [Hung(one, "m1", asked) for one in files]


class Host:
    """Gives files, and counts how often and how many at once."""

    def __init__(self, **files):
        self.files = files
        self.asked = []
        self.at_once = self.most_at_once = 0

    async def __call__(self, file, message, most):
        self.asked.append(file.id)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        found = self.files.get(file.id, b"words")
        if isinstance(found, Exception):
            raise found
        return found


async def test_a_file_is_fetched_and_read_once():
    files, host = Files(), Host()
    first = await files.read(wanted(file("a")), host)
    again = await files.read(wanted(file("a"), asked=False), host)

    assert first == again == {"a": Words("words", 5)}
    assert host.asked == ["a"]


async def test_who_asks_at_the_same_time_waits_for_the_same_file():
    files, host = Files(), Host()
    await asyncio.gather(*(files.read(wanted(file("a")), host) for _ in range(5)))

    assert host.asked == ["a"]


async def test_what_is_wrong_with_a_file_is_remembered_and_what_went_wrong_is_not():
    files = Files()
    host = Host(bad=b"\0\1" * 99, late=FileUnread(Why.NOT_REACHED))
    for _ in range(2):
        found = await files.read(wanted(file("bad"), file("late")), host)

    assert found == {"bad": Why.NOT_READABLE, "late": Why.NOT_REACHED}
    assert sorted(host.asked) == ["bad", "late", "late"]


async def test_little_is_kept_and_the_newest_of_it():
    files, host = Files(kept=1000), Host(a=b"a" * 300, b=b"b" * 300, c=b"c" * 300)
    for one in "abcca":
        await files.read(wanted(file(one)), host)

    assert host.asked == ["a", "b", "c", "a"]


async def test_only_so_many_are_fetched_at_once():
    files, host = Files(), Host()
    await asyncio.gather(
        *(files.read(wanted(*(file(f"{one}-{n}") for n in range(3))), host) for one in range(9))
    )

    assert host.most_at_once == AT_ONCE


async def test_files_that_hang_below_one_question_leave_room_for_those_of_others():
    files, hanging = Files(), asyncio.Event()

    async def hangs(*_):
        hanging.set()
        await asyncio.Event().wait()

    stuck = asyncio.create_task(files.read(wanted(*(file(str(n)) for n in range(9))), hangs))
    await hanging.wait()

    async with asyncio.timeout(5):
        assert await files.read(wanted(file("a")), Host()) == {"a": Words("words", 5)}
    stuck.cancel()
    await asyncio.wait({stuck})


async def test_what_cannot_be_read_is_not_even_fetched():
    host = Host()
    found = await Files().read(
        wanted(
            file("a", "a.zip", "application/zip"),
            file("b", "b.mp4", "video/mp4"),
            file("c", "c.heic", "image/heic"),
            file("d", size=MOST_BYTES + 1),
        ),
        host,
    )

    assert set(found.values()) == {Why.NOT_READABLE, Why.TOO_LARGE}
    assert host.asked == []


async def test_a_size_that_is_not_true_is_found_out():
    host = Host(a=bytes(MOST_BYTES + 1))

    assert await Files().read(wanted(file("a")), host) == {"a": Why.TOO_LARGE}


async def test_a_picture_is_one_by_its_bytes():
    host = Host(a=png().data)
    found = await Files().read(wanted(file("a", "a.bin2", "application/octet-stream")), host)

    assert isinstance(found["a"], Picture)


async def test_only_the_first_pictures_are_fetched():
    shots = [file(str(n), f"{n}.png", "image/png") for n in range(MOST_PICTURES + 2)]
    host = Host(**{one.id: png().data for one in shots})
    found = await Files().read(wanted(*shots), host)

    assert [one for one, why in found.items() if why is Why.TOO_MANY] == ["10", "11"]
    assert len(host.asked) == MOST_PICTURES


async def test_for_a_model_that_sees_nothing_no_picture_is_fetched():
    host = Host()
    found = await Files().read(wanted(file("a", "a.png", "image/png"), file("b")), host, 0)

    assert found == {"a": Why.UNSEEN, "b": Words("words", 5)}
    assert host.asked == ["b"]


async def test_an_error_that_nobody_foresaw_costs_one_file():
    host = Host(a=RuntimeError("oops"))
    found = await Files().read(wanted(file("a"), file("b")), host)

    assert found == {"a": Why.DAMAGED, "b": Words("words", 5)}


def test_the_files_of_the_question_come_first_then_the_newest():
    where, now = Conversation("slack", "T", "C", "1"), datetime(2026, 11, 23, tzinfo=UTC)
    question = Question(
        where, "m9", ADA, "", now, "#c", attachments=(file("a"), file("b"), file("b"))
    )
    history = [
        Turn(Role.USER, (), ADA, "m1", (file("old"),)),
        Turn(Role.USER, (), ADA, "m2", (file("new"), file("a"))),
    ]

    found = [(one.file.id, one.message, one.asked) for one in hung([question], history)]
    assert found == [
        ("a", "m9", True),
        ("b", "m9", True),
        ("new", "m2", False),
        ("old", "m1", False),
    ]


async def test_nothing_is_kept_of_the_files_of_a_message_that_has_changed():
    files, host = Files(), Host()
    here, there = wanted(file("a")), [Hung(file("b"), "m2", False)]
    await files.read([*here, *there], host)

    files.forget("m1")
    await files.read([*here, *there], host)
    assert host.asked == ["a", "b", "a"]

    files.forget()
    assert files._size == 0
    await files.read([*here, *there], host)
    assert host.asked == ["a", "b", "a", "a", "b"]
