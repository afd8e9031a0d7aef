import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bots.slack.inert import JOINER, inert, plain, settled
from sandbox.slack import richtext

PINGS = [
    "<!channel>",
    "<!here>",
    "<!everyone>",
    "<!here|@here>",
    "<!subteam^S0OPS>",
    "<!subteam^S0OPS|@ops>",
    "<@U0BEN>",
    "<@W0BEN|ben>",
    "@channel",
    "@here",
    "@everyone",
    "@Here",
    "&lt;!here&gt;",
    "&#60;@U0BEN>",
    "&#64;here",
    "&commat;everyone",
    r"<\!here>",
    r"\@channel",
    "@h&#101;re",
    "&lt;&#33;channel&gt;",
    "<@&#85;0BEN>",
    "_@here_",
    "*@everyone*",
    ".@channel",
]
NOTIFIES = re.compile(
    r"<!(channel|here|everyone|subteam)|<@[UW][A-Z0-9]|(?<![\w.])@(channel|here|everyone)\b"
)

words = st.text(alphabet="<>!@|^&;#\\ `*_\n.aUS0", max_size=6)
texts = st.lists(st.one_of(words, st.sampled_from(PINGS)), max_size=12).map("".join)


@pytest.mark.parametrize("ping", PINGS)
@pytest.mark.parametrize(
    "around", ["{}", "hi {} there", "**{}**", "`{}`", "```\n{}\n```", "[{}](x)"]
)
def test_a_ping_is_inert_wherever_it_stands(ping, around):
    blocks = richtext.translate(inert(around.format(ping)))

    assert not notifications(blocks)


@given(texts)
@example("<<!here>!here>")
@example("@@here@here")
def test_no_text_notifies_anybody(text):
    assert not notifications(richtext.translate(inert(text)))


@given(texts)
def test_no_text_holds_a_control_sequence(text):
    assert not NOTIFIES.search(inert(text))


@given(texts)
def test_twice_inert_is_inert(text):
    assert inert(inert(text)) == inert(text)


@given(texts.filter(lambda text: JOINER not in text))
def test_nothing_is_lost_and_nothing_but_joiners_added(text):
    assert plain(inert(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "ben@here.example",
        "<!DOCTYPE html> <!-- here -->",
        "@heretic and @channels",
        "List<@Nullable String>",
        "<#C0GENERAL> and <https://example.com|here>",
        "a < b && c > d &lt;",
        "@ben",
    ],
)
def test_what_pings_nobody_is_not_touched(text):
    assert inert(text) == text


def notifications(value) -> list:
    """The elements of these blocks that would notify somebody."""
    if isinstance(value, list):
        return [found for one in value for found in notifications(one)]
    if not isinstance(value, dict):
        return []
    mine = [value] if value.get("type") in ("user", "usergroup", "broadcast") else []
    return mine + [found for one in value.values() for found in notifications(one)]


@given(texts, st.data())
@example("hi <!channel>", None)
def test_what_is_settled_is_the_same_whatever_comes_behind(text, data):
    cut = data.draw(st.integers(0, len(text))) if data else 8
    sent = inert(text[:cut][: settled(text[:cut])])

    # An entity may yet make a word of what seemed a mention; that is put right at the end.
    assert inert(text).startswith(sent) or "&" in text


@pytest.mark.parametrize("ping", PINGS)
def test_no_piece_of_a_ping_is_settled_before_the_whole(ping):
    for cut in range(1, len(ping)):
        begun = f"hi {ping[:cut]}"
        assert not notifications(richtext.translate(inert(begun[: settled(begun)])))
        assert inert(f"hi {ping}").startswith(inert(begun[: settled(begun)]))


@pytest.mark.parametrize("text", ["a < b", "me@home.example", "x <= y", "@ben", "R&D", "a &amp; b"])
def test_signs_that_mean_nothing_hold_nothing_back(text):
    assert settled(f"{text} and") == len(f"{text} and")
