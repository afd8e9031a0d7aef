"""Other apps, bots and webhooks in Slack, where the operator lets them ask."""

import pytest

from bots.slack.events import Addressed, Said, addressed
from bots.slack.identity import Identity
from bots.slack.messages import read
from core.access import Access, Kind
from core.errors import StoreFailed
from core.programs import Programs
from tests.bots.slack.conftest import Notes, Office, working

US = Identity("T1", "U0BOT", "B0BOT", "parley")
CALL = "<@U0BOT> what is new?"
ROBOT = {"user": "U0ROBOT", "bot_id": "B0ROBOT", "app_id": "A0ROBOT"}
HOOK = {"subtype": "bot_message", "bot_id": "B0HOOK", "username": "Build"}
TEAM = "T0SANDBOX"


def heard(**raw):
    return Said(read({"ts": "1700000000.000100", **raw}, "C1", direct=False))


def listed(*ids):
    return Programs(frozenset(f"slack/T1/{id_}" for id_ in ids), 3)


@pytest.mark.parametrize("id_", ["U0ROBOT", "B0ROBOT", "A0ROBOT"])
def test_an_app_is_known_by_its_user_its_bot_and_its_own_id(id_):
    said = heard(text=CALL, **ROBOT)

    assert addressed(said, US, listed(id_)) is Addressed.YES
    assert addressed(said, US, listed("U0OTHER")) is Addressed.NO
    assert addressed(said, US) is Addressed.NO


def test_an_app_of_which_only_the_profile_tells_is_known_by_that():
    profile = {"app_id": "A0ROBOT", "name": "Robot"}
    said = heard(text=CALL, user="U0ROBOT", bot_id="B0ROBOT", bot_profile=profile)

    assert addressed(said, US, listed("A0ROBOT")) is Addressed.YES


def test_a_webhook_has_no_user_and_is_known_by_its_bot():
    said = heard(text=CALL, **HOOK)

    assert addressed(said, US, listed("B0HOOK")) is Addressed.YES


def test_the_same_id_in_another_workspace_is_another_program():
    programs = Programs(frozenset({"slack/T2/B0HOOK"}), 3)

    assert addressed(heard(text=CALL, **HOOK), US, programs) is Addressed.NO


def test_a_program_must_mention_the_bot_each_time():
    said = heard(text="and now?", thread_ts="1600000000.000100", parent_user_id="U0BOT", **ROBOT)

    assert addressed(said, US, listed("U0ROBOT")) is Addressed.NO


@pytest.mark.parametrize(
    "ours", [{"user": "U0BOT", "bot_id": "B0BOT"}, {"subtype": "bot_message", "bot_id": "B0BOT"}]
)
def test_the_bot_never_answers_itself_whatever_the_list_says(ours):
    said = heard(text=CALL, **ours)

    assert addressed(said, US, listed("U0BOT", "B0BOT")) is Addressed.NO


@pytest.fixture
async def office(slack):
    notes, programs = Notes(), Programs(frozenset({f"slack/{TEAM}/A0ROBOT"}), 3)
    access = Access(programs=programs)
    async with working(slack, notes, access=access, streaming="native") as bot:
        office = Office(slack, slack.workspace.space, notes, None, None, bot)
        office.add_program()
        yield office


async def test_a_program_that_is_listed_asks_as_a_program(office):
    office.slack.say("U0ROBOT", "C0GENERAL", "@Parley hello")

    question, surface = await office.notes.question()

    assert (question.text, question.asker.id, question.asker.is_bot) == ("hello", "U0ROBOT", True)
    caller = surface.caller(question.asker)
    assert caller.kinds == {Kind.PROGRAM}
    assert await caller.kind() is Kind.PROGRAM
    assert not await caller.among(["slack/T0SANDBOX/groups/S1"])


async def test_its_answer_grows_by_edits_since_streams_are_for_people(office):
    office.slack.say("U0ROBOT", "C0GENERAL", "@Parley hello")
    _, surface = await office.notes.question()

    assert surface.ways == (surface.plain,)


async def test_edits_and_follow_ups_of_a_program_ask_nothing(office):
    said = office.slack.say("U0ROBOT", "C0GENERAL", "@Parley hello")
    await office.notes.question()
    office.slack.edit("U0ROBOT", "C0GENERAL", said.id, "@Parley hello again")
    office.slack.say("U0ROBOT", "C0GENERAL", "are you there?", said.id)
    office.slack.say("U0ADA", "C0GENERAL", "@Parley and me?")
    await office.notes.question(2)

    assert [one.asker.id for one, _ in office.notes.taken] == ["U0ROBOT", "U0ADA"]
    assert office.notes.edits == []


async def test_a_program_is_not_told_that_its_question_cannot_be_written_down(office):
    office.notes.failures += [StoreFailed("locked")] * 9
    office.slack.sockets.ack_deadline = 0.2
    office.slack.say("U0ROBOT", "C0GENERAL", "@Parley hello")
    await office.exchanges(8)

    assert office.notes.told == []
    assert office.messages("C0GENERAL")[-1].author == "U0ROBOT"
