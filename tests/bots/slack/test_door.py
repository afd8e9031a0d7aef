"""What becomes a question, end to end: a person writes, Slack delivers, the bot claims."""

import asyncio
from functools import partial

import pytest

from core.errors import ShuttingDown, StoreBusy, StoreFailed
from core.messages import Conversation
from sandbox.faults import Fault
from sandbox.slack import Upload

TEAM = "T0SANDBOX"


async def test_a_mention_is_a_question_in_a_thread_of_its_own(office):
    said = office.slack.say("U0ADA", "C0GENERAL", "@Parley what is a lease?")

    question, _ = await office.notes.question()

    assert question.text == "what is a lease?"
    assert question.conversation == Conversation("slack", TEAM, "C0GENERAL", said.id)
    assert question.message == said.id
    assert question.asker.id == "U0ADA"
    assert not question.direct


async def test_one_text_is_one_question_though_slack_reports_it_twice(office):
    said = office.slack.say("U0ADA", "C0GENERAL", "@Parley once")
    office.slack.say("U0ADA", "C0GENERAL", "@Parley twice")

    await office.notes.question(2)

    assert office.notes.taken[0][0].key == f"slack/{TEAM}/C0GENERAL/{said.id}#asked"
    assert [one.text for one, _ in office.notes.taken] == ["once", "twice"]


async def test_the_asker_and_the_channel_go_by_name(office):
    await office.until_named()
    office.slack.say("U0BEN", "C0GENERAL", "@Parley ask @ada")

    question, _ = await office.notes.question()

    assert question.asker.name == "Ben"
    assert question.place == "#general"
    assert question.text == "ask @Ada"


async def test_a_follow_up_in_its_thread_needs_no_mention(office):
    said = office.slack.say("U0ADA", "C0GENERAL", "@Parley first")
    await office.notes.question()
    office.slack.say("U0BEN", "C0GENERAL", "and second?", said.id)

    question, _ = await office.notes.question(2)

    assert question.text == "and second?"
    assert question.conversation.thread == said.id


async def test_a_follow_up_that_mentions_somebody_else_is_not_for_the_bot(office):
    await office.until_named()
    said = office.slack.say("U0ADA", "C0GENERAL", "@Parley first")
    await office.notes.question()
    office.slack.say("U0ADA", "C0GENERAL", "@ben what do you say?", said.id)
    office.slack.say("U0ADA", "C0GENERAL", "@ben and @Parley?", said.id)

    question, _ = await office.notes.question(2)

    assert question.text == "@Ben and @Parley?"


async def test_what_people_say_to_each_other_costs_no_call(office):
    await office.until_named()
    before = len(office.slack.requests)
    said = office.slack.say("U0ADA", "C0GENERAL", "good morning")
    office.slack.say("U0BEN", "C0GENERAL", "morning", said.id)
    office.slack.say("U0BEN", "C0GENERAL", "@Parley are you there?")

    question, _ = await office.notes.question()

    assert question.text == "are you there?"
    assert len(office.slack.requests) == before


async def test_a_direct_message_is_one_linear_talk(office):
    office.slack.say("U0ADA", "D0ADA", "hello")

    question, _ = await office.notes.question()

    assert question.conversation == Conversation("slack", TEAM, "D0ADA", "")
    assert question.direct
    assert question.place == "a direct message"


async def test_a_thread_in_a_direct_message_is_a_talk_of_its_own(office):
    said = office.slack.say("U0ADA", "D0ADA", "hello")
    office.slack.say("U0ADA", "D0ADA", "on this one", said.id)

    question, _ = await office.notes.question(2)

    assert question.conversation == Conversation("slack", TEAM, "D0ADA", said.id)


async def test_a_mention_alone_is_a_question_without_words(office):
    office.slack.say("U0ADA", "C0GENERAL", "@Parley")

    question, _ = await office.notes.question()

    assert question.text == ""


async def test_whoever_writes_below_the_bots_message_speaks_to_it(office):
    answer = office.space.post("C0GENERAL", "U0PARLEY", "Ada asked")
    office.slack.say("U0BEN", "C0GENERAL", "and why?", answer.id)

    question, _ = await office.notes.question()

    assert question.text == "and why?"


async def test_programs_are_not_answered(office):
    office.add_program()
    office.space.post("C0GENERAL", "U0ROBOT", "<@U0PARLEY> hello")
    office.slack.say("U0ADA", "C0GENERAL", "@Parley hello")

    await office.exchanges(4)

    assert [one.asker.id for one, _ in office.notes.taken] == ["U0ADA"]


@pytest.mark.parametrize("failure", [StoreFailed("locked"), ShuttingDown("going")])
async def test_what_cannot_be_claimed_is_delivered_again(office, failure):
    office.slack.sockets.ack_deadline = 0.2
    office.notes.failures += [failure, failure]
    office.slack.say("U0ADA", "C0GENERAL", "@Parley what is a lease?")

    question, _ = await office.notes.question()

    assert question.text == "what is a lease?"
    assert not office.notes.failures


