"""How an answer looks while it grows and when it is complete, on both platforms."""

import asyncio
import re
from contextlib import contextmanager

import pytest

from core.controls import Control
from sandbox.model import Answer, pieces_of
from tests.e2e.places import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

MARKS = (
    "Some **bold words** and a [link to a page](http://pages.example/one), then `some code` "
    "and ~~something gone~~ with *a few words in italics*.\n\n"
    "- **First**: an item with `code`\n- **Second**: [another link](http://pages.example/two)\n\n"
)
ROWS = [f"| row {n} | {'x' * n} | {n} |" for n in range(1, 9)]
TABLE = "\n".join(
    ["Look:", "", "| Name | Bar | Count |", "|:--|---|--:|", *ROWS, "", "That is all."]
)
LINES = [f"value_{n:05} = compute(value_{n - 1:05})" for n in range(1, 700)]
PROGRAM = "Here it is:\n\n```python\n" + "\n".join(LINES) + "\n```\n\nThat is the program."


@contextmanager
def watched(place, talk):
    """Every state of the answer that a reader has seen, as one text."""
    frames = []

    def look(_):
        if texts := [one.text for one in talk.seen()]:
            frames.append("\n".join(texts))

    unwatch = place.space.watch(look)
    try:
        yield frames
    finally:
        unwatch()


def in_pieces(text, size=4):
    return tuple(text[start : start + size] for start in range(0, len(text), size))


def attached(place):
    """The files that the bot has put into messages: message, name, text."""
    found = []
    for channel in list(place.space.channels):
        for message in place.space.messages(channel):
            if place.name == "slack":
                files, held = message.payload.get("files") or [], place.server.workspace.files
                found += [(message, file["name"], held.get(file["id"]).data) for file in files]
            else:
                files, held = message.payload.get("attachments") or [], place.server._realm.files
                found += [(message, file["filename"], held.get(file["id"]).data) for file in files]
    return found


async def test_no_half_open_markup_is_ever_seen(place, model):
    model.enqueue(Answer(in_pieces(MARKS * 3 + "Done."), rate=40))
    talk = place.mention(place.ada, "go on")
    with watched(place, talk) as frames:
        await talk.until(lambda seen: bool(seen) and seen[-1].text.endswith("Done."))

    assert len(set(frames)) > 3
    for frame in set(frames):
        if place.name == "discord":
            assert frame.count("**") % 2 == frame.count("~~") % 2 == frame.count("`") % 2 == 0, (
                frame
            )
            assert not re.search(r"\[[^\]]*\Z|\](?!\()|\]\([^)]*\Z|\n-?\Z", frame), frame
        else:
            assert not re.search(r"\*|~|`|\[|\]", frame), frame


async def test_a_table_that_grows_is_never_seen_half(place, model):
    model.enqueue(Answer(in_pieces(TABLE), rate=60))
    talk = place.mention(place.ada, "a table")
    with watched(place, talk) as frames:
        await talk.until(lambda seen: bool(seen) and seen[-1].text.endswith("That is all."))

    assert len(set(frames)) > 2
    assert not any("|" in frame for frame in frames)
    (message,) = talk.messages()
    if place.name == "slack":
        (table,) = (block for block in message.payload["blocks"] if block["type"] == "table")
        assert len(table["rows"]) == 9
        return
    for frame in frames:
        assert "row" not in frame or all(f"row {n}" in frame for n in range(1, 9)), frame
    lines = message.text.split("```")[1].strip("\n").split("\n")
    assert lines[:3] == [
        "Name   Bar       Count",
        "─────  ────────  ─────",
        "row 1  x             1",
    ]
    assert {len(line) for line in lines} == {22}


async def test_deep_headings_are_as_much_as_the_platform_can_show(place, model):
    model.enqueue(Answer(("# One\n\n#### Deep\n\nWords.",)))
    talk = place.mention(place.ada, "headings")
    await talk.until(lambda seen: bool(seen) and seen[-1].text.endswith("Words."))
    (message,) = talk.messages()

    if place.name == "discord":
        assert message.text == "# One\n\n**Deep**\n\nWords."
    else:
        assert "#" not in talk.seen()[-1].text


async def test_long_code_is_a_file_below_the_answer_as_well(place, model):
    model.enqueue(Answer(pieces_of(PROGRAM), rate=20_000), Answer(("It computes.",)))
    before = {message.id for message, _, _ in attached(place)}

    def new():
        return [one for one in attached(place) if one[0].id not in before]

    talk = place.mention(place.ada, "a long program")
    await talk.until(lambda seen: any(one.text.endswith("the program.") for one in seen))
    await until(place.space, lambda: bool(new()))

    ((message, name, data),) = new()
    assert name == "answer.py"
    assert data.decode() == "\n".join(LINES) + "\n"
    assert message.id == talk.messages()[-1].id, "it stands below the answer, in its thread"
    assert len([line for one in talk.seen() for line in "".join(one.code).splitlines()]) == len(
        LINES
    )

    reads = [name for name, _ in place.requests]
    talk.say(place.ada, "what does it do?")
    await talk.until(lambda seen: seen[-1].text == "It computes.")
    assert "answer.py" not in str(model.requests[-1].body["messages"])
    assert [name for name, _ in place.requests if "replies" in name] == [
        name for name in reads if "replies" in name
    ], "the file does not make the bot forget what it knows of the thread"


async def test_the_file_of_a_former_answer_goes_with_it(place, model):
    model.enqueue(Answer(pieces_of(PROGRAM), rate=20_000), Answer(("Without code.",)))
    before = {message.id for message, _, _ in attached(place)}

    def new():
        return [one for one in attached(place) if one[0].id not in before]

    talk = place.mention(place.ada, "a long program")
    await until(place.space, lambda: bool(new()), seconds=40)
    ((message, _, _),) = new()
    await talk.press(place.ada, Control.RETRY)
    await until(
        place.space, lambda: place.space.message(message.channel, message.id) is None, seconds=40
    )

    assert new() == []
    await talk.until(lambda seen: [one.text for one in seen] == ["Without code."])
    if place.name == "slack":
        (file,) = message.payload["files"]
        async with asyncio.timeout(20):
            while file["id"] in place.server.workspace.files._held:
                await asyncio.sleep(0.05)


async def test_shorter_code_is_no_file(place, model):
    model.enqueue(Answer(("```python\nshort = 1\n```\n\nDone.",)), Answer(("Yes.",)))
    before = len(attached(place))
    talk = place.mention(place.ada, "a short program")
    await talk.until(lambda seen: bool(seen) and seen[-1].text.endswith("Done."))
    talk.say(place.ada, "is that all?")
    await talk.until(lambda seen: seen[-1].text == "Yes.")

    assert len(attached(place)) == before


async def test_long_code_that_only_the_asker_sees_is_a_file_for_the_asker_alone(place, model):
    model.enqueue(Answer(pieces_of(PROGRAM), rate=20_000))
    before = {message.id for message, _, _ in attached(place)}
    await place.ask(place.ben, "a long program")
    await until(
        place.space, lambda: any(one[0].id not in before for one in attached(place)), seconds=40
    )

    ((message, name, _),) = (one for one in attached(place) if one[0].id not in before)
    assert name == "answer.py"
    assert message.only_for == place.ben or message.channel == f"D0{place.ben[2:]}"
