"""What Discord does not show is written in ways that it does, wherever the text was cut."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.discord.dress import Dress
from bots.discord.shown import LIMIT
from bots.discord.tables import WIDEST, cells, plain
from bots.discord.width import width
from core.pages import Pages
from tests.work import steps

calm = settings(deadline=None)


def dressed(text, size=0):
    dress, size = Dress(), size or len(text) or 1
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    return "".join(map(dress.feed, pieces)) + dress.flush()


TABLE = "| Name | Left | Right |\n|:-:|:--|--:|\n| a | **b** | 1 |\n| cc | `d\\|e` | 22 |\n"
BLOCK = """\
```
Name  Left  Right
────  ────  ─────
 a    b         1
 cc   d|e      22
```
"""


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("#### Deep", "**Deep**"),
        ("###### **Deeper** ##\ntext", "**Deeper**\ntext"),
        ("### Third", "### Third"),
        ("####### none", "####### none"),
        ("#nothing", "#nothing"),
        ("above\n\n---\n\nbelow", "above\n\n────────────────\n\nbelow"),
        ("* * *", "────────────────"),
        ("- - item", "- - item"),
        ("- [ ] to do\n- [x] done", "- ⬜ to do\n- ✅ done"),
        ("1. [X] done", "1. ✅ done"),
        ("- [link](http://x)", "- [link](http://x)"),
        ("a ![cat](http://x/c.png) b", "a [cat](http://x/c.png) b"),
        ('![](http://x/c.png "title")!', "http://x/c.png!"),
        ("`![cat](http://x)`", "`![cat](http://x)`"),
        ("hello! ![", "hello! !["),
        (TABLE, BLOCK),
        (f"text\n{TABLE}\nmore", f"text\n{BLOCK}\nmore"),
        (f"{TABLE}text right below", f"{BLOCK}text right below"),
        (TABLE.rstrip(), BLOCK),
        ("| no | table |\ntext", "| no | table |\ntext"),
        ("| no |", "| no |"),
        ("|---|---|\n|---|", "|---|---|\n|---|"),
        (f"```\n{TABLE}#### no\n```\n", f"```\n{TABLE}#### no\n```\n"),
        ("> ```\n> #### code\n#### Deep", "> ```\n> #### code\n**Deep**"),
    ],
)
def test_what_discord_does_not_show_is_written_in_other_ways(text, seen):
    assert dressed(text) == seen


@pytest.mark.parametrize(
    "rows",
    ["| a | [x](http://y) |\n| b | c |\n", f"| a | {'word ' * 20}|\n| b | c |\n"],
    ids=["links", "too wide"],
)
def test_a_table_that_cannot_stand_in_columns_is_a_list(rows):
    text = dressed(f"| Name | What |\n|---|---|\n{rows}end")

    assert "```" not in text
    assert text.startswith("**Name: a**\n- What: ")
    assert text.endswith("\n\n**Name: b**\n- What: c\nend")


def test_columns_are_aligned_by_what_a_reader_sees():
    rows = ["東京", "e\u0301te\u0301", "✅ ok", "⚠️", "🇩🇪", "👩‍👧", "**bold**", "plain", "[x] `y`"]
    table = "".join(f"| {row} | end |\n" for row in rows)
    lines = dressed(f"| Name | Last |\n|---|---|\n{table}").split("\n")[1:-2]

    assert len(lines) == len(rows) + 2
    assert {width(line[: line.rindex(" ") + 1]) for line in lines} == {7}


def test_a_table_is_given_only_when_it_is_complete():
    dress = Dress()
    assert [dress.feed(line + "\n") for line in TABLE.splitlines()] == [""] * 4
    assert dress.held
    assert dress.feed("\n") == BLOCK + "\n"


def test_a_table_longer_than_a_message_is_held_for_one_message_and_stays_aligned():
    rows = [f"| {n} | {'x' * (n % 30)} |" for n in range(300)]
    dress, pages, longest = Dress(), Pages(LIMIT), 0
    for line in ["| Number | Words |", "|--:|---|", *rows]:
        pages.write(dress.feed(line + "\n"))
        longest = max(longest, len(dress.held))
    pages.write(dress.flush())
    shown = [*pages.finished, pages.last]

    assert len(shown) > 3
    assert all(page.startswith("```\n") and page.endswith("\n```") for page in shown)
    found = [line for page in shown for line in page.split("\n") if re.match(r" *\d+", line)]
    assert [int(line.split()[0]) for line in found] == list(range(300))
    assert {re.match(r" *\d+", line).end() for line in found} == {8}


letters = st.sampled_from(list("#|-*[]x !()`~>\\:_. \t\n\r1aé你"))
lines = st.one_of(
    st.text(letters, max_size=30),
    st.sampled_from(
        [
            *["#### Deep `x`", "| a | b |", "|---|:-:|", "| 1 | ![x](y) |", "- [ ] do", "---", ""],
            *["```", "~~~ py", "> ```", "> x", "![an image](http://x/y)", f"| {'x' * 90} | c |"],
            *["| " + "y" * 4100, "#### " + "z" * 310, "text ``a` ![b](c)", "!", " " * 45 + "| a |"],
        ]
    ),
)
texts = st.lists(lines, max_size=12).map("\n".join)


@calm
@given(text=texts, data=st.data())
def test_how_the_text_arrives_makes_no_difference(text, data):
    dress, rest, out = Dress(), text, ""
    while rest:
        size = data.draw(st.integers(1, 40))
        out += dress.feed(rest[:size])
        rest = rest[size:]

    assert out + dress.flush() == dressed(text) == dressed(text, 1)


prose = st.lists(
    st.one_of(
        st.text(st.sampled_from(list("abc *_~`[]()<>.,:;é你 ")), max_size=40).map("w".__add__),
        st.sampled_from(["# One", "### Three", "- item", "1. item", "> quote", "", "**bold**"]),
    ),
    max_size=10,
).map("\n".join)


@calm
@given(text=prose)
def test_text_without_any_of_these_passes_unchanged_and_whole(text):
    assert dressed(text) == text


@calm
@given(code=texts.filter(lambda text: "````" not in text))
def test_code_blocks_are_left_alone(code):
    text = f"````md\n{code}\n````\n"

    assert dressed(text, 3) == text


@calm
@given(text=texts, data=st.data())
def test_words_are_neither_lost_nor_doubled(text, data):
    word = "UNIQUE"
    place = data.draw(st.integers(0, len(text)))
    text = re.sub(r"^ *\|.*UNIQUE.*$", word, f"{text[:place]}\n{word}\n{text[place:]}")

    assert dressed(text).count(word) == 1


@calm
@given(text=st.lists(st.text(letters, max_size=12), min_size=1, max_size=4))
def test_cells_are_read_as_they_were_written(text):
    wanted = [" ".join(cell.replace("\\", "").split()) for cell in text]
    line = "| " + " | ".join(cell.replace("|", "\\|") for cell in wanted) + " |"

    found = cells(line)
    assert list(found) == wanted or wanted[-1] == ""
    assert all("\n" not in plain(cell) and "```" not in plain(cell) for cell in found)


def test_plain_text_waits_for_nothing():
    dress = Dress()

    assert [dress.feed(word) for word in ("Some ", "plain ", "words")] == [
        "Some ",
        "plain ",
        "words",
    ]


def test_no_table_is_wider_than_a_window():
    row = "| " + " | ".join("x" * 20 for _ in range(5)) + " |\n"
    text = dressed("| a | b | c | d | e |\n|---|---|---|---|---|\n" + row)

    assert max(map(len, text.split("\n"))) <= WIDEST


@pytest.mark.parametrize("line", ["| a | b |\n", "![a](", "`", "- [ ", "#### x", "| *a _b "])
def test_only_what_is_new_is_work(line):
    def work(length):
        dress, text = Dress(), line * (length // len(line))
        for start in range(0, len(text), 5):
            dress.feed(text[start : start + 5])
        dress.flush()

    assert steps(lambda: work(100_000)) < 6 * steps(lambda: work(20_000))


def test_of_a_long_line_no_more_is_kept_than_can_be_a_fence():
    dress = Dress()
    given = "".join(dress.feed("and so on ") for _ in range(1000))

    assert given == "and so on " * 1000
    assert len(dress._line) < 100
