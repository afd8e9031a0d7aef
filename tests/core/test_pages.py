import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.breaks import splits_character
from core.pages import Pages, join, utf8, utf16
from core.surface import Limit
from tests.work import steps

SLACK, DISCORD = Limit(9000, utf8), Limit(2000, utf16)
SMALL = st.sampled_from([Limit(128, utf8), Limit(128, utf16), Limit(150, len)])


# A busy machine is no reason to fail.
calm = settings(deadline=None)
few = settings(calm, max_examples=40)


def split(text, limit):
    pages = Pages(limit)
    pages.write(text)
    return pages


def everything(pages):
    return [*pages.finished, *([pages.open] if pages.open else [])]


def bare(text):
    return "".join(text.split())


def in_code_at_the_end(page):
    """Whether a paragraph that follows the page would be taken for code."""
    html = MarkdownIt("commonmark").render(f"{page}\n\nSENTINEL")
    return "<p>SENTINEL</p>" not in html


# What a model may write: words are lower case, languages upper case, so that what pages
# add (fences, languages) can be told from what was written.
word = st.text("abcdefghijklmnop0123456789é你🎉", min_size=1, max_size=12)
words = st.lists(word, min_size=1, max_size=25).map(" ".join)
sentences = st.lists(words.map(lambda s: s + "."), min_size=1, max_size=4).map(" ".join)
items = st.lists(words, min_size=1, max_size=8).map(lambda rows: "\n".join(f"- {r}" for r in rows))
table = st.lists(words, min_size=2, max_size=8).map(
    lambda rows: "\n".join(f"| {r} |" for r in rows)
)
heading = words.map(lambda s: f"## {s}")
spans = words.map(lambda s: f"see `{s}` there")
monster = st.tuples(word, st.integers(50, 300)).map(lambda p: p[0] * p[1])
code_line = st.tuples(st.integers(0, 12), words | monster | st.just("")).map(
    lambda p: " " * p[0] + p[1]
)


@st.composite
def code(draw):
    mark = draw(st.sampled_from(["```", "````", "~~~", "```````"]))
    lead = draw(st.sampled_from(["", "", " ", "   "]))
    language = draw(st.sampled_from(["", "PY", "C++", "JSON title=X"]))
    inside = draw(st.lists(code_line | st.sampled_from(["~~ a", "``` a"]), max_size=15))
    return "\n".join(
        [f"{lead}{mark}{language}", lead + "a", *(lead + line for line in inside), lead + mark]
    )


block = sentences | items | table | heading | spans | monster | code()
gap = st.sampled_from(["\n\n", "\n", "\n\n\n", "\r\n\r\n"])
written = st.lists(st.tuples(block, gap), min_size=1, max_size=8).map(
    lambda pairs: "".join(part for pair in pairs for part in pair)
)
# Anything at all, made of what pages look at.
noise = st.text(
    st.sampled_from(list("`~>-|#. \n\r\tabÅ🎉你\u0301\u200d🇩🇪\ud83d\ude00")), max_size=600
)
unfinished = st.tuples(written, st.integers(0, 400)).map(lambda p: p[0][: -p[1] or None])
text_of_any_kind = written | unfinished | noise | st.text(max_size=500)


def content(text):
    """What was written, without white space, marks, and languages."""
    return re.sub(r"[^a-p0-9é你🎉]", "", text)


@few
@given(text=text_of_any_kind, limit=SMALL)
def test_no_page_is_larger_than_its_limit_whenever_one_looks(text, limit):
    pages = Pages(limit)
    for character in text:
        pages.write(character)
        assert limit.measure(pages.open) <= limit.size
    assert all(limit.measure(page) <= limit.size for page in pages.finished)


@few
@given(text=text_of_any_kind, limit=SMALL, data=st.data())
def test_how_the_text_arrives_makes_no_difference(text, limit, data):
    whole, pages, rest = split(text, limit), Pages(limit), text
    while rest:
        size = data.draw(st.integers(1, 200))
        pages.write(rest[:size])
        rest = rest[size:]

    assert (pages.finished, pages.open) == (whole.finished, whole.open)


@few
@given(text=text_of_any_kind, limit=SMALL)
def test_a_finished_page_never_changes(text, limit):
    pages, seen = Pages(limit), ()
    for character in text:
        pages.write(character)
        assert pages.finished[: len(seen)] == seen
        seen = pages.finished


@calm
@given(text=written, limit=SMALL)
def test_everything_that_was_written_is_shown_once_and_in_order(text, limit):
    assert content("".join(everything(split(text, limit)))) == content(text)


@calm
@given(text=st.text().filter(lambda s: not re.search("`|~~~", s)) | sentences, limit=SMALL)
def test_text_without_code_is_shown_as_it_was_but_for_white_space(text, limit):
    assert bare("".join(everything(split(text, limit)))) == bare(text)


@few
@given(text=written | unfinished, limit=SMALL)
def test_code_blocks_are_closed_on_every_page_whenever_one_looks(text, limit):
    pages = Pages(limit)
    for start in range(0, len(text), 7):
        pages.write(text[start : start + 7])
        assert not in_code_at_the_end(pages.open)
    assert not any(map(in_code_at_the_end, pages.finished))


