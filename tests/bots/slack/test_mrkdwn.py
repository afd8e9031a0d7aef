import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.slack import mrkdwn

PEOPLE = {"U0ADA": "Ada", "U0BEN": "Ben"}
CHANNELS = {"C0GENERAL": "general"}


def read(text: str) -> str:
    return mrkdwn.markdown(text, lambda id_: PEOPLE.get(id_, ""), lambda id_: CHANNELS.get(id_, ""))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt; stays an entity", "&lt; stays an entity"),
        ("ask <@U0BEN>", "ask @Ben"),
        ("ask <@U0NEW|zoe> or <@U0NEW>", "ask @zoe or @U0NEW"),
        ("see <#C0GENERAL> and <#C0OLD|old>", "see #general and #old"),
        ("<https://example.com|the page>", "[the page](https://example.com)"),
        ("<https://example.com>", "https://example.com"),
        ("<http://example.com|example.com>", "http://example.com"),
        ("<mailto:ben@example.com|ben@example.com>", "ben@example.com"),
        ("<!here> and <!subteam^S0OPS|@ops>", "@here and @ops"),
        ("<!date^1392734382^{date}|18 Feb>", "18 Feb"),
        ("```\nif a &lt; b:\n```", "```\nif a < b:\n```"),
        ("<https://example.com/?a=1&amp;b=2|x>", "[x](https://example.com/?a=1&b=2)"),
        ("", ""),
    ],
)
def test_what_was_written_is_read_as_it_was_meant(written, meant):
    assert read(written) == meant


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("<@U0BOT> what is a lease?", "what is a lease?"),
        ("<@U0BOT>, what is a lease?", "what is a lease?"),
        ("what is a lease, <@U0BOT>", "what is a lease,"),
        ("<@U0BOT> <@U0BOT|parley>", ""),
        ("who is <@U0BOT> to you?", "who is <@U0BOT> to you?"),
        ("<@U0BEN> what do you think?", "<@U0BEN> what do you think?"),
    ],
)
def test_the_mention_that_calls_the_bot_is_no_part_of_the_question(written, left):
    assert mrkdwn.strip_mention(written, "U0BOT") == left


def test_people_groups_and_whole_channels_are_mentioned():
    text = "<@U0ADA> <@U0BEN|ben> <!here> <!subteam^S0OPS|@ops> <#C0GENERAL> <https://x.example>"

    assert mrkdwn.mentioned(text) == {"U0ADA", "U0BEN", "!here", "!subteam^S0OPS"}


@given(st.text())
def test_escaped_text_is_read_as_it_was(text):
    assert read(mrkdwn.escape(text)) == text


@given(st.text(alphabet="<>|@#!&;^aU0 ", max_size=40))
def test_no_text_is_too_odd_to_be_read(text):
    read(text)
    mrkdwn.mentioned(text)
    mrkdwn.strip_mention(text, "U0BOT")
