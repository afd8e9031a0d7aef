"""docs/faults.md names a test for each fault, and each test that it names is there."""

import re

from tests.test_security_page import ROOT, named_in

PAGE = (ROOT / "docs" / "faults.md").read_text()
FAULTS = [line for line in PAGE.splitlines() if line.startswith("| ") and "Fault |" not in line]


def test_every_fault_in_it_has_a_test():
    assert len(FAULTS) > 50
    assert [line for line in FAULTS if not re.search(r"`tests/[\w/]+\.py::\w+`", line)] == []


def test_every_test_that_it_names_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).exists() or name not in named_in(path)
    ]

    assert missing == []
