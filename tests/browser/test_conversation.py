"""The whole of it, as a newcomer finds it: the sandbox, the bot, and a browser."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import SCREENSHOTS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
]

SIDES = ("slack", "discord")


def paragraphs(tab, side, pane="aside"):
    return tab.shown(side, pane).last.locator(".body")


async def test_both_sides_answer_in_a_thread_and_remember_it(parley, open_tab):
    tab = await open_tab(parley)
    for side in SIDES:
        await tab.write(side, "@Parley show me some code")
    for side in SIDES:
        await expect(tab.shown(side, "aside")).to_have_count(2)
        await expect(paragraphs(tab, side)).to_contain_text("I am a stand-in")
    await tab.screenshot("growing")
    for side in SIDES:
        await expect(paragraphs(tab, side)).to_contain_text("however far it counts.")
        await tab.write(side, "remember 42", "aside")
    for side in SIDES:
        await expect(paragraphs(tab, side)).to_contain_text("I shall remember “42”")
        await tab.write(side, "what did I tell you?", "aside")
    for side in SIDES:
        await expect(paragraphs(tab, side)).to_contain_text("remember 42")
    await tab.screenshot("answered")
    assert (SCREENSHOTS / "answered.png").stat().st_size > 10_000


async def test_an_answer_that_was_cut_off_goes_on_when_asked_to(parley, open_tab):
    tab = await open_tab(parley)
    for side in SIDES:
        await tab.write(side, "@Parley a table, with a length limit")
    for side in SIDES:
        told = tab.page.locator(f".{side} .aside :is(.context, .embed)")
        await expect(told.first).to_contain_text("length limit")
        await tab.write(side, "continue", "aside")
    for side in SIDES:
        await expect(paragraphs(tab, side)).to_contain_text("when it hurts.")


async def test_a_question_by_command_is_answered_to_its_asker_alone(parley, open_tab):
    tab = await open_tab(parley)
    await tab.write("slack", "/ask what is a lease?")
    await tab.write("discord", "/ask private:true what is a lease?")

    for side in SIDES:
        answer = tab.shown(side).last
        await expect(answer).to_contain_text("You wrote: “what is a lease?”")
        await expect(answer.locator(".only-you")).to_be_visible()


async def test_a_direct_message_needs_no_mention(parley, open_tab):
    tab = await open_tab(parley)
    for side in SIDES:
        await tab.open_channel(side, "Parley")
        await tab.write(side, "my name is Ada")
    for side in SIDES:
        answer = tab.shown(side).filter(has_text="I shall remember that your name is Ada")
        await expect(answer).to_have_count(1)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("quota", "no credit left"),
        ("wrong key", "does not accept my key"),
        ("rate limit", "too many questions"),
        ("cut", "interrupted"),
        ("content filter", "filtered"),
        ("length limit", "length limit"),
        ("empty answer", "empty answer"),
    ],
)
async def test_each_failure_is_one_friendly_sentence(parley, open_tab, word, sentence):
    tab = await open_tab(parley)
    for side in SIDES:
        await tab.write(side, f"@Parley {word}, please")
    for side in SIDES:
        told = tab.page.locator(f".{side} .aside :is(.context, .embed)")
        await expect(told.first).to_contain_text(sentence)
