"""The page itself, with people in it and a bot that is played by the test."""

import json

import pytest
from playwright.async_api import expect

from sandbox.model import samples
from sandbox.page import Bot
from sandbox.slack import blocks
from sandbox.world import Channel, Kind
from tests.browser.conftest import NARROW, WIDE

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WICKED = "<img src=x onerror=alert(1)><script>alert(2)</script> [x](javascript:alert(3))"


def say_in_slack(place, markdown, thread="", **how):
    """What the bot would post in #general, translated as Slack does it."""
    payload = {"blocks": blocks.accept([{"type": "markdown", "text": markdown}])}
    return place.world.slack.post(
        "C0GENERAL", "U0PARLEY", "fallback", thread=thread, payload=payload, **how
    )


def open_thread(place, message, name):
    return place.world.discord.add_channel(
        Channel(message.id, name, Kind.THREAD, {"1001", "1009"}, parent=message.channel)
    )


async def test_an_empty_channel_says_what_to_do(place, open_tab):
    tab = await open_tab(place.url)

    for side in ("slack", "discord"):
        await expect(tab.page.locator(f".{side} .main .empty")).to_contain_text("Mention @Parley")
    await tab.page.locator(".slack .empty .try").first.click()
    await expect(tab.page.locator(".slack .main textarea")).to_have_value(
        "@Parley what can you do?"
    )


@pytest.mark.parametrize("side", ["slack", "discord"])
async def test_what_one_person_writes_the_other_sees_at_once(place, open_tab, side):
    ada, ben = await open_tab(place.url), await open_tab(place.url)
    await ben.page.locator(f".{side} .me select").select_option(label="Ben")

    await ada.write(side, "Hello **Ben** & <all>")

    await expect(ben.shown(side)).to_have_count(1)
    await expect(ben.shown(side)).to_contain_text("& <all>")


async def test_a_message_grows_in_place_as_it_is_edited(place, open_tab):
    tab = await open_tab(place.url)
    said = place.discord.say("1001", "2001", "first")
    await expect(tab.shown("discord").locator(".paragraph")).to_have_text("first")
    for text in ("second", "third"):
        place.discord.edit("1001", "2001", said.id, text)
    await expect(tab.shown("discord").locator(".paragraph")).to_have_text("third(edited)")
    await expect(tab.shown("discord").locator(".edited")).to_be_visible()
    await expect(tab.shown("discord")).to_have_count(1)


@pytest.mark.parametrize("side", ["slack", "discord"])
async def test_no_text_can_run_in_the_page(place, open_tab, side):
    tab = await open_tab(place.url)
    dialogs = []
    tab.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    if side == "slack":
        say_in_slack(place, WICKED)
    else:
        place.world.discord.post("2001", "1009", WICKED, payload={"embeds": [{"title": WICKED}]})
    await tab.write(side, WICKED)

    await expect(tab.shown(side)).to_have_count(2)
    await expect(tab.shown(side).first).to_contain_text("<script>")
    assert await tab.page.locator(".message :is(img[src='x'], script)").count() == 0
    assert await tab.page.locator("a[href^='javascript']").count() == 0
    assert dialogs == []


async def test_slack_shows_markdown_as_slack_does(place, open_tab):
    tab = await open_tab(place.url)
    say_in_slack(place, samples.MARKDOWN)
    message = tab.shown("slack")

    await expect(message.locator("strong", has_text="A tour of Markdown")).to_be_visible()
    await expect(message.locator("pre")).to_have_text('{"fenced": true, "language": "json"}')
    await expect(message.locator("table td.to-right")).to_have_text(["1", "22"])
    await expect(message.locator("ul.indent-1 li")).to_have_text(["Conference", "Williams"])
    await expect(message.locator("a")).to_have_attribute("rel", "noopener noreferrer")


async def test_discord_shows_markdown_as_discord_does(place, open_tab):
    tab = await open_tab(place.url)
    place.world.discord.post("2001", "1009", samples.MARKDOWN)
    message = tab.shown("discord")

    await expect(message.locator("h3")).to_have_text("A tour of Markdown")
    await expect(message.locator("em strong, strong em")).to_have_text("both")
    await expect(message.locator("s")).to_have_text("struck out")
    await expect(message.locator("blockquote")).to_contain_text("puts a bar before it")
    await expect(message.locator(".code-string").first).to_have_text('"fenced"')
    await expect(message).to_contain_text("| one | 1 |")