async def test_who_asked_is_told_when_a_question_could_not_be_claimed_at_the_last_delivery(office):
    """Slack tells of a mention by two events, and its asker is told once."""
    office.slack.sockets.ack_deadline = 0.2
    office.notes.failures += [StoreBusy("locked")] * 8
    office.slack.say("U0ADA", "C0GENERAL", "@Parley what is a lease?")

    await office.exchanges(8)
    told = partial(office.whispers, "C0GENERAL", "U0ADA")
    await office.until(told)
    await office.until_idle()

    assert told() == [StoreBusy.says]
    assert office.notes.taken == []
    assert [taken for _, taken in office.slack.post.delivered] == [False] * 6 + [True] * 2


async def test_an_answer_to_slack_that_is_lost_does_not_ask_twice(office):
    office.slack.faults.add(Fault("deliver", "after", times=2))
    office.slack.say("U0ADA", "C0GENERAL", "@Parley once")
    office.slack.say("U0ADA", "C0GENERAL", "@Parley twice")

    await office.exchanges(6)

    assert sorted(one.text for one, _ in office.notes.taken) == ["once", "twice"]


async def test_edits_and_deletions_ask_nothing(office):
    said = office.slack.say("U0ADA", "D0ADA", "hello")
    await office.notes.question()
    office.slack.edit("U0ADA", "D0ADA", said.id, "hello there")
    office.slack.delete("U0ADA", "D0ADA", said.id)
    office.slack.say("U0ADA", "D0ADA", "again")
    await office.exchanges(4)

    assert [one.text for one, _ in office.notes.taken] == ["hello", "again"]


async def test_an_edit_that_adds_the_mention_is_answered_once(office):
    said = office.slack.say("U0ADA", "C0GENERAL", "what is a lease?")
    office.slack.edit("U0ADA", "C0GENERAL", said.id, "@Parley what is a lease?")
    await office.notes.question()
    office.slack.edit("U0ADA", "C0GENERAL", said.id, "@Parley what is a lease, please?")
    await office.exchanges(5)

    assert [one.key for one, _ in office.notes.taken] == [f"slack/{TEAM}/C0GENERAL/{said.id}#asked"]


async def test_events_that_ask_nothing_are_acknowledged(office):
    office.slack.open_home("U0ADA", "messages")
    office.slack.say("U0ADA", "C0GENERAL", "@Parley hello")

    assert all(taken for _, taken in await office.exchanges(3))


async def test_a_message_that_is_only_forwarded_is_a_question(office):
    shared = {"is_share": True, "author_name": "Ben", "text": "the plan"}
    office.space.post("D0ADA", "U0ADA", "", payload={"attachments": [shared]})

    question, surface = await office.notes.question()

    assert question.text == "Ben wrote:\n> the plan"
    assert [turn.text for turn in await surface.history()] == [question.text]


async def test_what_is_asked_keeps_its_format(office):
    typed = [{"type": "text", "text": "not", "style": {"bold": True}}]
    blocks = [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": typed}]}]
    office.space.post("D0ADA", "U0ADA", "*not*", payload={"blocks": blocks})

    question, _ = await office.notes.question()

    assert question.text == "**not**"


async def test_a_file_hangs_on_its_question(office):
    office.slack.say("U0ADA", "D0ADA", "read this", files=[Upload("a.txt", "text/plain", b"hello")])

    question, _ = await office.notes.question()

    (file,) = question.attachments
    assert (file.name, file.size) == ("a.txt", 5)
    assert file.url.startswith("http://127.0.0.1")


async def test_many_at_once_are_all_taken(office):
    for number in range(60):
        office.slack.say("U0ADA", "C0GENERAL", f"@Parley {number}")

    async with asyncio.timeout(10):
        await office.notes.question(60)

    assert {one.text for one, _ in office.notes.taken} == {str(number) for number in range(60)}


@pytest.mark.parametrize("event", [0, None, [], "x", {"type": "message", "channel": {}}])
async def test_an_event_that_nobody_understands_is_acknowledged_and_need_not_come_again(
    office, event
):
    payload = {"type": "event_callback", "team_id": TEAM, "event": event}
    await office.slack.post._exchange("events_api", payload)


@pytest.mark.parametrize("frame", ["[" * 100_000, "{", "\x00", "null"])
async def test_a_frame_that_cannot_be_read_does_not_end_the_connection(office, frame):
    (connection,) = office.slack.sockets._open
    await connection._socket.send_str(frame)

    office.slack.say("U0ADA", "C0GENERAL", "@Parley still there?")

    await office.notes.question()
    assert office.slack.sockets._open == [connection]


async def test_half_an_emoji_in_a_question_is_replaced(office):
    said = office.slack.say("U0ADA", "C0GENERAL", "hello")
    event = {"type": "app_mention", "channel": "C0GENERAL", "user": "U0ADA", "ts": said.id}
    event |= {"text": "<@U0PARLEY> why \ud83d?"}
    payload = {"type": "event_callback", "team_id": TEAM, "event": event}
    await office.slack.post._exchange("events_api", payload)

    question, _ = await office.notes.question()

    assert question.text == "why ??"
