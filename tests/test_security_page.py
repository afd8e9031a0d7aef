"""docs/security.md promises nothing that no test holds."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)
WRITES = {"write_bytes", "write_text", "NamedTemporaryFile", "mkstemp", "TemporaryFile"}


def named_in(path):
    """The names of all tests of a file, those in classes, too."""
    return {
        node.name
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_test_that_it_names_exists():
    assert len(NAMED) > 30
    missing = [
        f"{path}::{name}"
        for path, name in NAMED
        if not (ROOT / path).exists() or (name and name not in named_in(path))
    ]
    assert missing == []


def test_every_threat_in_it_has_a_test():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "Threat" not in line]
    threats = [line for line in rows if line.count("|") == 4]
    assert len(threats) > 15
    assert [line for line in threats if not re.search(r"`tests/", line)] == []


def test_what_people_attach_is_never_written_to_disk():
    """So no name of a file can be a path to anything."""
    readers = ("files.py", "pictures.py", "pdfs.py", "texts.py", "enclosures.py")
    sources = [ROOT / "core" / name for name in readers] + [ROOT / "bots" / "downloads.py"]
    sources += [ROOT / "bots" / platform / "files.py" for platform in ("slack", "discord")]
    for path in sources:
        calls = [
            node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
        ]
        names = {getattr(one.func, "attr", getattr(one.func, "id", "")) for one in calls}
        assert not names & (WRITES | {"open"} - _opened(path)), path


def _opened(path):
    """Pillow's `Image.open` reads what is in memory already."""
    return {"open"} if path.name == "pictures.py" else set()
