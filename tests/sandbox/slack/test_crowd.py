"""What people can and cannot do."""

import pytest

GENERAL = "C0GENERAL"


async def test_people_can_only_do_what_they_may(slack, world):
    message = slack.say("ada", "general", "mine")
    world.slack.channels["C0QUIET"].members.discard("U0CHO")

    with pytest.raises(PermissionError):
        slack.edit("ben", "general", message.id, "yours")
    with pytest.raises(PermissionError):
        slack.say("cho", "without-the-bot", "x")
    for wrong in (("nobody", "general"), ("ada", "nowhere")):
        with pytest.raises(LookupError):
            slack.say(*wrong, "x")
    with pytest.raises(LookupError):
        slack.say("ada", "general", "x", thread="1.000000")


async def test_a_stopped_session_is_an_event(slack, bot, client):
    question = slack.say("ada", "general", "@Parley hi")
    await bot.events(2)
    answer = await client.agents_sessions_setStatus(
        channel_id=GENERAL, thread_ts=question.id, status="processing"
    )
    slack.stop_session("ada", "general", question.id)
    event = await bot.event()

    assert answer["status"] == "processing"
    assert (event["type"], event["thread_ts"]) == ("agent_session_stopped", question.id)
    assert event["streaming_message_ts"] == []
