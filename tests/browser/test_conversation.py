"""The whole of it, as a newcomer finds it: the sandbox, the bot, and a browser."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import SCREENSHOTS
from tests.papers import bomb, png, scan, text

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


async def test_files_are_read_and_what_cannot_be_read_is_said(parley, open_tab):
    tab = await open_tab(parley)
    files = [png(), text("The code is 4711."), scan(), bomb(), text(b"PK", "all.zip")]
    sent = [{"name": f.name, "mimeType": f.media_type, "buffer": f.data} for f in files]
    for side in SIDES:
        box = tab.page.locator(f".{side} .main .composer")
        await box.locator("input[type=file]").set_input_files(sent)
        await tab.write(side, "@Parley what is in these files?")
    for side in SIDES:
        await expect(paragraphs(tab, side)).to_contain_text("I see 1 picture(s) with it.")
        await expect(paragraphs(tab, side)).to_contain_text("I read “The code is 4711.”")
        told = tab.page.locator(f".{side} .aside :is(.context, .embed)")
        for words in ("no text in “scan.pdf”", "40 million pixels", "cannot read “all.zip”"):
            await expect(told.first).to_contain_text(words)
        await tab.write(side, "and what was in the file?", "aside")
        await expect(tab.shown(side, "aside").last).to_contain_text("I read “The code is 4711.”")
    await tab.screenshot("files")


async def test_a_direct_message_needs_no_mention(parley, open_tab):
    tab = await open_tab(parley)
    for side in SIDES:
        await tab.open_channel(side, "Parley")
        await tab.write(side, "my name is Ada")
    for side in SIDES:
        answer = tab.shown(side).filter(has_text="I shall remember that your name is Ada")
        await expect(answer).to_have_count(1)


@pytest.mark.parametrize("side", SIDES)
async def test_a_long_rate_limit_is_one_friendly_sentence(parley, open_tab, side):
    """Whoever asks after that waits in line, so that each side needs a model of its own."""
    tab = await open_tab(parley)
    await tab.write(side, "@Parley rate limit, please")

    told = tab.page.locator(f".{side} .aside :is(.context, .embed)")
    await expect(told.first).to_contain_text("too many questions")


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("quota", "no credit left"),
        ("wrong key", "does not accept my key"),
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


async def test_slacks_agent_suggests_names_and_is_stopped_in_direct_messages(parley, open_tab):
    tab = await open_tab(parley)
    await tab.open_channel("slack", "Parley")
    prompts = tab.page.locator(".slack .main .prompts .try")
    await expect(prompts).to_have_text(["What can you do?", "Explain something", "Improve a text"])

    await prompts.first.click()
    await expect(tab.shown("slack").first).to_contain_text("What can you help me with?")
    await expect(tab.page.locator(".slack .main .topic")).to_have_text(
        "“What can you help me with?”"
    )
    again = tab.shown("slack").last.get_by_role("button", name="Try again")
    await expect(again).to_be_visible(timeout=20_000)

    await tab.write("slack", "a slow answer, please")
    await expect(tab.shown("slack").last).to_contain_text("You")
    await tab.page.locator(".slack .main .busy .stop").click()
    await expect(tab.shown("slack").last).to_contain_text("Stopped.")
    await expect(tab.page.locator(".slack .main .busy .stop")).to_have_count(0)