@few
@given(text=written | unfinished | noise, limit=SMALL, data=st.data())
def test_a_page_that_is_ended_where_its_message_stands_leaves_the_rest_to_the_next(
    text, limit, data
):
    """Whatever the message showed when it took its last edit, nothing is lost or repeated."""
    pages, seen = Pages(limit), data.draw(st.integers(0, len(text)))
    later = data.draw(st.integers(seen, len(text)))
    pages.write(text[:seen])
    index, shown = len(pages.finished), pages.open
    pages.write(text[seen:later])
    before = list(pages.finished[:index])
    pages.end_at(index, shown)
    pages.write(text[later:])

    assert list(pages.finished[:index]) == before
    assert content(pages.finished[index]) == content(shown)
    assert all(limit.measure(page) <= limit.size for page in everything(pages))
    rest = [*pages.finished, *([pages.last] if pages.last else [])]
    assert content("".join(rest)) == content("".join(everything(split(text, limit))))


@calm
@given(text=text_of_any_kind, limit=SMALL)
def test_no_page_is_white_space_or_begins_or_ends_with_it(text, limit):
    for page in everything(split(text, limit)):
        assert page
        assert page == page.strip()


@calm
@given(text=written, limit=SMALL)
def test_no_page_is_an_empty_code_block(text, limit):
    for page in everything(split(text, limit)):
        assert content(page) or not re.search("```|~~~", page)


@calm
@given(text=written, limit=SMALL)
def test_joining_pages_shows_what_was_written(text, limit):
    assert content(join(everything(split(text, limit)))) == content(text)


@calm
@given(
    lines=st.lists(st.text("abc {}", min_size=1, max_size=60).filter(str.strip), max_size=30),
    limit=SMALL,
)
def test_joining_mends_a_broken_code_block_exactly(lines, limit):
    lines = [line.rstrip() for line in lines]
    text = "\n".join(["Look:", "```PY", "first", *lines, "```", "So."])

    assert join(everything(split(text, limit))).replace("\n\n", "\n") == text


@pytest.mark.parametrize("limit", [SLACK, DISCORD])
def test_code_that_goes_on_keeps_its_language_and_its_indentation(limit):
    body = "".join(f"    if x == {number}:\n        print('{number}')\n" for number in range(900))
    pages = everything(split(f"Here:\n\n```python\n{body}```\nDone.", limit))

    assert len(pages) > 3
    assert all(page.startswith("```python\n    ") for page in pages[1:])
    assert all(page.endswith("\n```") for page in pages[:-1])
    assert join(pages) == f"Here:\n\n```python\n{body}```\nDone."


def test_pages_end_with_a_paragraph_where_there_is_one():
    paragraph = "word " * 60 + "end."
    pages = everything(split("\n\n".join([paragraph] * 12), DISCORD))

    assert pages == ["\n\n".join([paragraph] * 6)] * 2


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("A line of text\n" * 300, "A line of text\n" * 132 + "A line of text"),
        ("A short one. " * 300, "A short one. " * 152 + "A short one."),
        ("word " * 900, "word " * 399 + "word"),
        ("x" * 5000, "x" * 2000),
        ("好的。" * 900, "好的。" * 666),
        ("x" * 1400 + "\n| a | b |\n|---|---|\n" + "| c | d |\n" * 200, "x" * 1400),
        ("x" * 1400 + "\n\n```PY\n" + "y\n\n" * 200 + "```\n", "x" * 1400),
        ("```\n" + "x" * 1900 + "\n```\n```PY " + "y" * 200, "```\n" + "x" * 1900 + "\n```"),
        ("x" * 1900 + "\n\n# Title\n" + "y" * 500, "x" * 1900),
        ("x " * 985 + "`code that is long and stays in one piece` " * 3, "x " * 984 + "x"),
        ("x" * 1990 + "👩‍👩‍👧‍👦" * 3, "x" * 1990),
        ("x" * 1999 + "🇩🇪🇫🇷" * 30, "x" * 1999),
        ("x" * 1999 + "e\u0301\u0302 and on", "x" * 1999),
        ("x" * 2000 + " " * 3000 + "\n\r\n", "x" * 2000),
    ],
)
def test_a_page_ends_where_a_reader_would_end_it(text, first):
    assert everything(split(text, DISCORD))[0] == first


def test_a_page_is_finished_only_by_what_does_not_fit():
    pages = split("x" * 2000, DISCORD)
    before = (pages.finished, pages.open)
    pages.write("  \n\n ")
    pages.write("y")

    assert before == ((), "x" * 2000)
    assert (pages.finished, pages.open) == (("x" * 2000,), "y")


