"""Long code of an answer as files, which stand below it besides (pure)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from core import fences
from core.fences import Fence
from core.surface import CodeFile, Limit

MESSAGES = 2
"""A code block that takes more messages than these by itself is a file, too."""

EXTENSIONS = {
    "bash": "sh",
    "shell": "sh",
    "zsh": "sh",
    "console": "sh",
    "powershell": "ps1",
    "python": "py",
    "python3": "py",
    "ruby": "rb",
    "rust": "rs",
    "perl": "pl",
    "golang": "go",
    "javascript": "js",
    "jsx": "jsx",
    "typescript": "ts",
    "tsx": "tsx",
    "node": "js",
    "c++": "cpp",
    "c#": "cs",
    "csharp": "cs",
    "f#": "fs",
    "fsharp": "fs",
    "objective-c": "m",
    "kotlin": "kt",
    "haskell": "hs",
    "elixir": "ex",
    "erlang": "erl",
    "clojure": "clj",
    "julia": "jl",
    "matlab": "m",
    "latex": "tex",
    "markdown": "md",
    "text": "txt",
    "plaintext": "txt",
    "yaml": "yml",
    "terraform": "tf",
    "hcl": "tf",
    "assembly": "asm",
    "visualbasic": "vb",
    "makefile": "mk",
    "make": "mk",
}
"""What files end with, by the language of the code, where it is not the language's name."""

_ENDINGS = """
asm bat c cc clj cpp cs css csv dart diff erl ex fs go graphql groovy h hpp hs html ini java jl js
json jsonl jsx kt less lua m md mk nix patch php pl proto ps1 py r rb rs sass scala scss sh sol sql
svelte swift tex tf toml ts tsx txt vb vue xml yaml yml zig
"""
KNOWN = frozenset(_ENDINGS.split())
"""What files may end with; other code is plain text."""


@dataclass(frozen=True, slots=True)
class _Block:
    fence: Fence
    lines: list[str]

    @property
    def code(self) -> str:
        """What is written in it, without the marks and spaces of the quote or list around it."""
        margin = len(self.fence.closing) - len(self.fence.closing.lstrip())
        quote = re.compile(r"[ \t]*(?:>[ \t]?)+" if self.fence.quote else rf" {{0,{margin}}}")
        return "".join(quote.sub("", line, count=1) + "\n" for line in self.lines)


def code_files(text: str, limit: Limit) -> list[CodeFile]:
    """A file for each code block that takes more than two messages, in order."""
    longest = MESSAGES * limit.size
    if limit.measure(text) <= longest:
        return []
    found: list[CodeFile] = []
    for block in _blocks(text):
        if limit.measure(code := block.code) > longest:
            number = f"-{len(found) + 1}" if found else ""
            name = f"answer{number}.{_extension(block.fence.language)}"
            found.append(CodeFile(name, code.encode("utf-8", "replace")))
    return found


def _blocks(text: str) -> Iterator[_Block]:
    """The code blocks of a text; one that is not closed reaches to its end."""
    fence: Fence | None = None
    lines: list[str] = []
    for line in text.split("\n"):
        if fence is None:
            fence, lines = fences.opened_by(line), []
            continue
        if not (ends := fence.closed_by(line)) and not fence.left_by(line):
            lines.append(line)
            continue
        yield _Block(fence, lines)
        fence, lines = None if ends else fences.opened_by(line), []
    if fence is not None:
        yield _Block(fence, lines)


def _extension(language: str) -> str:
    name = language.lower()
    name = EXTENSIONS.get(name, name)
    return name if name in KNOWN else "txt"
