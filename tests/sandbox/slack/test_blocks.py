"""Blocks that Slack would refuse are refused, and nothing else happens."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.slack import blocks
from sandbox.slack.errors import Refused


def plain(words):
    return {"type": "plain_text", "text": words}


def button(label="Stop", **more):
    return {"type": "button", "text": plain(label), "action_id": "stop", **more}


def actions(*elements):
    return {"type": "actions", "elements": list(elements)}


def code_for(*given_blocks):
    with pytest.raises(Refused) as caught:
        blocks.accept(list(given_blocks))
    return caught.value.code


@pytest.mark.parametrize(
    "block",
    [
        {"type": "banner"},
        {"text": "no type"},
        "no object",
        {"type": "markdown"},
        {"type": "markdown", "text": ""},
        {"type": "section"},
        {"type": "section", "text": plain("x" * 3001)},
        {"type": "section", "text": plain("")},
        {"type": "section", "text": {"type": "markdown", "text": "x"}},
        {"type": "section", "fields": [plain("x")] * 11},
        {"type": "section", "fields": [plain("x" * 2001)]},
        {"type": "header", "text": plain("x" * 151)},
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        {"type": "context", "elements": []},
        {"type": "context", "elements": [plain("x")] * 11},
        {"type": "context", "elements": [[]]},
        actions(),
        actions(*[button(action_id=f"a{n}") for n in range(26)]),
        actions(button("x" * 76)),
        actions(button(action_id="x" * 256)),
        actions(button(value="x" * 2001)),
        actions(button(style="loud")),
        actions(button(), button()),
        actions({"type": "plain_text_input", "action_id": "a"}),
        {"type": "divider", "block_id": "x" * 256},
        {"type": "image", "image_url": "http://a.b/c.png"},
        {"type": "table", "rows": [[]] * 101},
    ],
)
def test_a_block_that_breaks_a_rule_is_invalid(block):
    assert code_for(block) == "invalid_blocks"


def test_the_refusal_says_where_and_what():
    with pytest.raises(Refused) as caught:
        blocks.accept([actions(button("x" * 76))])

    (line,) = caught.value.extra["errors"]
    assert line == "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"


def test_fifty_blocks_are_the_most():
    assert len(blocks.accept([{"type": "divider"}] * 50)) == 50
    assert code_for(*[{"type": "divider"}] * 51) == "invalid_blocks"


def test_two_blocks_cannot_have_one_name():
    assert code_for(*[{"type": "divider", "block_id": "a"}] * 2) == "invalid_blocks"


def test_markdown_counts_over_the_whole_message():
    half = {"type": "markdown", "text": "x" * 6000}
    assert blocks.accept([half, half])
    assert code_for(half, half, {"type": "markdown", "text": "x"}) == "msg_too_long"


def test_all_texts_together_are_bounded():
    section = {"type": "section", "text": plain("x" * 3000)}
    assert blocks.accept([section] * 4)
    assert code_for(*[section] * 5) == "msg_blocks_too_long"


def test_what_the_app_did_not_name_slack_names():
    nameless = {"type": "button", "text": plain("Stop")}
    (kept,) = blocks.accept([actions(nameless)])

    assert kept["block_id"]
    assert kept["elements"][0]["action_id"]
    assert list(blocks.interactive([kept])) == [(kept, kept["elements"][0])]


def option(name):
    return {"text": plain(name), "value": name}


VALID = [
    {"type": "markdown", "text": "**x**"},
    {"type": "header", "text": plain("x")},
    {"type": "section", "text": plain("x"), "accessory": button()},
    {"type": "section", "fields": [plain("x")]},
    {"type": "context", "elements": [plain("x")]},
    actions(button(), {"type": "static_select", "options": [option("a")]}),
    {"type": "image", "image_url": "http://a.b/c.png", "alt_text": "c"},
    {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]},
    {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]},
    {
        "type": "input",
        "label": plain("x"),
        "element": {"type": "plain_text_input", "action_id": "a"},
    },
    {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "positive_button": option("up"),
                "negative_button": option("down"),
            }
        ],
    },
]


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, item in items if isinstance(value, dict | list) else ():
        yield from places(item, (*path, name))


def with_junk(value, path, junk):
    if not path:
        return junk
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_junk(value[path[0]], path[1:], junk)
    return copy


junk = st.sampled_from([None, True, 0, -1.5, "", "x", [], [1], [[]], [{}], {}, {"type": []}])


@st.composite
def spoilt(draw):
    block = draw(st.sampled_from(VALID))
    return with_junk(block, draw(st.sampled_from(list(places(block)))), draw(junk))


def test_what_is_valid_is_taken():
    assert blocks.accept(VALID)


@given(spoilt())
@settings(max_examples=300)
def test_nonsense_is_refused_and_never_breaks_anything(block):
    with suppress(Refused):
        kept = blocks.accept([block])

        assert all(one["block_id"] for one in kept)
