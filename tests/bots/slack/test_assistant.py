"""The bot as an agent of Slack's: prompts, titles, and Slack's own stop button."""

import asyncio
import time

import pytest

from bots.slack.assistant import title
from core.messages import Conversation
from core.notices import NO_GUESTS, PROMPTS
from core.pace import Governor
from core.recall import Recall
from sandbox.faults import Fault
from sandbox.slack.app import EVENTS, SCOPES
from sandbox.world import World
from tests.bots.slack.conftest import Notes, Office, WatchedSlack, working

TEAM = "T0SANDBOX"
TITLE, SUGGEST = "assistant.threads.setTitle", "assistant.threads.setSuggestedPrompts"
OFFERED = [{"title": title, "message": message} for title, message in PROMPTS]


class Stopping(Notes):
    """A chat that notes what it is to stop."""

    def __init__(self):
        super().__init__()
        self.stops = asyncio.Queue()
        self.unwelcome = set()

    async def refusal_of(self, caller):
        return NO_GUESTS if caller.user in self.unwelcome else None

    async def stop_in(self, conversation, person, may_manage):
        self.stops.put_nowait((conversation, person))


@pytest.fixture
async def employ():
    """Start a Slack in which the app is declared in one way or another, and a bot in it."""
    employed = []

    async def start(**declared):
        slack = WatchedSlack(World(), **declared)
        slack.deliveries.redelivery = (0.0, 0.05, 0.1)
        await slack.start()
        notes = Stopping()
        governor, recall = Governor(time.monotonic), Recall()
        at_work = working(slack, notes, governor=governor, recall=recall)
        office = Office(
            slack, slack.workspace.space, notes, governor, recall, await at_work.__aenter__()
        )
        office.told = []
        office.space.watch(
            lambda change: office.told.append(change.note) if change.what == "assistant" else None
        )
        employed.append((slack, at_work))
        return office

    yield start
    for slack, at_work in employed:
        await at_work.__aexit__(None, None, None)
        await slack.stop()


OLDER = {"view": "assistant", "events": EVENTS | {"assistant_thread_started"}}


async def asked(office, number=1):
    """The question of this number, once the asker has its first sign."""
    question, surface = await office.notes.question(number)
    await surface.status("is thinking …")
    return question


async def called(office, method, times):
    """Wait until Slack has answered a method so often."""
    async with asyncio.timeout(5):
        while office.methods().count(method) < times:
            await asyncio.sleep(0.01)


async def test_an_agent_suggests_what_to_ask_when_its_messages_are_opened(employ):
    office = await employ()
    office.slack.open_home("U0ADA", "home")
    office.slack.open_home("U0ADA", "messages")
    office.slack.open_home("U0ADA", "messages")
    office.slack.open_home("U0BEN", "messages")
    await called(office, SUGGEST, 2)

    assert office.told == [{"thread": "", "prompts": OFFERED}] * 2
    assert [call["channel_id"] for call in office.calls(SUGGEST)] == ["D0ADA", "D0BEN"]
    assert not any("thread_ts" in call for call in office.calls(SUGGEST))


async def test_the_older_sort_suggests_it_in_the_thread_that_it_begins(employ):
    office = await employ(**OLDER)
    root = office.slack.open_assistant("U0ADA")
    await office.until(lambda: office.told)

    assert office.told == [{"thread": root.id, "prompts": OFFERED}]


async def test_a_thread_is_named_after_its_first_question_once_after_the_first_sign(employ):
    office = await employ()
    said = office.slack.say("U0ADA", "D0ADA", "what is a `lease`, and how long is it?")
    _, surface = await office.notes.question()
    assert TITLE not in office.methods()
    for words in ("is thinking …", "is thinking it through …"):
        await surface.status(words)
    await called(office, TITLE, 1)

    name = "what is a lease, and how long is it?"
    assert office.told == [{"thread": said.id, "title": name}]
    assert office.methods().index("assistant.threads.setStatus") < office.methods().index(TITLE)


