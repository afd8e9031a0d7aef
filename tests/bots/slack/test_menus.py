"""A message's menu: a form that opens in time, and a question that is claimed like any other."""

import asyncio

import pytest

from core.errors import MessageGone, StoreFailed
from core.notices import NO_FORM
from sandbox.faults import Fault
from sandbox.slack.files import Upload


def told(office, channel="C0GENERAL"):
    return [
        (one.only_for, one.text) for one in office.messages(channel) if one.author == "U0PARLEY"
    ]


async def opened(office, said, person="U0ADA"):
    await office.slack.shortcut(person, "C0GENERAL", said.id, "ask_about_message")
    async with asyncio.timeout(5):
        while (view := office.slack.workspace.views.before(person)) is None:
            await asyncio.sleep(0.01)
    return view.id


async def test_what_is_asked_about_a_message_is_a_question_of_the_askers(office):
    await office.until_named()
    said = office.slack.say("U0BEN", "C0GENERAL", "a long story")
    view = await opened(office, said)
    await office.slack.submit("U0ADA", view, {"wish": "in short?"})
    question, surface = await office.notes.question()

    assert (question.asker.name, question.text, question.direct) == ("Ada", "in short?", False)
    worded = await surface.introduce(question)
    assert "Ben wrote this message:\n\n> a long story" in worded.text
    assert worded.text.endswith("in short?")


async def test_the_files_of_a_message_belong_to_what_is_asked_about_it(office):
    await office.until_named()
    said = office.slack.say(
        "U0BEN", "C0GENERAL", "", files=[Upload("cat.png", "image/png", b"\x89PNG")]
    )
    view = await opened(office, said)
    await office.slack.submit("U0ADA", view)
    question, surface = await office.notes.question()

    assert [file.name for file in (await surface.introduce(question)).attachments] == ["cat.png"]


async def test_a_message_of_a_channel_without_the_bot_is_answered_about_as_it_was(office):
    await office.until_named()
    office.space.channels["C0GENERAL"].members.discard("U0PARLEY")
    said = office.slack.say("U0BEN", "C0GENERAL", "among us")
    view = await opened(office, said)
    await office.slack.submit("U0ADA", view)
    question, surface = await office.notes.question()

    assert "> among us" in (await surface.introduce(question)).text


async def test_a_message_without_words_opens_no_form(office):
    said = office.slack.say("U0BEN", "C0GENERAL", " ")
    await office.slack.shortcut("U0ADA", "C0GENERAL", said.id, "ask_about_message")

    await office.until(lambda: told(office) == [("U0ADA", MessageGone.says)])
    assert office.slack.workspace.views.before("U0ADA") is None


async def test_a_form_that_does_not_open_is_told_of(office):
    office.slack.faults.add(Fault("views.open", "status", status=500))
    said = office.slack.say("U0BEN", "C0GENERAL", "a long story")
    await office.slack.shortcut("U0ADA", "C0GENERAL", said.id, "ask_about_message")

    await office.until(lambda: told(office) == [("U0ADA", NO_FORM)])


@pytest.mark.parametrize("entry", ["summarise_thread", "ask_about_message"])
async def test_a_question_that_cannot_be_claimed_says_so(office, entry):
    office.notes.failures.append(StoreFailed("locked"))
    said = office.slack.say("U0BEN", "C0GENERAL", "a long story")
    if entry == "summarise_thread":
        await office.slack.shortcut("U0ADA", "C0GENERAL", said.id, entry)
    else:
        await office.slack.submit("U0ADA", await opened(office, said))

    await office.until(lambda: told(office) == [("U0ADA", StoreFailed.says)])


@pytest.mark.parametrize("change", ["delete", "edit"])
async def test_a_message_is_not_kept_for_a_form_once_it_is_not_what_it_was(office, change):
    await office.until_named()
    said = office.slack.say("U0BEN", "C0GENERAL", "a secret")
    await opened(office, said)
    forms = office.bot._presence.memory.forms
    assert forms._kept

    if change == "delete":
        office.slack.delete("U0BEN", "C0GENERAL", said.id)
    else:
        office.slack.edit("U0BEN", "C0GENERAL", said.id, "nothing")

    async with asyncio.timeout(5):
        while forms._kept:
            await asyncio.sleep(0.01)


async def test_nothing_is_kept_for_a_form_of_somebody_who_is_forgotten(office):
    await office.until_named()
    said = office.slack.say("U0BEN", "C0GENERAL", "a secret")
    await opened(office, said)
    assert office.bot._presence.directory.people.known("U0BEN") == "Ben"

    office.bot._forget("slack", "U0BEN")

    assert not office.bot._presence.memory.forms._kept
    assert office.bot._presence.directory.people.known("U0BEN") == ""
    assert office.bot._presence.directory.people.known("U0ADA") == "Ada"
