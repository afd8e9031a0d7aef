"""Makes the picture of the README: python -m tests.browser.picture [file]."""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright, expect

from tests.browser.conftest import QUIETLY, ROOT, WIDE, browser_path, whole_sandbox

PICTURE = ROOT / "docs" / "images" / "sandbox.png"
ROOM = WIDE | {"width": 1760, "height": 940}
BEFORE = {
    "slack": "Morning! The notes are in `docs/`, *nearly* done.",
    "discord": "Who has **the** keys?",
}
TALKS = {
    "slack": [
        ("@Parley a table, please", "when it hurts."),
        ("my name is Ada", "I shall remember"),
        ("what is my name?", "You told me"),
    ],
    "discord": [
        ("@Parley show me some code", "however far it counts."),
        ("remember 42", "I shall remember"),
        ("what did I tell you?", "remember 42"),
    ],
}


async def ask(page, side, text, pane="main"):
    """Type into a box and send it."""
    await page.fill(f".{side} .{pane} textarea", text)
    await page.press(f".{side} .{pane} textarea", "Enter")


async def talk(page):
    """A conversation on each side, to its end."""
    await page.locator('.bot[data-state="ready"]').wait_for()
    for side, words in BEFORE.items():
        people = page.locator(f".{side} .me select")
        await people.select_option(label="Ben")
        await ask(page, side, words)
        await expect(page.locator(f".{side} .main .message")).to_have_count(1)
        await people.select_option(label="Ada")
    for side, turns in TALKS.items():
        pane = "main"
        for number, (question, answer) in enumerate(turns, 1):
            await ask(page, side, question, pane)
            pane = "aside"
            shown = page.locator(f".{side} .aside .message")
            await expect(shown).to_have_count(2 * number, timeout=20_000)
            await expect(shown.last).to_contain_text(answer, timeout=20_000)
            await expect(page.locator(f".{side} .aside .busy")).to_be_empty(timeout=20_000)


async def picture(path):
    """Talk to the bot in the sandbox and keep how that looks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with whole_sandbox(Path(folder)) as url, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=browser_path(), args=list(QUIETLY)
            )
            page = await browser.new_page(viewport=ROOM, locale="en-GB")
            await page.goto(url)
            await talk(page)
            await page.screenshot(path=path)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(picture(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE))
