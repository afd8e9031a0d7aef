"""Makes the pictures in docs/pictures: python -m tests.browser.pictures [name ...].

It starts the sandbox, plays each scene in it with a browser, and keeps what the scene shows.
It needs Chromium and, for 👍 and 👀, an emoji font: apt-get install chromium
fonts-noto-color-emoji.
"""

import asyncio
import io
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.async_api import Page, async_playwright, expect

from core.store import Store
from sandbox.model import Answer, ModelServer, pieces_of
from tests.browser.conftest import QUIETLY, ROOT, browser_path, whole_sandbox
from tests.e2e.conftest import opened
from tests.e2e.places import SlackPlace
from tests.papers import pdf, text
from tests.ports import free_port
from tests.weeks import TOKEN, write

PICTURES = ROOT / "docs" / "pictures"
LARGEST = 150_000
"""Bytes of a picture, at most."""

COLOURS = 256
MARGIN = 12
WIDEST = 700
WAIT = 20_000
QUICK, SLOW = 300.0, 12.0
"""Pieces of an answer in a second."""

RETRO = """Eight people, forty minutes:

| Minutes | What | How |
|---|---|---|
| 5 | Arrive | one word each |
| 10 | Collect | in silence, on cards |
| 15 | Talk | the most voted three |
| 10 | Agree | on two actions |

Keep the last ten minutes: **a retro without names on its actions changes nothing.**"""

CACHE = """Three things can go wrong with it:

1. **Stale prices.** Nothing tells it of a change. Let entries live for a minute.
2. **A stampede.** When an entry expires, every request asks the database. Let one ask.
3. **No bound.** It grows until the process ends. `lru_cache(maxsize=10_000)` will do."""

NOTES = """The notes settle three things:

- The release moves from Tuesday to **Thursday**.
- Ben writes the migration, Cleo reviews it.
- Open: who tells the customers?"""

DEMURRER = "It says: true or not, these facts make no claim. The judge disagrees."

ANSWERS = {
    "shorter": "Collect for 10 minutes, talk for 20, agree for 10. Put a name on each action.",
    "retro": RETRO,
    "cache": CACHE,
    "notes": NOTES,
    "demurrer": DEMURRER,
}
"""What the model says to a question with this word in it, the first that is found."""


