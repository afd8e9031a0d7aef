"""All measurements, one after the other: `make bench`."""

import argparse
import subprocess
import sys

from tests.bench import replies

SCENARIOS = (
    {"platform": "discord", "replies": 1, "tokens": 600, "rate": 60.0},
    {"platform": "discord", "replies": 20, "tokens": 300, "rate": 50.0, "spread": 3.0},
    {"platform": "slack", "replies": 1, "tokens": 600, "rate": 60.0},
    {"platform": "slack", "replies": 8, "tokens": 300, "rate": 50.0, "one_room": True},
)
DEFAULTS = {"spread": 0.0, "one_room": False, "patience": 120.0, "seed": 1}

if __name__ == "__main__":
    for scenario in SCENARIOS:
        replies.run(argparse.Namespace(**(DEFAULTS | scenario)))
    subprocess.run([sys.executable, "-m", "tests.bench.bench_model"], check=True)
