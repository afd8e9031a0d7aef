"""Hearing Slack all the time."""

import asyncio
import time

import pytest

from bots.slack.calls import CallFailed
from bots.slack.events import revoked
from core.errors import StartError
from core.surface import Page
from sandbox.faults import Fault
from sandbox.slack.sockets import NotDelivered
from sandbox.world import World
from tests.bots.slack.conftest import Notes, WatchedSlack, make_bot, working


async def test_it_is_back_at_once_after_a_broken_connection(office):
    began = time.monotonic()
    await office.slack.drop()
    await office.slack.wait_connected()

    assert time.monotonic() - began < 5  # the SDK itself takes up to a minute
    office.slack.say("U0ADA", "D0ADA", "hello")
    question, _ = await office.notes.question()
    assert question.text == "hello"


async def test_it_is_back_within_two_seconds_of_slacks_return(office):
    await office.slack.drop(refuse=1.0)
    await asyncio.sleep(1.0)  # while Slack is away
    began = time.monotonic()

    await office.slack.wait_connected()

    assert time.monotonic() - began < 6


async def test_what_was_said_meanwhile_is_heard(office):
    office.slack.deliveries.redelivery = (0.1, 0.5, 1.0)
    await office.slack.drop(refuse=0.2)
    office.slack.say("U0ADA", "D0ADA", "are you there?")

    question, _ = await office.notes.question()

    assert question.text == "are you there?"


async def test_nothing_is_missed_when_slack_asks_to_reconnect(office):
    async def talk():
        for number in range(40):
            office.slack.say("U0ADA", "D0ADA", str(number))
            await asyncio.sleep(0.01)  # people type one after another

    await asyncio.gather(office.slack.refresh(), talk())

    await office.notes.question(40)
    assert sorted(int(one.text) for one, _ in office.notes.taken) == list(range(40))
    assert office.slack.connections == 1


async def test_a_new_connection_is_there_before_the_old_one_goes(office):
    asking = asyncio.create_task(office.slack.refresh())
    seen = set()
    while not asking.done():
        seen.add(office.bot.ready)
        await asyncio.sleep(0)
    await asking

    assert seen == {True}


async def test_an_app_token_that_was_revoked_ends_it(slack):
    bot = make_bot(slack, Notes())
    await bot.start()
    running = asyncio.create_task(bot.run())
    await slack.wait_connected()
    slack.faults.add(Fault("apps.connections.open", "code", code="token_revoked", times=-1))
    await slack.drop()

    async with asyncio.timeout(5):
        with pytest.raises(StartError, match="SLACK_APP_TOKEN"):
            await running
    assert not bot.ready
    await bot.stop()


async def test_an_app_that_was_removed_ends_it(slack):
    bot = make_bot(slack, Notes())
    await bot.start()
    running = asyncio.create_task(bot.run())
    await slack.wait_connected()

    slack.uninstall()

    async with asyncio.timeout(5):
        with pytest.raises(StartError, match=r"^Slack has revoked SLACK_BOT_TOKEN \(tokens_re"):
            await running
    assert not bot.ready
    await bot.stop()


@pytest.mark.parametrize(
    ("event", "ends"),
    [
        ({"type": "app_uninstalled"}, True),
        ({"type": "tokens_revoked", "tokens": {"bot": ["U0PARLEY"]}}, True),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["U0ADA"], "bot": []}}, False),
        ({"type": "tokens_revoked", "tokens": ["U0ADA"]}, False),
        ({"type": "message"}, False),
    ],
)
def test_only_the_end_of_the_bots_own_token_ends_it(event, ends):
    assert revoked(event) is ends


async def test_to_be_refused_for_now_is_waited_out(office):
    office.slack.faults.add(Fault("apps.connections.open", "rate_limit", seconds=0.5))
    await office.slack.drop()

    await office.slack.wait_connected()

    assert office.methods().count("apps.connections.open") == 3


async def test_stopping_acknowledges_what_was_heard_and_hears_no_more(slack):
    notes = Notes()
    async with working(slack, notes):
        slack.say("U0ADA", "D0ADA", "last words")
        await notes.question()

    assert slack.connections == 0
    assert slack.post.delivered == [("message", True)]
    with pytest.raises(NotDelivered):
        await slack.sockets.exchange("events_api", {})


async def test_stopping_waits_for_a_claim_that_is_being_made_and_no_longer(slack):
    notes = Notes(gate=asyncio.Event())
    async with working(slack, notes) as bot:
        slack.say("U0ADA", "D0ADA", "last words")
        await notes.knocked.wait()
        stopping = asyncio.create_task(bot.stop())
        await asyncio.sleep(0)
        began = time.monotonic()
        notes.gate.set()
        await stopping

    assert time.monotonic() - began < 5
    assert slack.post.delivered == [("message", True)]


async def test_tries_that_never_reach_slack_do_not_count(office):
    await office.slack.stop()

    async with asyncio.timeout(5):
        for _ in range(15):
            with pytest.raises(CallFailed):
                await office.bot._ears._dial()