async def test_an_answer_to_ones_own_mention_opens_its_thread(place, open_tab):
    tab = await open_tab(place.url)
    await tab.write("slack", "@Parley what is a lease?")
    await expect(tab.shown("slack")).to_have_count(1)
    await tab.write("discord", "@Parley what is a lease?")
    await expect(tab.shown("discord")).to_have_count(1)
    asked = next(iter(place.world.slack.messages("C0GENERAL")))
    place.slack.workspace.statuses.set("C0GENERAL", asked.id, "is thinking …")
    await expect(tab.page.locator(".slack .aside .busy")).to_have_text("Parley is thinking …")
    say_in_slack(place, "A promise.", asked.id)
    thread = open_thread(place, next(iter(place.world.discord.messages("2001"))), "A lease")
    place.world.discord.post(thread.id, "1009", "A promise.")

    for side in ("slack", "discord"):
        await expect(tab.shown(side, "aside")).to_have_count(2)
        await expect(tab.shown(side, "aside").last).to_contain_text("A promise.")
    await expect(tab.page.locator(".slack .thread-link")).to_contain_text("1 reply")
    await expect(tab.page.locator(".discord .rail .thread")).to_have_text("↳A lease")


async def test_of_two_tabs_of_one_person_only_the_one_that_asked_opens_the_thread(place, open_tab):
    tab, other = await open_tab(place.url), await open_tab(place.url)
    for side in ("slack", "discord"):
        await tab.write(side, "@Parley what is a lease?")
        await expect(tab.shown(side)).to_have_count(1)
    asked = next(iter(place.world.slack.messages("C0GENERAL")))
    say_in_slack(place, "A promise.", asked.id)
    thread = open_thread(place, next(iter(place.world.discord.messages("2001"))), "A lease")
    place.world.discord.post(thread.id, "1009", "A promise.")

    for side in ("slack", "discord"):
        await expect(tab.shown(side, "aside")).to_have_count(2)
        await expect(other.page.locator(f".{side} .main .thread-link")).to_be_visible()
        await expect(other.page.locator(f".{side} .aside")).to_be_hidden()


async def test_one_sees_who_types_until_they_have_written(place, open_tab):
    tab = await open_tab(place.url)
    busy = tab.page.locator(".discord .main .busy")
    place.discord.type("1002", "2001")
    await expect(busy).to_have_text("Ben is typing…")
    place.discord.say("1002", "2001", "Done.")

    await expect(busy).to_be_empty()


async def test_only_the_one_it_is_for_sees_an_ephemeral_message(place, open_tab):
    tab = await open_tab(place.url)
    say_in_slack(place, "For Ada alone", only_for="U0ADA")

    await expect(tab.shown("slack")).to_contain_text("Only visible to you")
    await tab.page.locator(".slack .me select").select_option(label="Ben")
    await expect(tab.shown("slack")).to_have_count(0)


async def test_people_and_commands_are_completed_as_one_types(place, open_tab):
    tab = await open_tab(place.url)
    box, menu = tab.page.locator(".slack .main textarea"), tab.page.locator(".slack .main .choices")
    await box.press_sequentially("Hey @pa")
    await expect(menu.locator("li")).to_have_count(1)
    await box.press("Enter")
    await expect(box).to_have_value("Hey @Parley ")
    await box.fill("")
    await box.press_sequentially("/as")
    await expect(menu.locator(".choice-words")).to_have_text(["/ask", "/ask public", "/ask as:"])
    await box.press("ArrowDown")
    await box.press("Tab")

    await expect(box).to_have_value("/ask public ")
    await expect(menu).to_be_hidden()


async def test_a_command_that_fails_says_so_and_keeps_what_was_typed(place, open_tab):
    tab = await open_tab(place.url)
    await tab.write("slack", "/ask what is a lease?")

    await expect(tab.page.locator(".slack .main .composer-note")).to_contain_text("dispatch_failed")
    await expect(tab.page.locator(".slack .main textarea")).to_have_value("/ask what is a lease?")
    tab.errors.clear()  # the browser notes the refusal of its own request


async def test_one_edits_and_deletes_what_is_ones_own(place, open_tab):
    tab = await open_tab(place.url)
    await tab.write("slack", "Hello @Ben & <all>")
    await tab.shown("slack").hover()
    await tab.shown("slack").get_by_label("Edit message").click()
    await expect(tab.page.locator(".slack .main textarea")).to_have_value("Hello @Ben & <all>")
    await tab.write("slack", "Changed")
    await expect(tab.shown("slack")).to_contain_text("Changed(edited)")
    await tab.shown("slack").hover()
    await tab.shown("slack").get_by_label("Delete message").click()
    await tab.page.get_by_role("button", name="Cancel").click()
    await expect(tab.shown("slack")).to_have_count(1)
    await tab.shown("slack").hover()
    await tab.shown("slack").get_by_label("Delete message").click()
    await tab.page.get_by_role("button", name="Delete", exact=True).click()

    await expect(tab.shown("slack")).to_have_count(0)


