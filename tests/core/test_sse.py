"""Bytes become events, however the network splits them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai._streaming import SSEDecoder  # the SDK's own; only this test looks at it

from core.sse import Decoder, Event

LINE_ENDS = ["\n", "\r\n", "\r"]

values = st.text(
    st.sampled_from(["a", ":", " ", "{", "ö", "😀", "\u2028", "\x85", "\ufeff", "\0"]), max_size=8
)
fields = st.one_of(
    st.tuples(st.sampled_from(["data:", "data: ", "event:", "event: ", ":", "id: ", "x:"]), values),
    st.just(("", "")),
    st.just(("data", "")),
)
lines = st.tuples(fields, st.sampled_from(LINE_ENDS)).map(lambda line: "".join((*line[0], line[1])))
streams = st.lists(lines, max_size=25).map("".join)


@st.composite
def split(draw, streams=streams):
    """A stream and the pieces in which it arrives."""
    stream = draw(streams).encode()
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    edges = [0, *cuts, len(stream)]
    return stream, [stream[a:b] for a, b in itertools.pairwise(edges)]


def decoded(pieces):
    decoder = Decoder()
    return [event for piece in pieces for event in decoder.feed(piece)]


def by_the_sdk(pieces):
    events = SSEDecoder().iter_bytes(iter(pieces))
    return [(event.event or "message", event.data) for event in events]


@given(split())
def test_events_are_those_of_the_sdk(stream_and_pieces):
    """The same events as the SDK's decoder gives, where both follow the standard.

    They differ in what does not: the SDK gives out events without any data (those that
    have only a name or an id, and after an id even for every blank line), keeps a byte
    order mark, and raises on bytes that are no UTF-8. Hence only events that hold
    something are compared, and a mark at the start is taken away for both.
    """
    stream, pieces = stream_and_pieces
    mark = "\ufeff".encode()
    theirs = by_the_sdk(pieces) if not stream.startswith(mark) else by_the_sdk([stream[3:]])

    ours = [(event.event, event.data) for event in decoded(pieces)]

    assert [event for event in ours if event[1]] == [event for event in theirs if event[1]]


@given(split())
def test_it_does_not_matter_where_the_network_splits(stream_and_pieces):
    stream, pieces = stream_and_pieces

    assert decoded(pieces) == decoded([stream])
    assert decoded(stream[n : n + 1] for n in range(len(stream))) == decoded([stream])


@pytest.mark.parametrize("end", LINE_ENDS)
def test_every_line_end_ends_a_line(end):
    stream = f"event: a{end}data: 1{end}data: 2{end}{end}data: 3{end}{end}".encode()

    assert decoded([stream]) == [Event("a", "1\n2"), Event("message", "3")]


def test_a_line_end_and_a_letter_may_be_split_in_their_middle():
    pieces = [b"data: \xc3", b"\xb6\r", b"\n\r", b"\ndata: 2\r\n", b"\r\n"]

    assert decoded(pieces) == [Event("message", "ö"), Event("message", "2")]


def test_one_space_after_the_colon_is_optional_and_only_one_is_dropped():
    assert decoded([b"data:x\n\ndata:  y\n\n"]) == [Event("message", "x"), Event("message", " y")]


def test_comments_and_unknown_fields_are_no_events():
    assert decoded([b": keep-alive\n\n:\n\nid: 7\nretry: 1\nx: y\n\n"]) == []


def test_a_named_event_without_data_is_none_and_its_name_is_forgotten():
    assert decoded([b"event: ping\n\ndata: 1\n\n"]) == [Event("message", "1")]


def test_a_byte_order_mark_is_no_part_of_the_first_line():
    assert decoded([b"\xef\xbb", b"\xbfdata: 1\n\n"]) == [Event("message", "1")]


def test_bytes_that_are_no_text_do_not_stop_the_stream():
    assert decoded([b"data: \xff\n\ndata: 2\n\n"]) == [
        Event("message", "\ufffd"),
        Event("message", "2"),
    ]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_an_event_without_its_blank_line_is_given_out_at_the_end(end):
    decoder = Decoder()

    assert decoder.feed(b"data: [DONE]" + end) == []
    assert decoder.flush() == [Event("message", "[DONE]")]
    assert decoder.flush() == []


def test_an_event_larger_than_every_read_is_joined_only_once():
    """Joined at every read, these pieces would be copied for hours."""
    decoder = Decoder()
    decoder.feed(b"data: ")
    for _ in range(200_000):
        assert decoder.feed(b"x" * 64) == []

    (event,) = decoder.feed(b"\n\n")

    assert len(event.data) == 200_000 * 64
