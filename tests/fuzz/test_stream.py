"""What a model's endpoint sends: whatever bytes come, the answer ends in one of the known ways."""

import asyncio
import json
import random
from contextlib import aclosing, suppress

from hypothesis import given
from hypothesis import strategies as st

from core.errors import ModelFailed
from core.messages import Role, Text, Turn
from core.model import Model, Timeouts
from core.sse import Decoder
from core.wire import Answer, Finish, Parameters, Request
from tests.core.wire_server import DONE, STOP, USAGE, WireServer, answering, text
from tests.fuzz.mutation import BATCH, mutated, rounds

CHUNKS = [
    {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice], **more}
    for choice, more in (
        ({"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}, {}),
        ({"index": 0, "delta": {"content": "Hello <think>hm</think>"}}, {}),
        ({"index": 0, "delta": {"content": [{"type": "text", "text": "parts"}]}}, {}),
        ({"index": 0, "delta": {"reasoning_content": "hm"}}, {}),
        ({"index": 0, "delta": {"refusal": "no"}}, {}),
        (
            {
                "index": 0,
                "delta": {
                    "tool_calls": [
                        {"index": 0, "id": "t", "function": {"name": "f", "arguments": "{"}}
                    ]
                },
            },
            {},
        ),
        ({"index": 0, "delta": {}, "finish_reason": "stop"}, {}),
        (
            {"index": 0, "delta": {}},
            {
                "usage": {
                    "prompt_tokens": 5,
                    "completion_tokens": 2,
                    "prompt_tokens_details": {"cached_tokens": 1},
                    "completion_tokens_details": {"reasoning_tokens": 1},
                }
            },
        ),
        ({}, {"error": {"message": "m", "type": "t", "code": "c", "param": None}}),
    )
]
TORN = (b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\r", b"\n\n", b"data:", b"event: error\n", b":")


def stream(chance: random.Random) -> bytes:
    """A stream in which chunks, or bytes of it, are wrong."""
    found = b""
    for chunk in chance.sample(CHUNKS, chance.randint(1, len(CHUNKS))):
        sent = mutated(chance, chunk) if chance.random() < 0.6 else chunk
        found += b"data: " + json.dumps(sent).encode() + chance.choice((b"\n\n", b"\r\n\r\n"))
    found += chance.choice((b"", DONE, STOP + DONE))
    for _ in range(chance.choice((0, 0, 1, 3))):
        at = chance.randint(0, len(found))
        found = found[:at] + chance.choice(TORN) + found[chance.choice((at, at + 1, at + 40)) :]
    return found


def read(pieces):
    """What an answer says, as far as it does not depend on when it arrives."""
    decoder, answer, events = Decoder(), Answer(), []
    for piece in pieces:
        events += answer.read(event.data for event in decoder.feed(piece))
    events += answer.read(event.data for event in decoder.flush())
    events += answer.flush()
    texts = {}
    for one in events:
        kind = type(one).__name__
        texts[kind] = texts.get(kind, "") + one.text
    return texts, answer.reason, answer.usage, answer.complaint, answer.done


def assert_sound(answer):
    """Texts can be sent and kept, and counts can be added up."""
    texts, reason, usage, _, _ = answer
    for one in (*texts.values(), reason):
        one.encode()
    if usage is not None:
        counts = (usage.prompt, usage.completion, usage.cached, usage.reasoning, usage.image)
        assert all(0 <= count <= 1_000_000_000 for count in counts), usage


@given(st.lists(st.binary(max_size=20), max_size=10))
def test_any_bytes_are_read(pieces):
    assert_sound(read(pieces))


def test_a_spoilt_stream_is_read_and_is_the_same_wherever_it_is_split(record_property):
    tried = 0
    for chance in rounds(0.4):
        tried += BATCH
        for _ in range(BATCH):
            sent = stream(chance)
            whole = read([sent])

            assert_sound(whole)
            assert read(sent[n : n + 1] for n in range(len(sent))) == whole
            cut = chance.randint(0, len(sent))
            assert read([sent[:cut], sent[cut:]]) == whole
    record_property("bad inputs", tried)


async def test_a_spoilt_stream_ends_in_an_answer_or_in_a_known_failure_and_the_next_is_whole(
    record_property,
):
    """Through the real client, over HTTP."""
    server = WireServer()
    await server.start()
    timeouts = Timeouts(connect=2.0, first_token=2.0, idle=2.0)
    model = Model(api_key="sk-1", base_url=server.base_url, timeouts=timeouts)
    good = answering(text("Yes"), STOP, USAGE, DONE)
    try:
        tried = 0
        for chance in rounds(0.4):
            tried += BATCH
            for _ in range(BATCH):
                sent = stream(chance)
                cut = chance.randint(0, len(sent))
                server.scripts = [answering(*(one for one in (sent[:cut], sent[cut:]) if one))]
                with suppress(ModelFailed):
                    await asked(model)

            server.scripts = [good]
            events = await asked(model)
            assert [one.text for one in events if isinstance(one, Text)] == ["Yes"]
            assert isinstance(events[-1], Finish)
        record_property("bad inputs", tried)
    finally:
        await model.close()
        await server.stop()


async def asked(model):
    request = Request((Turn(Role.USER, (Text("Hi"),)),), Parameters("m"))
    async with asyncio.timeout(10), aclosing(model.stream(request)) as answer:
        return [event async for events in answer for event in events]
