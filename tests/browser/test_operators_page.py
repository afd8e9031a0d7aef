"""The operator's page in a real browser: narrow and wide, light and dark, by keyboard alone."""

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
import pytest_asyncio
from playwright.async_api import expect

from core.store import Store
from sandbox.model import Answer
from tests.browser.conftest import NARROW, SCREENSHOTS, WIDE
from tests.e2e.conftest import opened
from tests.e2e.places import SlackPlace
from tests.ports import free_port
from tests.weeks import TOKEN, plant, write

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGES = ("", "/cost", "/questions?span=7d&order=slowest", "/settings", "/errors", "/login")
LOOKS = [(size, scheme) for size in ("wide", "narrow") for scheme in ("light", "dark")]

CONTRAST = """() => {
  const parse = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((one) => one / 255)
    .map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, n) => sum + one * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const says = [...element.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
    const box = element.getBoundingClientRect();
    if (!says || !box.width || element.closest(".skip, [hidden], svg")) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${element.textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""
"""Texts with less contrast than people with weak eyes need (WCAG 2.2, 1.4.3)."""

UNNAMED = """() => {
  const named = (one) =>
    one.ariaLabel || one.textContent.trim() || one.labels?.length || one.type === "hidden";
  const all = "a, button, input, select, [role=img], [role=region], [tabindex='0']";
  const unnamed = [...document.querySelectorAll(all)].filter((one) => !named(one));
  return unnamed.map((one) => one.outerHTML.slice(0, 120));
}"""
"""What a screen reader could not say."""

OUTLINE = (
    """() => [...document.querySelectorAll("h1, h2, h3")].map((one) => Number(one.tagName[1]))"""
)


@dataclass
class Desk:
    """A bot with weeks on record, and how an operator opens its page."""

    town: object
    url: str
    chromium: object
    bot: object = None
    errors: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def opened(self, path="", size="wide", scheme="light", *, logged_in=True):
        viewport = {"wide": WIDE, "narrow": NARROW}[size]
        context = await self.chromium.new_context(
            viewport=viewport, color_scheme=scheme, locale="en-GB", reduced_motion="reduce"
        )
        context.set_default_timeout(20_000)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._heard)
        if logged_in:
            await page.goto(f"{self.url}/login")
            await page.get_by_label("Token").fill(TOKEN)
            await page.get_by_role("button", name="Log in").click()
            await page.locator(".top").wait_for()
        await page.goto(f"{self.url}{path}")
        try:
            yield page
        finally:
            await context.close()

    def _heard(self, said):
        if said.type == "error" and "status of 401" not in said.text:
            self.errors.append(said.text)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def desk(chromium, tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("desk"), free_port()
    (folder / "data").mkdir()
    database = folder / "data" / "parley.db"
    await (await Store.open(f"sqlite+aiosqlite:///{database}", time.time)).close()
    write(database, time.time(), questions=600)
    plant(database)
    settings = {"ADMIN_PORT": str(port), "ADMIN_TOKEN": TOKEN}
    async with opened(folder) as town, town.bot(**settings) as bot:
        desk = Desk(town, f"http://127.0.0.1:{port}/admin", chromium, bot)
        yield desk
    assert desk.errors == []


def talk(desk, words=40):
    """Somebody asks, and the answer takes a few seconds."""
    desk.town.model.enqueue(Answer(["word "] * words, rate=10))
    place = SlackPlace(desk.town.slack, desk.town.world.slack)
    return place.mention(place.ben, "how long is this?")


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
async def test_every_page_fits_and_can_be_read(desk, size, scheme):
    """Nothing is wider than the window, too faint to read, or without a name."""
    await talk(desk).until(lambda seen: bool(seen) and "word" in seen[-1].text)
    async with desk.opened("", size, scheme) as page:
        SCREENSHOTS.mkdir(exist_ok=True)
        for path in PAGES:
            await page.goto(f"{desk.url}{path}")
            width = page.viewport_size["width"]
            name = path.partition("?")[0].strip("/") or "now"
            await page.screenshot(path=SCREENSHOTS / f"operator-{name}-{size}-{scheme}.png")

            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert await page.evaluate(CONTRAST) == [], path
            assert await page.evaluate(UNNAMED) == [], path
            levels = await page.evaluate(OUTLINE)
            assert levels.count(1) == 1, path
            assert all(b - a <= 1 for a, b in pairwise(levels)), path


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_logging_in_can_be_read_and_says_what_was_wrong(desk, scheme):
    async with desk.opened("/login", "narrow", scheme, logged_in=False) as page:
        await expect(page.get_by_label("Token")).to_be_focused()
        await page.keyboard.type("a wrong one")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_have_text("This is not the token.")

        assert await page.evaluate(CONTRAST) == []
        assert await page.evaluate(UNNAMED) == []


async def test_by_keyboard_alone_one_gets_from_logging_in_to_a_question(desk):
    async with desk.opened("/questions", logged_in=False) as page:
        await expect(page.get_by_label("Token")).to_be_focused()
        await page.keyboard.type(TOKEN)
        await page.keyboard.press("Enter")
        await page.locator(".asked").wait_for()
        await page.keyboard.press("Tab")
        await expect(page.get_by_text("Skip to the page")).to_be_focused()
        await page.keyboard.press("Enter")
        first = page.locator(".asked tbody a").first
        for _ in range(60):
            await page.keyboard.press("Tab")
            assert (
                await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                != "none"
            )
            if await first.evaluate("one => one === document.activeElement"):
                break
        await page.keyboard.press("Enter")

        await expect(page.get_by_role("heading", level=1)).to_contain_text("Question of")


async def test_a_reply_in_flight_grows_on_the_page_by_itself(desk):
    async with desk.opened() as page:
        await expect(page.get_by_text("No reply is being written.")).to_be_visible()
        await talk(desk).until(lambda seen: bool(seen) and "word" in seen[-1].text)

        row = page.locator("#flights tbody tr")
        await expect(row).to_have_count(1)
        await expect(row).to_contain_text("U0BEN")
        await expect(page.get_by_text("No reply is being written.")).to_be_visible()


async def test_what_is_focused_stays_focused_while_the_page_looks_again(desk):
    async with desk.opened() as page:
        link = page.locator("#all-errors")
        await link.focus()
        before = await page.locator(".updated").inner_text()
        await expect(page.locator(".updated")).not_to_have_text(before)

        await expect(page.locator("#all-errors")).to_be_focused()


async def test_a_page_that_nobody_looks_at_asks_for_nothing(desk):
    async with desk.opened() as page:
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        await page.evaluate(
            """() => {
              Object.defineProperty(document, "hidden", { get: () => window.away });
              window.away = true;
              document.dispatchEvent(new Event("visibilitychange"));
            }"""
        )
        await page.wait_for_timeout(3500)  # longer than from one look to the next
        assert asked == []
        await page.evaluate(
            "window.away = false; document.dispatchEvent(new Event('visibilitychange'))"
        )
        async with asyncio.timeout(10):
            while not asked:
                await asyncio.sleep(0.05)

        assert asked[0].endswith("/admin/now")


async def test_whoever_was_logged_out_meanwhile_is_told(desk):
    async with desk.opened() as page:
        other = await page.context.new_page()
        await other.goto(desk.url)
        await other.get_by_role("button", name="Log out").click()

        await expect(page.locator(".lost")).to_contain_text("You are logged out")
        await page.locator(".lost a").click()
        await expect(page.get_by_label("Token")).to_be_visible()


async def test_a_chart_tells_its_figures_to_pointer_and_keyboard(desk):
    async with desk.opened("/cost?by=model") as page:
        area = page.locator(".area")
        box = await area.bounding_box()
        await page.mouse.move(box["x"] + box["width"] - 5, box["y"] + 20)
        await expect(page.locator(".tip")).to_contain_text("gpt-6-luna")
        await page.mouse.move(0, 0)
        await expect(page.locator(".tip")).to_be_hidden()

        await area.focus()
        await page.keyboard.press("ArrowLeft")
        last = await page.locator(".tip").inner_text()
        await page.keyboard.press("ArrowLeft")
        assert await page.locator(".tip").inner_text() != last
        await page.keyboard.press("Escape")
        await expect(page.locator(".tip")).to_be_hidden()


async def test_a_tip_stays_within_a_narrow_page(desk):
    async with desk.opened("/cost", "narrow") as page:
        await page.locator(".area").focus()
        for key in ("Home", "End"):
            await page.keyboard.press(key)
            box = await page.locator(".tip").bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= NARROW["width"]


async def test_behind_a_chart_is_a_table_with_its_figures(desk):
    async with desk.opened("/cost?by=person") as page:
        await page.get_by_text("The same as a table, by day").click()
        row = page.locator(".behind tbody tr").last
        bar = page.locator(".bar").last
        await expect(row.locator("th")).to_have_text(await bar.get_attribute("data-title"))
        await expect(row.locator("td").last).to_have_text(await bar.get_attribute("data-total"))


async def test_wicked_names_run_nothing_and_are_shown_as_they_are(desk):
    async with desk.opened() as page:
        dialogs = []
        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        for path in ("/settings", "/cost?by=channel", "/question?key=wicked", "/questions"):
            await page.goto(f"{desk.url}{path}")
            await expect(page.locator("main")).to_contain_text("<script>alert(1)</script>")
            assert await page.locator("main :is(script, img)").count() == 0
        await page.goto(f"{desk.url}/cost?by=channel")
        await page.locator(".area").focus()
        await page.keyboard.press("End")
        await expect(page.locator(".tip")).to_contain_text("<script>alert(1)</script>")

        assert await page.locator(".tip :is(script, img)").count() == 0
        assert dialogs == []


async def test_from_one_person_one_gets_to_what_they_used(desk):
    async with desk.opened("/cost?by=person") as page:
        await page.get_by_role("link", name="slack/U0ADA").click()
        await expect(page.locator(".only")).to_contain_text("slack/U0ADA")
        await expect(page.locator("tbody").last).to_contain_text("gpt-6-luna")
        await page.get_by_role("link", name="show all").click()
        await expect(page.locator(".only")).to_have_count(0)


async def test_of_failures_alone_one_gets_to_one_of_them_and_its_request(desk):
    async with desk.opened("/questions?span=30d") as page:
        await page.get_by_role("link", name="overloaded").first.click()
        badges = await page.locator(".asked .badge").all_inner_texts()
        assert set(badges) == {"overloaded"}
        await page.locator(".asked tbody a").first.click()
        await expect(page.locator("main")).to_contain_text("req_")


async def test_from_a_question_one_gets_to_what_its_asker_and_its_channel_cost(desk):
    async with desk.opened("/questions?span=30d&outcome=overloaded") as page:
        await page.locator(".asked tbody a").first.click()
        for part in (0, 1):
            link = page.locator("dd a").nth(part)
            name = await link.inner_text()
            await link.click()
            await expect(page.locator(".only")).to_contain_text(name)
            await page.go_back()
