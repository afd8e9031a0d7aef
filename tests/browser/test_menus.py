"""The menu of a message, its form, and `/parley`, as a newcomer uses them on the page."""

import pytest
from playwright.async_api import expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
]

SIDES = ("slack", "discord")


async def choose(tab, side, words, entry):
    message = tab.shown(side).filter(has_text=words).first
    await message.hover()
    await message.locator('.tool[title="More actions"]').click()
    await tab.page.locator("dialog .entry-of-menu", has_text=entry).click()


@pytest.mark.parametrize("side", SIDES)
async def test_a_message_is_asked_about_with_a_form(parley, open_tab, side):
    tab = await open_tab(parley)
    await tab.write(side, "The demurrer was overruled.")
    await choose(tab, side, "demurrer", "Ask Parley about this")
    await tab.page.locator("dialog textarea").fill("what is a demurrer?")
    await tab.page.locator("dialog .sure").click()

    answer = tab.shown(side).last
    await expect(answer).to_contain_text("Ada wrote this message")
    await expect(answer).to_contain_text("what is a demurrer?")
    await expect(answer.locator(".only-you")).to_be_visible()
    await expect(tab.page.locator("dialog")).to_have_count(0)


@pytest.mark.parametrize("side", SIDES)
async def test_a_message_is_summarised_from_its_menu(parley, open_tab, side):
    tab = await open_tab(parley)
    await tab.write(side, "A long story about a lease.")
    await choose(tab, side, "A long story", "Summarise this thread")

    answer = tab.shown(side).filter(has_text="a summary of this thread").last
    await expect(answer).to_contain_text("Ada: A long story about a lease.")
    await expect(answer.locator(".only-you")).to_be_visible()


async def test_a_menu_can_be_closed_without_a_choice(parley, open_tab):
    tab = await open_tab(parley)
    await tab.write("slack", "Never mind.")
    message = tab.shown("slack").filter(has_text="Never mind.").first
    await message.hover()
    await message.locator('.tool[title="More actions"]').click()
    await tab.page.locator("dialog", has_text="With this message").get_by_text("Cancel").click()

    await expect(tab.page.locator("dialog")).to_have_count(0)


async def test_a_subcommand_is_completed_and_sent_on_discord(parley, open_tab):
    tab = await open_tab(parley)
    box = tab.page.locator(".discord .main textarea")
    await box.fill("/parley us")
    await expect(tab.page.locator(".discord .main .choice-words")).to_have_text(["/parley usage"])
    await box.press("Enter")
    await box.press("Enter")

    await expect(tab.shown("discord").last).to_contain_text("You, today: ")


@pytest.mark.parametrize("side", SIDES)
async def test_why_this_answer_stands_line_by_line_and_below_no_command(parley, open_tab, side):
    tab = await open_tab(parley)
    await tab.write(side, "@Parley what is a lease?")
    await tab.shown(side, "aside").get_by_role("button", name="Why this answer?").click()

    told = tab.shown(side, "aside").filter(has_text="Shown to the model").last
    words = await told.locator(":is(.context, .embed)").inner_text()
    assert "Model: stand-in" in words
    assert "\nShown to the model" in words
    await expect(told).not_to_contain_text("used")


async def test_discords_menus_and_forms_are_german_for_whoever_uses_it_in_german(parley, open_tab):
    tab = await open_tab(parley)
    await tab.page.locator(".discord .me select").select_option(label="Cho")
    await tab.write("discord", "Guten Morgen.")
    await choose(tab, "discord", "Guten Morgen", "Parley dazu fragen")

    answers = tab.page.locator("dialog.form .answers")
    await expect(answers.get_by_role("button")).to_have_text(["Abbrechen", "Absenden"])
