"""A real browser, and pages of the sandbox for it to open."""

import asyncio
import os
import re
import shutil
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright

from sandbox.discord import DiscordServer
from sandbox.page import Acts, Backstage, Bot, Model, PageServer
from sandbox.slack import SlackServer
from sandbox.world import World

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "tests" / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIETLY = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 400, "height": 820}


def browser_path():
    """Where the system's Chromium is; none, when there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium():
    path = browser_path()
    if path is None:
        pytest.fail("No Chromium is installed: apt-get install chromium, then try again.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(QUIETLY))
        yield browser
        await browser.close()


@dataclass
class Tab:
    """A tab with the sandbox's page, and what went wrong in it."""

    page: Page
    errors: list[str]

    async def write(self, side, text, pane="main"):
        """Type into a box and send it."""
        box = self.page.locator(f".{side} .{pane} textarea")
        await box.fill(text)
        await box.press("Enter")

    def shown(self, side, pane="main"):
        """The messages in a pane."""
        return self.page.locator(f".{side} .{pane} .message")

    async def open_channel(self, side, name):
        await self.page.locator(f".{side} .entry", has_text=name).first.click()

    async def screenshot(self, name):
        SCREENSHOTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


@pytest_asyncio.fixture(loop_scope="session")
async def open_tab(chromium):
    """Opens tabs; at the end of the test, none may have had an error."""
    tabs, contexts = [], []

    async def open_tab(url, *, viewport=WIDE, scheme="light", state="ready"):
        context = await chromium.new_context(
            viewport=viewport, color_scheme=scheme, locale="en-GB", reduced_motion="reduce"
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        tab = Tab(await context.new_page(), [])
        tabs.append(tab)
        tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
        tab.page.on("console", lambda said: said.type == "error" and tab.errors.append(said.text))
        await tab.page.goto(url)
        await tab.page.locator(f'.bot[data-state="{state}"]').wait_for()
        return tab

    yield open_tab
    for context in contexts:
        await context.close()
    assert [error for tab in tabs for error in tab.errors] == []


@dataclass
class Place:
    """A world with its page, and no bot in it."""

    world: World
    slack: SlackServer
    discord: DiscordServer
    page: PageServer

    @property
    def url(self):
        return self.page.url


@pytest_asyncio.fixture(loop_scope="session")
async def place():
    world = World()
    slack, discord = SlackServer(world), DiscordServer(world)
    page = PageServer(world, Acts(slack, discord), Model(), Backstage(world, slack, discord, None))
    for server in (slack, discord, page):
        await server.start()
    page.show_bot(Bot("ready", "Nobody is connected, but that is fine."))
    yield Place(world, slack, discord, page)
    for server in (page, discord, slack):
        await server.stop()


@asynccontextmanager
async def whole_sandbox(folder, **environ):
    """`parley sandbox` with the bot, as its own process; gives the page's address."""
    with (folder / "sandbox.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bots.cli",
            "sandbox",
            "--port",
            "0",
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **environ},
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            yield await _address(process, folder / "sandbox.log")
        finally:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(20):
                await process.wait()


async def _address(process, log):
    async with asyncio.timeout(30):
        while not (found := re.search(r"^ +(http://\S+)$", log.read_text(), re.MULTILINE)):
            assert process.returncode is None, log.read_text()
            await asyncio.sleep(0.05)
    return found[1]


@pytest_asyncio.fixture(loop_scope="session")
async def parley(tmp_path):
    """The address of a whole sandbox, with the bot connected on both sides."""
    async with whole_sandbox(tmp_path) as url:
        yield url