def test_a_block_that_is_exactly_a_page_stays_one():
    text = "```PY\n" + "x" * 1990 + "\n```"
    pages = Pages(DISCORD)
    for character in text:
        pages.write(character)

    assert len(text) == 2000
    assert (pages.finished, pages.open) == ((), text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        (" \n\t", ""),
        ("Look:\n```py", "Look:"),
        ("Look:\n```py\n", "Look:"),
        ("```py\nx", "```py\nx\n```"),
        ("```py\nx\n`", "```py\nx\n```"),
        ("```py\nx\n``", "```py\nx\n```"),
        ("```py\nx\n```", "```py\nx\n```"),
        ("````\n```\nx", "````\n```\nx\n````"),
        ("~~~\n```\nx", "~~~\n```\nx\n~~~"),
        ("- a\n  ```\n  x", "- a\n  ```\n  x\n  ```"),
        ("1. ```py\n   x", "1. ```py\n   x\n   ```"),
        ("> ```py\n> x", "> ```py\n> x\n> ```"),
        ("> ```py\n> x\nout", "> ```py\n> x\nout"),
        ("```a`b``` is code", "```a`b``` is code"),
        ("a\r\nb\rc\r", "a\nb\nc"),
    ],
)
def test_the_open_page_can_always_be_shown(text, shown):
    assert split(text, DISCORD).open == shown


def test_a_quoted_code_block_stays_in_its_quote():
    pages = everything(split("> ```py\n" + "> some = code\n" * 300 + "> ```\nout", DISCORD))

    assert all(page.startswith("> ```py\n> some") for page in pages)
    assert all(page.endswith("> some = code\n> ```") for page in pages[:-1])


@pytest.mark.parametrize(
    "piece", ["a", "word ", "\n", "`", "```\n", "> ", "- ```x\n", "🇩", "。", "\u0301"]
)
def test_a_long_text_is_work_by_its_length_only(piece):
    """Ten times the text is measured ten times as much, in ten times the steps."""

    def work(length):
        measured = []

        def measure(text):
            measured.append(len(text))
            return utf8(text)

        text = piece * (length // len(piece)) + "end"
        called = steps(lambda: split(text, Limit(2000, measure)))
        return called, sum(measured)

    (steps_of_short, short), (steps_of_long, long) = work(20_000), work(100_000)
    assert steps_of_long < 6 * steps_of_short
    assert long < 6 * short


@pytest.mark.parametrize(
    ("pages", "text"),
    [
        ([], ""),
        (["one"], "one"),
        (["One.", "Two."], "One.\n\nTwo."),
        (["one", "two"], "one two"),
        (["你", "好"], "你好"),
        (["- one", "- two"], "- one\n- two"),
        (["| a |", "| b |"], "| a |\n| b |"),
        (["One", "- two"], "One\n\n- two"),
        (["a", " ", "b"], "a b"),
        (["```py\na\n```", "```py\nb\n```"], "```py\na\nb\n```"),
        (["```py\na\n```", "```c\nb\n```"], "```py\na\n```\n\n```c\nb\n```"),
        (["```\na\n```", "```\nb\n```", "```\nc\n```\nd"], "```\na\nb\nc\n```\nd"),
        (["```py\na\n```", "```py x\nb\n```"], "```py\na\n```\n\n```py x\nb\n```"),
        (["x" * 250, "x" * 9], "x" * 259),
    ],
)
def test_pages_are_joined_as_they_were_probably_split(pages, text):
    assert join(pages) == text


@pytest.mark.parametrize(
    ("text", "place", "splits"),
    [
        ("ab", 1, False),
        ("e\u0301", 1, True),
        ("👩\u200d👧", 2, True),
        ("👩\u200d👧", 1, True),
        ("👍🏽", 1, True),
        ("🇩🇪🇫🇷", 1, True),
        ("🇩🇪🇫🇷", 2, False),
        ("\ud83d\ude00", 1, True),
    ],
)
def test_what_looks_like_one_character_is_known(text, place, splits):
    assert splits_character(text, place) is splits


@calm
@given(left=st.text(), right=st.text())
@example(left="\ud83d", right="\ude00")
def test_the_measures_are_additive(left, right):
    for measure in (utf8, utf16):
        assert measure(left + right) == measure(left) + measure(right)


def test_a_limit_without_room_for_fences_is_refused():
    with pytest.raises(ValueError, match="128"):
        Pages(Limit(100, len))


@few
@given(text_of_any_kind, SMALL, st.integers(1, 40))
def test_what_a_growing_page_shows_is_only_ever_added_to(text, limit, step):
    pages = Pages(limit)
    page, shown = 0, ""
    for start in range(0, len(text), step):
        pages.write(text[start : start + step])
        if len(pages.finished) > page:
            page, shown = len(pages.finished), ""
        so_far = pages.open.removesuffix(pages.closing)
        assert so_far.startswith(shown)
        shown = so_far


@few
@given(text_of_any_kind, SMALL, st.integers(1, 40))
def test_what_was_written_can_be_had_back(text, limit, step):
    pages = Pages(limit)
    for start in range(0, len(text), step):
        pages.write(text[start : start + step])

    assert pages.text.strip() == text.replace("\r\n", "\n").replace("\r", "\n").strip()
