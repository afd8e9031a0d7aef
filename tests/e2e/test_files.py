"""What hangs on a question is read, on either platform, and what cannot be read is said."""

import base64
import io
import re

import pytest
import pytest_asyncio
from PIL import Image

from core import notices
from sandbox.faults import Fault
from sandbox.model import Answer
from tests.e2e.conftest import opened
from tests.e2e.places import DiscordPlace, SlackPlace
from tests.papers import bomb, pdf, png, scan, text

pytestmark = pytest.mark.asyncio(loop_scope="module")

REFUSED = "Invalid content type. image_url is only supported by certain models."


def content(model, at=-1):
    """All that the model was sent, as its words and its pictures."""
    parts = [
        part
        for message in model.requests[at].body["messages"]
        for part in (
            message["content"]
            if isinstance(message["content"], list)
            else [{"type": "text", "text": message["content"]}]
        )
    ]
    words = "\n".join(part["text"] for part in parts if part["type"] == "text")
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    return words, urls


async def answered(talk, count=1, notice=""):
    """Wait for so many answers, the last of them with this in its notice; all notices."""
    seen = await talk.until(
        lambda seen: [one.text for one in seen] == ["Yes."] * count and notice in seen[-1].notice
    )
    return [one.notice for one in seen]


async def asked(place, model, words, *files, notice=""):
    """Ask about files; the notice under the answer."""
    model.enqueue("Yes.")
    return (await answered(place.mention(place.ada, words, files=files), notice=notice))[-1]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def inhabited(tmp_path_factory):
    async with opened(tmp_path_factory.mktemp("town")) as town:
        town.model.models += ("text-only",)
        async with town.bot(OPENAI_MODEL="gpt-6-luna") as bot:
            yield town
    assert bot.process.returncode == 0
    assert "Traceback" not in bot.said, bot.said
    assert "unexpected" not in bot.said, bot.said


@pytest.fixture
def faults(inhabited, place):
    server = inhabited.slack if place.name == "slack" else inhabited.discord
    yield server.faults
    server.faults.clear()


async def test_a_picture_reaches_the_model_small_and_as_data(place, model):
    await asked(place, model, "what is this?", png(4000, 3000))

    words, (url,) = content(model)
    assert "shot.png" in words
    kind, data = re.fullmatch(r"data:(image/\w+);base64,(.+)", url).groups()
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    assert picture.get_format_mimetype() == kind
    assert picture.size == (1536, 1152)


async def test_a_text_is_read_and_a_follow_up_still_knows_it(place, model, inhabited):
    model.enqueue("Yes.", Answer(("Yes.",)))
    talk = place.mention(place.ada, "read this", files=[text("The code is 4711.")])
    await answered(talk)
    assert "The code is 4711." in content(model)[0]
    model.enqueue("Yes.")
    talk.say(place.ada, "and what was the code?")
    notices_ = await answered(talk, 2)
    assert notices_[0] == ""

    assert content(model)[0].count("The code is 4711.") == 1


@pytest.mark.parametrize(
    "file",
    [
        text("a;b\n1;4711", "table.csv", "text/csv"),
        text('{"n": 4711}', "data.json", "application/json"),
        text("ERROR 4711", "app.log", "application/octet-stream"),
        text("# 4711", "readme.md", "text/markdown"),
        text("Straße 4711".encode("latin-1"), "old.txt"),
        text("number 4711".encode("utf-16"), "win.txt"),
        pdf("first page", "The number is 4711."),
    ],
    ids=lambda file: file.name,
)
async def test_files_of_many_kinds_are_read(place, model, file):
    await asked(place, model, "read", file)

    assert "4711" in content(model)[0]


