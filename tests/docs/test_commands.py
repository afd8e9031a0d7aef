"""Every command of the documentation is run, in the order in which it stands there."""

import re
import subprocess

import pytest
import pytest_asyncio

from tests.docs.machine import LASTING, machine
from tests.docs.pages import ROOT, blocks, every
from tests.docs.test_pages import TARGETS, known

PAGES = sorted({block.page for block in every("sh")})
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def commands(page, remark):
    return [one for one in blocks(page) if one.language == "sh" and remark(one.remark)]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def here(tmp_path_factory):
    """One machine for all pages."""
    async with machine(tmp_path_factory.mktemp("machine")) as here:
        yield here


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("page", PAGES, ids=NAMES)
async def test_what_a_page_says_can_be_done(page, here):
    if said := commands(page, lambda remark: not remark):
        await prepared(here, said)
        for block in said:
            await here.follow(block)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_what_is_not_run_is_looked_at(page):
    for block in commands(page, lambda remark: remark.startswith("not run")):
        assert len(block.remark) > len("not run: because"), f"{block.where}: why is it not run?"
        subprocess.run(["bash", "-n", "-c", block.text], check=True)
        for line in block.text.splitlines():
            if found := re.match(r"\s*(?:sudo (?:-\S+ \S+ )?)?(?:\S+/)?(parley|make) (.*)", line):
                words = f"{found[1]} {found[2].partition('#')[0]}"
                if found[1] == "make":
                    assert words.split()[1] in TARGETS, block.where
                else:
                    known(words.strip(), block.where)


@pytest.mark.slow
async def test_the_quick_start_on_a_machine_with_nothing_but_python(tmp_path):
    async with machine(tmp_path, installed=False) as here:
        for block in commands(ROOT / "docs/quick-start.md", lambda remark: not remark):
            await here.follow(block)


async def prepared(here, said):
    """What a page takes for granted: a bot that was set up and has run, and what it names."""
    if any("cp .env.example" in block.text for block in said):
        return
    if not (here.folder / "data/parley.db").exists():
        await here.do("cp .env.example .env")
        here.fill_in()
        await here.start("parley run")
    for name in re.findall(r"/var/backups/\S+Z", "".join(block.text for block in said)):
        await here.do(f"parley backup {here.here(name)}")


def test_a_page_that_runs_something_lasting_has_it_at_the_end_of_a_block():
    for block in every("sh"):
        lines = [line.partition("#")[0].strip() for line in block.text.splitlines()]
        assert not set(lines[:-1]) & set(LASTING), block.where