async def test_in_the_older_sort_the_thread_that_was_opened_gets_its_name_once(employ):
    office = await employ(**OLDER)
    root = office.slack.open_assistant("U0ADA")
    await office.until(lambda: office.told)
    for number, words in enumerate(("what is a lease?", "and a claim?"), start=1):
        office.slack.say("U0ADA", "D0ADA", words, root.id)
        question = await asked(office, number)
        assert question.conversation == Conversation("slack", TEAM, "D0ADA", root.id)
    await office.until(lambda: len(office.told) == 2)

    assert office.told[1] == {"thread": root.id, "title": "what is a lease?"}
    assert office.methods().count(TITLE) == 1


async def test_threads_in_channels_and_older_threads_keep_their_names(employ):
    office = await employ()
    office.slack.say("U0ADA", "C0GENERAL", "@Parley what is a lease?")
    await asked(office, 1)
    said = office.space.post("D0ADA", "U0PARLEY", "what I said long ago")
    office.slack.say("U0ADA", "D0ADA", "and this?", said.id)
    await asked(office, 2)
    office.slack.say("U0ADA", "D0ADA", "a new one")
    await asked(office, 3)
    await office.until(lambda: office.told)

    assert [note["title"] for note in office.told] == ["a new one"]


async def test_an_app_that_is_no_agent_is_refused_once_and_answers_all_the_same(employ):
    office = await employ(view="", scopes=SCOPES - {"assistant:write"})
    for number in (1, 2):
        office.slack.say("U0ADA", "D0ADA", f"question {number}")
        assert (await asked(office, number)).text == f"question {number}"
        async with asyncio.timeout(5):
            while office.methods().count(TITLE) < 1 or office.bot._presence.tasks._running:
                await asyncio.sleep(0.01)

    assert office.methods().count(TITLE) == 1


async def test_a_title_that_fails_is_only_in_the_log(employ):
    office = await employ()
    office.slack.faults.add(Fault(TITLE, "status", status=500))
    office.slack.say("U0ADA", "D0ADA", "one")
    await asked(office, 1)
    await office.struck()
    office.slack.say("U0ADA", "D0ADA", "two")
    await asked(office, 2)
    await office.until(lambda: office.told)

    assert [note["title"] for note in office.told] == ["two"]


async def test_slacks_own_stop_button_stops_the_answer_in_its_thread(employ):
    office = await employ()
    said = office.slack.say("U0ADA", "C0GENERAL", "@Parley go on and on")
    await asked(office)
    office.slack.stop_session("U0ADA", "C0GENERAL", said.id)

    async with asyncio.timeout(5):
        stopped = await office.notes.stops.get()
    assert stopped == (Conversation("slack", TEAM, "C0GENERAL", said.id), "U0ADA")


async def test_in_a_direct_message_it_stops_the_talk_at_top_level_too(employ):
    office = await employ()
    said = office.slack.say("U0ADA", "D0ADA", "go on and on")
    await asked(office)
    office.slack.stop_session("U0ADA", "D0ADA", said.id)

    async with asyncio.timeout(5):
        stopped = [await office.notes.stops.get() for _ in range(2)]
    assert [where.thread for where, _ in stopped] == [said.id, ""]


async def test_who_may_not_use_the_bot_is_offered_nothing_and_stops_nothing(employ):
    office = await employ()
    office.notes.unwelcome.add("U0BEN")
    said = office.slack.say("U0ADA", "C0GENERAL", "@Parley go on and on")
    await asked(office)
    for person in ("U0BEN", "U0ADA"):
        office.slack.open_home(person, "messages")
        office.slack.stop_session(person, "C0GENERAL", said.id)

    async with asyncio.timeout(5):
        _, who = await office.notes.stops.get()
    await called(office, SUGGEST, 1)
    assert who == "U0ADA"
    assert office.notes.stops.empty()
    assert [call["channel_id"] for call in office.calls(SUGGEST)] == ["D0ADA"]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("what is a lease?", "what is a lease?"),
        ("  two\n\nlines  ", "two lines"),
        ("", ""),
        ("`x`", "x"),
        ("word " * 30, "word word word word word word word word word word word…"),
        ("x" * 200, "x" * 59 + "…"),
    ],
)
def test_a_title_is_the_first_words_of_the_question(question, words):
    assert title(question) == words
