"""While an answer grows, its reader sees no half-open markup; what is complete stays as it is."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.healing import LONGEST_LINK, heal
from core.pages import Pages, utf16
from core.surface import Limit

calm = settings(deadline=None)


def shown(text):
    healed = heal(text)
    return text[: healed.end] + healed.marks


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("some **bold", "some **bold**"),
        ("some **bold*", "some **bold**"),
        ("some **", "some"),
        ("an *it", "an *it*"),
        ("an _it", "an _it_"),
        ("a `co", "a `co`"),
        ("a ``co`de`", "a ``co`de``"),
        ("a ~~stri", "a ~~stri~~"),
        ("***both", "***both***"),
        ("***both** of", "***both** of*"),
        ("**bold `code", "**bold `code`**"),
        ("*it and **bold", "*it and **bold***"),
        ("a [lab", "a"),
        ("a [label]", "a"),
        ("a [label](http://x.exa", "a"),
        ("**a [label](http://x", "**a**"),
        ("see ![an image](http", "see"),
        ("see <https://exa", "see"),
        ("one\n- ", "one"),
        ("one\n-", "one"),
        ("one\n12.", "one"),
        ("one\n\n##", "one"),
        ("one\n> - ", "one"),
        ("- one\n- **", "- one"),
        ("one\n--", "one"),
        ("one\n\n| a | b", "one"),
        ("one\n\n| a | b |\n|--", "one"),
        ("| a | b |\n|---|---|\n| 1 | **2", "| a | b |\n|---|---|\n| 1 | **2**"),
        ("a \\", "a"),
    ],
)
def test_what_is_half_open_is_closed_or_held_back(text, seen):
    assert shown(text.rstrip()) == seen


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 and 4 * 5 are",
        "snake_case and __init__ are names",
        "`a * b` and `**`, all code",
        "an escaped \\*star",
        "https://example.com/_next/a_b",
        "a < b and b > a",
        "an array[i] and (a [b] c) and",
        "**bold**, *it*, ~~gone~~, `code`, [a](http://x/y_z), ![b](c), <http://d> end",
        "*an emphasis* of *two\nlines*, closed",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "```py\na ** b\n```\n\nend",
        "the interval [0, 1) is " + "half open " * 12 + "here",
    ],
)
def test_what_is_complete_is_not_touched(text):
    assert shown(text) == text


def test_emphasis_never_leaves_its_block():
    assert shown("a *star\n\nand text") == "a *star\n\nand text"
    assert shown("- a *star\n- and text") == "- a *star\n- and text"


def test_what_is_open_for_long_is_shown_as_it_is():
    assert shown("a *" + "long " * 99 + "end") == "a *" + "long " * 99 + "end"
    link = "[label](http://x/" + "y" * LONGEST_LINK
    assert shown(link) == link


word = st.text("abcé你🎉", min_size=1, max_size=8)
words = st.lists(word, min_size=1, max_size=5).map(" ".join)


span = st.one_of(
    words,
    words.map(lambda w: f"`{w}`"),
    words.map(lambda w: f"[{w}](http://x.y/z)"),
    words.flatmap(lambda w: st.sampled_from(["**", "*", "_", "~~"]).map(lambda m: f"{m}{w}{m}")),
)
line = st.lists(span, min_size=1, max_size=6).map(" ".join)
block = st.one_of(
    line,
    line.map(lambda w: f"## {w}"),
    st.lists(line, min_size=1, max_size=4).map(lambda ls: "\n".join(f"- {one}" for one in ls)),
    st.lists(line, min_size=1, max_size=4).map(lambda ls: "\n".join(f"> {one}" for one in ls)),
    words.map(lambda w: f"```\n{w} ** ` [\n```"),
)
document = st.lists(block, min_size=1, max_size=5).map("\n\n".join)
noise = st.text(st.sampled_from(list("*_~`[]()!<>|-#. \n\\ab1")), max_size=80)


@calm
@given(text=document)
def test_healing_a_complete_text_changes_nothing(text):
    text += " end" if not text.endswith("```") else "\n\nend"
    assert shown(text) == text


@calm
@given(text=noise | document.flatmap(lambda d: st.integers(0, len(d)).map(lambda n: d[:n])))
def test_what_is_shown_is_the_text_but_for_a_short_end_and_closing_marks(text):
    text = text.rstrip()
    healed = heal(text)

    assert 0 <= healed.firm <= healed.end <= len(text)
    assert re.fullmatch(r"[*_~`]*", healed.marks)
    assert len(text) - healed.end <= LONGEST_LINK + 40


@calm
@given(text=document)
def test_no_mark_is_ever_seen_that_means_nothing(text):
    """Of a text whose marks all mean something, none is seen raw, wherever it stands now."""
    reader = MarkdownIt("commonmark").enable("strikethrough")
    for end in range(1, len(text) + 1):
        pages = Pages(Limit(100_000, utf16))
        pages.write(text[:end])
        seen = pages.growing[0]
        inline = [token for token in reader.parse(seen) if token.type == "inline"]
        raw = "".join(
            child.content for token in inline for child in token.children if child.type == "text"
        )
        assert not re.search(r"[*_~`\[\]]|\A[-#>]", raw), (text[:end], seen)


@calm
@given(text=document)
def test_what_is_firm_stays_whatever_comes(text):
    pages = Pages(Limit(100_000, utf16))
    sent = ""
    for character in text:
        pages.write(character)
        whole, closing = pages.growing
        so_far = whole.removesuffix(closing)
        assert so_far.startswith(sent.rstrip()) or sent.startswith(so_far)
        sent = max(sent, so_far, key=len)
    assert pages.last.startswith(sent)


HALF_A_FENCE = f"{'x' * 110}\n``````\nx\n```\n\n`"
"""Where a block would be closed behind half a closing fence, which needs no room itself."""


@calm
@given(text=noise | document)
@example(HALF_A_FENCE)
def test_a_healed_page_fits_its_limit(text):
    limit = Limit(128, utf16)
    pages = Pages(limit)
    for character in text * 3:
        pages.write(character)
        assert utf16(pages.growing[0]) <= 128


def test_nothing_inside_a_code_block_is_healed():
    pages = Pages(Limit(2000, utf16))
    pages.write("Look:\n\n```py\na = b ** c; d = [")

    assert pages.growing == (pages.open, "\n```")


LONG = [
    "*a " * 3000,
    "[a](" * 2000,
    "`" * 9000,
    "` `` ``` " * 900,
    "<a" * 4000,
    "- " * 4000,
    "> " * 4000 + "x",
    "**a _b " * 1200,
    "#" * 9000 + "x",
    "*" * 9000 + "x",
    "| a\n" * 2000,
]


@pytest.mark.parametrize("text", LONG, ids=lambda text: text[:5])
def test_a_page_that_is_hard_to_read_is_shown_all_the_same(text):
    """Expressions that look back and forth would take minutes for one of these."""
    healed = heal(text)

    assert 0 <= healed.firm <= healed.end <= len(text)
