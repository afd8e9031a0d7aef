"""Whatever becomes of a native stream, its reader ends with the whole answer, once."""

import asyncio
import itertools
import re
import time

import pytest

from bots.slack.blocks import LIMIT
from bots.slack.budgets import Budgets
from core.controls import Control
from core.pace import Governor, Urgency
from core.reply import Reply
from core.surface import Delivered, Page
from sandbox.faults import Fault
from tests.bots.slack.conftest import Notes, Office, Recall, working

PATIENCE = 20.0
WORDS = [f"word{n} " for n in range(40)]
STREAM = ("chat.startStream", "chat.appendStream", "chat.stopStream")


@pytest.fixture
async def office(slack):
    notes, governor, recall = Notes(), Governor(time.monotonic), Recall()
    more = {"governor": governor, "recall": recall, "streaming": "native"}
    async with working(slack, notes, **more) as bot:
        yield Office(slack, slack.workspace.space, notes, governor, recall, bot)


@pytest.fixture
async def surface(office):
    return await asked(office)


async def asked(office, person="U0ADA"):
    await office.until_named()
    office.slack.say(person, "C0GENERAL", "@Parley what is a lease?")
    _, surface = await office.notes.question()
    return surface


def writing(office, surface, offers=()):
    return Reply(
        surface,
        office.governor,
        nonce=f"r{len(ours(office))}",
        clock=time.monotonic,
        posted=lambda number, message: None,
        offers=offers,
    )


async def tell(office, surface, pieces=WORDS, *, gap=0.02, notice="", offers=()):
    """Write an answer at a model's speed, and show it until its end."""
    reply = writing(office, surface, offers)
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        tasks.create_task(reply.show())
        for piece in pieces:
            reply.write(piece)
            await asyncio.sleep(gap)
        reply.finish(notice)
    return reply.screen.messages


def ours(office):
    return [one for one in office.messages("C0GENERAL") if one.author == "U0PARLEY"]


def read(office):
    """All words in what the bot has said, in order."""
    return re.findall(r"word\d+", "\n".join(one.text for one in ours(office)))


def in_full(office):
    return [word.strip() for word in WORDS] == read(office)


def streams(office):
    return [method for method in office.methods() if method in STREAM]


async def test_an_answer_grows_natively_and_is_sealed(office, surface):
    (message,) = await tell(office, surface, notice="Cut off.")

    (shown,) = ours(office)
    assert shown.id == message
    assert in_full(office)
    assert shown.payload["streaming_state"] == "completed"
    assert shown.payload["blocks"][-1]["type"] == "context"
    assert streams(office)[0] == STREAM[0]
    assert streams(office)[-1] == STREAM[2]
    assert streams(office).count(STREAM[1]) > 2
    assert "chat.update" not in office.methods()


async def test_an_answer_can_be_stopped_while_it_grows_and_not_any_more_afterwards(office, surface):
    await tell(office, surface, offers=(Control.STOP,))

    (start,) = office.calls("chat.startStream")
    assert start["chunks"][-1]["blocks"][-1]["type"] == "actions"
    assert [block["type"] for block in ours(office)[0].payload["blocks"]] == ["rich_text"]
    assert office.methods()[-1] == "chat.update"


