"""All measurements, one after the other: `make bench`. Nothing is asserted.

    make bench                                  everything, about 25 minutes
    make bench ONLY="discord-20 growth" RUNS=1  some of it, once
    python -m tests.bench --without-setting SLACK_STREAMING   for a bot that lacks a setting

How to read it. Each scenario of the table (`scenarios`) is a line with its name, one with its
medians over the runs, and one with what is asked of them, kept (✓) or missed (✗). What the
columns mean stands in `figures.Figures`, how the bound comes about in `bounds`. "+ms/rply" is the
CPU of a reply beyond 0.04 s for 1,000 tokens. (model) and (town) are how late the servers of
the benchmark were themselves, as 95th percentiles: where they are not small, the machine was
busy, and the figures beside them say little of the bot. Everything, each reply included, goes
into build/bench.json.
"""

import argparse
import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import uvloop

from tests.bench import followups, growth, records, replies, table
from tests.bench.alone import alone
from tests.bench.figures import medians
from tests.bench.scenarios import SCENARIOS, Scenario

OUTPUT = Path("build/bench.json")
OTHERS = ("followups", "growth", "model", "records")


def measure(scenario: Scenario, runs: int) -> dict:
    """Measure a scenario several times, and print its rows."""
    runs = min(runs, scenario.runs)
    results = []
    for seed in range(1, runs + 1):
        with alone():
            results.append(uvloop.run(replies.run(scenario, seed)))
    figures = medians([result.figures for result in results])
    print(table.row(scenario, figures, runs), flush=True)
    return {
        "scenario": asdict(scenario),
        "asked": scenario.limits,
        "missed": table.missed(scenario.limits, figures),
        "medians": figures,
        "runs": [asdict(result) for result in results],
    }


def model() -> None:
    """What a token costs; it prints a table of its own."""
    subprocess.run([sys.executable, "-m", "tests.bench.bench_model"], check=True)


def chosen(only: list[str], without: list[str]) -> list[tuple[str, Scenario | None]]:
    """What is to be measured, in the order of the table."""
    every = {scenario.name: scenario for scenario in SCENARIOS} | dict.fromkeys(OTHERS)
    if unknown := set(only) - every.keys():
        raise SystemExit(f"no such measurement: {', '.join(unknown)}; there are {', '.join(every)}")
    return [
        (name, _without(scenario, without))
        for name, scenario in every.items()
        if not only or name in only
    ]


def _without(scenario: Scenario | None, names: list[str]) -> Scenario | None:
    if scenario is None:
        return None
    kept = {name: value for name, value in scenario.settings.items() if name not in names}
    return replace(scenario, settings=kept)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "only", nargs="*", help="names of the table, or growth, followups, model, records"
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--without-setting", action="append", default=[], metavar="NAME")
    options = parser.parse_args()
    others: dict[str, Callable[[], object]] = {
        "followups": followups.measure,
        "growth": growth.measure,
        "model": model,
        "records": records.measure,
    }
    # A bot that is stopped leaves requests unfinished; that is no news.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    begin, results = time.monotonic(), {}
    names = chosen(options.only, options.without_setting)
    if any(scenario for _, scenario in names):
        print(table.heading(), flush=True)
    for name, scenario in names:
        results[name] = measure(scenario, options.runs) if scenario else others[name]()
        OUTPUT.parent.mkdir(exist_ok=True)
        OUTPUT.write_text(json.dumps(results, indent=1))
    print(f"{time.monotonic() - begin:.0f} s; details in {OUTPUT}")


if __name__ == "__main__":
    main()