@dataclass
class Script:
    """What the model answers, how fast, and whether it meets its length limit halfway."""

    rate: float = QUICK
    cut: bool = False

    def __call__(self, body):
        said = body["messages"][-1]["content"]
        words = said if isinstance(said, str) else " ".join(p.get("text", "") for p in said)
        text = next((ANSWERS[word] for word in ANSWERS if word in words.lower()), "I see.")
        pieces = pieces_of(text)
        if self.cut:
            return Answer(pieces[: len(pieces) // 2], finish="length", rate=self.rate)
        return Answer(pieces, rate=self.rate)


@dataclass
class Stage:
    """The sandbox's page, on which scenes are played."""

    page: Page
    script: Script

    async def show(self, side):
        await self.page.locator(f'.tabs button[data-show="{side}"]').click()

    async def play(self, side, name):
        """Write as somebody from now on."""
        await self.page.locator(f".{side} .me select").select_option(label=name)

    async def write(self, side, words, pane="main"):
        """Type into a box and send it."""
        box = self.page.locator(f".{side} .{pane} textarea")
        await box.fill(words)
        await box.press("Enter")
        await expect(box).to_have_value("", timeout=WAIT)

    async def attach(self, side, *files):
        box = self.page.locator(f".{side} .main .composer input[type=file]")
        sent = [{"name": f.name, "mimeType": f.media_type, "buffer": f.data} for f in files]
        await box.set_input_files(sent)

    async def reads(self, side, words, pane="aside"):
        """Wait until the last message says this."""
        await expect(self.shown(side, pane).last).to_contain_text(words, timeout=WAIT)

    async def offers(self, side, label, pane="aside"):
        """Wait until a button is there."""
        button = self.shown(side, pane).get_by_role("button", name=label, exact=True)
        await expect(button.last).to_be_visible(timeout=WAIT)
        return button.last

    def shown(self, side, pane="aside"):
        return self.page.locator(f".{side} .{pane} .message")

    async def choose(self, side, words, entry):
        """Take an entry of a message's menu."""
        message = self.shown(side, "main").filter(has_text=words).first
        await message.hover()
        await message.locator('.tool[title="More actions"]').click()
        await self.page.locator("dialog .entry-of-menu", has_text=entry).click()

    async def messages(self, side, pane="aside"):
        """Where the messages of a pane stand, with a margin above them."""
        box = await self.page.locator(f".{side} .{pane} .messages").bounding_box()
        place = {"y": box["y"] - MARGIN, "height": box["height"] + MARGIN}
        return box | place | {"width": min(box["width"], WIDEST)}

    async def quiet(self, side):
        """Wait until the bot shows no sign of work in the thread."""
        await expect(self.page.locator(f".{side} .aside .busy")).to_be_empty(timeout=WAIT)

    async def rest(self):
        """Take the pointer away, and let everything be drawn."""
        await self.page.mouse.move(0, 0)
        await self.page.evaluate("document.activeElement?.blur()")
        await self.page.wait_for_timeout(300)


async def growing(stage):
    """Slack: an answer that is being written, with Stop below it."""
    stage.script.rate = SLOW
    await stage.show("slack")
    await stage.write("slack", "@Parley how would you split a retro of forty minutes?")
    await stage.reads("slack", "Collect")
    await stage.offers("slack", "Stop")
    return await stage.messages("slack")


async def waiting(stage):
    """Discord: a question that waits for its turn."""
    stage.script.rate = SLOW
    await stage.show("discord")
    await stage.write("discord", "@Parley what is wrong with our cache?")
    await stage.reads("discord", "Three things")
    await stage.play("discord", "Ben")
    await stage.write("discord", "and what would be a good bound for it?", "aside")
    await expect(stage.page.locator(".discord .aside .reaction")).to_be_visible(timeout=WAIT)
    return await stage.messages("discord")


async def below(stage):
    """Discord: what can be pressed below an answer, and what one of it says."""
    await stage.show("discord")
    await stage.write("discord", "@Parley how would you split a retro of forty minutes?")
    await stage.reads("discord", "changes nothing")
    await (await stage.offers("discord", "Why this answer?")).click()
    await stage.reads("discord", "Model:")
    return await stage.messages("discord")


async def again(stage):
    """Slack: an answer that met its limit, after another try."""
    stage.script.cut = True
    await stage.show("slack")
    await stage.write("slack", "@Parley what is wrong with our cache?")
    await (await stage.offers("slack", "Try again")).click()
    await stage.offers("slack", "Former answer")
    await stage.quiet("slack")
    return await stage.messages("slack")


async def files(stage):
    """Slack: files that are read, and one that is not."""
    await stage.show("slack")
    notes = pdf("The release moves to Thursday.", name="notes.pdf")
    await stage.attach("slack", notes, text(b"PK", "photos.zip"))
    await stage.write("slack", "@Parley what did we settle in these notes?")
    await stage.reads("slack", "I cannot read")
    await stage.offers("slack", "Why this answer?")
    return await stage.messages("slack")


async def menu(stage):
    """Discord: a question about somebody's message, and its answer."""
    await stage.show("discord")
    await stage.play("discord", "Ben")
    await stage.write("discord", "The demurrer was overruled, so we go to discovery.")
    await stage.play("discord", "Ada")
    await stage.choose("discord", "demurrer", "Ask Parley about this")
    await stage.page.locator("dialog textarea").fill("what is a demurrer?")
    await stage.page.locator("dialog").get_by_role("button", name="Submit").click()
    await stage.reads("discord", "The judge disagrees", "main")
    await stage.offers("discord", "Why this answer?", "main")
    return await stage.messages("discord", "main")


async def settings(stage):
    """Slack: the settings of a channel."""
    await stage.show("slack")
    await stage.write("slack", "/parley settings ")
    form = stage.page.locator("dialog.form")
    await form.locator('[name="system_prompt"]').fill("You help our support team. Be brief.")
    await form.locator('[name="temperature"]').fill("0.3")
    return await form.bounding_box()


async def sandbox(stage):
    """The whole page, with a conversation on each side."""
    for side in ("slack", "discord"):
        await stage.play(side, "Ben")
        await stage.write(side, "Retro at three, we have forty minutes.")
        await stage.play(side, "Ada")
        await stage.write(side, "@Parley how would you split a retro for eight people?")
    for side in ("slack", "discord"):
        await stage.offers(side, "Why this answer?")
        await stage.write(side, "shorter, please", "aside")
    for side in ("slack", "discord"):
        await stage.reads(side, "a name on each action")
        await stage.offers(side, "Why this answer?")
        await stage.quiet(side)


SCENES = {
    scene.__name__: scene
    for scene in (growing, waiting, below, again, files, menu, settings, sandbox)
}
OPERATORS = {"operators-now": "", "operators-cost": "/cost?by=model"}
"""Pictures of the operator's page, and where they are taken."""

DESK = {"width": 1180, "height": 1000}
SIZE = {"width": 1280, "height": 1100}
WHOLE = {"width": 1760, "height": 940}


async def main(names):
    """Play the scenes of these names, each in a sandbox of its own."""
    PICTURES.mkdir(exist_ok=True)
    script = Script()
    model = ModelServer(script=script)
    await model.start()
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=browser_path(), args=list(QUIETLY)
            )
            await _keep_operators(browser, [n for n in names or OPERATORS if n in OPERATORS])
            for name in (one for one in names or SCENES if one in SCENES):
                script.rate, script.cut = QUICK, False
                await _keep(browser, model, name, script)
            await browser.close()
    finally:
        await model.stop()


async def _keep_operators(browser, names):
    """Pictures of the page of a bot that some people ask at the moment, and for weeks before."""
    if not names:
        return
    with tempfile.TemporaryDirectory() as folder:
        database, port = Path(folder) / "data" / "parley.db", free_port()
        database.parent.mkdir()
        await (await Store.open(f"sqlite+aiosqlite:///{database}", time.time)).close()
        write(database, time.time())
        prices = Path(folder) / "prices.toml"
        prices.write_text('[models."gpt-4o-mini"]\ninput = 0.15\noutput = 0.6\n')
        settings = {"ADMIN_PORT": str(port), "ADMIN_TOKEN": TOKEN, "PRICES_FILE": str(prices)}
        async with opened(Path(folder)) as town, town.bot(**settings):
            town.model.rate = SLOW
            place = SlackPlace(town.slack, town.world.slack)
            page = await browser.new_page(viewport=DESK, locale="en-GB", reduced_motion="reduce")
            await page.goto(f"http://127.0.0.1:{port}/admin/login")
            await page.get_by_label("Token").fill(TOKEN)
            await page.get_by_role("button", name="Log in").click()
            for person in (place.ada, place.ben, place.cho):
                talk = place.mention(person, "how would you split a retro?")
            await talk.until(lambda seen: bool(seen) and len(seen[-1].text) > MARGIN)
            for name in names:
                await page.goto(f"http://127.0.0.1:{port}/admin{OPERATORS[name]}")
                _write(PICTURES / f"{name}.png", await page.screenshot())


async def _keep(browser, model, name, script):
    environ = {
        "OPENAI_BASE_URL": model.base_url,
        "OPENAI_API_KEY": model.key,
        "OPENAI_MODEL": model.models[0],
        "FIRST_CONTACT": "off",
    }
    size = WHOLE if name == "sandbox" else SIZE
    with tempfile.TemporaryDirectory() as folder:
        async with whole_sandbox(Path(folder), **environ) as url:
            page = await browser.new_page(viewport=size, locale="en-GB", reduced_motion="reduce")
            await page.goto(url)
            await page.locator('.bot[data-state="ready"]').wait_for()
            stage = Stage(page, script)
            clip = await SCENES[name](stage)
            await stage.rest()
            taken = await page.screenshot(clip=clip)
            await page.close()
    _write(PICTURES / f"{name}.png", taken)


def _write(path, taken):
    """Keep a picture in few colours, so that it is small."""
    picture = Image.open(io.BytesIO(taken)).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        raise SystemExit(f"{path} is too large: {path.stat().st_size} bytes")
    sys.stdout.write(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
