"""The pages of the documentation, as what can be held against the code: blocks, code, links.

A block of commands (```sh) is run by `test_commands.py`, unless a line before it says why not:

    <!-- not run: it needs a machine with systemd -->

Then it is looked at only: its syntax, and whether commands and options exist.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^ *```$", re.DOTALL | re.MULTILINE
)
REMARK = re.compile(r"<!-- (not run: [^>]+) -->\s*$")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, in which language, and the remark before it."""

    page: Path
    line: int
    language: str
    text: str
    remark: str

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """All blocks of a page, in order."""
    text = page.read_text()
    for found in FENCE.finditer(text):
        before = text[: found.start()]
        remark = REMARK.search(before)
        lines = found["text"].splitlines()
        yield Block(
            page,
            before.count("\n") + 1,
            found["language"],
            "\n".join(line.removeprefix(found["indent"]) for line in lines) + "\n",
            remark[1] if remark else "",
        )


def every(*languages: str) -> list[Block]:
    """All blocks in these languages."""
    return [block for page in PAGES for block in blocks(page) if block.language in languages]


def prose(page: Path) -> str:
    """A page without its blocks."""
    return FENCE.sub("", page.read_text())


def links(page: Path) -> list[str]:
    """Where the links and pictures of a page lead."""
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", prose(page)))


def anchors(page: Path) -> set[str]:
    """The names under which a page's headings are found, as GitHub makes them."""
    found: dict[str, int] = {}
    names = set()
    for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE):
        name = _anchor(heading)
        count = found.get(name, 0)
        found[name] = count + 1
        names.add(f"{name}-{count}" if count else name)
    return names


def _anchor(heading: str) -> str:
    text = re.sub(r"\[([^]]*)\]\([^)]*\)|[`*]", r"\1", heading).strip().lower()
    kept = (c for c in text if c in " -_" or unicodedata.category(c)[0] in "LNM")
    return "".join(kept).replace(" ", "-")
