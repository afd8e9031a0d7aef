"""The settings, used in the sandbox's page as somebody new would."""

import pytest
from playwright.async_api import expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
]


async def test_settings_are_changed_on_both_platforms_and_shown_again(parley, open_tab):
    tab = await open_tab(parley)
    page = tab.page
    dialog = page.locator("dialog.form")

    await tab.write("slack", "/parley settings ")
    await dialog.wait_for()
    await dialog.locator('[name="temperature"]').fill("warm")
    await dialog.locator('[name="system_prompt"]').fill("Be brief.")
    await dialog.get_by_role("button", name="Save").click()
    await dialog.get_by_text("a number from 0 to 2").wait_for()
    await tab.screenshot("settings-slack-wrong")
    await dialog.locator('[name="temperature"]').fill("0.5")
    await dialog.get_by_role("button", name="Save").click()
    await dialog.get_by_text("Saved.").wait_for()
    assert "System prompt: Be brief. (set for this channel)" in await dialog.inner_text()
    await tab.screenshot("settings-slack-saved")
    await dialog.get_by_role("button", name="Close").click()

    await tab.write("discord", "/parley settings ")
    last = tab.shown("discord").last
    await last.get_by_role("button", name="Place and people").wait_for()
    await tab.screenshot("settings-discord")
    await last.get_by_role("button", name="Place and people").click()
    await dialog.wait_for()
    await expect(dialog.locator('[name="place"] option').first).to_have_text("not set here")
    await dialog.locator('[name="place"]').select_option("channel")
    await tab.screenshot("settings-discord-form")
    await dialog.get_by_role("button", name="Submit").click()
    await tab.shown("discord").last.get_by_text("in the channel (set for this channel)").wait_for()