async def test_what_stays_of_a_deleted_question_on_slack_is_not_called_edited(place, open_tab):
    tab = await open_tab(place.url)
    asked = place.slack.say("Ada", "general", "@Parley hello")
    say_in_slack(place, "Hello.", asked.id)
    place.slack.delete("Ada", "general", asked.id)

    await expect(tab.shown("slack").locator(".gone")).to_have_text("This message was deleted.")
    await expect(tab.shown("slack").locator(".edited")).to_have_count(0)


async def test_a_reply_on_discord_shows_what_it_replies_to(place, open_tab):
    tab = await open_tab(place.url)
    place.discord.say("1002", "2001", "Who has the keys?")
    await tab.shown("discord").hover()
    await tab.shown("discord").get_by_label("Reply").click()
    await tab.write("discord", "I do")

    await expect(tab.shown("discord").last.locator(".above")).to_have_text("Ben Who has the keys?")


async def test_a_forum_post_is_a_thread_with_a_title(place, open_tab):
    tab = await open_tab(place.url)
    await tab.open_channel("discord", "questions")
    await expect(tab.page.locator(".discord .main .empty")).to_contain_text("No posts yet")
    await tab.page.locator(".discord .main .post-title").fill("Leases")
    await tab.write("discord", "@Parley what are they?")

    await expect(tab.page.locator(".discord .post")).to_contain_text("Leases")
    await expect(tab.shown("discord", "aside")).to_contain_text("@Parley what are they?")


async def test_buttons_reach_the_app_and_its_silence_is_told(place, open_tab):
    tab = await open_tab(place.url)
    button = {"type": 2, "style": 1, "label": "Continue", "custom_id": "go", "id": 2}
    row = {"type": 1, "id": 1, "components": [button]}
    place.world.discord.post("2001", "1009", "Cut off.", payload={"components": [row]})
    await tab.page.get_by_role("button", name="Continue").click()

    await expect(tab.page.locator(".discord .main .composer-note")).not_to_be_empty()
    tab.errors.clear()  # the browser notes the refusal of its own request


async def test_news_elsewhere_are_marked_until_they_are_read(place, open_tab):
    tab = await open_tab(place.url)
    place.slack.say("Ben", "engineering", "The build is red")
    entry = tab.page.locator(".slack .entry.unread")

    await expect(entry).to_have_text("#engineering")
    await entry.click()
    await expect(tab.page.locator(".slack .entry.unread")).to_have_count(0)


async def test_one_plays_several_people_each_with_their_own_direct_messages(place, open_tab):
    tab = await open_tab(place.url)
    await tab.open_channel("slack", "Parley")
    await tab.write("slack", "Only between us")
    await expect(tab.shown("slack")).to_have_count(1)
    await tab.page.locator(".slack .me select").select_option(label="Cho")

    await expect(tab.shown("slack")).to_have_count(0)
    await expect(tab.page.locator(".slack .main .empty")).to_contain_text("You and Parley")


async def test_a_reload_keeps_the_person_the_channel_and_the_thread(place, open_tab):
    asked = place.slack.say("Ben", "engineering", "@Parley hello")
    place.slack.say("Cho", "engineering", "Hello.", thread=asked.id)
    tab = await open_tab(place.url)
    await tab.page.locator(".slack .me select").select_option(label="Ben")
    await tab.open_channel("slack", "engineering")
    await tab.page.locator(".slack .thread-link").click()
    await tab.open_channel("discord", "questions")
    await tab.page.reload()

    await expect(tab.shown("slack", "aside")).to_have_count(2)
    await expect(tab.page.locator(".slack .main h2")).to_have_text("engineering")
    await expect(tab.page.locator(".slack .me select option:checked")).to_have_text("Ben")
    await expect(tab.page.locator(".discord .main h2")).to_have_text("questions")
    await expect(tab.page.locator(".discord .me select option:checked")).to_have_text("Ada")