async def test_where_edits_are_short_none_is_needed_for_a_button(office, surface):
    """Whoever asks on in the thread would wait until it can be taken away."""
    edit = Budgets("T0SANDBOX").edit
    for _ in range(edit[0].burst // 2):
        await office.governor.turn(edit, Urgency.LAST)
    await tell(office, surface, offers=(Control.STOP,))

    assert in_full(office)
    assert office.methods()[-1] == "chat.stopStream"
    assert "chat.update" not in office.methods()


async def test_a_stream_tells_slack_for_whom_it_is(office, surface):
    await tell(office, surface)

    (start,) = office.calls("chat.startStream")
    assert start["recipient_user_id"] == "U0ADA"
    assert start["recipient_team_id"] == "T0SANDBOX"


async def test_what_is_complete_at_once_is_simply_posted(office, surface):
    reply = writing(office, surface)
    reply.write("A contract.")
    reply.finish()
    await reply.show()

    assert streams(office) == []
    assert [one.text for one in ours(office)] == ["A contract."]


async def test_a_page_that_ends_before_what_was_shown_is_mended(office, surface):
    """The text that had no room goes to the next message, and leaves the first."""
    paragraph = "".join(WORDS[:40])
    long = [f"{paragraph}\n\n" for _ in range(LIMIT.size // len(paragraph) + 9)]
    await tell(office, surface, long, gap=0.1)

    first, second = ours(office)
    assert read(office) == [word.strip() for word in WORDS[:40]] * len(long)
    assert [one.payload.get("streaming_state") for one in (first, second)] == ["completed"] * 2


async def test_a_code_block_is_closed_at_the_end_of_a_message(office, surface):
    lines = ["```python\n", *(f"word{n} = {n}\n" for n in range(1200)), "```\n", "Done."]
    await tell(office, surface, lines, gap=0.002)

    kinds = [
        [element["type"] for element in one.payload["blocks"][0]["elements"]]
        for one in ours(office)
    ]
    assert kinds == [["rich_text_preformatted"], ["rich_text_preformatted", "rich_text_section"]]
    assert read(office) == [f"word{n}" for n in range(1200)]


@pytest.mark.parametrize(
    "code",
    ["missing_recipient_team_id", "feature_not_enabled", "unknown_method", "channel_type_not_ok"],
)
async def test_where_slack_has_no_streams_the_answer_grows_by_edits(office, surface, code):
    office.slack.faults.add(Fault("chat.startStream", "code", code=code))
    await tell(office, surface)

    assert in_full(office)
    assert len(ours(office)) == 1
    assert "chat.update" in office.methods()


async def test_where_slack_has_none_it_is_not_asked_again_with_every_question(office, surface):
    office.slack.faults.add(Fault("chat.startStream", "code", code="not_here", times=-1))
    await tell(office, surface)
    await tell(office, await asked(office))

    assert office.methods().count("chat.startStream") == 1


async def test_a_stream_that_slack_ends_is_edited_to_its_end(office, surface):
    office.slack.workspace.streams.lifetime = 0.5
    await tell(office, surface)

    assert in_full(office)
    assert len(ours(office)) == 1
    assert office.methods().count("chat.appendStream") > 1
    assert "chat.update" in office.methods()
    assert "chat.stopStream" not in office.methods()


async def test_a_stream_that_ends_when_all_is_said_is_still_made_whole(office, surface):
    start, end = Page("See <", grows=True), Page("See <@U0BEN>")
    (way,) = surface.ways
    posted = await surface.post(start, "n.0", way)
    office.slack.workspace.streams.lifetime = 0.0

    first = await surface.edit(posted.message, end)
    assert first.retry_after == 0
    assert surface.way(posted.message).seals
    assert await surface.edit(posted.message, end) == Delivered(posted.message)
    assert not surface.way(posted.message).seals
    (shown,) = ours(office)
    assert shown.text == "See &lt;\u2060@U0BEN&gt;"


FAULTS = [
    Fault("", "status", status=503),
    Fault("", "after", status=503),
    Fault("", "reset"),
    Fault("", "reset_after"),
    Fault("", "code", code="msg_too_long"),
    Fault("", "code", code="internal_error"),
    Fault("", "code", code="stopped_by_user"),
    Fault("", "rate_limit", seconds=1),
    Fault("", "rate_limit", seconds=30),
]


@pytest.mark.parametrize(
    ("method", "fault", "skip"),
    [
        pytest.param(method, fault, skip, id=f"{method}-{fault.kind}{fault.code}-{skip}")
        for method, fault, skip in itertools.product(STREAM, FAULTS, (0, 2))
        if not (skip and method != STREAM[1]) and (method, fault.seconds) != (STREAM[2], 30)
    ],
)
async def test_whatever_goes_wrong_the_answer_is_there_once_and_whole(
    office, surface, method, fault, skip
):
    office.slack.faults.add(
        Fault(method, fault.kind, fault.status, fault.seconds, fault.code, skip=skip)
    )
    await tell(office, surface)

    assert in_full(office)
    assert len(ours(office)) == 1
    assert ours(office)[0].payload.get("streaming_state") in (None, "completed")
    assert office.slack.faults.waiting == []


@pytest.mark.parametrize("kind", ["after", "reset_after"])
async def test_a_later_answer_in_the_thread_is_not_taken_for_a_stream_of_unknown_start(
    office, surface, kind
):
    await tell(office, surface)
    thread = surface.conversation.thread
    office.slack.say("U0ADA", "C0GENERAL", "@Parley and a licence?", thread=thread)
    _, second = await office.notes.question()
    office.slack.faults.add(Fault("chat.startStream", kind, status=503))
    await tell(office, second)

    assert read(office) == [word.strip() for word in WORDS] * 2
    assert len(ours(office)) == 2


async def test_a_stream_that_another_answer_has_left_is_not_taken_for_one_of_unknown_start(
    office, surface
):
    thread = surface.conversation.thread
    office.slack.say("U0ADA", "C0GENERAL", "@Parley and a licence?", thread=thread)
    _, second = await office.notes.question()
    (way,) = surface.ways
    await surface.post(Page("Left", grows=True), "left.0", way)
    office.slack.faults.add(Fault("chat.startStream", "after", status=503))
    await tell(office, second)

    assert next(one.text for one in ours(office)) == "Left"
    assert read(office) == [word.strip() for word in WORDS]
    assert len(ours(office)) == 2


async def test_a_message_that_somebody_deletes_while_it_grows_is_posted_anew(office, surface):
    office.slack.faults.add(Fault("chat.appendStream", "code", code="message_not_found", skip=1))
    await tell(office, surface)

    assert read(office)[-40:] == [word.strip() for word in WORDS]


async def test_nobody_is_pinged_by_what_comes_in_pieces(office, surface):
    pieces = ["Ask ", "<", "!chan", "nel", "> or ", "@", "every", "one", " or <@U0", "BEN> now"]
    seen = []
    stop = office.space.watch(lambda change: change.message and seen.append(change.message.text))
    await tell(office, surface, pieces, gap=0.3)
    stop()

    (shown,) = ours(office)
    assert shown.text == ("Ask <\u2060!channel> or @\u2060everyone or <\u2060@U0BEN> now")
    assert not [text for text in seen if re.search(r"<[!@]|@everyone", text.replace("@Parley", ""))]
