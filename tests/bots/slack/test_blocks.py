from hypothesis import given
from hypothesis import strategies as st

from bots.slack.blocks import LIMIT, content
from core.pages import utf8
from core.surface import Page
from sandbox.slack.blocks import accept


def test_the_answer_is_markdown_and_the_notice_stands_apart():
    shown = content(Page("**Yes.**", "Cut off."))

    assert shown["blocks"] == [
        {"type": "markdown", "text": "**Yes.**"},
        {"type": "context", "elements": [{"type": "plain_text", "text": "Cut off."}]},
    ]


def test_nothing_in_a_message_pings():
    shown = content(Page("<!channel> `@here`", "@everyone"), "Ada asked: <@U0BEN>?")

    assert "\u2060!channel" in shown["blocks"][1]["text"]
    assert "@\u2060here" in shown["blocks"][1]["text"]
    assert "@\u2060everyone" in shown["blocks"][2]["elements"][0]["text"]
    assert "<\u2060@U0BEN>" in shown["blocks"][0]["elements"][0]["text"]
    assert "<!channel>" not in shown["text"]


def test_the_fallback_text_is_short_and_escaped():
    shown = content(Page("a < b & c " * 1_000))

    assert shown["text"].startswith("a &lt; b &amp; c")
    assert utf8(shown["text"]) < 4_000


def test_a_long_notice_is_shortened_to_what_slack_takes():
    shown = content(Page("Yes.", "@here so long " * 900))
    words = shown["blocks"][1]["elements"][0]["text"]

    accept(shown["blocks"])
    assert 2_000 < len(words) <= 3_000
    assert words.endswith("…")


def test_an_answer_is_not_escaped():
    assert content(Page("a < b && c"))["blocks"][0]["text"] == "a < b && c"


@given(
    st.text(max_size=400).map(lambda text: text * 30), st.text(max_size=80), st.text(max_size=900)
)
def test_slack_takes_every_page(text, notice, headline):
    text = text.encode("utf-8", "replace")[: LIMIT.size].decode("utf-8", "ignore")

    shown = content(Page(text, notice), headline)

    accept(shown["blocks"])
    assert shown["text"].strip()


@given(st.text(), st.text())
def test_sizes_add_up(one, other):
    assert LIMIT.measure(one + other) == LIMIT.measure(one) + LIMIT.measure(other)