async def test_a_stopped_bot_and_a_stopped_sandbox_are_told(place, open_tab):
    tab = await open_tab(place.url)
    place.page.show_bot(Bot("stopped", "The bot has stopped (exit code 3)."))
    await expect(tab.page.locator(".bot")).to_have_text("The bot has stopped (exit code 3).")
    port = int(place.url.rpartition(":")[2])
    await place.page.stop()

    await expect(tab.page.locator(".bot")).to_contain_text("make sandbox")
    note = tab.page.locator(".slack .main .composer-note")
    await tab.write("slack", "Hello?")
    await expect(note).to_contain_text("The sandbox does not answer")
    await tab.page.locator(".slack .main textarea").fill("")
    await expect(note).to_be_hidden()
    await tab.write("slack", "Hello?")
    await expect(note).to_be_visible()
    await place.page.start(port)

    await expect(note).to_be_hidden()
    tab.errors.clear()  # the browser notes that nobody answers


async def test_the_stand_ins_words_are_listed_and_can_be_tried(place, open_tab):
    tab = await open_tab(place.url)
    await tab.page.get_by_role("button", name="Things to try").click()
    await tab.screenshot("words")
    await tab.page.locator("#words").get_by_role("button", name="long answer").click()

    await expect(tab.page.locator(".slack .main textarea")).to_have_value("@Parley long answer")
    await expect(tab.page.locator("#words")).to_be_hidden()


def furnish(place):
    """A conversation on both sides, with everything in it that the page can show."""
    place.slack.say("Ben", "general", "Morning! The notes are in `docs/`, *nearly* done.")
    asked = place.slack.say("Ada", "general", "@Parley a tour of markdown, please")
    say_in_slack(place, samples.CODE, asked.id)
    say_in_slack(place, samples.MARKDOWN, asked.id)
    place.world.slack.react("C0GENERAL", asked.id, "U0BEN", "eyes")
    say_in_slack(place, "Only **you** can read this.", only_for="U0ADA")
    asked = place.discord.say("1001", "2001", "@Parley a tour of markdown, please")
    thread = open_thread(place, asked, "a tour of markdown, please")
    place.world.discord.post(thread.id, "1009", samples.CODE)
    embed = {"description": "The answer reached its length limit.", "color": 0x2A7F86}
    place.world.discord.post(thread.id, "1009", samples.MARKDOWN, payload={"embeds": [embed]})
    place.discord.open_post("1002", "2003", "How do leases expire?", "@Parley tell me")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("size", "viewport"), [("wide", WIDE), ("narrow", NARROW)])
async def test_the_page_fits_its_window_by_day_and_by_night(
    place, open_tab, size, viewport, scheme
):
    tab = await open_tab(place.url, viewport=viewport, scheme=scheme)
    await tab.screenshot(f"empty-{size}-{scheme}")
    furnish(place)
    for side in ("slack", "discord") if size == "narrow" else ("both",):
        if size == "narrow":
            await tab.page.locator(f".tabs [data-show={side}]").click()
        await tab.screenshot(f"channel-{side}-{size}-{scheme}")
        for link in await tab.page.locator(".thread-link:visible").all():
            await link.click()
        await tab.screenshot(f"thread-{side}-{size}-{scheme}")

    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await tab.page.evaluate(overflow) == 0
    boxes = await tab.page.locator("textarea:visible").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().right <= innerWidth)"
    )
    assert all(boxes), json.dumps(boxes)


async def at_end(tab, side, pane="main"):
    """Wait until a pane shows the end of its messages."""
    await tab.page.wait_for_function(
        "one => one.scrollHeight - one.scrollTop - one.clientHeight < 3",
        arg=await tab.page.query_selector(f".{side} .{pane} .timeline"),
    )


async def test_a_long_channel_stays_at_its_end_until_one_scrolls_up(place, open_tab):
    tab = await open_tab(place.url)
    for number in range(30):
        place.slack.say("Ben", "general", f"Number {number}: " + "words that wrap " * 9)
    await expect(tab.shown("slack")).to_have_count(30)
    await tab.write("slack", "@Parley hello")
    await expect(tab.shown("slack")).to_have_count(31)
    *_, asked = place.world.slack.messages("C0GENERAL")
    say_in_slack(place, "Hello.", asked.id)
    await expect(tab.shown("slack", "aside")).to_have_count(2)
    await at_end(tab, "slack")
    await tab.page.set_viewport_size({"width": 1100, "height": 600})
    await at_end(tab, "slack")
    await tab.page.reload()
    await expect(tab.shown("slack", "aside")).to_have_count(2)
    await tab.page.keyboard.press("Escape")
    await expect(tab.shown("slack").last).to_be_visible()
    await at_end(tab, "slack")
    await tab.shown("slack").last.hover()
    await tab.page.mouse.wheel(0, -600)
    await expect(tab.page.locator(".slack .main .timeline.pinned")).to_have_count(0)
    place.slack.say("Ben", "general", "More")
    await expect(tab.shown("slack")).to_have_count(32)
    await expect(tab.page.locator(".slack .main .timeline.pinned")).to_have_count(0)
    place.slack.say("Ada", "general", "My own words")

    await at_end(tab, "slack")


