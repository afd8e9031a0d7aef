"""Makes docs/pictures/parley.gif, the film in the README: python -m tests.browser.film.

It plays one scene in the sandbox: a question on each side, answers that grow, a kill -9, and the
answers complete after the restart. It needs what the pictures need.
"""

import asyncio
import io
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field

from PIL import Image
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, async_playwright, expect

from sandbox.run import run
from tests.browser.conftest import QUIETLY, ROOT, browser_path
from tests.browser.pictures import PICTURES, Script, Stage
from tests.ports import free_port

FILM = PICTURES / "parley.gif"
LARGEST = 3_000_000
"""Bytes of the film, at most."""

MOMENT = 1.2
"""Seconds that are shown of the new process's start, which takes a busy machine much longer."""

TYPING = 150
"""Milliseconds for some words."""

LONGEST = 16.0
"""Seconds of the film, at most."""

SIZE = {"width": 1240, "height": 760}
COLOURS = 255
RARE = 40
"""Pixels of a colour that count: a dot is as important as the paper."""

PACE = 30.0
"""Pieces of an answer in a second: an answer takes three or four of them."""

FRAME = 0.11
"""Seconds between two frames, or more where taking one takes longer."""

LAST = 2000
"""Milliseconds that the last frame stays."""

CAPTION = """words => {
    let caption = document.querySelector("#caption");
    if (!caption) {
        caption = document.createElement("div");
        caption.id = "caption";
        Object.assign(caption.style, {
            position: "fixed", left: "418px", bottom: "24px", transform: "translateX(-50%)",
            padding: "9px 20px", borderRadius: "999px", background: "#10292c", color: "#fff",
            font: "600 19px/1.3 var(--font)", boxShadow: "0 4px 18px rgb(0 0 0 / 35%)",
            zIndex: 9, whiteSpace: "nowrap",
        });
        document.body.append(caption);
    }
    caption.textContent = words;
}"""


@dataclass
class Camera:
    """Takes a page frame by frame, until it is told to stop; each with its time."""

    page: Page
    frames: list[tuple[float, bytes]] = field(default_factory=list)
    rolling: bool = True
    cut: tuple[float, float] = (0.0, 0.0)

    async def roll(self):
        while self.rolling:
            begin = time.monotonic()
            self.frames.append((begin, await self.page.screenshot()))
            await asyncio.sleep(max(0.0, begin + FRAME - time.monotonic()))

    def leave_out(self, begin, end):
        """Show no more than a moment of the time between these."""
        self.cut = (begin + MOMENT, max(end, begin + MOMENT))

    def taken(self):
        """The frames, as if there were no time where it is cut."""
        begin, end = self.cut
        kept = [(at, one) for at, one in self.frames if not begin < at < end]
        return [(at if at <= begin else at - (end - begin), one) for at, one in kept]

    async def say(self, words):
        await self.page.evaluate(CAPTION, words)


async def scene(stage, camera):
    """Ask on both sides, kill the bot, and see both answers complete."""
    for side, words in (
        ("discord", "@Parley what is wrong with our cache?"),
        ("slack", "@Parley how would you split a retro of forty minutes?"),
    ):
        box, typed = stage.page.locator(f".{side} .main textarea"), words.split()
        for many in range(2, len(typed) + 1, 3):
            await box.fill(" ".join(typed[:many]))
            await stage.page.wait_for_timeout(TYPING)
        await box.fill(words)
    for side in ("discord", "slack"):
        await stage.page.locator(f".{side} .main textarea").press("Enter")
    await camera.say("The answers grow while the model writes")
    await asyncio.gather(stage.reads("slack", "Arrive"), stage.reads("discord", "Stale prices"))
    kill = stage.page.get_by_role("button", name="Kill and restart")
    await kill.hover()
    await camera.say("kill -9, in the middle of both")
    await kill.click()
    killed = time.monotonic()
    await stage.page.locator('.bot:not([data-state="ready"])').wait_for()
    await stage.page.locator('.bot[data-state="ready"]').wait_for()
    camera.leave_out(killed, time.monotonic())
    await camera.say("The new process takes over")
    await asyncio.gather(*(stage.offers(side, "Why this answer?") for side in ("slack", "discord")))
    await camera.say("Every question gets one complete answer")
    await expect(stage.page.locator('.lags [data-state="done"]')).to_have_count(2)


async def main():
    """Play it in a sandbox, and keep the film."""
    port = free_port()
    script = Script(rate=PACE)
    bot = [sys.executable, "-m", "bots.cli", "run"]
    environ = {"PATH": os.environ["PATH"], "FIRST_CONTACT": "off"}
    with tempfile.TemporaryDirectory() as home:
        environ["HOME"] = home
        playing = asyncio.create_task(run(bot, port=port, environ=environ, script=script))
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=browser_path(), args=list(QUIETLY)
                )
                frames = await _taken(browser, f"http://127.0.0.1:{port}")
                await browser.close()
        finally:
            playing.cancel()
            await asyncio.wait([playing])
    _write(frames)
    sys.stdout.write(f"{FILM.relative_to(ROOT)}: {FILM.stat().st_size // 1000} kB\n")


async def _taken(browser, url):
    page = await browser.new_page(viewport=SIZE, locale="en-GB", bypass_csp=True)
    await _open(page, url)
    await page.locator('.bot[data-state="ready"]').wait_for()
    await page.locator(".backstage-button").click()
    await page.add_style_tag(content="*{caret-color:transparent!important}")
    stage, camera = Stage(page, Script()), Camera(page)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(camera.roll())
        await scene(stage, camera)
        await page.wait_for_timeout(500)
        camera.rolling = False
    return camera.taken()


async def _open(page, url):
    """The page, as soon as the sandbox serves it."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await page.goto(url)
            except PlaywrightError:
                await asyncio.sleep(0.1)


def _write(frames):
    """Keep the frames, in the same few colours, each as long as it took; equal ones as one."""
    pictures, durations = [], []
    ends = [at for at, _ in frames[1:]] + [frames[-1][0] + LAST / 1000]
    for (at, taken), end in zip(frames, ends, strict=True):
        picture = Image.open(io.BytesIO(taken)).convert("RGB")
        if pictures and picture.tobytes() == pictures[-1].tobytes():
            durations[-1] += end - at
            continue
        pictures.append(picture)
        durations.append(end - at)
    if sum(durations) > LONGEST:
        raise SystemExit(f"It took {sum(durations):.0f} s: this machine has too much else to do.")
    palette = _palette(pictures)
    few = [one.quantize(palette=palette, dither=Image.Dither.NONE) for one in pictures]
    times = [max(20, round(seconds * 100) * 10) for seconds in durations]
    few[0].save(FILM, save_all=True, append_images=few[1:], duration=times, loop=0, optimize=False)
    if FILM.stat().st_size > LARGEST:
        raise SystemExit(f"{FILM} is too large: {FILM.stat().st_size} bytes")


def _palette(pictures):
    """Colours for all of them; what is small counts as much as what is large."""
    seen = Counter()
    for picture in pictures[:: max(1, len(pictures) // 12)]:
        seen |= Counter({c: n for n, c in picture.getcolors(picture.width * picture.height)})
    sheet = b"".join(bytes(colour) * min(many, RARE) for colour, many in seen.items())
    row = Image.frombytes("RGB", (len(sheet) // 3, 1), sheet)
    return row.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)


if __name__ == "__main__":
    asyncio.run(main())
