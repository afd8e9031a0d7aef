"""Chunks become events, whatever the server's habits are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.messages import Text
from core.wire import Answer, Reasoning, Refusal, ToolCall, Usage


def chunk(delta=None, finish=None, **more):
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})


def text(content, finish=None):
    return chunk({"content": content}, finish)


def test_adjacent_pieces_of_a_text_are_one_event():
    answer = Answer()

    assert answer.read([text("Hel"), text("lo"), text("!")]) == (Text("Hello!"),)
    assert answer.read([text(" More")]) == (Text(" More"),)


def test_a_usual_stream_is_read_to_its_end():
    answer = Answer()
    usage = {
        "prompt_tokens": 11,
        "completion_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2, "image_tokens": 1},
        "completion_tokens_details": {"reasoning_tokens": 5},
    }

    events = answer.read(
        [
            chunk({"role": "assistant", "content": ""}),
            text("Yes"),
            chunk({}, "stop"),
            json.dumps({"choices": [], "usage": usage}),
            "[DONE]",
            text("never read"),
        ]
    )

    assert events == (Text("Yes"),)
    assert (answer.reason, answer.done, answer.over) == ("stop", True, True)
    assert answer.usage == Usage(11, 3, 2, 7, 5, 1)


@pytest.mark.parametrize(
    "normal",
    [
        text(None),
        text(""),
        chunk(None),
        chunk({}),
        '{"choices": []}',
        '{"choices": null}',
        "{}",
        '{"usage": null, "choices": [{"index": 1, "delta": {"content": "second"}}]}',
        chunk({"content": None, "audio": {"id": 1}, "tool_calls": None}, None, obfuscation="x"),
    ],
)
def test_what_is_normal_changes_nothing(normal):
    answer = Answer()

    assert answer.read([text("a"), normal, text("b")]) == (Text("ab"),)
    assert not answer.over


def test_text_may_come_with_the_finish_reason_and_without_an_index():
    answer = Answer()
    last = '{"choices": [{"delta": {"content": "b"}, "finish_reason": "length"}]}'

    assert answer.read([text("a"), last]) == (Text("ab"),)
    assert answer.reason == "length"
    assert answer.usage is None


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_no_text(name):
    answer = Answer()

    assert answer.read([chunk({name: "h", "content": None}), chunk({name: "m"})]) == (
        Reasoning("hm"),
    )
    assert not answer.held
    assert answer.read([chunk({name: "!", "content": "a"})]) == (Reasoning("!"), Text("a"))


def test_think_tags_are_reasoning_even_when_split():
    answer = Answer()

    events = answer.read(map(text, ["<th", "ink>h", "m</", "think>\n\n", "yes"]))

    assert events == (Reasoning("hm"), Text("yes"))


def test_what_looked_like_a_tag_is_given_out_at_the_end():
    answer = Answer()

    assert answer.read([text("<")]) == ()
    assert not answer.held
    assert answer.flush() == (Text("<"),)
    assert answer.held


def test_parts_of_mistral_are_text_and_reasoning():
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    answer = Answer()

    events = answer.read([text([thought]), text([{"type": "text", "text": "yes"}])])

    assert events == (Reasoning("hm"), Text("yes"))


def test_a_refusal_is_something_to_show():
    answer = Answer()

    assert answer.read([chunk({"refusal": "I "}), chunk({"refusal": "can't."})]) == (
        Refusal("I can't."),
    )
    assert answer.held


def test_white_space_alone_is_nothing_to_show():
    answer = Answer()

    assert answer.read([text("\n\n")]) == ()
    assert answer.flush() == (Text("\n\n"),)
    assert not answer.held


def call(arguments="", **more):
    return chunk({"tool_calls": [{"function": {"name": "f", "arguments": arguments}, **more}]})


def test_pieces_of_a_tool_call_keep_their_index():
    answer = Answer()

    events = answer.read([call("{", index=0, id="a"), call("}", index=0), call(index=1, id="b")])

    assert events == (
        ToolCall(0, "a", "f", "{"),
        ToolCall(0, "", "f", "}"),
        ToolCall(1, "b", "f", ""),
    )
    assert answer.held


def test_without_an_index_a_new_id_is_a_new_call():
    answer = Answer()

    events = answer.read([call("{", id="a"), call("}"), call("1", id="a"), call("{}", id="b")])

    assert [event.index for event in events] == [0, 0, 0, 1]


def test_a_server_that_does_not_stream_is_understood():
    answer = Answer()
    body = {"choices": [{"index": 0, "message": {"content": "Yes"}, "finish_reason": "stop"}]}

    assert answer.read([json.dumps(body)]) == (Text("Yes"),)
    assert answer.reason == "stop"


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"error": {"message": "…", "code": "rate_limit_exceeded"}}, "rate_limit_exceeded"),
        ({"error": {"code": 502}, "choices": [{"delta": {}, "finish_reason": "error"}]}, "502"),
        ({"object": "error", "code": 400}, "400"),
        ({"error": "out of memory"}, ""),
    ],
)
def test_an_error_event_ends_the_answer_after_what_came_before_it(event, code):
    answer = Answer()

    assert answer.read([text("a"), json.dumps(event), text("b")]) == (Text("a"),)
    assert answer.over
    assert answer.complaint.code == code
    assert answer.reason == ""


@pytest.mark.parametrize("data", ["", "{", "nonsense", "[]", "1", '{"choices": [1]}'])
def test_what_is_no_chunk_ends_the_answer(data):
    answer = Answer()

    assert answer.read([text("a"), data]) == (Text("a"),)
    assert answer.complaint.code == "malformed"


@pytest.mark.parametrize("depth", [900, 1_100, 100_000])
@pytest.mark.parametrize("field", ["usage", "error", "choices", "unknown"])
def test_a_chunk_that_is_nested_without_end_is_no_reason_to_raise(depth, field):
    answer = Answer()
    data = f'{{"{field}": {"[" * depth}{"]" * depth}, "half an emoji": "\\ud83d"}}'

    answer.read([text("a"), data])

    assert answer.held


def test_half_an_emoji_is_replaced():
    assert Answer().read(['{"choices": [{"delta": {"content": "a\\ud83d"}}]}']) == (Text("a?"),)


def test_deepseeks_name_for_cached_tokens_is_known():
    answer = Answer()
    answer.read(['{"usage": {"prompt_tokens": 9, "prompt_cache_hit_tokens": 4}}'])

    assert answer.usage == Usage(prompt=9, cached=4)


@pytest.mark.parametrize("count", [-1, -(2**63), 2**31 * 8, 2**63])
def test_what_no_model_can_have_counted_is_no_usage(count):
    """Such a number would be money, or more than the database can hold."""
    answer = Answer()
    answer.read([json.dumps({"usage": {"prompt_tokens": count, "completion_tokens": 2}})])
    assert answer.usage is None

    details = {"cached_tokens": count}
    answer.read([json.dumps({"usage": {"prompt_tokens": 5, "prompt_tokens_details": details}})])
    assert answer.usage == Usage(prompt=5)


words = st.sampled_from(
    [
        *("choices", "delta", "message", "content", "text", "thinking", "reasoning", "refusal"),
        *("tool_calls", "function", "id", "index", "finish_reason", "error", "object", "code"),
        *("usage", "prompt_tokens", "prompt_tokens_details"),
    ]
)
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), words)
anything = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=4)),
    max_leaves=20,
)


@given(st.lists(st.dictionaries(words, anything, max_size=5).map(json.dumps), max_size=5))
def test_no_server_can_make_it_raise(chunks):
    answer = Answer()

    for event in (*answer.read(chunks), *answer.flush()):
        if isinstance(event, Text | Reasoning | Refusal):
            assert isinstance(event.text, str)
            assert event.text
