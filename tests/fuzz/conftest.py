"""What was tried, told at the end, and kept where `make fuzz` was given the time."""

import os
from collections import Counter

from tests import figures
from tests.fuzz.mutation import SEED


def pytest_terminal_summary(terminalreporter):
    """Print how many bad inputs each test has survived."""
    tried = Counter()
    for report in terminalreporter.getreports("passed"):
        tried[report.nodeid] += dict(report.user_properties).get("bad inputs", 0)
    if "FUZZ_SECONDS" in os.environ and tried.total():
        failed = len(terminalreporter.getreports("failed"))
        row = {"bad inputs": dict(+tried), "seed": SEED, figures.BREACHES: failed}
        figures.keep("fuzz", {"bad input through every door": row})
    for name, count in tried.items():
        if count:
            terminalreporter.write_line(f"{count:>9,} bad inputs, FUZZ_SEED={SEED}: {name}")
