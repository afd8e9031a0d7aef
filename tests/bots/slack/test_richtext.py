import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.slack import richtext
from sandbox.slack.richtext import translate

PEOPLE = {"U0BEN": "Ben"}
CHANNELS = {"C0GENERAL": "general"}


def read(blocks) -> str:
    return richtext.markdown(
        blocks, lambda id_: PEOPLE.get(id_, ""), lambda id_: CHANNELS.get(id_, "")
    )


@pytest.mark.parametrize(
    "text",
    [
        "One line.",
        "Two\n\nparagraphs.",
        "Some **bold**, _italic_, ~~gone~~ and `code`.",
        "```\ndef f():\n    return 1\n```",
        "````\n```\n````",
        "Before\n\n```\ncode\n```\n\nafter.",
        "- one\n- two\n   - deeper\n- three",
        "1. one\n2. two",
        "> quoted\n> twice",
        "A [link](https://example.com) and https://example.com too.",
        "| a | b |\n| --- | --- |\n| 1 | 2 |",
        "Above\n\n---\n\nbelow",
        "``a ` b``",
    ],
)
def test_markdown_survives_slack(text):
    assert read(translate(text)) == text


def test_a_heading_comes_back_bold_since_slack_keeps_no_level():
    assert read(translate("## Why\n\nBecause.")) == "**Why**\n\nBecause."


def test_names_stand_for_ids():
    elements = [
        {"type": "user", "user_id": "U0BEN"},
        {"type": "text", "text": " in "},
        {"type": "channel", "channel_id": "C0GENERAL"},
        {"type": "text", "text": " "},
        {"type": "emoji", "name": "wave", "unicode": "1f44b"},
        {"type": "emoji", "name": "parley"},
        {"type": "broadcast", "range": "here"},
    ]
    section = {"type": "rich_text_section", "elements": elements}

    assert (
        read([{"type": "rich_text", "elements": [section]}]) == "@Ben in #general 👋:parley:@here"
    )


def test_notices_and_buttons_are_no_part_of_the_text():
    blocks = [
        {"type": "markdown", "text": "The answer."},
        {"type": "context", "elements": [{"type": "plain_text", "text": "Cut off."}]},
        {"type": "actions", "elements": [{"type": "button"}]},
    ]

    assert read(blocks) == "The answer."


def test_spaces_stay_outside_of_the_marks():
    words = [{"type": "text", "text": " bold ", "style": {"bold": True}}]
    section = {"type": "rich_text_section", "elements": words}

    assert read([{"type": "rich_text", "elements": [section]}]) == " **bold** "


def test_blocks_of_other_apps_are_read_as_well():
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Deploy"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "done by <@U0BEN>"}},
        {
            "type": "section",
            "fields": [{"type": "mrkdwn", "text": "a"}, {"type": "mrkdwn", "text": "b"}],
        },
    ]

    assert read(blocks) == "# Deploy\n\ndone by @Ben\n\na\nb"


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "elements", "style", "rows", "fields", "indent", "url"]
            ),
            inner
            | st.sampled_from(
                ["rich_text", "rich_text_list", "rich_text_section", "table", "link"]
            ),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json)
def test_no_blocks_are_too_odd_to_be_read(blocks):
    assert isinstance(read(blocks), str)
    assert isinstance(read([blocks]), str)


def test_whoever_reads_blocks_is_forgotten(uncollected):
    """It is so without the garbage collector, which comes seldom."""
    assert read(translate("Some **bold** words.")) == "Some **bold** words."
    assert uncollected(richtext._Reader) == []
