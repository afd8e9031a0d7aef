"""Native streams live as long, and hold as much, as Slack lets them."""

import pytest

from tests.sandbox.slack.conftest import refusal

GENERAL = "C0GENERAL"
RECIPIENT = {"recipient_user_id": "U0ADA", "recipient_team_id": "T0SANDBOX"}


@pytest.fixture
def question(slack):
    return slack.say("ada", "general", "@Parley hi")


@pytest.fixture
def start(client, question):
    async def begin(**arguments):
        given = {"channel": GENERAL, "thread_ts": question.id, **RECIPIENT, **arguments}
        return (await client.chat_startStream(**given))["ts"]

    return begin


def chunk(words):
    return [{"type": "markdown_text", "text": words}]


def shown(world, ts):
    blocks = world.slack.message(GENERAL, ts).payload["blocks"]
    return blocks[0]["elements"][0]["elements"][0]["text"]


async def test_a_stream_grows_and_ends(client, world, start):
    ts = await start(chunks=chunk("Hel"))
    await client.chat_appendStream(channel=GENERAL, ts=ts, chunks=chunk("lo"))
    answer = await client.chat_stopStream(channel=GENERAL, ts=ts, chunks=chunk("."))

    assert shown(world, ts) == "Hello."
    assert answer["message"]["streaming_state"] == "completed"
    again = client.chat_appendStream(channel=GENERAL, ts=ts, chunks=chunk("!"))
    assert await refusal(again) == "message_not_in_streaming_state"
    twice = client.chat_stopStream(channel=GENERAL, ts=ts)
    assert await refusal(twice) == "message_not_in_streaming_state"


async def test_slack_sdks_own_stream_works(client, world, question):
    stream = await client.chat_stream(
        channel=GENERAL, thread_ts=question.id, buffer_size=1, **RECIPIENT
    )
    await stream.append(markdown_text="Hello ")
    await stream.append(markdown_text="you")
    await stream.stop()

    assert shown(world, stream.ts) == "Hello you"


@pytest.mark.parametrize("missing", ["recipient_user_id", "recipient_team_id"])
async def test_in_a_channel_slack_wants_to_know_for_whom(start, missing):
    assert await refusal(start(**{missing: None})) == f"missing_{missing}"


async def test_in_a_direct_message_it_does_not(slack, client):
    asked = slack.say("ada", "D0ADA", "hi")
    assert await client.chat_startStream(channel="D0ADA", thread_ts=asked.id)


async def test_a_stream_is_always_a_reply(client):
    alone = client.api_call("chat.startStream", json={"channel": GENERAL, **RECIPIENT})
    assert await refusal(alone) == "invalid_arguments"


async def test_a_stream_dies_after_five_minutes_whatever_happens(client, world, clock, start):
    ts = await start(chunks=chunk("a"))
    clock.tick(299)
    await client.chat_appendStream(channel=GENERAL, ts=ts, chunks=chunk("b"))
    clock.tick(1)

    late = client.chat_appendStream(channel=GENERAL, ts=ts, chunks=chunk("c"))
    assert await refusal(late) == "message_not_in_streaming_state"
    await client.chat_update(channel=GENERAL, ts=ts, text="abc")
    assert world.slack.message(GENERAL, ts).text == "abc"


async def test_a_stream_that_lives_cannot_be_updated(client, start):
    ts = await start(chunks=chunk("a"))
    update = client.chat_update(channel=GENERAL, ts=ts, text="b")
    assert await refusal(update) == "streaming_state_conflict"


async def test_a_stream_holds_twelve_thousand_characters_in_all(client, world, start):
    ts = await start(chunks=chunk("x" * 11_999))
    full = client.chat_appendStream(channel=GENERAL, ts=ts, chunks=chunk("yy"))

    assert await refusal(full) == "msg_too_long"
    await client.chat_appendStream(channel=GENERAL, ts=ts, chunks=chunk("z"))
    assert shown(world, ts) == "x" * 11_999 + "z"


async def test_text_or_chunks_for_life(client, start):
    both = start(chunks=chunk("a"), markdown_text="a")
    assert await refusal(both) == "cannot_provide_both_markdown_text_and_chunks"
    ts = await start(markdown_text="a")
    other = client.chat_appendStream(channel=GENERAL, ts=ts, chunks=chunk("b"))
    assert await refusal(other) == "streaming_mode_mismatch"
    nothing = client.api_call("chat.appendStream", json={"channel": GENERAL, "ts": ts})
    assert await refusal(nothing) == "no_text"


async def test_a_refused_chunk_adds_nothing(client, world, start):
    ts = await start(chunks=chunk("a"))
    mixed = [*chunk("b"), {"type": "blocks", "blocks": [{"type": "banner"}]}]

    wrong = client.chat_appendStream(channel=GENERAL, ts=ts, chunks=mixed)
    assert await refusal(wrong) == "invalid_blocks"
    unknown = client.chat_appendStream(channel=GENERAL, ts=ts, chunks=[{"type": "song"}])
    assert await refusal(unknown) == "invalid_chunks"
    await client.chat_appendStream(channel=GENERAL, ts=ts, chunks=chunk("c"))
    assert shown(world, ts) == "ac"


async def test_a_person_can_stop_a_stream(slack, client, start, question):
    ts = await start(chunks=chunk("a"))
    slack.stop_session("ada", "general", question.id)

    late = client.chat_appendStream(channel=GENERAL, ts=ts, chunks=chunk("b"))
    assert await refusal(late) == "stopped_by_user"
    closed = client.chat_stopStream(channel=GENERAL, ts=ts)
    assert await refusal(closed) == "message_not_in_streaming_state"
