"""Behind the scenes, as an operator uses it: a fault is pressed, and everybody is answered."""

import re

import pytest
from playwright.async_api import expect

from sandbox.limits import Standing
from tests.browser.conftest import NARROW

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
]

ENDED = re.compile("Start with the first; the others are for when it hurts.")


async def fail(tab, where, kind, span, call=""):
    """Switch a fault on, by keyboard alone."""
    form = tab.page.locator(".fault-form")
    await form.locator(f'input[value="{where}"]').focus()
    await tab.page.keyboard.press("Space")
    if call:
        await form.locator("[name=call]").select_option(call)
    await form.locator("[name=kind]").select_option(kind)
    await form.locator("[name=span]").select_option(span)
    await form.locator("[name=span]").focus()
    await tab.page.keyboard.press("Tab")
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.locator(".faults-on li").first).to_be_visible()


async def ask(tab):
    for side in ("slack", "discord"):
        await tab.write(side, "@Parley show code and a table")


async def answered(tab):
    for side in ("slack", "discord"):
        answer = tab.shown(side, "aside").last
        await expect(answer).to_contain_text(ENDED, timeout=40_000)
        await expect(tab.shown(side, "aside")).to_have_count(2)


async def test_a_bot_that_is_killed_in_the_middle_answers_both_after_its_restart(parley, open_tab):
    tab = await open_tab(parley)
    await tab.page.locator(".backstage-button").click()
    await ask(tab)
    for side in ("slack", "discord"):
        await expect(tab.shown(side, "aside").last).to_contain_text("stand-in")
    await tab.page.get_by_role("button", name="Kill and restart").press("Enter")
    await expect(tab.page.locator(".bot")).to_have_attribute("data-state", "starting")
    await answered(tab)

    done = tab.page.locator('.lags [data-state="done"]')
    await expect(done).to_have_count(2)
    await expect(done.first).to_contain_text("characters are shown")


async def test_refused_edits_are_seen_in_the_gauges_and_the_answers_come_whole(parley, open_tab):
    tab = await open_tab(parley)
    await tab.page.locator(".backstage-button").click()
    await fail(tab, "slack", "rate_limit", "1", "*")
    await fail(tab, "discord", "rate_limit", "3", "PATCH message")
    await ask(tab)
    await answered(tab)

    await expect(
        tab.page.locator(".gauge-group:has(h3.discord) .gauge-refused", has_text="429")
    ).to_have_text(re.compile("^429 . 3$"))
    await expect(
        tab.page.locator(".gauge-group:has(h3.slack) .gauge-refused", has_text="429").first
    ).to_be_visible()
    await expect(tab.page.locator(".faults-on li", has_text="Discord")).to_have_count(0)


async def test_lines_that_break_and_a_model_that_is_slow_lose_nothing(parley, open_tab):
    tab = await open_tab(parley)
    await tab.page.locator(".backstage-button").click()
    await fail(tab, "model", "slow", "1")
    await ask(tab)
    for name in ("Cut", "Cut, no resume"):
        await tab.page.locator(".lines").get_by_role("button", name=name, exact=True).last.click()
    await tab.page.locator(".lines").get_by_role("button", name="Cut", exact=True).first.click()

    await answered(tab)


async def test_the_panel_leaves_room_for_one_side_on_a_narrow_screen(place, open_tab):
    tab = await open_tab(place.url, viewport=NARROW)
    button = tab.page.locator(".backstage-button")
    await button.press("Enter")
    await expect(tab.page.locator(".backstage")).to_be_visible()
    await expect(tab.page.locator(".sides")).to_be_hidden()
    width = await tab.page.evaluate("document.documentElement.scrollWidth")
    assert width <= NARROW["width"]
    await tab.page.locator('.tabs [data-show="discord"]').click()

    await expect(tab.page.locator(".backstage")).to_be_hidden()
    await expect(tab.page.locator(".discord .main")).to_be_visible()
    await expect(button).to_have_attribute("aria-expanded", "false")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_an_empty_budget_fills_again_before_ones_eyes(place, open_tab, scheme):
    tab = await open_tab(place.url, scheme=scheme)
    await tab.page.locator(".backstage-button").click()
    await expect(tab.page.locator(".budgets .none")).to_be_visible()
    place.discord.buckets.counted.tell(Standing("edit", ("2001",), 0, 5, resets=1.0))
    meter = tab.page.get_by_role("meter", name="edit #general")

    await expect(meter).to_have_attribute("aria-valuenow", "0")
    await expect(meter).to_have_attribute("aria-valuenow", "5")
    await tab.screenshot(f"backstage-{scheme}")


async def test_a_fault_that_is_on_counts_down_and_is_switched_off(place, open_tab):
    tab = await open_tab(place.url)
    await tab.page.locator(".backstage-button").click()
    await fail(tab, "slack", "status", "60s", "chat.update")
    one = tab.page.locator(".faults-on li")
    await expect(one.locator(".fault-left")).to_have_text(re.compile(r"5\d s left"))
    await one.get_by_role("button").press("Enter")

    await expect(one).to_have_count(0)
    assert place.slack.faults.waiting == []