async def test_while_it_hears_nothing_it_remembers_nothing(office):
    said = office.slack.say("U0ADA", "C0GENERAL", "@Parley hello")
    _, surface = await office.notes.question()
    await surface.history()
    await office.slack.drop(refuse=60)
    async with asyncio.timeout(5):
        while office.bot.ready:
            await asyncio.sleep(0.01)
    office.space.post("C0GENERAL", "U0BEN", "unheard", thread=said.id)

    assert [turn.text for turn in await surface.history()] == ["hello", "unheard"]


async def test_a_cancelled_run_leaves_nothing_open(slack):
    bot = make_bot(slack, Notes())
    await bot.start()
    running = asyncio.create_task(bot.run())
    await slack.wait_connected()

    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    async with asyncio.timeout(5):
        await bot.stop()

    assert not bot.ready
    assert len(asyncio.all_tasks()) <= 1 + tasks_of(slack)


async def test_stopping_twice_does_no_harm(slack):
    bot = make_bot(slack, Notes())
    await bot.start()

    await bot.stop()
    await bot.stop()


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"event": "x"},
        {"event": {"type": "message"}, "authorizations": 7},
        {"event": {"type": "message", "channel": "C0GENERAL", "ts": "x", "text": 5}},
        {"event": {"type": ["message"], "channel": {}}},
        {"event": {"type": "message", "channel": "C0GENERAL", "user": {}, "ts": "1.2"}},
        {"type": "view_submission", "view": []},
    ],
)
@pytest.mark.parametrize("kind", ["events_api", "interactive", "slash_commands", "unheard_of"])
async def test_no_request_is_too_odd_to_be_survived(office, kind, payload):
    office.slack.sockets.ack_deadline = 0.05
    await asyncio.gather(office.slack.sockets.exchange(kind, payload), return_exceptions=True)
    office.slack.sockets.ack_deadline = 3

    office.slack.say("U0ADA", "D0ADA", "still there?")

    await office.notes.question()
    assert office.slack.connections == 1


async def test_two_processes_share_one_app_and_remember_nothing(slack):
    notes = Notes()
    async with working(slack, notes) as one, working(slack, notes) as two:
        assert slack.connections == 2
        for number in range(4):
            slack.say("U0ADA", "D0ADA", str(number))
        await notes.question(4)

        assert one.ready
        assert two.ready
        assert not two._ears._memory._alone


async def test_the_first_of_two_processes_learns_of_the_other_by_a_mention_that_it_has(slack):
    notes = Notes()
    async with working(slack, notes) as one, working(slack, notes):
        slack.faults.add(Fault("deliver", "slow", seconds=0.2))
        slack.say("U0ADA", "C0GENERAL", "@Parley hello")
        await slack.post.until(2)

        assert len(notes.taken) == 1
        assert not one._ears._memory._alone


async def test_the_first_of_two_processes_learns_of_the_other_by_its_answers(office):
    async with working(office.slack, office.notes):
        one, two = office.slack.sockets._open
        deliver_to(office, one)
        said = office.slack.say("U0ADA", "C0GENERAL", "@Parley my number is 7")
        _, surface = await office.notes.question()
        await surface.post(Page("Noted, 7."), "n.0")
        await office.exchanges(3)
        deliver_to(office, two)
        office.slack.say("U0ADA", "C0GENERAL", "now it is 8", said.id)
        _, surface = await office.notes.question(2)
        deliver_to(office, one)
        await surface.post(Page("Noted, 8."), "n.0")
        await office.exchanges(5)
        office.slack.say("U0ADA", "C0GENERAL", "what is it?", said.id)
        _, surface = await office.notes.question(3)

        assert [turn.text for turn in await surface.history()] == [
            "my number is 7",
            "Noted, 7.",
            "now it is 8",
            "Noted, 8.",
            "what is it?",
        ]


def deliver_to(office, connection) -> None:
    """Let Slack send everything to one of the app's connections."""
    office.slack.sockets._next = lambda: connection


async def test_an_event_that_overtakes_the_receipt_of_a_message_is_no_sign_of_another_process():
    slack, notes = WatchedSlack(World(), latency=0.2), Notes()
    await slack.start()
    async with working(slack, notes):
        slack.say("U0ADA", "C0GENERAL", "@Parley hello")
        _, surface = await notes.question()
        posting = asyncio.create_task(surface.post(Page("Hello."), "n.0"))
        await slack.post.until(3)
        overtaken = not posting.done()
        await posting
        await surface.history()
    await slack.stop()

    assert overtaken
    assert "conversations.replies" not in [one.method for one in slack.requests]


async def test_a_reply_below_an_answer_of_last_week_is_no_sign_of_another_process(slack):
    slack.deliveries.redelivery = ()
    answer = slack.workspace.space.post("C0GENERAL", "U0PARLEY", "Ada asked")
    await slack.deliveries.settled()  # nobody was there to hear of it
    notes = Notes()
    async with working(slack, notes):
        slack.say("U0ADA", "C0GENERAL", "thanks", answer.id)
        await notes.question()
        slack.say("U0ADA", "C0GENERAL", "@Parley hello")
        _, surface = await notes.question(2)
        await surface.history()

    assert "conversations.replies" not in [one.method for one in slack.requests]


def tasks_of(slack) -> int:
    """Tasks that the sandbox itself has, and its connections."""
    mine = asyncio.current_task()
    others = [repr(one) for one in asyncio.all_tasks() if one is not mine]
    return len([one for one in others if "sandbox" in one or "RequestHandler" in one])
