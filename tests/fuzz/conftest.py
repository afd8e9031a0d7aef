"""What was tried, told at the end."""

from collections import Counter

from tests.fuzz.mutation import SEED


def pytest_terminal_summary(terminalreporter):
    """Print how many bad inputs each test has survived."""
    tried = Counter()
    for report in terminalreporter.getreports("passed"):
        tried[report.nodeid] += dict(report.user_properties).get("bad inputs", 0)
    for name, count in tried.items():
        if count:
            terminalreporter.write_line(f"{count:>9,} bad inputs, FUZZ_SEED={SEED}: {name}")
