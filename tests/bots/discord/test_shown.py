from hypothesis import given
from hypothesis import strategies as st

from bots.discord.shown import LIMIT, answer_in, content, face, without_embed
from core.pages import utf16
from core.surface import Page


def test_discord_counts_utf_16_units():
    assert utf16("a") == 1
    assert utf16("🎉") == 2
    assert utf16("\ud83c") == 1, "half a character neither fails nor vanishes"


@given(st.text(), st.text())
def test_the_measure_is_additive(one, two):
    assert LIMIT.measure(one + two) == LIMIT.measure(one) + LIMIT.measure(two)


def test_the_answer_is_plain_content_and_the_notice_stands_beside_it():
    shown = content(Page("the answer", "cut off"))

    assert shown["content"] == "the answer"
    assert [embed.description for embed in shown["embeds"]] == ["cut off"]
    assert shown["allowed_mentions"].to_dict() == {"parse": []}


def test_an_edit_takes_a_former_notice_away():
    assert content(Page("the answer"))["embeds"] == []


def test_where_the_bot_may_not_embed_the_notice_is_small_print_that_is_no_answer():
    page = without_embed(Page("the answer", "cut off"))

    assert page.notice == ""
    assert page.text.endswith("cut off")
    assert answer_in(page.text) == "the answer"
    assert answer_in(without_embed(Page("", "cut off")).text) == ""


def test_a_long_notice_is_shortened_to_what_discord_takes():
    page = Page("the answer", "so 🎉 long " * 900)
    (embed,) = content(page)["embeds"]

    assert utf16(embed.description) <= 4096
    assert embed.description.endswith("…")
    assert face(page)[1] == embed.description


def test_long_small_print_is_shortened_and_stays_one_line_that_is_no_answer():
    page = without_embed(Page("the answer", "so long\nand more " * 300))

    assert utf16(page.text) <= 2000
    assert page.text.endswith("…")
    assert answer_in(page.text) == "the answer"


@given(st.text(max_size=2000).filter(lambda text: utf16(text) <= 2000))
def test_small_print_never_makes_a_message_too_long(text):
    page = without_embed(Page(text, "a notice"))

    assert utf16(page.text) <= 2000
    assert page.text.startswith(text.strip()[:10])


def test_no_link_in_a_notice_hides_where_it_leads():
    page = Page("", "I cannot read “[free](https://evil.example).zip”.")

    (embed,) = content(page)["embeds"]
    assert "](" not in embed.description
    assert "](" not in without_embed(page).text
    assert face(page)[1] == embed.description
