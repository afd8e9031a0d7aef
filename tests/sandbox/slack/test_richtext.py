"""Markdown goes in, what Slack keeps of it comes out."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack.drafts import plain
from sandbox.slack.richtext import translate


def elements(markdown):
    (block,) = translate(markdown)
    assert block["type"] == "rich_text"
    return block["elements"]


def runs(markdown):
    (section,) = elements(markdown)
    assert section["type"] == "rich_text_section"
    return section["elements"]


def text(words, **style):
    return {"type": "text", "text": words, **({"style": style} if style else {})}


def test_paragraphs_become_one_section_with_empty_lines():
    assert runs("one\ntwo\n\nthree") == [text("one\ntwo\n\nthree")]


def test_marks_become_styles():
    assert runs("a **b *c*** ~~d~~ `e`") == [
        text("a "),
        text("b ", bold=True),
        text("c", bold=True, italic=True),
        text(" "),
        text("d", strike=True),
        text(" "),
        text("e", code=True),
    ]


def test_headings_lose_their_level():
    assert runs("# One") == runs("### One") == [text("One", bold=True)]


def test_code_loses_its_language():
    assert elements("```python\nx = 1\n```") == [
        {"type": "rich_text_preformatted", "elements": [text("x = 1")], "border": 0}
    ]


def test_code_that_is_still_growing_is_code():
    assert elements("```python\nx = 1")[0]["type"] == "rich_text_preformatted"


def test_lists_are_flat_with_indents():
    kinds = [(e["style"], e["indent"], len(e["elements"])) for e in elements("- a\n  1. b\n  2. c")]

    assert kinds == [("bullet", 0, 1), ("ordered", 1, 2)]


def test_a_numbered_list_that_is_interrupted_goes_on_counting():
    first, code, second = elements("1. a\n   ```\n   x\n   ```\n2. b")

    assert "offset" not in first
    assert code["type"] == "rich_text_preformatted"
    assert second["offset"] == 1


def test_quotes_keep_what_stands_in_them():
    kinds = [e["type"] for e in elements("> a\n>\n> - b\n>\n> ```\n> c\n> ```")]

    assert kinds == ["rich_text_quote", "rich_text_list", "rich_text_preformatted"]


def test_a_table_is_a_block_of_its_own_between_texts():
    before, table, after = translate("x\n\n|a|b|\n|-|-:|\n|1|**2**|\n\ny")

    assert (before["type"], table["type"], after["type"]) == ("rich_text", "table", "rich_text")
    assert table["rows"][0] == [
        {"type": "raw_text", "text": "a"},
        {"type": "raw_text", "text": "b"},
    ]
    assert table["rows"][1][1]["type"] == "rich_text"
    assert [column["align"] for column in table["column_settings"]] == ["left", "right"]


def test_links_of_all_kinds_are_links():
    found = [
        (e.get("url"), e.get("text"))
        for e in runs("[a](http://b.c) ![d](http://e.f) http://g.h/i.")
    ]

    assert [one for one in found if one[0]] == [
        ("http://b.c", "a"),
        ("http://e.f", "d"),
        ("http://g.h/i", None),
    ]


def test_whatever_could_ping_does_ping():
    found = [e["type"] for e in runs("<@U0ADA> <!channel> @here <!subteam^S1> me@here.org")]

    assert [kind for kind in found if kind != "text"] == [
        "user",
        "broadcast",
        "broadcast",
        "usergroup",
    ]


def test_a_word_joiner_takes_the_ping_away():
    assert [e["type"] for e in runs("<\u2060@U0ADA> @\u2060here <\u2060!channel>")] == ["text"]


PIECES = (
    "# h\n;- a\n;  - b\n;1. c\n;> q\n;```py\n;```\n;|a|b|\n;|-|-|\n;**b** ;_i_ ;`c` "
    ";[l](u) ;![i](j) ;word ;\n;\n\n;---\n;    code\n;<x>;@here ;:tada: ;~~s~~ "
)
markdown = st.lists(st.sampled_from(PIECES.split(";")), max_size=30).map("".join)


@given(markdown)
def test_every_markdown_translates_into_blocks_that_travel_as_json(words):
    blocks = translate(words)

    assert json.loads(json.dumps(blocks)) == blocks
    assert {block["type"] for block in blocks} <= {"rich_text", "divider", "table"}


@given(st.text(alphabet="abc xyz", min_size=1).filter(str.strip))
def test_no_word_is_lost(words):
    assert plain(translate(words)).split() == words.split()