async def test_enter_completes_a_command_before_it_sends_it(place, open_tab):
    tab = await open_tab(place.url)
    box = tab.page.locator(".slack .main textarea")
    await box.press_sequentially("/ask")
    await box.press("Enter")
    await expect(box).to_have_value("/ask ")
    await box.press_sequentially("what is a lease?")

    await expect(tab.page.locator(".slack .main .composer-hint")).to_contain_text("your question")
    await expect(tab.shown("slack")).to_have_count(0)


async def test_a_switch_of_a_command_can_be_pressed(place, open_tab):
    option = {"name": "private", "description": "For you alone", "type": 5}
    question = {"name": "question", "description": "What", "type": 3, "required": True}
    command = {"name": "ask", "description": "Ask", "options": [question, option]}
    place.discord.commands.replace([command])
    tab = await open_tab(place.url)
    box = tab.page.locator(".discord .main textarea")
    await box.press_sequentially("/ask what is a lease?")
    await tab.page.get_by_role("button", name="private: off").click()

    await expect(box).to_have_value("/ask private:true what is a lease?")
    await tab.page.get_by_role("button", name="private: on").click()
    await expect(box).to_have_value("/ask what is a lease?")


async def test_a_mention_where_the_bot_is_not_offers_to_invite_it(place, open_tab):
    tab = await open_tab(place.url)
    await tab.open_channel("slack", "without-the-bot")
    await tab.write("slack", "@Parley hello?")
    await tab.page.get_by_role("button", name="Invite Parley").click()

    await expect(tab.shown("slack").last).to_contain_text("joined the channel.")
    await expect(tab.page.locator(".slack .main .composer-note")).to_be_hidden()
    assert "U0PARLEY" in place.world.slack.channels["C0QUIET"].members


async def test_the_page_can_be_used_without_a_mouse(place, open_tab):
    tab = await open_tab(place.url)
    box = tab.page.locator(".slack .main textarea")
    await expect(box).to_be_focused()
    await tab.page.keyboard.type("@Parley hello")
    await tab.page.keyboard.press("Enter")
    await expect(tab.shown("slack")).to_have_count(1)
    asked = next(iter(place.world.slack.messages("C0GENERAL")))
    say_in_slack(place, "Hello.", asked.id)
    await expect(tab.page.locator(".slack .aside textarea")).to_be_focused()
    await tab.page.keyboard.press("Escape")
    await expect(tab.page.locator(".slack .aside")).to_be_hidden()
    await expect(box).to_be_focused()
    await tab.page.locator(".slack .main .timeline").focus()
    await tab.page.keyboard.press("ArrowUp")

    await expect(tab.shown("slack").last).to_be_focused()
    await expect(tab.shown("slack").get_by_label("Edit message")).to_be_visible()


async def test_both_sides_come_back_when_there_is_room_again(place, open_tab):
    tab = await open_tab(place.url)
    await tab.page.set_viewport_size(NARROW)
    await expect(tab.page.locator("section.discord")).to_be_hidden()
    await tab.page.set_viewport_size(WIDE)

    await expect(tab.page.locator("section.discord")).to_be_visible()


async def test_on_a_phone_the_channels_open_over_the_page_and_escape_closes_them(place, open_tab):
    tab = await open_tab(place.url, viewport=NARROW)
    menu = tab.page.locator(".slack .menu")
    await menu.click()
    await expect(tab.page.locator(".slack .rail")).to_be_visible()
    await expect(tab.page.locator(".slack .entry").first).to_be_focused()
    await tab.screenshot("menu-narrow")
    await tab.page.keyboard.press("Escape")

    await expect(tab.page.locator(".slack .rail")).to_be_hidden()
    await expect(menu).to_be_focused()


@pytest.mark.parametrize("side", ["slack", "discord"])
async def test_files_are_attached_seen_and_taken_back(place, open_tab, side):
    tab = await open_tab(place.url)
    box = tab.page.locator(f".{side} .main .composer")
    files = [
        {"name": name, "mimeType": "text/plain", "buffer": b"hello"} for name in ("a.txt", "b.txt")
    ]
    await box.locator("input[type=file]").set_input_files(files)
    await box.get_by_label("Remove a.txt").click()
    await box.locator("button.send").click()

    await expect(tab.shown(side).locator(".file")).to_have_text("📎 b.txt")
    await expect(box.locator(".picked")).to_be_hidden()