async def test_a_question_of_files_alone_is_answered(place, model):
    await asked(place, model, "", text("Say yes."))

    assert "Say yes." in content(model)[0]


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (text(bytes(200_000_000), "dump.log"), "up to 20 MB"),
        (bomb(), "40 million pixels"),
        (scan(), "no text in “scan.pdf”"),
        (text(bytes(range(256)) * 40, "prog.dat", "application/octet-stream"), "I cannot read"),
        (text(b"PK\x03\x04", "all.zip", "application/zip"), "I cannot read “all.zip”"),
        (text(b"\0", "clip.mp4", "video/mp4"), "I cannot read “clip.mp4”"),
        (text(b"ID3", "voice.ogg", "audio/ogg"), "I cannot read “voice.ogg”"),
        (text(b"%PDF-1.7 rubbish", "broken.pdf", "application/pdf"), "damaged"),
        (text(b"\x89PNG\r\n\x1a\nrubbish", "broken.png", "image/png"), "damaged"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
async def test_what_cannot_be_read_is_one_clear_sentence(place, model, file, says):
    notice = await asked(place, model, "what is in it?", file, notice=says)

    assert notice.count("“") == 1
    words, pictures = content(model)
    assert f"{file.name} (" in words
    assert "not shown to you" in words
    assert not pictures


async def test_twenty_pictures_are_looked_at_as_far_as_they_go(place, model):
    shots = [png(200, 100, f"shot-{number:02}.png") for number in range(20)]
    if place.name == "slack":
        notice = await asked(place, model, "compare", *shots, notice="left out")
        _, pictures = content(model)
        assert len(pictures) == 10
        assert (
            "left out “shot-10.png”, “shot-11.png”, “shot-12.png”, “shot-13.png” and 6 more"
            in notice
        )
        return
    model.enqueue("Yes.")
    talk = place.mention(place.ada, "compare", files=shots[:10])
    await answered(talk)
    model.enqueue("Yes.")
    talk.say(place.ada, "and these", *shots[10:])
    first, notice = await answered(talk, 2, notice="no room")

    words, pictures = content(model)
    assert len(pictures) == 10
    assert "shot-19.png (image/png)]" in words
    assert first == ""
    assert "no room any more for “shot-00.png”" in notice


async def test_a_long_text_is_shortened_and_both_are_told(place, model):
    lines = "\n".join(f"line {number} of the log" for number in range(60_000))
    notice = await asked(place, model, "what happened?", text(lines, "long.log"), notice="part")

    words, _ = content(model)
    assert "I read only a part of “long.log”" in notice
    assert "only about" in words
    assert "line 0 of the log" in words
    assert "line 59999 of the log" in words
    assert len(words) < 100_000


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (
            Fault("file", "elsewhere", code="http://127.0.0.2:9/file", times=-1),
            "not on other sites",
        ),
        (Fault("file", "status", status=500, times=-1), "could not fetch"),
        (Fault("file", "status", status=404, times=-1), "not there any more"),
        (Fault("file", "endless", times=-1), "up to 20 MB"),
        (Fault("file", "length", code="1000", times=-1), "could not fetch"),
        (Fault("file", "length", code="999999999999", times=-1), "up to 20 MB"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
async def test_what_comes_in_the_place_of_a_file_is_not_read(place, model, faults, fault, says):
    faults.add(fault)
    notice = await asked(place, model, "read", text("words", f"{fault.kind}.txt"), notice=says)

    assert notice
    assert "words" not in content(model)[0]


async def test_a_page_to_sign_in_is_not_taken_for_the_file(inhabited, model):
    place = SlackPlace(inhabited.slack, inhabited.world.slack)
    inhabited.slack.faults.add(Fault("file", "login"))
    await asked(place, model, "read", text("words", "a.txt"), notice="files:read")

    assert "Sign in" not in content(model)[0]


async def test_a_page_that_somebody_attaches_is_read(place, model):
    await asked(place, model, "read", text("<!DOCTYPE html><p>4711</p>", "a.html", "text/html"))

    assert "<p>4711</p>" in content(model)[0]


async def test_a_file_is_fetched_once_however_often_it_is_asked_about(place, model, faults):
    model.enqueue("Yes.")
    talk = place.mention(place.ada, "read", files=[text("The code is 4711.")])
    await answered(talk)
    faults.add(Fault("file", "status", status=500, times=-1))
    model.enqueue("Yes.")
    talk.say(place.ada, "again")
    await answered(talk, 2)

    assert "The code is 4711." in content(model)[0]


async def test_a_slow_file_keeps_nobody_from_seeing_that_the_bot_is_at_work(place, model, faults):
    faults.add(Fault("file", "slow", seconds=3))
    model.enqueue("Yes.")
    before = len(place.requests)
    talk = place.mention(place.ada, "read", files=[text("The code is 4711.")])
    await answered(talk)

    first = place.requests[before][0]
    assert "typing" in first or "setStatus" in first or "thread" in first


async def test_a_model_that_sees_no_pictures_is_asked_without_them(town_of_texts):
    town, place = town_of_texts
    model = town.model
    model.enqueue("Yes.")
    talk = place.mention(place.ada, "what is this?", files=[png()])
    await answered(talk, notice=notices.UNSEEN)
    assert [request.status for request in model.requests] == [400, 200]
    words, pictures = content(model)
    assert "cannot see" in words
    assert not pictures
    model.enqueue("Yes.")
    talk.say(place.ada, "and this?", png(name="other.png"))

    await answered(talk, 2)
    model.enqueue("Yes.")
    talk.say(place.ada, "thanks")
    assert (await answered(talk, 3))[:2] == [notices.UNSEEN, ""]  # it is said once
    assert [request.status for request in model.requests] == [400, 200, 200, 200]
    assert (
        "other.png (image/png); it is not shown to you: you cannot see pictures"
        in content(model)[0]
    )


@pytest_asyncio.fixture(loop_scope="module", params=["slack", "discord"])
async def town_of_texts(tmp_path, request):
    async with opened(tmp_path) as town:
        town.model.models += ("text-only",)
        async with town.bot(OPENAI_MODEL="text-only"):
            if request.param == "slack":
                yield town, SlackPlace(town.slack, town.world.slack)
            else:
                yield town, DiscordPlace(town.discord, town.world.discord)
