"""Files below an answer in Slack: one message, whatever happens to the requests."""

import asyncio

import pytest

from core.surface import CodeFile, Delivered, Page, RefusedForGood, RefusedForNow, Unknown
from sandbox.faults import Fault

FILES = (CodeFile("answer.py", b"one = 1\n"), CodeFile("answer-2.js", "zwei('ü')\n".encode()))


@pytest.fixture
async def surface(office):
    office.slack.say("U0ADA", "C0GENERAL", "@Parley what is a lease?")
    _, surface = await office.notes.question()
    return surface


def attached(office):
    return [
        (message.thread, [file["name"] for file in message.payload["files"]])
        for message in office.space.messages("C0GENERAL")
        if message.payload.get("files")
    ]


async def test_files_stand_in_one_message_in_the_thread_and_are_whole(office, surface):
    await surface.post(Page("The answer."), "n.0")

    assert isinstance(await surface.attach(FILES, "n.f0"), Delivered)
    ((thread, names),) = attached(office)
    assert thread == surface.conversation.thread
    assert names == ["answer.py", "answer-2.js"]
    held = [office.slack.workspace.files.get(f"F0{n:06d}").data for n in (1, 2)]
    assert held == [file.data for file in FILES]


@pytest.mark.parametrize("kind", ["after", "reset_after"])
async def test_what_may_have_been_done_is_not_done_again(office, surface, kind):
    office.slack.faults.add(Fault("files.completeUploadExternal", kind, status=502))

    assert isinstance(await surface.attach(FILES, "n.f0"), RefusedForGood)
    assert len(attached(office)) == 1


@pytest.mark.parametrize("step", ["files.getUploadURLExternal", "upload"])
async def test_what_nobody_has_seen_can_be_tried_again(office, surface, step):
    office.slack.faults.add(Fault(step, "status", status=503))

    assert isinstance(await surface.attach(FILES, "n.f0"), Unknown)
    assert isinstance(await surface.attach(FILES, "n.f0"), Delivered)
    assert len(attached(office)) == 1


async def test_a_refusal_for_now_is_told(office, surface):
    office.slack.faults.add(Fault("files.completeUploadExternal", "rate_limit", seconds=7))

    assert await surface.attach(FILES, "n.f0") == RefusedForNow(7.0)


async def test_a_refusal_for_good_is_told_with_slacks_word(office, surface):
    office.slack.faults.add(Fault("files.getUploadURLExternal", "code", code="missing_scope"))

    assert await surface.attach(FILES, "n.f0") == RefusedForGood("missing_scope")


async def test_the_model_never_sees_them_and_the_thread_is_not_forgotten(office, surface):
    await surface.post(Page("The answer."), "n.0")
    await surface.attach(FILES, "n.f0")
    office.slack.say("U0ADA", "C0GENERAL", "and now?", thread=surface.conversation.thread)
    _, later = await office.notes.question(2)
    before = len(office.slack.requests)
    async with asyncio.timeout(10):
        turns = [turn.text for turn in await later.history()]

    assert turns[-2:] == ["The answer.", "and now?"]
    assert len(office.slack.requests) == before


async def test_files_are_taken_away_with_their_message(office, surface):
    await surface.post(Page("The answer."), "n.0")
    shown = await surface.attach(FILES, "n.f0")

    assert isinstance(await surface.remove(shown.message), Delivered)
    assert attached(office) == []
    assert not office.slack.workspace.files._held
    assert isinstance(await surface.remove(shown.message), Delivered), "nothing is left to do"


async def test_files_that_slack_does_not_take_away_are_told_with_its_word(office, surface):
    shown = await surface.attach(FILES, "n.f0")
    office.slack.faults.add(Fault("files.delete", "code", code="cant_delete_file"))

    assert await surface.remove(shown.message) == RefusedForGood("cant_delete_file")
